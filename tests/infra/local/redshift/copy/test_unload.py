"""UNLOAD: file names, file contents, and existing files."""

import gzip
import io
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.infra.local.redshift.conftest import Database, Place
from tests.infra.local.redshift.ledger import documented, emulator_only

PAGE = "r_UNLOAD"
EXAMPLES = "r_UNLOAD_command_examples"
_QUERY = "SELECT i, m, s, d, ts, b FROM sales ORDER BY i, m"


@pytest.fixture
def at(place: Place, request: pytest.FixtureRequest) -> str:
    """A prefix for this test only."""
    prefix = "unload/" + re.sub(r"\W+", "-", request.node.name) + "/"
    for key in place.keys(prefix):
        place.s3.delete_object(Bucket=place.bucket, Key=key)
    return prefix


def _sql(place: Place, at: str, options: str, query: str = _QUERY) -> str:
    quoted = query.replace("'", "''")
    return f"UNLOAD ('{quoted}') TO 's3://{place.bucket}/{at}' IAM_ROLE '{place.role}' {options}"


def _names(place: Place, at: str) -> list[str]:
    return [key.removeprefix(at) for key in place.keys(at)]


@documented(EXAMPLES)
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("PARALLEL OFF", "000"),
        ("CSV PARALLEL OFF", "000"),
        ("CSV GZIP PARALLEL OFF", "000.gz"),
        ("CSV PARALLEL OFF EXTENSION 'csv'", "000.csv"),
        ("PARQUET PARALLEL OFF", "000.parquet"),
        (
            "PARQUET PARALLEL OFF KMS_KEY_ID 'arn:aws:kms:us-east-1:1:key/k' ENCRYPTED",
            "000.parquet",
        ),
    ],
)
def test_serial_files_are_numbered(sales, place, at, options: str, name: str) -> None:
    sales.run(_sql(place, at, options))
    assert _names(place, at) == [name]


@documented(EXAMPLES)
def test_parallel_files_are_named_by_slice_and_part(sales, place: Place, at: str) -> None:
    sales.run(_sql(place, at, "FORMAT AS PARQUET"))
    names = _names(place, at)
    assert names[0] == "0000_part_00.parquet"
    assert all(name.endswith(".parquet") for name in names)


@documented(PAGE)
def test_text_has_pipes_empty_nulls_and_short_booleans(sales, place: Place, at: str) -> None:
    sales.run(_sql(place, at, "PARALLEL OFF"))
    assert place.get(f"{at}000").decode().splitlines() == [
        "1|10.50|ab|2018-01-31|2018-01-31 23:59:58.189717|t",
        "2|20.25|cd|2018-02-28|2018-02-28 00:00:03.5|f",
        "2|||||",
    ]


@documented(PAGE)
def test_csv_is_quoted_where_needed_and_has_a_header_if_asked(sales, place, at) -> None:
    query = "SELECT 'a,b' AS first, 'c\"d' AS second, 'plain' AS third, '' AS fourth FROM sales WHERE i = 1"
    sales.run(_sql(place, at, "CSV HEADER PARALLEL OFF", query))
    assert place.get(f"{at}000").decode() == 'first,second,third,fourth\n"a,b","c""d",plain,\n'


@documented(PAGE)
def test_null_and_delimiter_may_be_chosen(sales, place: Place, at: str) -> None:
    sales.run(
        _sql(
            place,
            at,
            "DELIMITER AS ';' NULL AS 'none' PARALLEL OFF",
            "SELECT i, s FROM sales ORDER BY i, s",
        )
    )
    assert place.get(f"{at}000").decode() == "1;ab\n2;cd\n2;none\n"


@documented(PAGE)
def test_unload_compresses_text_with_gzip(sales, place: Place, at: str) -> None:
    sales.run(_sql(place, at, "CSV GZIP PARALLEL OFF", "SELECT i FROM sales ORDER BY i"))
    assert gzip.decompress(place.get(f"{at}000.gz")) == b"1\n2\n2\n"


@documented(PAGE)
def test_parquet_keeps_types(sales, place: Place, at: str) -> None:
    sales.run(
        _sql(place, at, "PARQUET PARALLEL OFF", "SELECT i, m, f, s, d, b FROM sales ORDER BY i, f")
    )
    table = pq.read_table(io.BytesIO(place.get(f"{at}000.parquet")))
    assert table.schema.field("i").type == pa.int32()
    assert table.schema.field("m").type == pa.decimal128(8, 2)
    assert table.schema.field("d").type == pa.date32()
    assert table.column("f").to_pylist() == [1.5, 2.5, 4.0]


@documented(PAGE)
def test_unload_does_not_overwrite_existing_files_unless_allowed(
    sales, place: Place, at: str
) -> None:
    sales.run(_sql(place, at, "CSV PARALLEL OFF"))
    assert "is not empty" in sales.error(_sql(place, at, "CSV PARALLEL OFF"))["M"]
    place.put(f"{at}stale", "stays")
    sales.run(
        _sql(place, at, "CSV PARALLEL OFF ALLOWOVERWRITE", "SELECT 7 AS n FROM sales WHERE i = 1")
    )
    assert place.get(f"{at}000") == b"7\n"
    assert _names(place, at) == ["000", "stale"]
    sales.run(_sql(place, at, "CSV PARALLEL OFF CLEANPATH"))
    assert _names(place, at) == ["000"]


@documented(PAGE)
def test_an_unload_manifest_lists_the_files_and_copy_loads_it(sales, place: Place, at: str) -> None:
    sales.run(_sql(place, at, "PARQUET MANIFEST", "SELECT i, s FROM sales"))
    entries = json.loads(place.get(f"{at}manifest"))["entries"]
    assert all(entry["meta"]["content_length"] > 0 for entry in entries)
    sales.run("DROP TABLE IF EXISTS back")
    sales.run("CREATE TABLE back (i INTEGER, s VARCHAR(20))")
    sales.run(
        f"COPY back FROM 's3://{place.bucket}/{at}manifest' IAM_ROLE '{place.role}' PARQUET MANIFEST"
    )
    assert sales.rows("SELECT i, s FROM back ORDER BY i, s") == [(1, "ab"), (2, "cd"), (2, None)]


@documented(PAGE)
def test_partitions_are_folders_without_their_column(sales, place: Place, at: str) -> None:
    sales.run(_sql(place, at, "PARQUET PARTITION BY (s) PARALLEL OFF", "SELECT i, s FROM sales"))
    assert _names(place, at) == [
        "s=__HIVE_DEFAULT_PARTITION__/000.parquet", "s=ab/000.parquet", "s=cd/000.parquet",
    ]  # fmt: skip
    table = pq.read_table(io.BytesIO(place.get(f"{at}s=ab/000.parquet")))
    assert table.column_names == ["i"]


@documented(PAGE)
def test_include_keeps_the_partition_column(sales, place: Place, at: str) -> None:
    sales.run(
        _sql(place, at, "PARQUET PARTITION BY (s) INCLUDE PARALLEL OFF", "SELECT i, s FROM sales")
    )
    table = pq.read_table(io.BytesIO(place.get(f"{at}s=ab/000.parquet")))
    assert table.column_names == ["i", "s"]


@documented(PAGE)
@pytest.mark.parametrize(
    ("options", "query", "words"),
    [
        ("CSV", "SELECT i FROM sales LIMIT 1", "Limit clause is not supported"),
        ("PARQUET HEADER", _QUERY, "HEADER"),
        ("PARQUET DELIMITER ','", _QUERY, "DELIMITER"),
        ("PARQUET GZIP", _QUERY, "GZIP"),
        ("CSV ALLOWOVERWRITE CLEANPATH", _QUERY, "exclude each other"),
        ("CSV", "DELETE FROM sales", "SELECT"),
    ],
)
def test_conflicting_unload_options_are_an_error(sales, place, at, options, query, words) -> None:
    assert words in sales.error(_sql(place, at, options, query))["M"]
    assert _names(place, at) == []


@documented(PAGE)
def test_a_limit_in_a_subquery_is_allowed(sales, place: Place, at: str) -> None:
    query = "SELECT i FROM (SELECT i FROM sales ORDER BY i LIMIT 1) AS t"
    sales.run(_sql(place, at, "CSV PARALLEL OFF", query))
    assert place.get(f"{at}000") == b"1\n"


@documented("PG_LAST_UNLOAD_COUNT")
def test_pg_last_unload_count_returns_the_rows_of_the_last_unload(
    sales: Database, place: Place, at: str
) -> None:
    sales.run(_sql(place, at, "CSV"))
    assert sales.value("SELECT pg_last_unload_count()") == 3


@emulator_only("the text of a DOUBLE in files is not documented")
def test_unload_of_a_double_as_text_is_refused(sales, place: Place, at: str) -> None:
    assert "CAST" in sales.error(_sql(place, at, "CSV", "SELECT f FROM sales"))["M"]


@emulator_only("where Redshift would begin the next file is not documented")
def test_more_than_maxfilesize_is_refused(sales: Database, place: Place, at: str) -> None:
    sales.run("CREATE TEMP TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
              "SELECT i + 1 FROM n WHERE i < 1000) SELECT a.i AS a, b.i AS b FROM n a, n b")  # fmt: skip
    error = sales.error(
        _sql(place, at, "CSV PARALLEL OFF MAXFILESIZE 5 MB", "SELECT a, b FROM many")
    )
    assert "MAXFILESIZE" in error["M"]
