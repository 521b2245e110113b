"""Guards of HTTP services on 127.0.0.1: they refuse web pages and requests without a signature."""
