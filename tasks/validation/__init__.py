"""Validation gates: suites of expectations, their runner, and their results in the audit."""
