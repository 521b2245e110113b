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
from tasks.reporting.export.download import NoExportError, fetch
from tasks.reporting.export.unload import LATEST, export_table, switch
from tasks.warehouse.data_dictionary import VIEW, dictionary
from tests.load import Loader

DAY = date(2018, 10, 18)


@pytest.fixture
def loaded(load: Loader, tmp_path: Path) -> Settings:
    """A stack with forty published orders."""
    load.clear()
    generate(tmp_path / "dump", 40, seed=5)
    load.begin()
    load.stage(DAY, tmp_path / "dump")
    load.compute()
    load.publish()
    return load.settings


def _exported(settings: Settings, run_id: str) -> None:
    receipts = [export_table(settings, table, DAY, run_id) for table in dictionary()]
    switch(settings, receipts, DAY, run_id)


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
    _exported(load.settings, "r1")
    list(fetch(load.settings, tmp_path / "csv", "csv", []))
    with (tmp_path / "csv" / "fact_review.csv").open(newline="") as file:
        shown = {line["comment_message"] for line in csv.DictReader(file)}
    assert shown == {"'=HYPERLINK(1)", "'+1", "'-1", "'@SUM(A1)", "'＝1", "bom - otimo"}  # noqa: RUF001
    with (tmp_path / "csv" / "dim_geography.csv").open(newline="") as file:
        assert all(not line["latitude"].startswith("'") for line in csv.DictReader(file))
    list(fetch(load.settings, tmp_path / "parquet", "parquet", ["fact_review"]))
    exact = pq.read_table(tmp_path / "parquet" / "fact_review.parquet")["comment_message"]
    assert set(exact.to_pylist()) == set(formulas)
    _exported(load.settings.model_copy(update={"exact_csv": True}), "r2")
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
