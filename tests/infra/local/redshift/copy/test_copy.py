"""COPY: loaded values, refused input, and the reported errors."""

import bz2
import gzip
import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from redshift_connector.error import ProgrammingError

from tests.infra.local.redshift.conftest import Database, Place
from tests.infra.local.redshift.ledger import documented, emulator_only

COLUMNAR = "copy-usage_notes-copy-from-columnar"
MANIFEST = "loading-data-files-using-manifest"
CONVERSION = "copy-parameters-data-conversion"
LOAD = "copy-parameters-data-load"
FORMAT = "copy-parameters-data-format"


@pytest.fixture
def target(db: Database) -> Database:
    """An empty table `target` with columns of several types."""
    db.run("DROP TABLE IF EXISTS target")
    db.run("CREATE TABLE target (a INTEGER, b VARCHAR(4), c DECIMAL(8, 2), d DATE, t TIMESTAMP)")
    return db


def _rows(db: Database) -> list[tuple]:
    return db.rows("SELECT a, b FROM target ORDER BY a")


def _copy(db: Database, place: Place, url: str, options: str) -> None:
    db.run(f"COPY target FROM '{url}' IAM_ROLE '{place.role}' {options}")


def _failure(db: Database, place: Place, url: str, options: str) -> dict[str, str]:
    return db.error(f"COPY target FROM '{url}' IAM_ROLE '{place.role}' {options}")


def _parquet(**columns: pa.Array) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def _good(a: int = 1, b: str = "x") -> dict[str, pa.Array]:
    return {
        "a": pa.array([a], pa.int32()),
        "b": pa.array([b], pa.string()),
        "c": pa.array([Decimal("1.50")], pa.decimal128(8, 2)),
        "d": pa.array([17_000], pa.date32()),
        "t": pa.array([1_500_000_000_000_000], pa.timestamp("us")),
    }


def _manifest(place: Place, key: str, *entries: dict) -> str:
    return place.put(f"{key}/manifest.json", json.dumps({"entries": list(entries)}))


def _entry(place: Place, key: str, body: bytes, **more: object) -> dict:
    url = place.put(key, body)
    return {"url": url, "mandatory": True, "meta": {"content_length": len(body)}, **more}


class TestParquet:
    """Columnar files: by position and with exact types."""

    @documented(COLUMNAR)
    def test_columns_map_by_position_not_by_name(self, target: Database, place: Place) -> None:
        columns = dict(zip(["z", "y", "x", "w", "v"], _good().values(), strict=True))
        _copy(target, place, place.put("copy/position/p", _parquet(**columns)), "PARQUET")
        assert target.rows("SELECT a, b, c FROM target") == [(1, "x", Decimal("1.50"))]

    @documented(COLUMNAR)
    @pytest.mark.parametrize(
        ("column", "kind"),
        [
            ("a", pa.int64()),
            ("a", pa.string()),
            ("b", pa.int32()),
            ("c", pa.float64()),
            ("c", pa.decimal128(9, 2)),
            ("c", pa.decimal128(8, 1)),
            ("d", pa.timestamp("us")),
            ("t", pa.timestamp("ns")),  # would be read as another century
        ],
        ids=str,
    )
    def test_a_file_of_other_types_is_refused(
        self, target: Database, place: Place, column: str, kind: pa.DataType
    ) -> None:
        wrong = _good() | {column: pa.array([None], kind)}
        url = place.put("copy/types/p", _parquet(**wrong))
        fields = _failure(target, place, url, "FORMAT AS PARQUET")
        assert fields["M"] == "Spectrum Scan Error"
        assert "incompatible Parquet schema" in fields["D"]
        assert _rows(target) == []

    @documented(COLUMNAR)
    def test_another_number_of_columns_is_refused(self, target: Database, place: Place) -> None:
        columns = _good()
        del columns["t"]
        url = place.put("copy/count/p", _parquet(**columns))
        assert "Table columns: 5, Data columns: 4" in _failure(target, place, url, "PARQUET")["D"]

    @documented("r_Character_types")
    def test_lengths_count_bytes_in_parquet_too(self, target: Database, place: Place) -> None:
        url = place.put("copy/bytes/p", _parquet(**_good(b="éé1")))
        assert "exceeds DDL length" in _failure(target, place, url, "PARQUET")["D"]

    @documented(COLUMNAR)
    @pytest.mark.parametrize(
        "option",
        ["MAXERROR 5", "IGNOREHEADER 1", "NULL AS ''", "COMPUPDATE OFF", "TRUNCATECOLUMNS",
         "GZIP", "REGION 'us-east-1'", "ACCEPTANYDATE", "DELIMITER ','", "NOLOAD"],
    )  # fmt: skip
    def test_text_options_with_parquet_are_refused(
        self, target: Database, place: Place, option: str
    ) -> None:
        fields = _failure(target, place, f"s3://{place.bucket}/copy/none", f"PARQUET {option}")
        word = option.split(maxsplit=1)[0]
        assert fields["M"] == f"{word} argument is not supported for PARQUET based COPY"

    @documented(COLUMNAR)
    def test_a_file_that_is_not_parquet_is_an_error(self, target: Database, place: Place) -> None:
        url = place.put("copy/broken/p", b"a,b\n1,2\n")
        assert _failure(target, place, url, "PARQUET")["M"] == "Spectrum Scan Error"

    @documented(COLUMNAR)
    def test_damaged_parquet_is_an_error_of_its_file(self, target: Database, place: Place) -> None:
        """Zeros at each place of the file: it loads or names the file, and the connection lives."""
        body = _parquet(**_good(1, b="x" * 5))
        refused = 0
        for at in range(4, len(body), 40):
            url = place.put("copy/damaged/p", body[:at] + bytes(8) + body[at + 8 :])
            try:
                _copy(target, place, url, "PARQUET")
            except ProgrammingError as error:
                fields = error.args[0]
                assert "internal error" not in fields["M"]
                assert url in fields.get("D", "") or fields["C"] == "0A000", fields
                refused += 1
            assert target.value("SELECT 1") == 1
        assert refused > 5

    @documented("copy-usage_notes-multiple-files")
    def test_files_are_loaded_all_or_none(self, target: Database, place: Place) -> None:
        place.put("copy/atomic/1", _parquet(**_good(1)))
        place.put("copy/atomic/2", _parquet(**_good(2, b="too long")))
        _failure(target, place, f"s3://{place.bucket}/copy/atomic/", "PARQUET")
        assert _rows(target) == []
        assert target.value("SELECT pg_last_copy_count()") == 0


class TestFiles:
    """Selection of files: by prefix or by manifest."""

    @documented("copy-parameters-data-source-s3")
    def test_a_key_is_a_prefix(self, target: Database, place: Place) -> None:
        place.put("copy/prefix/data.csv", "1,a,,,\n")
        place.put("copy/prefix/data.csv.bak", "2,b,,,\n")
        _copy(target, place, f"s3://{place.bucket}/copy/prefix/data.csv", "CSV")
        assert _rows(target) == [(1, "a"), (2, "b")]

    @documented("copy-parameters-data-source-s3")
    def test_a_prefix_without_files_is_an_error(self, target: Database, place: Place) -> None:
        fields = _failure(target, place, f"s3://{place.bucket}/copy/nothing", "CSV")
        assert "does not exist" in fields["M"]

    @documented(MANIFEST)
    def test_a_manifest_names_the_files(self, target: Database, place: Place) -> None:
        one, two = (_entry(place, f"copy/named/{n}", _parquet(**_good(n))) for n in (1, 2))
        place.put("copy/named/3", _parquet(**_good(3)))
        _copy(target, place, _manifest(place, "copy/named", one, two), "PARQUET MANIFEST")
        assert [a for a, _ in _rows(target)] == [1, 2]

    @documented(MANIFEST)
    def test_a_file_named_twice_is_loaded_twice(self, target: Database, place: Place) -> None:
        one = _entry(place, "copy/twice/1", _parquet(**_good()))
        _copy(target, place, _manifest(place, "copy/twice", one, one), "PARQUET MANIFEST")
        assert len(_rows(target)) == 2

    @documented(MANIFEST)
    def test_only_a_mandatory_file_must_exist(self, target: Database, place: Place) -> None:
        there = _entry(place, "copy/mandatory/1", _parquet(**_good()))
        missing = {"url": f"s3://{place.bucket}/copy/mandatory/2", "meta": {"content_length": 9}}
        url = _manifest(place, "copy/mandatory", there, missing)
        _copy(target, place, url, "PARQUET MANIFEST")
        assert len(_rows(target)) == 1
        url = _manifest(place, "copy/mandatory", there, {**missing, "mandatory": True})
        assert "S3ServiceException" in _failure(target, place, url, "PARQUET MANIFEST")["M"]

    @documented(MANIFEST)
    @pytest.mark.parametrize("meta", [{}, {"content_length": 7}])
    def test_parquet_needs_the_right_content_length(
        self, target: Database, place: Place, meta: dict
    ) -> None:
        entry = _entry(place, "copy/length/1", _parquet(**_good()), meta=meta)
        fields = _failure(target, place, _manifest(place, "copy/length", entry), "PARQUET MANIFEST")
        assert "content_length" in fields["M"] + fields.get("D", "")

    @documented(MANIFEST)
    def test_a_malformed_manifest_is_an_error(self, target: Database, place: Place) -> None:
        url = place.put("copy/malformed.json", '{"files": []}')
        assert "malformed" in _failure(target, place, url, "PARQUET MANIFEST")["M"]

    @documented("r_COPY")
    def test_copy_appends(self, target: Database, place: Place) -> None:
        url = place.put("copy/append.csv", "1,a,,,\n")
        _copy(target, place, url, "CSV")
        _copy(target, place, url, "CSV")
        assert len(_rows(target)) == 2

    @documented("copy-parameters-authorization")
    @pytest.mark.parametrize(
        "authority",
        ["IAM_ROLE '{role}'", "IAM_ROLE AS '{role}'", "CREDENTIALS 'aws_iam_role={role}'"],
    )
    def test_a_role_may_be_written_in_three_ways(
        self, target: Database, place: Place, authority: str
    ) -> None:
        url = place.put("copy/role.csv", "1,a,,,\n")
        target.run(f"COPY target FROM '{url}' {authority.format(role=place.role)} CSV")
        assert len(_rows(target)) == 1

    @emulator_only("keys do not belong into SQL, so they are refused although Redshift takes them")
    @pytest.mark.parametrize(
        "authority", ["", "ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b'", "IAM_ROLE 'me'"]
    )
    def test_copy_without_an_iam_role_is_refused(
        self, target: Database, place: Place, authority: str
    ) -> None:
        url = place.put("copy/keys.csv", "1,a,,,\n")
        assert target.error(f"COPY target FROM '{url}' {authority} CSV")["C"] == "0A000"

    @documented("r_COPY")
    def test_a_missing_table_is_named(self, db: Database, place: Place) -> None:
        fields = db.error(f"COPY missing FROM 's3://{place.bucket}/x' IAM_ROLE '{place.role}' CSV")
        assert fields["M"] == "Cannot COPY into nonexistent table missing"


class TestText:
    """CSV and delimited text, and how values are converted."""

    @documented(FORMAT)
    def test_csv_is_quoted_and_may_hold_line_breaks(self, target: Database, place: Place) -> None:
        url = place.put("copy/quoted.csv", '1,"a,b",,,\n2,"c\nd",,,\n3,"e""f",,,\n')
        _copy(target, place, url, "FORMAT AS CSV")
        assert _rows(target) == [(1, "a,b"), (2, "c\nd"), (3, 'e"f')]

    @documented(FORMAT)
    def test_csv_takes_another_quote_and_delimiter(self, target: Database, place: Place) -> None:
        url = place.put("copy/semicolon.csv", "1;'a;b';;;\n")
        _copy(target, place, url, "CSV QUOTE '''' DELIMITER ';'")
        assert _rows(target) == [(1, "a;b")]

    @documented(FORMAT)
    def test_text_without_a_format_is_separated_by_pipes(
        self, target: Database, place: Place
    ) -> None:
        _copy(target, place, place.put("copy/pipe.txt", '1|"a|||\n2|b|1.5|2018-01-01|\n'), "")
        assert _rows(target) == [(1, '"a'), (2, "b")]

    @documented(CONVERSION)
    def test_an_empty_field_is_empty_text_and_null_for_other_types(
        self, target: Database, place: Place
    ) -> None:
        _copy(target, place, place.put("copy/empty.csv", ',,,,\n,"",,,\n,\\N,,,\n'), "CSV")
        assert sorted(target.rows("SELECT a, b, c, d, t FROM target"), key=str) == [
            (None, "", None, None, None),
            (None, "", None, None, None),
            (None, None, None, None, None),
        ]

    @documented("copy-parameters-data-load")
    def test_tuning_options_and_default_options_are_accepted(
        self, target: Database, place: Place
    ) -> None:
        url = place.put("csv/plain.csv", "1,ab,1.5,2018-01-01,2018-01-01\n")
        _copy(
            target, place, url, "CSV ENCODING UTF8 STATUPDATE OFF COMPUPDATE OFF REGION 'us-east-1'"
        )
        assert target.value("SELECT COUNT(*) FROM target") == 1

    @documented(CONVERSION)
    @pytest.mark.parametrize(
        ("options", "field", "stored"),
        [
            ("EMPTYASNULL", "", None),
            ("NULL AS 'none'", "none", None),
            ("BLANKSASNULL", "  ", None),
            ("BLANKSASNULL", "", ""),
            ("TRIMBLANKS", "ab ", "ab"),
            ("TRUNCATECOLUMNS", "abcdefg", "abcd"),
        ],
    )
    def test_options_convert_text(
        self, target: Database, place: Place, options: str, field: str, stored: str | None
    ) -> None:
        _copy(target, place, place.put("copy/text.csv", f'1,"{field}",,,\n'), f"CSV {options}")
        assert target.value("SELECT b FROM target") == stored

    @documented(CONVERSION)
    @pytest.mark.parametrize(("options", "stored"), [("", "20.25"), ("ROUNDEC", "20.26")])
    def test_digits_beyond_the_scale_are_cut_or_rounded(
        self, target: Database, place: Place, options: str, stored: str
    ) -> None:
        _copy(target, place, place.put("copy/scale.csv", "1,,20.259,,\n"), f"CSV {options}")
        assert target.value("SELECT c FROM target") == Decimal(stored)

    @documented(CONVERSION)
    def test_ignoreheader_counts_for_each_file(self, target: Database, place: Place) -> None:
        for n in (1, 2):
            place.put(f"copy/header/{n}", f"a,b,c,d,t\n{n},x,,,\n")
        _copy(target, place, f"s3://{place.bucket}/copy/header/", "CSV IGNOREHEADER 1")
        assert [a for a, _ in _rows(target)] == [1, 2]

    @documented("copy-parameters-column-mapping")
    def test_a_column_list_leaves_the_others_empty(self, target: Database, place: Place) -> None:
        url = place.put("copy/columns.csv", "x,1\n")
        target.run(f"COPY target (b, a) FROM '{url}' IAM_ROLE '{place.role}' CSV")
        assert target.rows("SELECT a, b, c FROM target") == [(1, "x", None)]

    @documented("copy-parameters-file-compression")
    @pytest.mark.parametrize(("option", "pack"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
    def test_compressed_files_are_read(self, target, place, option, pack) -> None:
        _copy(target, place, place.put("copy/packed", pack(b"1,a,,,\n")), f"CSV {option}")
        assert _rows(target) == [(1, "a")]

    @documented("r_DATEFORMAT_and_TIMEFORMAT_strings")
    def test_copy_reads_dates_in_a_given_format(self, target: Database, place: Place) -> None:
        url = place.put("copy/dates.csv", "1,,,02/03/2018,02.03.2018 04:05:06\n")
        _copy(target, place, url, "CSV DATEFORMAT 'DD/MM/YYYY' TIMEFORMAT 'DD.MM.YYYY HH:MI:SS'")
        got = target.rows(
            "SELECT TO_CHAR(d, 'YYYY-MM-DD'), TO_CHAR(t, 'MM-DD HH24:MI') FROM target"
        )
        assert got == [("2018-03-02", "03-02 04:05")]

    @documented(CONVERSION)
    def test_acceptanydate_makes_a_bad_date_null(self, target: Database, place: Place) -> None:
        _copy(target, place, place.put("copy/any.csv", "1,,,2018-02-30,\n"), "CSV ACCEPTANYDATE")
        assert target.value("SELECT d FROM target") is None

    @documented(CONVERSION)
    def test_acceptinvchars_replaces_bytes_that_are_not_utf8(
        self, target: Database, place: Place
    ) -> None:
        url = place.put("copy/latin.csv", b"1,a\xe7b,,,\n")
        _copy(target, place, url, "CSV ACCEPTINVCHARS '^'")
        assert target.value("SELECT b FROM target") == "a^b"

    @documented(LOAD)
    def test_noload_only_checks(self, target: Database, place: Place) -> None:
        _copy(target, place, place.put("copy/noload.csv", "1,a,,,\n"), "CSV NOLOAD")
        assert _rows(target) == []
        assert _failure(target, place, place.put("copy/noload.csv", "x,a,,,\n"), "CSV NOLOAD")

    @emulator_only("options are listed; the others are refused by name")
    @pytest.mark.parametrize("option", ["FIXEDWIDTH 'a:1'", "JSON 'auto'", "SSH", "ENCRYPTED"])
    def test_an_option_that_is_not_listed_is_refused(self, target, place, option) -> None:
        fields = _failure(target, place, f"s3://{place.bucket}/x", f"CSV {option}")
        assert fields["C"] == "0A000"
        assert option.split(maxsplit=1)[0] in fields["M"]


class TestErrors:
    """A failed load records file, line and column in sys_load_error_detail."""

    @documented("SYS_LOAD_ERROR_DETAIL")
    @pytest.mark.parametrize(
        ("line", "column", "code", "words"),
        [
            ("x,a,,,", "a", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer"),
            ("1.5,a,,,", "a", 1207, "Invalid digit, Value '.', Pos 1, Type: Integer"),
            ("1,abcde,,,", "b", 1204, "String length exceeds DDL length"),
            ("1,ééé,,,", "b", 1204, "String length exceeds DDL length"),
            ("1,a,,2018-02-30,", "d", 1205, "Invalid Date Format - length must be 10 or more"),
            ("1,a,,,yesterday", "t", 1206, "Invalid timestamp format or value"),
            ("1,a", "", 1214, "Delimiter not found"),
            ("1,a,,,,,", "", 1202, "Extra column(s) found"),
            ("3000000000,a,,,", "a", 1207, "Overflow"),
        ],
    )
    def test_a_load_error_is_recorded_with_file_line_and_column(
        self, target: Database, place: Place, line: str, column: str, code: int, words: str
    ) -> None:
        url = place.put("copy/wrong.csv", f'0,"t\nl",,,\n{line}\n')
        fields = _failure(target, place, url, "CSV")
        assert fields["M"] == (
            "Load into table 'target' failed. Check 'sys_load_error_detail' system table for details."
        )
        rows = target.rows(
            "SELECT TRIM(file_name), line_number, TRIM(column_name), error_code, TRIM(error_message) "
            "FROM sys_load_error_detail ORDER BY start_time DESC LIMIT 1"
        )
        assert rows[0][:4] == (url, 3, column, code)
        assert words in rows[0][4]
        assert _rows(target) == []

    @documented("SYS_LOAD_ERROR_DETAIL")
    def test_lines_are_counted_past_headers_and_other_errors(
        self, target: Database, place: Place
    ) -> None:
        text = 'a,b,c,d,t\n1,"x\ny",,,\n2\nq,a,,,\n4,b\nr,"u\nv",,,\n'
        url = place.put("copy/lines.csv", text)
        _failure(target, place, url, "CSV IGNOREHEADER 1 MAXERROR 2")
        rows = target.rows(
            "SELECT line_number, TRIM(column_name) FROM sys_load_error_detail WHERE query_id = "
            "(SELECT MAX(query_id) FROM sys_load_error_detail) ORDER BY line_number"
        )
        assert rows == [(4, ""), (5, "a"), (6, ""), (7, "a")]

    @documented(CONVERSION)
    def test_a_blank_line_is_an_error_unless_ignored(self, target: Database, place: Place) -> None:
        url = place.put("copy/blank.csv", '1,a,,,\n\n2,"\n\n",,,\n')
        _failure(target, place, url, "CSV")
        _copy(target, place, url, "CSV IGNOREBLANKLINES")
        assert _rows(target) == [(1, "a"), (2, "\n\n")]

    @documented(LOAD)
    def test_maxerror_loads_the_good_rows_below_it(self, target: Database, place: Place) -> None:
        url = place.put("copy/some.csv", "1,a,,,\nx,b,,,\n3,c,,,\n")
        _copy(target, place, url, "CSV MAXERROR 2")
        assert _rows(target) == [(1, "a"), (3, "c")]

    @documented(LOAD)
    @pytest.mark.parametrize("allowed", [0, 1])
    def test_maxerror_0_and_1_both_fail_at_the_first_error(
        self, target, place, allowed: int
    ) -> None:
        url = place.put("copy/first.csv", "1,a,,,\nx,b,,,\n")
        assert _failure(target, place, url, f"CSV MAXERROR {allowed}")
        assert _rows(target) == []

    @documented(LOAD)
    def test_invalid_utf8_is_an_error(self, target: Database, place: Place) -> None:
        url = place.put("copy/bytes.csv", b"1,a\xe7b,,,\n")
        _failure(target, place, url, "CSV")
        message = target.value(
            "SELECT TRIM(error_message) FROM sys_load_error_detail ORDER BY start_time DESC LIMIT 1"
        )
        assert "UTF8" in message

    @documented("SYS_LOAD_HISTORY")
    def test_load_history_shows_loaded_rows_and_files(self, target: Database, place: Place) -> None:
        url = place.put("copy/history.csv", "1,a,,,\n2,b,,,\n")
        _copy(target, place, url, "CSV")
        row = target.rows(
            "SELECT TRIM(status), TRIM(table_name), loaded_rows, source_file_count "
            "FROM sys_load_history ORDER BY start_time DESC LIMIT 1"
        )
        assert row == [("completed", "target", 2, 1)]

    @documented("PG_LAST_COPY_COUNT")
    def test_pg_last_copy_functions_return_the_last_copy(
        self, target: Database, place: Place
    ) -> None:
        assert target.value("SELECT pg_last_copy_id()") == -1
        _copy(target, place, place.put("copy/last.csv", "1,a,,,\n2,b,,,\n"), "CSV")
        assert target.value("SELECT pg_last_copy_count()") == 2
        assert target.value("SELECT pg_last_copy_id()") > 0
        _failure(target, place, place.put("copy/last.csv", "x,a,,,\n"), "CSV")
        assert target.value("SELECT pg_last_copy_count()") == 0

    @documented("r_COPY")
    def test_copy_sends_a_notice_with_the_row_count(self, target: Database, place: Place) -> None:
        _copy(target, place, place.put("copy/notice.csv", "1,a,,,\n"), "CSV")
        assert (
            "Load into table 'target' completed, 1 record(s) loaded successfully."
            in target.notices()
        )

    @documented("r_COPY")
    def test_a_rolled_back_transaction_loads_nothing(self, connect, target, place: Place) -> None:
        connection = connect()
        url = place.put("copy/rolled.csv", "1,a,,,\n")
        connection.cursor().execute(f"COPY target FROM '{url}' IAM_ROLE '{place.role}' CSV")
        connection.rollback()
        assert _rows(target) == []
