"""Gates stop bad batches. Each test plants a defect and names the check that finds it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.receipts import Acceptance, GateReceipt, OpenBatch, RerunCommand
from tasks.reporting.data_docs import build_data_docs, data_docs
from tasks.request import RequestError
from tasks.validation.check import Scope
from tasks.validation.gate import (
    GATES,
    QUARANTINE_EMPTY,
    GateError,
    remedy,
    require,
    require_known,
    run_gate,
)
from tasks.warehouse.batch_state import open_batches
from tests.conftest import DAY
from tests.load import Loader, id_of, write_source

ROWS = {
    "customers": [{"customer_id": c, "customer_unique_id": f"p{c}"} for c in ("c1", "c2")],
    "products": [{"product_id": "product"}],
    "sellers": [{"seller_id": "seller"}],
    "orders": [{"order_id": f"o{n}", "customer_id": f"c{n}"} for n in (1, 2)],
    "order_items": [{"order_id": "o1"}, {"order_id": "o2"}],
    "order_payments": [{"order_id": "o1"}, {"order_id": "o2"}],
    "order_reviews": [{"order_id": "o1", "review_id": "r1"}],
    "geolocation": [{"zip_code_prefix": "01001"}],
    "category_translation": [
        {"product_category_name": "livros", "product_category_name_english": "books"}
    ],
}


@pytest.fixture(autouse=True)
def _empty(load: Loader) -> None:
    load.clear()


RERUN = RerunCommand(text="olist run --source s", accepts_failures=True)


def _gate(load: Loader, gate: str, receipts: tuple = ()) -> GateReceipt:
    return run_gate(load.settings, gate, Scope((DAY,), receipts), f"run-{gate}")


def _reasons(receipt: GateReceipt, severity: str = "critical") -> list[str]:
    """Reasons of failed checks; a reason shared by several tables occurs once per table."""
    return [result.reason for result in receipt.failed if result.severity == severity]


def _stage(load: Loader, tmp_path: Path, **changes: list[dict]) -> tuple:
    return load.stage(DAY, write_source(tmp_path / "s", {**ROWS, **changes}))


def _spoil(settings: Settings, sql: str) -> None:
    with transaction(settings) as work:
        work.run(sql)


def test_good_rows_pass_every_gate_without_a_warning(load: Loader, tmp_path: Path) -> None:
    receipts = _stage(load, tmp_path)
    load.compute()
    for gate in GATES[:-1]:
        assert _gate(load, gate, receipts).failed == [], gate
    load.publish()
    assert _gate(load, "reconciliation").failed == []


# ------------------------------------------------------------------------------- raw


def test_raw_stops_a_batch_with_too_many_bad_rows(load: Loader, tmp_path: Path) -> None:
    bad = [{"order_id": "o1", "price": "1,5"}, *ROWS["order_items"]]
    receipt = _gate(load, "raw", _stage(load, tmp_path, order_items=bad))
    assert _reasons(receipt) == ["at most 1.0% of a file's rows are in quarantine"]
    assert _reasons(receipt, "warning") == ["no row is in quarantine"]


def test_raw_passes_a_batch_with_few_bad_rows(load: Loader, tmp_path: Path) -> None:
    orders = [{"order_id": f"o{n}", "customer_id": "c1"} for n in range(200)]
    orders[7]["order_purchase_timestamp"] = "yesterday"
    receipt = _gate(load, "raw", _stage(load, tmp_path, orders=orders))
    assert _reasons(receipt) == []
    assert _reasons(receipt, "warning") == ["no row is in quarantine"]


def test_raw_stops_keys_that_occur_twice(load: Loader, tmp_path: Path) -> None:
    receipts = _stage(load, tmp_path, sellers=[{"seller_id": "seller"}] * 2)
    assert _reasons(_gate(load, "raw", receipts)) == ["keys are unique within a file"]


@pytest.mark.parametrize("table", ["customers", "orders", "sellers"])  # in the order of the files
def test_raw_shows_only_the_files_that_fail_with_their_reasons(
    load: Loader, tmp_path: Path, table: str
) -> None:
    receipts = list(_stage(load, tmp_path))
    at = next(n for n, receipt in enumerate(receipts) if receipt.table == table)
    receipts[at] = receipts[at].model_copy(
        update={
            "rows_read": 1000,
            "rows_quarantined": 1,
            "quarantine_sample": ["line 7: price is 'x': not a DECIMAL"],
            "duplicate_keys": 1,
            "duplicate_sample": ["id=5 (2 times)"],
        }
    )
    found = {result.id: result for result in _gate(load, "raw", tuple(receipts)).failed}
    for check in ("rows_accounted_for", "keys_unique", "quarantine_empty"):
        (row,) = found[f"raw.files.{check}"].sample
        assert row["table_name"] == table
        assert row["in_quarantine"] == "line 7: price is 'x': not a DECIMAL"
        assert row["keys_twice"] == "id=5 (2 times)"


def test_raw_stops_an_empty_batch(load: Loader, tmp_path: Path) -> None:
    receipts = _stage(load, tmp_path, **{table: [] for table in ROWS})
    assert _reasons(_gate(load, "raw", receipts)) == ["the batch has at least one row"]


@pytest.mark.parametrize(("ahead", "stopped"), [(-1, False), (0, False), (1, True), (23_000, True)])
def test_raw_stops_a_batch_whose_date_is_ahead_of_today(
    load: Loader, tmp_path: Path, ahead: int, stopped: bool
) -> None:
    receipts = _stage(load, tmp_path)
    scope = Scope((DAY,), receipts, today=DAY - timedelta(days=ahead))
    receipt = run_gate(load.settings, "raw", scope, "gate-test")
    assert [result.id for result in receipt.blocking] == (
        ["raw.files.batch_date_reached"] if stopped else []
    )
    if stopped:
        assert receipt.blocking[0].sample[0]["days_ahead"] == str(ahead)
        (accepted,) = [Acceptance(expectations=["raw.files.batch_date_reached"], by="Ana", because="a test of the year's end")]  # fmt: skip
        assert not run_gate(load.settings, "raw", scope, "gate-test", [accepted]).blocking


def test_rows_that_the_models_cannot_hold_are_not_offered_for_acceptance(
    load: Loader, tmp_path: Path
) -> None:
    rows = ROWS | {"order_items": [*ROWS["order_items"], {"order_id": "nobody"}]}
    receipts = _stage(load, tmp_path, **rows)
    accept = Acceptance(
        expectations=["staging.order_items.order_id_in_orders"], by="Ana", because="I insist on it"
    )
    receipt = run_gate(load.settings, "staging", Scope((DAY,), receipts), "gate-test", [accept])
    assert [result.id for result in receipt.blocking] == accept.expectations
    advice = remedy(receipt, RerunCommand(text="olist run", accepts_failures=True))
    assert "--accept" not in advice
    assert "the models cannot hold such rows" in advice


def test_raw_stops_a_batch_without_one_of_its_tables(load: Loader, tmp_path: Path) -> None:
    receipts = _stage(load, tmp_path)
    assert _reasons(_gate(load, "raw", receipts[1:])) == [
        "every table was uploaded",
        "each batch has a file for each table",
    ]


def test_raw_stops_when_rows_or_money_are_lost(load: Loader, tmp_path: Path) -> None:
    receipts = list(_stage(load, tmp_path))
    items = next(i for i, r in enumerate(receipts) if r.table == "order_items")
    receipts[items] = receipts[items].model_copy(
        update={"rows_read": 3, "money_read": {"price": 99}}
    )
    assert _reasons(_gate(load, "raw", tuple(receipts))) == [
        "every row read was loaded or quarantined",
        "the money in the CSV file is in the Parquet files or in quarantine, to the cent",
    ]


# ------------------------------------------------------------------------------- staging


# table, bad row, check that finds it; all are planted at once, and each is found separately
BAD_ROWS = [
    ("orders", {"order_id": "o3", "customer_id": "c9"}, "every customer_id of orders is in customers"),
    ("order_items", {"order_id": "o9"}, "every order_id of order_items is in orders"),
    ("order_payments", {"order_id": "o9"}, "every order_id of order_payments is in orders"),
    ("order_reviews", {"order_id": "o9", "review_id": "r9"}, "every order_id of order_reviews is in orders"),
    ("orders", {"order_id": "o4", "customer_id": "c1", "order_status": "lost"}, "the order status is a known one"),
    ("order_payments", {"order_id": "o1", "payment_sequential": 2, "payment_type": "pix"}, "the payment type is a known one"),
    ("order_reviews", {"order_id": "o1", "review_id": "r9", "review_score": 8}, "a review score is 1 to 5"),
    ("order_items", {"order_id": "o1", "order_item_id": 2, "price": "-1.00"}, "money is never negative"),
    ("sellers", {"seller_id": "x", "state": "XX"}, "a state is one of Brazil's 27"),
    ("sellers", {"seller_id": "y", "zip_code_prefix": "1001"}, "a zip code prefix has five digits; leading zeros are kept"),
    ("orders", {"order_id": "o5", "customer_id": "c1", "order_delivered_customer_date": "2017-01-01 00:00:00"}, "an order is approved, delivered and due after it was placed"),
]  # fmt: skip


def test_staging_stops_rows_that_violate_a_rule(load: Loader, tmp_path: Path) -> None:
    spoilt = {table: list(rows) for table, rows in ROWS.items()}
    for table, row, _ in BAD_ROWS:
        spoilt[table].append(row)
    receipt = _gate(load, "staging", _stage(load, tmp_path, **spoilt))
    # the added orders have status delivered but no items
    expected = [*(reason for *_, reason in BAD_ROWS), "every delivered order has items"]
    assert sorted(_reasons(receipt)) == sorted(expected)


@pytest.mark.full
def test_staging_stops_a_run_that_removes_what_other_batches_refer_to(
    load: Loader, tmp_path: Path
) -> None:
    """The first batch has the customer of an order that the second batch delivers again."""
    later = DAY + timedelta(days=1)
    load.rows(DAY, **ROWS)
    load.rows(later, **{t: ROWS[t] for t in ("orders", "order_items", "order_payments")})
    expected = {
        "staging.orders.customer_id_stays_in_customers": "critical",
        "staging.order_items.product_id_stays_in_products": "warning",
        "staging.order_items.seller_id_stays_in_sellers": "warning",
    }

    def found() -> dict[str, str]:
        receipt = run_gate(load.settings, "staging", Scope((DAY,)), "gate-test")
        return {r.id: r.severity for r in receipt.failed if "_stays_in_" in r.id}

    # a new delivery of the first batch lacks all but its orders
    kept = {t: ROWS[t] for t in ("orders", "order_items", "order_payments", "order_reviews")}
    load.stage(DAY, write_source(tmp_path / "again", kept))
    assert found() == expected
    # so does its retraction
    open_batches(
        load.settings, [OpenBatch(batch_date=DAY, action="retract", source="")], load.begin()
    )
    assert found() == expected
    # and the whole of it has to be retracted from the last batch backwards
    load.retract(later)
    open_batches(
        load.settings, [OpenBatch(batch_date=DAY, action="retract", source="")], load.begin()
    )
    assert found() == {}


@pytest.mark.full
def test_staging_stops_ids_of_another_form(load: Loader, tmp_path: Path) -> None:
    receipts = _stage(load, tmp_path)
    _spoil(load.settings, "UPDATE candidate.batch_sellers SET seller_id = 'SELLER-1'")
    receipt = _gate(load, "staging", receipts)
    assert _reasons(receipt) == ["an id is 32 hexadecimal digits"]
    # items reference the seller's old id; the star has an unknown member for that
    assert _reasons(receipt, "warning") == ["every seller_id of order_items is in sellers"]


@pytest.mark.full
def test_staging_stops_a_batch_that_was_loaded_twice(load: Loader, tmp_path: Path) -> None:
    receipts = _stage(load, tmp_path)
    _spoil(
        load.settings, "INSERT INTO candidate.batch_sellers SELECT * FROM candidate.batch_sellers"
    )
    assert _reasons(_gate(load, "staging", receipts)) == [
        "seller_id is the grain of the batch",
        "staging holds as many rows as the file's Parquet",
    ]


# ------------------------------------------------------------------------------- star and marts


# gate, SQL that damages its candidate tables, check that finds it
SPOILT = [
    ("star", "INSERT INTO candidate.fact_order_item SELECT * FROM candidate.fact_order_item", "one row for each order_id, order_item_id"),
    ("star", f"DELETE FROM candidate.fact_payment WHERE order_id = '{id_of('o1')}'", "rows of fact_payment are those of staging.order_payments: no join multiplies or loses them"),
    ("star", "UPDATE candidate.fact_order_item SET price = price + 0.01", "price of fact_order_item are those of staging.order_items: no join multiplies or loses them"),
    ("star", "UPDATE candidate.fact_order SET order_value = order_value * 2", "the value of an order is price plus freight of its items"),
    ("star", "UPDATE candidate.fact_order SET customer_key = 7", "every customer_key of fact_order is in dim_customer after the publish"),
    ("star", "UPDATE candidate.fact_order SET review_score = 8", "the review score of an order is that of one of its reviews"),
    ("star", "UPDATE candidate.dim_product SET valid_to = CAST('2018-01-01' AS TIMESTAMP)", "the versions of a product_id neither overlap nor leave a gap"),
    ("star", "UPDATE candidate.dim_geography SET latitude = 41.6", "the location of a zip code prefix is inside Brazil"),
    ("marts", "INSERT INTO candidate.customer_totals SELECT * FROM candidate.customer_totals", "one row per person"),
    ("marts", f"DELETE FROM candidate.customer_totals WHERE customer_unique_id = '{id_of('pc1')}'", "every person that the batch affects has a row"),
    ("marts", "UPDATE candidate.customer_totals SET total_value = total_value + 1", "total values of persons add up to the items, to the cent"),
    ("marts", "UPDATE candidate.customer_totals SET average_review_score = 8", "the average review score of a person is between the scores of their orders"),
    ("marts", "UPDATE candidate.customer_totals SET net_value = total_value + 1", "net values of persons add up to the orders that are not cancelled, to the cent"),
    ("marts", "UPDATE candidate.sales_overview SET net_value = total_value + 1", "net values of the affected months add up to the orders that are not cancelled, to the cent"),
]  # fmt: skip


@pytest.mark.parametrize("gate", ["star", "marts"])
def test_star_and_marts_stop_defects_in_candidate_tables(
    load: Loader, tmp_path: Path, gate: str
) -> None:
    _stage(load, tmp_path)
    load.compute()
    planted = [(sql, reason) for name, sql, reason in SPOILT if name == gate]
    for sql, _ in planted:
        _spoil(load.settings, sql)
    assert {reason for _, reason in planted} <= set(_reasons(_gate(load, gate)))


# ------------------------------------------------------------------------------- reconciliation


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO analytics.fact_order_item SELECT * FROM analytics.fact_order_item",
        "UPDATE analytics.fact_payment SET payment_value = payment_value + 0.01",
        "UPDATE analytics.sales_overview SET total_value = total_value - 0.01",
        "DELETE FROM staging.geolocation",
    ],
)
def test_reconciliation_finds_a_difference_of_one_cent_or_one_row(
    load: Loader, tmp_path: Path, sql: str
) -> None:
    _stage(load, tmp_path)
    load.compute()
    load.publish()
    _spoil(load.settings, sql)
    found = [result.id for result in _gate(load, "reconciliation").failed]
    assert "reconciliation.reconciliation.totals_equal" in found


# ------------------------------------------------------------------------------- gates themselves


def test_an_expectation_that_cannot_be_evaluated_stops_the_batch(
    load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Great Expectations reports it only as unsuccessful, with its configured severity."""
    from tasks.validation.check import Layer, rows
    from tasks.validation.suites import staging

    broken = rows("staging.orders", "typo", "SELECT nonsense FROM {batch}", "a typo", "warning")
    layer = Layer("staging", {"staging.orders": "batch"}, [broken])
    monkeypatch.setattr(staging, "layer", lambda _: layer)
    receipt = _gate(load, "staging", _stage(load, tmp_path))
    assert _reasons(receipt) == ["a typo"]
    assert "could not be evaluated" in receipt.failed[0].observed
    assert not receipt.failed[0].evaluated


def test_an_acceptance_applies_to_one_check_id_only(load: Loader, tmp_path: Path) -> None:
    """An id that is not hexadecimal is a failure of each table, with an id of its own."""
    receipts = _stage(load, tmp_path)
    for table, column in (("products", "product_id"), ("sellers", "seller_id")):
        _spoil(load.settings, f"UPDATE candidate.batch_{table} SET {column} = 'x'")
    accepted = Acceptance(
        expectations=["staging.products.product_id_format"],
        by="Ana",
        because="a test of acceptance",
    )
    scope = Scope((DAY,), tuple(receipts))
    receipt = run_gate(load.settings, "staging", scope, "run", [accepted])
    formats = {r.id: r.accepted_by for r in receipt.failed if r.id.endswith("_format")}
    assert formats == {
        "staging.products.product_id_format": "Ana",
        "staging.sellers.seller_id_format": "",
    }


def test_an_acceptance_of_an_unknown_check_is_refused_with_similar_ids() -> None:
    def accept(name: str) -> None:
        require_known(Acceptance(expectations=[name], by="Ana", because="ten characters"))

    accept("staging.orders.status_known")
    with pytest.raises(
        RequestError, match=r"id staging.orders.status: did you mean staging.orders"
    ):
        accept("staging.orders.status")
    with pytest.raises(RequestError, match=r"nobody can accept raw\.files\.keys_unique"):
        accept("raw.files.keys_unique")
    with pytest.raises(RequestError, match=r"no check of the source has the id star"):
        accept("star.fact_order.grain")


def test_check_ids_are_unique_and_have_one_format() -> None:
    """Acceptances, the audit and planted defects name checks by these ids."""
    from tasks.validation.runner import layer_of

    ids = [
        layer.id_of(check)
        for layer in (layer_of(gate, Scope((DAY,))) for gate in GATES)
        for check in layer.checks
    ]
    assert len(ids) == len(set(ids)) > 150
    assert QUARANTINE_EMPTY in ids
    assert [i for i in ids if not re.fullmatch(r"[a-z]+\.[a-z_]+\.[a-z0-9_]+", i)] == []


def test_a_stopped_gate_raises_an_error_with_failed_check_and_rerun_command(
    load: Loader, tmp_path: Path
) -> None:
    receipts = _stage(load, tmp_path, sellers=[{"seller_id": "s", "state": "XX"}])
    with pytest.raises(GateError) as caught:
        require(_gate(load, "staging", receipts), str(DAY), RERUN)
    message = str(caught.value)
    assert "Gate staging stopped batch 2018-10-18" in message
    assert "staging.sellers.seller_state_known: violated: a state is one of Brazil's 27" in message
    assert "XX" in message
    assert "olist run --source s" in message


def test_every_result_is_in_the_audit_and_in_data_docs(load: Loader, tmp_path: Path, ask) -> None:
    receipt = _gate(load, "raw", _stage(load, tmp_path))
    assert ask(
        "SELECT COUNT(*) AS n FROM audit.validations WHERE run_id = 'run-raw' AND passed"
    ) == [(len(receipt.results),)]
    page = build_data_docs(load.settings)
    assert page == data_docs(load.settings)
    pages = list(page.parent.rglob("*.html"))
    assert any("each table and batch has one file" in p.read_text() for p in pages)
    secret = load.settings.redshift_password.get_secret_value()
    stored = [p for p in load.settings.state.joinpath("gx").rglob("*") if p.is_file()]
    assert stored
    assert not any(secret in p.read_text() for p in [*pages, *stored])
