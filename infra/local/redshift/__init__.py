"""A local Redshift: the PostgreSQL wire protocol over DuckDB.

What it accepts behaves as on Redshift; everything else is refused with the reason. `COVERAGE.md`
lists both. In the order that a statement meets them:

- `server` (sockets, `olist redshift`), `login`, `tls`, `credentials` (who may come in),
  `connection` and `protocol` (messages), `session` (one client), `transaction` and `locks` (what
  others see, who waits);
- `dialect` reads a statement (`grammar`: what sqlglot lacks), `refusals` stops what may not pass
  (`functions`, `formats`: allow-lists), and rules by type rewrite the rest: `comparisons`,
  `arithmetic`, `aggregates`, `expressions`; `prelude.sql` holds the functions they call;
- `definitions` makes tables (`tables` knows them), `commands` runs what is not a query;
- `copy` and `unload` move files (`options`, `files`, `delimited`, `load`, `conversions`);
- `catalogue` answers the look-ups of drivers; `results` and `errors` go back to the client.
"""
