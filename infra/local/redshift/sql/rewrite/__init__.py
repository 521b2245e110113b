"""Rewrites expressions whose result differs on DuckDB, to follow Redshift's rules."""
