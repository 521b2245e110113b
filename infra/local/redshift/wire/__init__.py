"""The server on its socket: TLS, login, and the messages of the PostgreSQL protocol."""
