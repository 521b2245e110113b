"""PIVOT and UNPIVOT, with tables, queries and results from the documentation."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, refuses

PAGE = "r_FROM_clause-pivot-unpivot-examples"


@pytest.fixture
def part(db: Database) -> Database:
    db.run("DROP TABLE IF EXISTS part")
    db.run(
        "CREATE TABLE part (partname VARCHAR, manufacturer VARCHAR, quality INT, price DECIMAL(12,2))"
    )
    db.run(
        "INSERT INTO part VALUES ('prop', 'local parts co', 2, 10.00), ('prop', 'big parts co', NULL, 9.00), "
        "('prop', 'small parts co', 1, 12.00), ('rudder', 'local parts co', 1, 2.50), "
        "('rudder', 'big parts co', 2, 3.75), ('rudder', 'small parts co', NULL, 1.90), "
        "('wing', 'local parts co', NULL, 7.50), ('wing', 'big parts co', 1, 15.20), "
        "('wing', 'small parts co', NULL, 11.80)"
    )
    return db


@pytest.fixture
def colors(db: Database) -> Database:
    db.run("DROP TABLE IF EXISTS count_by_color")
    db.run("CREATE TABLE count_by_color (quality VARCHAR, red INT, green INT, blue INT)")
    db.run(
        "INSERT INTO count_by_color VALUES ('high', 15, 20, 7), ('normal', 35, NULL, 40), ('low', 10, 23, NULL)"
    )
    return db


@pytest.fixture
def shown(part: Database) -> Callable[[str], tuple[list[str], list[tuple]]]:
    """Names of the columns, and the rows, of a query."""

    def show(sql: str) -> tuple[list[str], list[tuple]]:
        cursor = part.connection.cursor()
        cursor.execute(sql)
        return [column[0] for column in cursor.description], sorted(map(tuple, cursor.fetchall()))

    return show


@documented(PAGE)
def test_pivot_averages_prices_at_their_own_scale(shown: Callable) -> None:
    # (2.50 + 3.75 + 1.90) / 3 is 2.7166…: the documentation shows it truncated, not rounded
    assert shown(
        "SELECT * FROM (SELECT partname, price FROM part) PIVOT ("
        "AVG(price) FOR partname IN ('prop', 'rudder', 'wing'))"
    ) == (
        ["prop", "rudder", "wing"],
        [(Decimal("10.33"), Decimal("2.71"), Decimal("11.50"))],
    )


@documented(PAGE)
def test_columns_that_pivot_does_not_name_are_its_groups(shown: Callable) -> None:
    assert shown(
        "SELECT * FROM (SELECT quality, manufacturer FROM part) PIVOT ("
        "count(*) FOR quality IN (1, 2, NULL))"
    ) == (
        ["manufacturer", "1", "2", "null"],
        [("big parts co", 1, 1, 1), ("local parts co", 1, 1, 1), ("small parts co", 1, 0, 2)],
    )


@documented(PAGE)
def test_aliases_of_pivot_name_its_columns(shown: Callable) -> None:
    names, _ = shown(
        "SELECT * FROM (SELECT quality, manufacturer FROM part) PIVOT ("
        "count(*) AS count FOR quality IN (1 AS high, 2 AS low, NULL AS na))"
    )
    assert names == ["manufacturer", "high_count", "low_count", "na_count"]


@documented("r_FROM_clause30")
def test_a_pivot_works_in_views_and_joins(part: Database) -> None:
    part.run("CREATE OR REPLACE VIEW by_quality AS WITH p AS (SELECT partname, quality, price FROM part) "
             "SELECT * FROM p PIVOT (MAX(price) FOR quality IN (1 AS one, 2 AS two)) AS x")  # fmt: skip
    assert part.rows(
        "SELECT v.partname, v.one, t.price FROM by_quality v JOIN part t ON t.partname = v.partname "
        "AND t.price < v.two ORDER BY t.price"
    ) == [
        ("rudder", Decimal("2.50"), Decimal("1.90")),
        ("rudder", Decimal("2.50"), Decimal("2.50")),
        ("prop", Decimal("12.00"), Decimal("9.00")),
    ]
    part.run("DROP VIEW by_quality")


@documented(PAGE)
def test_unpivot_leaves_out_nulls(colors: Database) -> None:
    assert sorted(
        colors.rows("SELECT * FROM count_by_color UNPIVOT (cnt FOR color IN (red, green, blue))")
    ) == [
        ("high", "blue", 7), ("high", "green", 20), ("high", "red", 15), ("low", "green", 23),
        ("low", "red", 10), ("normal", "blue", 40), ("normal", "red", 35),
    ]  # fmt: skip


@documented(PAGE)
def test_unpivot_include_nulls_keeps_nulls(colors: Database) -> None:
    rows = colors.rows(
        "SELECT color, cnt FROM (SELECT red, green, blue FROM count_by_color) "
        "UNPIVOT INCLUDE NULLS (cnt FOR color IN (red AS r, green, blue)) AS u "
        "ORDER BY color, cnt"
    )
    assert rows == [
        ("blue", 7), ("blue", 40), ("blue", None), ("green", 20), ("green", 23), ("green", None),
        ("r", 10), ("r", 15), ("r", 35),
    ]  # fmt: skip


_CERTAIN = "not said by the documentation"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        refuses("SELECT * FROM part PIVOT (LISTAGG(manufacturer) FOR quality IN (1))", "COUNT, SUM", PAGE),
        refuses("SELECT * FROM part PIVOT (SUM(price) FOR partname IN ('Prop'))", "alias", _CERTAIN),
        refuses("SELECT * FROM part PIVOT (SUM(price), MAX(price) FOR quality IN (1))", "one aggregate", PAGE),
        refuses("SELECT * FROM part UNPIVOT (v FOR n IN (quality, partname))", "no common type", PAGE),
        refuses("SELECT * FROM part UNPIVOT (v FOR n IN (weight))", "no column weight", PAGE),
        refuses("SELECT * FROM part PIVOT (SUM(price) FOR quality IN (quality + 1))", "constants", PAGE),
        refuses("SELECT * FROM part PIVOT (SUM(price) FOR quality IN ('1'))", "text literal", _CERTAIN),
    ],
)  # fmt: skip
def test_undocumented_forms_of_pivot_and_unpivot_are_refused(
    part: Database, sql: str, words: str
) -> None:
    assert words in part.error(sql)["M"]
