"""One more source table: its DDL and its file are enough to take it through to reconciliation."""

from datetime import date
from pathlib import Path

import pytest

from infra.contracts import contracts
from infra.warehouse import transaction
from tasks.validation.check import Scope
from tasks.validation.gate import GATES, run_gate
from tasks.warehouse.prepare import prepare_warehouse
from tests.conftest import clear_sql_caches
from tests.load import Loader, write_source

DAY = date(2018, 8, 1)
_DDL = """\
-- staging.one_more
-- Purpose:   Items that customers sent back
-- Grain:     return_id, in each batch that delivered it
-- Source:    olist_one_more_dataset.csv
-- Load rule: publishing a batch replaces its rows; those of all other batches are kept

CREATE TABLE IF NOT EXISTS staging.one_more (
    return_id VARCHAR(32) NOT NULL,
    order_id VARCHAR(32) NOT NULL,
    refund_value DECIMAL(12, 2) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (return_id, batch_date)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (batch_date);
"""


def test_a_new_source_table_is_validated_published_and_reconciled(
    load: Loader, sql_copy: Path
) -> None:
    known = len(contracts())
    (sql_copy / "staging" / "one_more.sql").write_text(_DDL)
    clear_sql_caches()
    assert len(contracts()) == known + 1
    prepare_warehouse(load.settings)
    load.rows(
        DAY,
        one_more=[{"return_id": "r", "order_id": "o", "refund_value": "7.50"}],
        customers=[{"customer_id": "c", "customer_unique_id": "ana"}],
        orders=[{"order_id": "o", "customer_id": "c"}],
        order_items=[{"order_id": "o", "price": "10.00", "freight_value": "2.00"}],
        order_payments=[{"order_id": "o", "payment_value": "12.00"}],
    )
    gate = run_gate(load.settings, GATES[-1], Scope((DAY,)), "run")
    assert [result.id for result in gate.failed] == []
    with transaction(load.settings, read_only=True) as work:
        totals = dict(work.query("SELECT measure, published_total FROM audit.reconciliation"))
    assert str(totals["R$ one_more: files = staging + quarantine"]) == "7.50"
    assert str(totals["rows: files = staging + quarantine"]) == "5.00"


@pytest.mark.slow
def test_a_new_source_table_is_checked_against_its_contract(
    load: Loader, sql_copy: Path, tmp_path: Path
) -> None:
    (sql_copy / "staging" / "one_more.sql").write_text(_DDL)
    clear_sql_caches()
    prepare_warehouse(load.settings)
    rows = [{"return_id": "r", "order_id": "o", "refund_value": "1.00"}]
    receipts = load.stage(DAY, write_source(tmp_path / "source", {"one_more": rows}))
    ids = {
        result.id
        for gate in ("raw", "staging")
        for result in run_gate(load.settings, gate, Scope((DAY,), tuple(receipts)), "run").results
    }
    assert {
        "staging.one_more.grain",
        "staging.one_more.columns",
        "staging.one_more.row_count",
    } <= ids
