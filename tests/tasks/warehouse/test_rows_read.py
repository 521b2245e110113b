"""Rows that the statements of a daily run read and compute, on a history and on one four times as long.

Rows are counted, not seconds, so that a regression shows on any machine. The statements run on a copy
of the database, with the engine's own count of the rows of each operator.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from infra.contracts import contracts
from infra.local.generate import generate
from infra.local.redshift.engine.database import open_database
from infra.local.redshift.engine.session import Session
from infra.local.redshift.engine.table_changes import Changes
from infra.local.redshift.engine.table_locks import TableLocks
from tasks.warehouse.models import models
from tests.history import play
from tests.load import Loader

pytestmark = pytest.mark.slow

LONGER = 4
_WHOLE = ("products", "sellers", "geolocation", "category_translation")  # delivered every day
_VIEWS = ("candidate.in_force_change", "candidate.redelivered", "audit.reconciliation")
# these read rows of the batch and of what it affects only; the others look for the affected keys in
# a column of all history, once, or compare a whole delivery with the one before
AFFECTED_ONLY = {"dim_customer", "dim_date", "fact_order", "fact_payment", "fact_review"}

Rows = dict[str, int]


def _statements() -> Iterator[tuple[str, str]]:
    """Name and SELECT of each statement of a daily run that may read history."""
    for model in models():
        query = sqlglot.parse_one(model.compute or model.create, read="redshift").expression
        if isinstance(query, exp.Query):
            yield model.name, query.sql("redshift")
    for view in _VIEWS:
        yield view, f"SELECT * FROM {view}"


def _operators(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", []):
        yield from _operators(child)


def _rows(session: Session, query: str) -> int:
    """The rows that all operators of a query read and pass on."""
    engine_sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {session.engine_query(query)}"
    ((_, plan),) = session.run(engine_sql).fetchall()
    (root,) = json.loads(plan)["operator"]
    return sum(
        operator["intermediate_rows"] + operator.get("rows_scanned", 0)
        for operator in _operators(root)
    )


def _daily_run(load: Loader, folder: Path, orders: int) -> Rows:
    """Compute a batch of 20 orders on a history, and count the rows of each statement."""
    load.clear()
    generate(folder / "history", orders, seed=1)
    day = date(2018, 8, 30)
    generate(folder / "batch", 20, seed=2, first=day, last=day)
    for table in _WHOLE:
        file = contracts()[table].source_file
        gained = (folder / "batch" / file).read_bytes().partition(b"\n")[2]
        whole = (folder / "history" / file).read_bytes()
        (folder / "batch" / file).write_bytes(whole + (gained if table in _WHOLE[:2] else b""))
    play(load, [[(date(2018, 10, 18), folder / "history")]])
    load.stage(date(2018, 10, 19), folder / "batch")
    load.compute()
    database = load.settings.home / "redshift" / "warehouse.duckdb"
    for suffix in ("", ".wal"):
        shutil.copy(f"{database}{suffix}", f"{folder / 'copy.duckdb'}{suffix}")
    connection = open_database(folder / "copy.duckdb", load.settings.redshift_database, 2000)
    session = Session(connection.cursor, TableLocks(), Changes(), s3=None)
    try:
        return {name: _rows(session, query) for name, query in _statements()}
    finally:
        session.close()
        connection.close()


@pytest.fixture(scope="module")
def rows(stack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, Rows]:
    """The rows of each statement on a history, and on a longer one."""
    load = Loader(stack, tmp_path_factory.mktemp("source"))
    return (
        _daily_run(load, tmp_path_factory.mktemp("short"), 300),
        _daily_run(load, tmp_path_factory.mktemp("long"), LONGER * 300),
    )


def test_no_statement_grows_faster_than_history(rows: tuple[Rows, Rows]) -> None:
    before, after = rows
    assert len(before) >= 30
    grown = {name: round(after[name] / before[name], 1) for name in before}
    assert {name: growth for name, growth in grown.items() if growth > 1.1 * LONGER} == {}


@pytest.mark.parametrize("name", sorted(AFFECTED_ONLY))
def test_what_is_computed_from_affected_rows_does_not_grow_with_history(
    rows: tuple[Rows, Rows], name: str
) -> None:
    before, after = rows
    assert after[name] <= 1.1 * before[name]
