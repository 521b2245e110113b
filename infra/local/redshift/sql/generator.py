"""Generates DuckDB SQL from a rewritten statement."""

import re

from sqlglot import exp

from infra.local.redshift.sql import ddl


def generate(tree: exp.Expr) -> str:
    """DuckDB SQL of a rewritten statement."""
    if isinstance(tree, exp.Drop):
        return _drop(tree)
    if isinstance(tree, exp.Create):
        ddl.rewrite(tree)
    text = tree.sql(dialect="duckdb", comments=False)
    if isinstance(tree, exp.Merge):  # DuckDB allows no parentheses around VALUES
        text = re.sub(r"THEN INSERT \(VALUES\s*\((.*)\)\)$", r"THEN INSERT VALUES (\1)", text)
    return text


def _drop(tree: exp.Drop) -> str:
    """One DROP for each object: DuckDB drops one at a time."""
    words = f"DROP {tree.args['kind']} {'IF EXISTS ' if tree.args.get('exists') else ''}"
    cascade = " CASCADE" if tree.args.get("cascade") else ""
    return "; ".join(
        f"{words}{target.sql(dialect='duckdb')}{cascade}" for target in tree.args["tables"]
    )


def multiple_matches(tree: exp.Expr) -> str:
    """A query that finds a target row of MERGE which two source rows match; '' for no MERGE.

    Redshift raises an error for such rows; DuckDB updates them in an arbitrary order.
    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
    """
    if not isinstance(tree, exp.Merge):
        return ""
    row = exp.column("rowid", table=tree.this.name)
    query = (
        exp.select("1")
        .from_(tree.this.copy())
        .join(tree.args["using"].copy(), on=tree.args["on"].copy())
        .group_by(row)
        .having("COUNT(*) > 1")
        .limit(1)
    )
    return query.sql(dialect="duckdb", comments=False)
