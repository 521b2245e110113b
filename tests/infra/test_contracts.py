"""The DDL in sql/staging is the contract, and the only list of columns."""

import csv
import gzip
import re
from pathlib import Path

import pyarrow as pa

from infra.contracts import contracts
from infra.settings import PROJECT, SQL
from tests.conftest import clear_sql_caches

PYTHON = [p for folder in ("flows", "tasks", "infra") for p in (PROJECT / folder).rglob("*.py")]


def test_each_file_of_sql_staging_is_a_contract() -> None:
    assert contracts().keys() == {path.stem for path in (SQL / "staging").glob("*.sql")}


def test_contract_headers_match_the_real_files(full: Path) -> None:
    real = {path.name.removesuffix(".gz") for path in full.glob("*.csv.gz")}
    assert len(real) == 9
    for contract in (c for c in contracts().values() if c.source_file in real):
        with gzip.open(full / f"{contract.source_file}.gz", "rt", encoding="utf-8-sig") as file:
            assert next(csv.reader(file)) == contract.header


def test_contract_types_match_the_parquet_types_of_copy() -> None:
    schema = contracts()["order_items"].arrow_schema
    assert schema.field("order_item_id").type == pa.int16()
    assert schema.field("price").type == pa.decimal128(12, 2)
    assert schema.field("shipping_limit_date").type == pa.timestamp("us")
    assert schema.field("batch_date").type == pa.date32()
    assert not schema.field("price").nullable


def test_the_key_of_a_batch_leaves_out_the_batch_date() -> None:
    assert contracts()["order_reviews"].key == ("review_id", "order_id")
    assert contracts()["geolocation"].key == ()


def test_no_python_file_lists_the_columns_of_a_table_again() -> None:
    """No Python file may contain all column names of one table.

    The generator is exempt: it names each column to generate its values. Its own test checks that
    it writes the same columns in the same order.
    """
    for path in PYTHON:
        if "generate" in path.parts:
            continue
        text = path.read_text()
        for contract in contracts().values():
            named = [c for c in contract.header if re.search(rf"\b{c}\b", text)]
            assert named != contract.header, f"{path} lists the columns of {contract.table}"


def test_a_new_column_in_the_ddl_is_a_new_column_everywhere(sql_copy: Path) -> None:
    before = contracts()["sellers"].fingerprint
    path = sql_copy / "staging" / "sellers.sql"
    text = path.read_text()
    path.write_text(
        text.replace("    batch_date DATE", "    seller_tier SMALLINT,\n    batch_date DATE")
    )
    clear_sql_caches()
    changed = contracts()["sellers"]
    assert changed.header[-1] == "seller_tier"
    assert changed.arrow_schema.field("seller_tier").type == pa.int16()
    assert changed.fingerprint != before
