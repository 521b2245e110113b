"""Sessions: statements, transactions, table locks, tables and the system catalog."""
