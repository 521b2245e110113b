"""Resolves names to tables and columns, and finds the type class of each column."""
