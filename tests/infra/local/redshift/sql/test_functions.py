"""Documented examples of functions; `test_semantics` tests special rules."""

import hashlib
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, gives


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT ABS(-38)", 38, "r_ABS"),
        gives("SELECT ACOS(-1)", math.pi, "r_ACOS"),
        gives("SELECT ASIN(1) * 2", math.pi, "r_ASIN"),
        gives("SELECT ATAN(1) * 4", math.pi, "r_ATAN"),
        gives("SELECT ATAN2(2, 2) * 4", math.pi, "r_ATAN2"),
        gives("SELECT CBRT(27)", 3, "r_CBRT"),
        gives("SELECT COS(0)", 1, "r_COS"),
        gives("SELECT COT(1)", 1 / math.tan(1), "r_COT"),
        gives("SELECT DEGREES(PI())", 180, "r_DEGREES"),
        gives("SELECT RADIANS(180)", math.pi, "r_RADIANS"),
        gives("SELECT EXP(1)", math.e, "r_EXP"),
        gives("SELECT DEXP(0)", 1, "r_DEXP"),
        gives("SELECT DLOG1(1)", 0, "r_DLOG1"),
        gives("SELECT DLOG10(100)", 2, "r_DLOG10"),
        gives("SELECT POW(2, 3)", 8, "r_POWER"),
        gives("SELECT POWER(9, 0.5)", 3, "r_POWER"),
        gives("SELECT SIN(-PI() / 2)", -1, "r_SIN"),
        gives("SELECT TAN(0)", 0, "r_TAN"),
        gives("SELECT CEILING(1.2)", 2, "r_CEILING_FLOOR"),
    ],
)
def test_numeric_functions_return_the_documented_result(
    db: Database, sql: str, expected: float
) -> None:
    assert float(db.value(sql)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT ASCII('amazon')", 97, "r_ASCII"),
        gives("SELECT CHR(65)", "A", "r_CHR"),
        gives("SELECT LEFT('Chicago', 3)", "Chi", "r_LEFT"),
        gives("SELECT RIGHT('Chicago', 3)", "ago", "r_LEFT"),
        gives("SELECT SUBSTR('caterpillar', 6, 4)", "pill", "r_SUBSTRING"),
        gives("SELECT LTRIM('2008-01-24', '2008-')", "1-24", "r_LTRIM"),
        gives("SELECT RTRIM('2008-01-24', '24')", "2008-01-", "r_RTRIM"),
        gives("SELECT LENGTH('français')", 8, "r_LEN"),
        gives("SELECT CHAR_LENGTH('abc')", 3, "r_CHAR_LENGTH"),
        gives("SELECT CHARACTER_LENGTH('abc')", 3, "r_CHARACTER_LENGTH"),
        gives("SELECT TEXTLEN('abc')", 3, "r_TEXTLEN"),
        gives("SELECT LEAST('b', 'a', NULL)", "a", "r_GREATEST_LEAST"),
        gives("SELECT SHA1('Amazon Redshift')", hashlib.sha1(b"Amazon Redshift").hexdigest(), "SHA1"),
        gives("SELECT FUNC_SHA1('a')", hashlib.sha1(b"a").hexdigest(), "FUNC_SHA1"),
        gives("SELECT SHA2('a', 256)", hashlib.sha256(b"a").hexdigest(), "SHA2"),
    ],
)  # fmt: skip
def test_text_functions_return_the_documented_result(
    db: Database, sql: str, expected: object
) -> None:
    assert db.value(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT DATE_PART_YEAR(DATE '2022-05-02')", 2022, "r_DATE_PART_YEAR"),
        gives(
            "SELECT TO_TIMESTAMP('2011-12-18 23:38:15', 'YYYY-MM-DD HH24:MI:SS')",
            datetime(2011, 12, 18, 23, 38, 15, tzinfo=UTC),
            "r_TO_TIMESTAMP",
        ),
    ],
)
def test_date_functions_return_the_documented_result(
    db: Database, sql: str, expected: object
) -> None:
    assert db.value(sql) == expected


@documented("r_SYSDATE")
def test_sysdate_returns_the_time_in_utc(db: Database) -> None:
    today, now = db.rows("SELECT CURRENT_DATE AS d, SYSDATE AS t")[0]
    assert isinstance(today, date)
    assert abs((datetime.now(UTC).replace(tzinfo=None) - now).total_seconds()) < 60


@documented("r_RANDOM")
def test_random_lies_between_0_and_1(db: Database) -> None:
    values = db.rows("SELECT RANDOM() AS a, RANDOM() AS b")[0]
    assert all(0 <= value < 1 for value in values)
    assert values[0] != values[1]


@documented("r_CURRENT_SCHEMA")
def test_session_functions_return_database_schema_and_user(db: Database, parameters) -> None:
    assert db.value("SELECT CURRENT_DATABASE()") == parameters["database"]
    assert db.value("SELECT CURRENT_SCHEMA()") == "public"
    assert db.value("SELECT CURRENT_USER") == parameters["user"]


@documented("PG_LAST_UNLOAD_ID")
def test_pg_last_unload_id_is_minus_one_before_an_unload(db: Database) -> None:
    assert db.value("SELECT PG_LAST_UNLOAD_ID()") == -1


@pytest.fixture
def numbers(db: Database) -> Database:
    db.run("CREATE TEMP TABLE numbers (i INTEGER, f DOUBLE PRECISION, b BOOLEAN)")
    db.run("INSERT INTO numbers VALUES (1, 1, TRUE), (3, 2, TRUE), (5, 3, FALSE), (7, 4, NULL)")
    return db


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT BIT_AND(i) FROM numbers", 1, "r_BIT_AND"),
        gives("SELECT BIT_OR(i) FROM numbers", 7, "r_BIT_OR"),
        gives("SELECT BOOL_AND(b) FROM numbers", False, "r_BOOL_AND"),
        gives("SELECT BOOL_OR(b) FROM numbers", True, "r_BOOL_OR"),
        gives("SELECT ANY_VALUE(i) FROM numbers WHERE i = 3", 3, "r_ANY_VALUE"),
        gives("SELECT MIN(i) FROM numbers", 1, "r_MIN"),
        gives("SELECT STDDEV_POP(f) FROM numbers", math.sqrt(1.25), "r_STDDEV_functions"),
        gives("SELECT STDDEV_SAMP(f) FROM numbers", math.sqrt(5 / 3), "r_STDDEV_functions"),
        gives("SELECT STDDEV(f) FROM numbers", math.sqrt(5 / 3), "r_STDDEV_functions"),
        gives("SELECT VAR_POP(f) FROM numbers", 1.25, "r_VARIANCE_functions"),
        gives("SELECT VAR_SAMP(f) FROM numbers", 5 / 3, "r_VARIANCE_functions"),
        gives("SELECT VARIANCE(f) FROM numbers", 5 / 3, "r_VARIANCE_functions"),
        gives("SELECT MEDIAN(f) FROM numbers", 2.5, "r_MEDIAN"),
        gives("SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY f) FROM numbers", 1.75, "r_PERCENTILE_CONT"),
        gives("SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY f) FROM numbers", 2, "r_APPROXIMATE_PERCENTILE_DISC"),
    ],
)  # fmt: skip
def test_aggregate_functions_return_the_documented_result(
    numbers: Database, sql: str, expected: float
) -> None:
    assert numbers.value(sql) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("NTILE(2) OVER (ORDER BY i)", [1, 1, 2, 2], "r_WF_NTILE"),
        gives("PERCENT_RANK() OVER (ORDER BY f)", [0, 1 / 3, 2 / 3, 1], "r_WF_PERCENT_RANK"),
        gives("CUME_DIST() OVER (ORDER BY f)", [0.25, 0.5, 0.75, 1], "r_WF_CUME_DIST"),
        gives("FIRST_VALUE(i) OVER (ORDER BY i ROWS UNBOUNDED PRECEDING)", [1] * 4, "r_WF_first_value"),
        gives(
            "NTH_VALUE(i, 2) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
            [3] * 4,
            "r_WF_NTH",
        ),
    ],
)  # fmt: skip
def test_window_functions_return_the_documented_result(
    numbers: Database, sql: str, expected: list
) -> None:
    rows = numbers.rows(f"SELECT i, {sql} AS w FROM numbers ORDER BY i")
    assert [value for _, value in rows] == pytest.approx(expected)


@documented("r_GROUP_BY_aggregation-extensions")
def test_grouping_distinguishes_totals_from_null(numbers: Database) -> None:
    rows = numbers.rows(
        "SELECT b, SUM(i), GROUPING(b) AS g FROM numbers GROUP BY ROLLUP (b) ORDER BY 2"
    )
    assert rows == [(True, 4, 0), (False, 5, 0), (None, 7, 0), (None, 16, 1)]


@documented("r_SUM")
def test_sum_of_decimals_keeps_their_scale(db: Database) -> None:
    db.run("CREATE TEMP TABLE money (m DECIMAL(8, 2))")
    db.run("INSERT INTO money VALUES (0.10), (0.20)")
    assert db.value("SELECT SUM(m) FROM money") == Decimal("0.30")
