"""Lock, prepare, load, transform, publish, restore and trace the tables of the warehouse."""
