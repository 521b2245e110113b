"""Columns that the DDL gains reach a published warehouse; other differences are refused."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from infra.contracts import contracts
from infra.settings import Settings
from infra.warehouse import WarehouseError, transaction
from tasks.warehouse.derived_views import drop_outdated
from tasks.warehouse.migrate import ShapeError
from tasks.warehouse.prepare import prepare_warehouse
from tasks.warehouse.transform import drop_candidates
from tests.conftest import clear_sql_caches
from tests.load import Loader

DAY = date(2018, 8, 1)
ORDER = {
    "customers": [{"customer_id": "c", "customer_unique_id": "ana"}],
    "orders": [{"order_id": "o", "customer_id": "c"}],
    "order_items": [{"order_id": "o", "price": "10.00", "freight_value": "2.00"}],
}


@pytest.fixture
def load(stack: Settings, tmp_path: Path) -> Iterator[Loader]:
    """A warehouse that has the columns of sql/ again after each test."""
    yield Loader(stack, tmp_path)
    with transaction(stack) as work:
        drop_candidates(work)
        drop_outdated(work, {"analytics.customer_totals"}, {})
        for name in contracts():
            work.run(f"DROP TABLE IF EXISTS candidate.batch_{name} CASCADE")
        for table, column in work.query(
            "SELECT table_schema || '.' || table_name, column_name FROM svv_columns "
            "WHERE column_name IN ('first_item', 'seller_tier', 'note') "
            "AND table_schema IN ('staging', 'analytics')"
        ):
            work.run(f"ALTER TABLE {table} DROP COLUMN {column}")


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    clear_sql_caches()


def _query(settings: Settings, sql: str) -> list[tuple]:
    with transaction(settings, read_only=True) as work:
        return work.query(sql)


def test_a_nullable_column_reaches_a_published_table_with_its_comment(
    load: Loader, sql_copy: Path
) -> None:
    load.rows(DAY, **ORDER)
    fact = sql_copy / "facts" / "fact_order.sql"
    # in the middle: rows are inserted by name
    _edit(fact, "    purchased_at TIMESTAMP NOT NULL", "    first_item VARCHAR(8), -- Test [R$]\n    purchased_at TIMESTAMP NOT NULL")  # fmt: skip
    _edit(fact, "    orders.order_purchase_timestamp AS purchased_at", "    CAST('new' AS VARCHAR(8)) AS first_item,\n    orders.order_purchase_timestamp AS purchased_at")  # fmt: skip
    assert prepare_warehouse(load.settings) == ["analytics.fact_order.first_item"]
    assert prepare_warehouse(load.settings) == []
    value = "SELECT first_item, order_value FROM analytics.fact_order"
    assert [(item, str(v)) for item, v in _query(load.settings, value)] == [(None, "12.00")]
    assert _query(
        load.settings, "SELECT remarks FROM svv_columns WHERE column_name = 'first_item'"
    ) == [("Test [R$]",)]
    load.rows(DAY, **ORDER)  # the next run that affects the key fills it
    assert _query(load.settings, "SELECT first_item FROM analytics.fact_order") == [("new",)]


@pytest.mark.full
def test_a_column_of_a_source_file_reaches_staging(load: Loader, sql_copy: Path) -> None:
    load.rows(DAY, **ORDER)
    sellers = sql_copy / "staging" / "sellers.sql"
    _edit(sellers, "    batch_date DATE", "    seller_tier SMALLINT,\n    batch_date DATE")
    assert prepare_warehouse(load.settings) == ["staging.sellers.seller_tier"]
    load.rows(date(2018, 8, 2), sellers=[{"seller_id": "s", "seller_tier": 3}])
    assert _query(load.settings, "SELECT seller_tier FROM staging.sellers") == [(3,)]


@pytest.mark.full
def test_a_view_shows_the_new_columns_of_its_table(load: Loader, sql_copy: Path) -> None:
    load.rows(DAY, **ORDER)
    totals = sql_copy / "marts" / "customer_totals.sql"
    _edit(totals, "    PRIMARY KEY (customer_unique_id)", "    note VARCHAR(8), -- Test\n    PRIMARY KEY (customer_unique_id)")  # fmt: skip
    prepare_warehouse(load.settings)
    view = "SELECT note FROM analytics.single_customer_view WHERE customer_unique_id IS NOT NULL"
    assert _query(load.settings, view) == [(None,)]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("    batch_date DATE", "    tier SMALLINT NOT NULL,\n    batch_date DATE", "NOT NULL and has no DEFAULT"),
        ("    seller_state VARCHAR(2) NOT NULL,\n", "", "it has seller_state, which the DDL lacks"),
    ],
)  # fmt: skip
def test_a_schema_difference_other_than_a_new_nullable_column_is_refused(
    load: Loader, sql_copy: Path, old: str, new: str, reason: str
) -> None:
    load.rows(DAY, **ORDER)
    _edit(sql_copy / "staging" / "sellers.sql", old, new)
    with pytest.raises(ShapeError, match=reason):
        prepare_warehouse(load.settings)


@pytest.mark.slow
def test_a_view_created_by_a_user_is_never_dropped_by_a_migration(
    load: Loader, sql_copy: Path
) -> None:
    load.rows(DAY, **ORDER)
    with transaction(load.settings) as work:
        work.run("CREATE VIEW analytics.mine AS SELECT segment FROM analytics.single_customer_view")
    try:
        fact = sql_copy / "facts" / "fact_order.sql"
        _edit(fact, "    PRIMARY KEY (order_id)", "    first_item VARCHAR(8), -- Test\n    PRIMARY KEY (order_id)")  # fmt: skip
        assert prepare_warehouse(load.settings) == ["analytics.fact_order.first_item"]
        assert _query(load.settings, "SELECT COUNT(*) AS n FROM analytics.mine") == [(1,)]
        totals = sql_copy / "marts" / "customer_totals.sql"
        _edit(totals, "    PRIMARY KEY (customer_unique_id)", "    note VARCHAR(8), -- Test\n    PRIMARY KEY (customer_unique_id)")  # fmt: skip
        with pytest.raises(WarehouseError, match=r"analytics\.mine depends on it"):
            prepare_warehouse(load.settings)
        assert _query(load.settings, "SELECT COUNT(*) AS n FROM analytics.mine") == [(1,)]
    finally:
        with transaction(load.settings) as work:
            work.run("DROP VIEW analytics.mine")


@pytest.mark.slow
def test_a_published_column_gets_a_wider_type_and_keeps_its_rows_and_comment(
    load: Loader, sql_copy: Path
) -> None:
    load.rows(DAY, **ORDER)
    fact = sql_copy / "facts" / "fact_order.sql"
    types = (
        "SELECT data_type, numeric_precision, numeric_scale, remarks FROM svv_columns "
        "WHERE table_schema = 'analytics' AND table_name = 'fact_order' "
        "AND column_name IN ('order_value', 'item_count') ORDER BY column_name"
    )
    _edit(fact, "    order_value DECIMAL(18, 2)", "    order_value DECIMAL(20, 4)")
    _edit(fact, "    item_count INTEGER", "    item_count BIGINT")
    prepare_warehouse(load.settings)
    assert _query(load.settings, types) == [
        ("bigint", None, None, "Number of items"),
        ("numeric", 20, 4, "Order value: item prices + freight [R$]"),
    ]
    assert _query(load.settings, "SELECT order_value, item_count FROM analytics.fact_order") == [
        (Decimal("12.0000"), 1)
    ]
    load.rows(DAY, **ORDER)
    assert _query(load.settings, "SELECT COUNT(*) AS n FROM audit.reconciliation") != [(0,)]
    with transaction(load.settings) as work:  # back to the types of sql/
        drop_candidates(work)
        drop_outdated(work, {"analytics.customer_totals"}, {})
        work.run("DROP VIEW IF EXISTS audit.reconciliation")
        work.run("DROP TABLE analytics.fact_order CASCADE")


@pytest.mark.parametrize(
    ("folder", "table", "old", "new"),
    [
        ("facts", "fact_order", "order_value DECIMAL(18, 2)", "order_value DECIMAL(10, 2)"),
        ("facts", "fact_order", "item_count INTEGER", "item_count SMALLINT"),
        ("facts", "fact_order", "order_status VARCHAR(16)", "order_status DATE"),
        ("staging", "sellers", "seller_city VARCHAR(128)", "seller_city VARCHAR(256)"),
    ],
)
def test_a_column_with_another_type_is_refused_by_name(
    load: Loader, sql_copy: Path, folder: str, table: str, old: str, new: str
) -> None:
    load.rows(DAY, **ORDER)
    _edit(sql_copy / folder / f"{table}.sql", f"    {old}", f"    {new}")
    with pytest.raises(
        ShapeError, match=rf"{table}\.{old.split(maxsplit=1)[0]} is .*, but sql/{folder}"
    ):
        prepare_warehouse(load.settings)


@pytest.mark.full
def test_reordered_source_columns_are_loaded_by_their_new_order(
    load: Loader, sql_copy: Path
) -> None:
    city, state = (
        "    seller_city VARCHAR(128) NOT NULL,\n",
        "    seller_state VARCHAR(2) NOT NULL,\n",
    )
    _edit(sql_copy / "staging" / "sellers.sql", city + state, state + city)
    prepare_warehouse(load.settings)
    load.rows(DAY, sellers=[{"seller_id": "s", "city": "recife", "state": "PE"}])
    found = _query(
        load.settings,
        f"SELECT seller_city, seller_state FROM staging.sellers WHERE batch_date = '{DAY}'",
    )
    assert found == [("recife", "PE")]
