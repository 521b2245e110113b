"""Expressions whose result differs on DuckDB, rewritten to follow Redshift's rules."""
