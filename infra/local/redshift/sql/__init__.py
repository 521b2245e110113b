"""Translates Redshift SQL to DuckDB SQL: parse, validate, type, rewrite, generate."""
