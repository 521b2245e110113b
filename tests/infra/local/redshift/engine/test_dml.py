"""INSERT, UPDATE, DELETE, TRUNCATE and MERGE in Redshift's forms."""

from collections.abc import Callable

import pytest

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, emulator_only


@pytest.fixture
def stock(db: Database) -> Database:
    """Tables `stock` and `news`, for MERGE."""
    for table in ("stock", "news"):
        db.run(f"DROP TABLE IF EXISTS {table}")
        db.run(f"CREATE TABLE {table} (id INTEGER, name VARCHAR(10), amount INTEGER)")
    db.run("INSERT INTO stock VALUES (1, 'a', 10), (2, 'b', 20)")
    db.run("INSERT INTO news VALUES (2, 'b', 25), (3, 'c', 30)")
    return db


def _all(db: Database) -> list[tuple]:
    return db.rows("SELECT id, name, amount FROM stock ORDER BY id, amount")


@documented("r_INSERT_30")
def test_fewer_values_fill_the_first_columns(stock: Database) -> None:
    stock.run("INSERT INTO stock VALUES (9), (8)")
    assert stock.rows("SELECT id, name FROM stock WHERE id > 5 ORDER BY id") == [
        (8, None),
        (9, None),
    ]


@documented("r_INSERT_30")
def test_a_query_may_be_inserted(stock: Database) -> None:
    stock.run("INSERT INTO stock (amount, id) SELECT amount, id FROM news WHERE id = 3")
    assert stock.rows("SELECT id, name, amount FROM stock WHERE id = 3") == [(3, None, 30)]


@documented("r_DELETE")
@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM stock WHERE id = 2",
        "DELETE stock WHERE id = 2",
        "DELETE FROM stock USING news WHERE stock.id = news.id",
    ],
)
def test_delete_has_three_forms(stock: Database, sql: str) -> None:
    stock.run(sql)
    assert _all(stock) == [(1, "a", 10)]


@documented("r_UPDATE")
def test_update_can_join_another_table(stock: Database) -> None:
    stock.run("UPDATE stock SET amount = news.amount FROM news WHERE stock.id = news.id")
    assert _all(stock) == [(1, "a", 10), (2, "b", 25)]


@documented("r_UPDATE")
def test_rowcount_is_the_number_of_changed_rows(stock: Database) -> None:
    cursor = stock.connection.cursor()
    cursor.execute("UPDATE stock SET amount = 0")
    assert cursor.rowcount == 2
    cursor.execute("INSERT INTO stock VALUES (5), (6), (7)")
    assert cursor.rowcount == 3
    cursor.execute("DELETE FROM stock")
    assert cursor.rowcount == 5


@documented("r_MERGE")
@pytest.mark.parametrize("insert", ["INSERT VALUES (news.id, news.name, news.amount)",
                                    "INSERT (id, name, amount) VALUES (news.id, news.name, news.amount)"])  # fmt: skip
def test_merge_updates_and_inserts(stock: Database, insert: str) -> None:
    stock.run(
        "MERGE INTO stock USING news ON stock.id = news.id "
        f"WHEN MATCHED THEN UPDATE SET amount = news.amount WHEN NOT MATCHED THEN {insert}"
    )
    assert _all(stock) == [(1, "a", 10), (2, "b", 25), (3, "c", 30)]


@documented("r_MERGE")
def test_merge_deletes_and_inserts_with_a_source_alias(stock: Database) -> None:
    stock.run(
        "MERGE INTO stock USING news AS n ON stock.id = n.id "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.name, n.amount)"
    )
    assert _all(stock) == [(1, "a", 10), (3, "c", 30)]


@documented("r_MERGE")
@pytest.mark.parametrize("action", ["UPDATE SET amount = news.amount", "DELETE"])
@pytest.mark.parametrize("target", ["stock", "public.stock", "copied"])
def test_merge_of_two_rows_into_one_is_an_error(stock: Database, action: str, target: str) -> None:
    stock.run("CREATE TEMP TABLE copied (LIKE stock)")
    stock.run("INSERT INTO copied SELECT * FROM stock")
    stock.run("INSERT INTO news VALUES (2, 'b', 26)")
    name = target.rpartition(".")[2]
    fields = stock.error(
        f"MERGE INTO {target} USING news ON {name}.id = news.id WHEN MATCHED THEN {action} "
        "WHEN NOT MATCHED THEN INSERT (id, amount) VALUES (news.id, news.amount)"
    )
    assert fields["M"] == "Found multiple matches to update the same tuple."
    assert stock.value(f"SELECT COUNT(*) FROM {target} WHERE id = 2 AND amount = 20") == 1


@documented("r_MERGE")
def test_merge_remove_duplicates_replaces_rows(stock: Database) -> None:
    stock.run("MERGE INTO stock USING news ON stock.id = news.id REMOVE DUPLICATES")
    assert _all(stock) == [(1, "a", 10), (2, "b", 25), (3, "c", 30)]


@documented("r_TRUNCATE")
def test_truncate_commits_earlier_statements_and_cannot_be_rolled_back(
    connect: Callable, stock: Database
) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("INSERT INTO news VALUES (4, 'd', 40)")
    cursor.execute("TRUNCATE stock")
    connection.rollback()
    assert stock.value("SELECT COUNT(*) FROM stock") == 0
    assert stock.value("SELECT COUNT(*) FROM news") == 3


@documented("r_INSERT_30")
def test_text_is_inserted_as_it_is(stock: Database) -> None:
    text = "a'b\\c\n%"
    stock.run("INSERT INTO stock (name) VALUES (%s)", (text,))
    assert stock.value("SELECT name FROM stock WHERE id IS NULL") == text


@documented("r_DROP_TABLE")
def test_drop_table_accepts_several_tables_and_if_exists(stock: Database) -> None:
    stock.run("DROP TABLE stock, news")
    stock.run("DROP TABLE IF EXISTS stock")
    assert stock.error("DROP TABLE stock")["C"] == "42P01"


@emulator_only("which of several matching rows UPDATE takes is not certain in Redshift either")
def test_an_update_by_several_rows_takes_one_of_them(stock: Database) -> None:
    stock.run("INSERT INTO news VALUES (2, 'b', 26)")
    stock.run("UPDATE stock SET amount = news.amount FROM news WHERE stock.id = news.id")
    assert stock.value("SELECT amount FROM stock WHERE id = 2") in {25, 26}
