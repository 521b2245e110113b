"""A local Redshift: the PostgreSQL wire protocol over DuckDB.

What it accepts behaves as on Redshift; everything else is refused with the reason.
Modules: `server` (sockets), `protocol` (messages and values), `session` (one connection),
`refusals` (SQL that may not pass), `dialect` (SQL that may, rewritten), `copy` (COPY from S3),
`catalogue` (look-ups of drivers), `errors`.
"""
