"""Exports of the published tables to S3 and to disk; readers never see a partial export."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from infra.lake import Lake
from infra.local.generate import generate
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.receipts import ExportReceipt
from tasks.reporting.export.download import NoExportError, fetch
from tasks.reporting.export.manifest import LATEST, switch
from tasks.reporting.export.unload import export_table
from tasks.warehouse.data_dictionary import VIEW, dictionary
from tests.load import Loader, id_of

DAY = date(2018, 10, 18)


@pytest.fixture
def loaded(load: Loader, tmp_path: Path) -> Settings:
    """A stack with forty published orders."""
    load.clear()
    generate(tmp_path / "dump", 40, seed=5, first=date(2018, 7, 25), last=date(2018, 8, 5))
    load.begin()
    load.stage(DAY, tmp_path / "dump")
    load.compute()
    load.publish()
    return load.settings


def _exported(settings: Settings, run_id: str) -> dict[str, ExportReceipt]:
    receipts = [export_table(settings, table, DAY, run_id) for table in dictionary()]
    switch(settings, receipts, DAY, run_id)
    return {receipt.table: receipt for receipt in receipts}


def test_the_export_contains_all_published_tables_and_rows(
    loaded: Settings, ask, tmp_path: Path
) -> None:
    with pytest.raises(NoExportError, match="Nothing is exported yet"):
        list(fetch(loaded, tmp_path / "none", "csv", []))
    _exported(loaded, "r1")

    for form in ("csv", "parquet"):
        found = dict(fetch(loaded, tmp_path / form, form, []))
        assert {path.stem for path in found} == {*dictionary(), "data_dictionary"}
    for table in dictionary():
        names = [column.name for column in dictionary()[table].columns]
        (rows,) = ask(f"SELECT COUNT(*) AS n FROM analytics.{table}")[0]
        parquet = pq.read_table(tmp_path / "parquet" / f"{table}.parquet")
        assert (parquet.column_names, parquet.num_rows) == (names, rows)
        with (tmp_path / "csv" / f"{table}.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert (list(lines[0]), len(lines)) == (names, rows)
    (total,) = ask("SELECT SUM(total_value) AS n FROM analytics.single_customer_view")[0]
    assert (
        sum(pq.read_table(tmp_path / "parquet" / f"{VIEW}.parquet")["total_value"].to_pylist())
        == total
    )
    with (tmp_path / "csv" / f"{VIEW}.csv").open(newline="") as file:
        assert sum(Decimal(line["total_value"]) for line in csv.DictReader(file)) == total


def test_the_exported_data_dictionary_has_type_and_meaning_of_every_column(
    loaded: Settings, tmp_path: Path
) -> None:
    _exported(loaded, "r1")
    list(fetch(loaded, tmp_path, "csv", ["dim_date"]))
    with (tmp_path / "data_dictionary.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == sum(len(table.columns) for table in dictionary().values())
    assert all(line["type"] and line["meaning"] for line in lines)


def test_no_text_of_a_csv_export_is_a_formula(load: Loader, tmp_path: Path) -> None:
    formulas = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "＝1", "bom - otimo"]  # noqa: RUF001
    load.rows(
        DAY,
        customers=[{"customer_id": "c", "customer_unique_id": "p"}],
        orders=[{"order_id": "o", "customer_id": "c"}],
        order_items=[{"order_id": "o"}],
        order_reviews=[
            {"review_id": str(n), "order_id": "o", "review_comment_message": text}
            for n, text in enumerate(formulas)
        ],
    )
    _exported(load.settings, "formulas")
    list(fetch(load.settings, tmp_path / "csv", "csv", []))
    with (tmp_path / "csv" / "fact_review.csv").open(newline="") as file:
        shown = {line["comment_message"] for line in csv.DictReader(file)}
    assert shown == {"'=HYPERLINK(1)", "'+1", "'-1", "'@SUM(A1)", "'＝1", "bom - otimo"}  # noqa: RUF001
    with (tmp_path / "csv" / "dim_geography.csv").open(newline="") as file:
        assert all(not line["latitude"].startswith("'") for line in csv.DictReader(file))
    list(fetch(load.settings, tmp_path / "parquet", "parquet", ["fact_review"]))
    exact = pq.read_table(tmp_path / "parquet" / "fact_review.parquet")["comment_message"]
    assert set(exact.to_pylist()) == set(formulas)
    _exported(load.settings.model_copy(update={"exact_csv": True}), "exact")
    list(fetch(load.settings, tmp_path / "exact", "csv", ["fact_review"]))
    with (tmp_path / "exact" / "fact_review.csv").open(newline="") as file:
        assert {line["comment_message"] for line in csv.DictReader(file)} == set(formulas)


def test_readers_see_the_last_complete_export(loaded: Settings) -> None:
    """After a kill during an export, the manifest lists the previous files; all still exist."""
    lake = Lake(loaded)
    _exported(loaded, "r1")
    before = lake.get_json(LATEST)
    export_table(loaded, "dim_date", DAY, "r2")  # simulates a kill before `switch`
    assert lake.get_json(LATEST) == before
    keys = set(lake.keys("exports/"))
    for table in before["tables"].values():
        assert {lake.key(url) for urls in table["files"].values() for url in urls} <= keys
    # the rerun deletes its own files and continues
    _exported(loaded, "r2")
    after = lake.get_json(LATEST)
    assert after["run_id"] == "r2"
    assert {t: v["rows"] for t, v in after["tables"].items()} == {
        t: v["rows"] for t, v in before["tables"].items()
    }


@pytest.mark.full
def test_an_export_replaced_by_two_later_ones_is_deleted(loaded: Settings) -> None:
    for run_id in ("r1", "r2", "r3"):
        _exported(loaded, run_id)
    runs = {key.split("/run=")[1].split("/")[0] for key in Lake(loaded).keys("exports/dim_date/")}
    assert runs == {"r2", "r3"}


def test_an_unknown_table_of_an_export_raises_an_error(loaded: Settings, tmp_path: Path) -> None:
    _exported(loaded, "r1")
    with pytest.raises(NoExportError, match="customers is not exported; tables: dim_customer"):
        list(fetch(loaded, tmp_path, "csv", ["customers"]))


@pytest.mark.full
def test_tableau_reads_its_extract(loaded: Settings, ask, tmp_path: Path) -> None:
    api = pytest.importorskip("tableauhyperapi", reason="the extra `tableau` is not installed")
    _exported(loaded, "r1")
    (path, rows), _ = fetch(loaded, tmp_path, "hyper", [VIEW])
    (total,) = ask("SELECT SUM(total_value) AS n FROM analytics.single_customer_view")[0]
    with (
        api.HyperProcess(
            api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_config": ""}
        ) as process,
        api.Connection(process.endpoint, str(path)) as connection,
    ):
        name = api.TableName("Extract", VIEW)
        (found,) = connection.execute_list_query(
            f"SELECT COUNT(*), SUM({api.escape_name('total_value')}) FROM {name}"
        )
    assert found[0] == rows
    assert Decimal(str(found[1])) == total


MONTHS = {"fact_order", "fact_order_item", "fact_payment"}


def _month(load: Loader, day: date, name: str, purchased: str) -> str:
    """Publish an order with all its rows; return the run id."""
    return load.rows(
        day,
        customers=[{"customer_id": name, "customer_unique_id": f"person {name}"}],
        orders=[
            {
                "order_id": name,
                "customer_id": name,
                "order_purchase_timestamp": f"{purchased} 10:00:00",
            }
        ],
        order_items=[{"order_id": name}],
        order_payments=[{"order_id": name}],
        order_reviews=[
            {"review_id": name, "order_id": name, "review_creation_date": f"{purchased} 00:00:00"}
        ],
    )


def _urls(exported: dict[str, ExportReceipt], table: str, month: int) -> list[str]:
    return exported[table].partitions[month].files["parquet"]


def test_an_export_writes_only_the_months_that_changed(load: Loader, ask, tmp_path: Path) -> None:
    load.clear()
    first = _exported(load.settings, _month(load, date(2018, 1, 2), "january", "2018-01-01"))
    assert first["fact_order"].partitioned_by == "purchase_month"
    second = _exported(load.settings, _month(load, date(2018, 2, 2), "february", "2018-02-01"))
    assert {table: second[table].renewed for table in MONTHS} == {t: [201802] for t in MONTHS}
    assert second["fact_review"].renewed == [201802]
    assert [t for t in second if second[t].partitioned_by is None and second[t].renewed] == [
        "dim_customer",
        "sales_overview",
        VIEW,
    ]
    for table in MONTHS:
        assert _urls(second, table, 201801) == _urls(first, table, 201801)
    # the files of the first export are those of January still, and they are there
    for form in ("csv", "parquet"):
        found = dict(fetch(load.settings, tmp_path / form, form, ["fact_order"]))
        assert found[tmp_path / form / f"fact_order.{form}"] == 2
    orders = pq.read_table(tmp_path / "parquet" / "fact_order.parquet")
    assert sorted(orders["order_id"].to_pylist()) == sorted(map(id_of, ("january", "february")))
    assert orders.column_names == [c.name for c in dictionary()["fact_order"].columns]


@pytest.mark.slow
def test_a_corrected_order_rewrites_the_months_that_it_left_and_joined(load: Loader) -> None:
    load.clear()
    _exported(load.settings, _month(load, date(2018, 1, 2), "january", "2018-01-01"))
    _exported(load.settings, _month(load, date(2018, 2, 2), "february", "2018-02-01"))
    moved = _exported(load.settings, _month(load, date(2018, 2, 3), "february", "2018-03-01"))
    assert moved["fact_order"].renewed == [201803]
    assert set(moved["fact_order"].partitions) == {201801, 201803}
    gone = _exported(load.settings, load.retract(date(2018, 2, 3)))
    assert gone["fact_order"].renewed == [201802]
    assert set(gone["fact_order"].partitions) == {201801, 201802}


@pytest.mark.slow
def test_a_publish_without_a_change_rewrites_the_view_only(load: Loader) -> None:
    load.clear()
    _exported(load.settings, _month(load, date(2018, 1, 2), "january", "2018-01-01"))
    again = _exported(load.settings, _month(load, date(2018, 1, 3), "january", "2018-01-01"))
    assert [table for table in again if again[table].renewed] == [VIEW]


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["a file", "the warehouse", "other values"])
def test_an_export_that_cannot_be_kept_is_written_anew(load: Loader, loss: str) -> None:
    load.clear()
    first = _exported(load.settings, _month(load, date(2018, 1, 2), "january", "2018-01-01"))
    settings = load.settings
    if loss == "a file":
        lake = Lake(settings)
        lake.delete(lake.key(_urls(first, "fact_order", 201801)[0]))
    elif loss == "other values":
        settings = settings.model_copy(update={"exact_csv": True})
    else:  # its publishes are counted from 1 again
        with transaction(settings) as work:
            work.run("UPDATE audit.batches SET run_id = 'restored'")
    assert _exported(settings, "r2")["fact_order"].renewed == [201801]
