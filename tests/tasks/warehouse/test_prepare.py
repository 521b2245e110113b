"""The warehouse is created once; a table with other columns than its DDL is refused."""

import pytest

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.warehouse.migrate import ShapeError
from tasks.warehouse.prepare import prepare_warehouse
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
