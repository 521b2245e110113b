"""Correlated subqueries that Redshift supports, and those that its documentation excludes."""

import pytest

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import fails, gives

PAGE = "r_correlated_subqueries"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT i FROM sales s WHERE m = (SELECT MAX(m) FROM sales t WHERE t.i = s.i) ORDER BY 1", [(1,), (2,)], PAGE),
        gives("SELECT COUNT(*) FROM sales s WHERE EXISTS (SELECT 1 FROM sales t WHERE t.i = s.i AND t.m > s.m - 1)", [(2,)], PAGE),
        gives("SELECT COUNT(*) FROM sales WHERE i IN (SELECT i FROM sales GROUP BY i HAVING COUNT(*) > 1)", [(2,)], PAGE),
        gives("SELECT COUNT(*) FROM sales WHERE m IN (SELECT MIN(m) FROM sales GROUP BY i)", [(2,)], PAGE),
        gives("SELECT COUNT(*) FROM sales a LEFT JOIN sales b ON a.i = b.i AND b.m = (SELECT MAX(m) FROM sales)", [(3,)], PAGE),
    ],
)  # fmt: skip
def test_supported_correlated_subqueries_return_rows(
    sales: Database, sql: str, expected: list[tuple]
) -> None:
    assert sales.rows(sql) == expected


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        fails(
            "SELECT s.i FROM sales s WHERE NOT EXISTS (SELECT * FROM sales t WHERE NOT EXISTS "
            "(SELECT * FROM sales u WHERE s.i = u.i))", "skips a query", PAGE),
        fails(
            "SELECT s.i FROM sales s WHERE EXISTS (SELECT 1 FROM (SELECT u.i FROM sales u "
            "WHERE u.i = s.i) AS q)", "skips a query", PAGE),
        fails(
            "SELECT * FROM sales a LEFT JOIN sales b ON a.i = b.i AND b.m = "
            "(SELECT MAX(c.m) FROM sales c WHERE c.i = b.i)", "ON of an outer join", PAGE),
        fails(
            "SELECT s.i FROM sales s WHERE i NOT IN (SELECT SUM(t.i) OVER () FROM sales t "
            "WHERE t.i = s.i)", "window function", PAGE),
        fails(
            "SELECT s.i, (SELECT COUNT(*) FROM sales t WHERE t.i = s.i) AS n FROM sales s "
            "GROUP BY n, s.i", "key of GROUP BY", PAGE),
        fails(
            "SELECT s.i, (SELECT COUNT(*) FROM sales t WHERE t.i = s.i) AS n FROM sales s "
            "GROUP BY 1, 2", "key of GROUP BY", PAGE),
        fails("SELECT * FROM sales WHERE i IN (SELECT SUM(i) FROM sales GROUP BY d)", "IN with aggregates", PAGE),
    ],
)  # fmt: skip
def test_unsupported_correlated_subqueries_are_refused(
    sales: Database, sql: str, words: str
) -> None:
    error = sales.error(sql)
    assert words in error["M"]
    assert error["C"] == "0A000"
