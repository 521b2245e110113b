"""A local Redshift: the PostgreSQL wire protocol over DuckDB.

What it accepts behaves as on Redshift; everything else is refused with the reason. `COVERAGE.md`
lists both. In the order that a statement meets them:

- `server` (sockets, `olist redshift`), `login`, `tls`, `credentials` (who may come in),
  `connection` and `protocol` (messages), `queries` (what is prepared, bound and run in parts),
  `session` (one client), `transaction` and `locks` (what others see, who waits);
- `dialect` reads a statement (`grammar`: what sqlglot lacks), `refusals` and `changes` stop what
  may not pass (`allowlist`, `functions`, `formats`: what may);
- `scopes` finds the kind of each column (`joins` writes USING out, `pivots` PIVOT; `correlations`
  refuses), `kinds` and `numerics` that of an expression, and by them `assignments` refuses, and
  `comparisons`, `arithmetic`, `aggregates` and `expressions` rewrite; `prelude.sql` holds the
  functions that they call;
- `definitions` makes tables (`tables` knows them), `writes` changes them, `commands` runs what is
  no query;
- `copy` and `unload` move files (`options`, `files`, `delimited`, `load`, `conversions`);
- `catalogue` answers the look-ups of drivers; `results` and `errors` go back to the client.
"""
