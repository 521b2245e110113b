"""The socket server: TLS, login, and the messages of the PostgreSQL protocol."""
