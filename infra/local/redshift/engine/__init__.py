"""What a session does: statements, transactions, table locks, tables and the system catalog."""
