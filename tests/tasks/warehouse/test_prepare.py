"""The warehouse is created once; a table with other columns than its DDL is refused."""

from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from infra.warehouse import Transaction, transaction
from tasks.warehouse.migrate import ShapeError
from tasks.warehouse.prepare import prepare_warehouse
from tests.conftest import clear_sql_caches
from tests.load import Loader


def test_preparing_twice_changes_nothing(load: Loader) -> None:
    before = _catalogue(load.settings)
    assert len(before) > 300
    assert prepare_warehouse(load.settings) == []
    assert _catalogue(load.settings) == before


def _catalogue(settings: Settings) -> list[tuple]:
    """All columns with their types and comments."""
    with transaction(settings, read_only=True) as work:
        return work.query(
            "SELECT table_schema, table_name, column_name, data_type, is_nullable, remarks "
            "FROM svv_columns ORDER BY table_schema, table_name, ordinal_position"
        )


def test_a_table_with_columns_other_than_its_ddl_is_refused(load: Loader, stack: Settings) -> None:
    with transaction(stack) as work:
        work.run("ALTER TABLE audit.metrics DROP COLUMN kind")
    with pytest.raises(ShapeError, match=r"audit\.metrics has the columns.*sql/audit/metrics\.sql.*make clean"):  # fmt: skip
        prepare_warehouse(stack)
    with transaction(stack) as work:
        work.run("DROP TABLE audit.metrics")
    prepare_warehouse(stack)


# ------------------------------------------------------------------------------- nothing has changed


def _statements(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    """Prepare the warehouse, and count the statements."""
    sent: list[str] = []
    run = Transaction.run

    def counted(self: Transaction, sql: str, *arguments: Any, **named: Any) -> int:
        sent.append(sql)
        return run(self, sql, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "run", counted)
        prepare_warehouse(settings)
    return len(sent)


def test_preparing_again_takes_two_queries(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement is a round trip or two: 66 statements took 53 s on a slow link."""
    prepare_warehouse(stack)
    assert _statements(stack, monkeypatch) == 2
    with transaction(stack) as work:  # what a run leaves behind belongs to the run
        work.run("CREATE TABLE candidate.dim_customer (n INTEGER)")
    assert _statements(stack, monkeypatch) == 2


@pytest.mark.parametrize(
    "change",
    [
        "DROP VIEW candidate.redelivered",
        "DROP VIEW analytics.single_customer_view CASCADE",
        "COMMENT ON COLUMN analytics.fact_order.order_value IS 'changed by hand'",
        "DELETE FROM audit.prepared",
    ],
)
def test_what_somebody_has_changed_is_prepared_again(
    stack: Settings, monkeypatch: pytest.MonkeyPatch, ask: Any, change: str
) -> None:
    prepare_warehouse(stack)
    catalogue = "SELECT table_name, column_name, remarks FROM svv_columns ORDER BY 1, 2, 3"
    before = ask(catalogue)
    with transaction(stack) as work:
        work.run(change)
    assert _statements(stack, monkeypatch) > 20
    assert ask(catalogue) == before


def test_changed_sql_is_prepared_again(
    stack: Settings, sql_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_warehouse(stack)
    path = sql_copy / "views" / "single_customer_view.sql"
    path.write_text(path.read_text() + "-- a comment\n")
    clear_sql_caches()
    assert _statements(stack, monkeypatch) > 20
    assert _statements(stack, monkeypatch) == 2
