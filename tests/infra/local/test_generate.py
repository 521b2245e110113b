"""Generated data has the format, the references and the quirks of the real data."""

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from infra.contracts import contracts
from infra.local.generate import generate

ORDERS = 5_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, ORDERS, seed=1)
    return {
        table: pl.read_csv(folder / contract.source_file, infer_schema=False)
        for table, contract in contracts().items()
    }


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / name, 50, seed)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert _bytes(tmp_path / "a") != _bytes(tmp_path / "c")


@pytest.mark.parametrize("orders", [1, 2, 3])
def test_very_few_orders_work_too(tmp_path: Path, orders: int) -> None:
    assert generate(tmp_path, orders, seed=5)["orders"] == orders


def test_columns_are_those_of_the_contract(data: dict[str, pl.DataFrame]) -> None:
    for table, contract in contracts().items():
        assert data[table].columns == contract.header


def test_every_reference_resolves(data: dict[str, pl.DataFrame]) -> None:
    for child, column, parent in (
        ("orders", "customer_id", "customers"),
        ("order_items", "order_id", "orders"),
        ("order_items", "product_id", "products"),
        ("order_items", "seller_id", "sellers"),
        ("order_payments", "order_id", "orders"),
        ("order_reviews", "order_id", "orders"),
    ):
        assert data[child].join(data[parent], on=column, how="anti").is_empty(), (child, column)


def test_every_key_is_unique(data: dict[str, pl.DataFrame]) -> None:
    for table, contract in contracts().items():
        if contract.key:
            assert not data[table].select(contract.key).is_duplicated().any(), table


def test_generated_data_has_the_irregularities_of_the_real_data(
    data: dict[str, pl.DataFrame],
) -> None:
    orders, reviews, payments = data["orders"], data["order_reviews"], data["order_payments"]
    products, points, persons = data["products"], data["geolocation"], data["customers"]
    messages = reviews["review_comment_message"].drop_nulls()
    assert messages.str.contains("\n").any()
    assert messages.str.contains('"').any()
    assert reviews["review_id"].is_duplicated().any()  # one review of several orders
    assert reviews["order_id"].is_duplicated().any()  # several reviews of one order
    for table in ("order_items", "order_reviews", "order_payments"):
        assert not orders.join(data[table], on="order_id", how="anti").is_empty(), table
    assert {"not_defined", "voucher"} <= set(payments["payment_type"])
    assert products["product_category_name"].null_count() > 0
    untranslated = products.join(
        data["category_translation"], on="product_category_name", how="anti"
    )
    assert untranslated["product_category_name"].drop_nulls().n_unique() == 2
    assert persons["customer_zip_code_prefix"].str.starts_with("0").any()
    assert persons["customer_unique_id"].is_duplicated().any()
    assert points.is_duplicated().any()
    assert (points["geolocation_lat"].cast(float) > 6).any()  # outside Brazil
    assert {"são paulo", "sao paulo"} <= set(points["geolocation_city"])
    nowhere = persons.join(
        points,
        left_on="customer_zip_code_prefix",
        right_on="geolocation_zip_code_prefix",
        how="anti",
    )
    assert not nowhere.is_empty()  # zip code prefixes without a point


def test_generated_payments_differ_from_items_for_a_few_orders(
    data: dict[str, pl.DataFrame],
) -> None:
    items = (
        data["order_items"]
        .group_by("order_id")
        .agg(
            (pl.col("price").cast(float) + pl.col("freight_value").cast(float)).sum().alias("items")
        )
    )
    paid = (
        data["order_payments"]
        .group_by("order_id")
        .agg(pl.col("payment_value").cast(float).sum().alias("paid"))
    )
    differ = items.join(paid, on="order_id").filter((pl.col("paid") - pl.col("items")).abs() > 0.01)
    assert 0 < differ.height < 0.02 * ORDERS


def test_the_generated_file_is_valid_csv(tmp_path: Path) -> None:
    generate(tmp_path, 300, seed=9)
    contract = contracts()["order_reviews"]
    with (tmp_path / contract.source_file).open(newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {len(contract.header)}


def test_purchases_are_of_the_chosen_days(tmp_path: Path) -> None:
    generate(tmp_path, 50, seed=1, first=date(2018, 8, 1), last=date(2018, 8, 3))
    orders = pl.read_csv(tmp_path / "olist_orders_dataset.csv", try_parse_dates=True)
    bought = orders["order_purchase_timestamp"].dt.date()
    assert (bought.min(), bought.max()) == (date(2018, 8, 1), date(2018, 8, 3))
