"""SQL that Redshift does not support is refused, even if the engine could run it."""

import re
from pathlib import Path

import pytest

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented

_FILE = Path(__file__).with_name("lacking.sql")
STATEMENTS = re.findall(r"^(?!--)(.+);$", _FILE.read_text(), re.MULTILINE)


@pytest.fixture
def tables(sales: Database) -> Database:
    sales.run("DROP TABLE IF EXISTS source")
    sales.run("CREATE TABLE source (i INTEGER, m DECIMAL(8, 2))")
    sales.run("INSERT INTO source VALUES (1, 5.00)")
    return sales


@documented("c_unsupported-postgresql-features")
@pytest.mark.parametrize("sql", STATEMENTS)
def test_an_unsupported_statement_is_refused_with_an_explanation(
    tables: Database, sql: str
) -> None:
    fields = tables.error(sql)
    # the error must not come from a missing table or column, or from an internal error
    assert fields["C"] in {"0A000", "42601", "42883", "42704"}, fields
    assert len(fields["M"]) > 20  # an explanation, not a single word


@documented("c_unsupported-postgresql-features")
def test_at_least_fifty_unsupported_statements_change_no_data(tables: Database) -> None:
    assert len(set(STATEMENTS)) >= 50
    for sql in STATEMENTS:
        tables.error(sql)
    assert tables.rows("SELECT COUNT(*), SUM(i) FROM sales") == [(3, 5)]
