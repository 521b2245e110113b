"""Prefect tasks by stage: upload, copy, transform, validate, publish, report."""
