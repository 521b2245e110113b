"""Redshift SQL to DuckDB SQL: parsed, checked, typed, rewritten and generated."""
