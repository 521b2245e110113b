"""Transactions: snapshots, one writer per table, failures, cancellation, many clients."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from redshift_connector.error import ProgrammingError

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, emulator_only

_SHORT = 0.3  # seconds: a blocked statement must not end within this time
_LONG = 20  # seconds: an unblocked statement must end within this time


@pytest.fixture
def counted(db: Database) -> Database:
    """Tables `counted` and `other`, each with the row 1."""
    for table in ("counted", "other"):
        db.run(f"DROP TABLE IF EXISTS {table}")
        db.run(f"CREATE TABLE {table} (a INTEGER)")
        db.run(f"INSERT INTO {table} VALUES (1)")
    return db


class Running:
    """A statement that runs in a separate thread."""

    def __init__(self, connection: object, *statements: str) -> None:
        self.error: Exception | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(connection, statements))
        self._thread.start()

    def _run(self, connection, statements) -> None:
        try:
            for sql in statements:
                self._started.set()
                connection.cursor().execute(sql)
        except ProgrammingError as error:
            self.error = error

    def waits(self) -> bool:
        """Whether the statement was sent, and has not ended within a short time."""
        assert self._started.wait(_LONG)
        self._thread.join(_SHORT)
        return self._thread.is_alive()

    def ends(self) -> bool:
        self._thread.join(_LONG)
        return not self._thread.is_alive()


@pytest.fixture
def two(connect: Callable, counted: Database) -> tuple:
    return connect(), connect()


def _count(connection, table: str = "counted") -> int:
    cursor = connection.cursor()
    cursor.execute(f"SELECT COUNT(*) FROM {table}")
    return cursor.fetchone()[0]


@documented("c_serial_isolation")
def test_a_transaction_sees_the_snapshot_of_its_first_statement(two) -> None:
    reader, writer = two
    reader.cursor().execute("SELECT 1")  # reads no table, but starts the snapshot
    assert _count(reader) == 1
    writer.cursor().execute("INSERT INTO counted VALUES (2)")
    assert _count(reader) == 1  # not committed
    writer.commit()
    assert _count(reader) == 1  # committed after the snapshot
    reader.commit()
    assert _count(reader) == 2


@documented("c_serial_isolation")
def test_begin_alone_takes_no_snapshot(two) -> None:
    reader, writer = two
    reader.autocommit = True
    reader.cursor().execute("BEGIN")
    writer.cursor().execute("INSERT INTO counted VALUES (2)")
    writer.commit()
    assert _count(reader) == 2


@documented("r_Serializable_isolation_example")
def test_a_second_writer_of_a_table_waits(two) -> None:
    first, second = two
    first.cursor().execute("UPDATE counted SET a = 2")
    waiting = Running(second, "UPDATE counted SET a = a + 10")
    assert waiting.waits()
    first.commit()
    assert waiting.ends()
    assert waiting.error is None
    second.commit()
    cursor = first.cursor()
    cursor.execute("SELECT a FROM counted")
    assert cursor.fetchone()[0] == 12  # it waited, then read what the first transaction had written


@documented("r_Serializable_isolation_example")
def test_writers_of_two_tables_do_not_wait(two) -> None:
    first, second = two
    first.cursor().execute("INSERT INTO counted VALUES (2)")
    assert Running(second, "INSERT INTO other VALUES (2)").ends()


@documented("r_Serializable_isolation_example")
def test_a_rollback_releases_the_lock_for_the_next_writer(two) -> None:
    first, second = two
    first.cursor().execute("DELETE FROM counted")
    waiting = Running(second, "INSERT INTO counted VALUES (2)")
    assert waiting.waits()
    first.rollback()
    assert waiting.ends()
    assert _count(second) == 2


@documented("r_Serializable_isolation_example")
def test_a_closed_connection_releases_its_table_locks(two) -> None:
    first, second = two
    first.cursor().execute("INSERT INTO counted VALUES (2)")
    first.close()
    assert Running(second, "INSERT INTO counted VALUES (3)").ends()
    assert _count(second) == 2


@documented("r_LOCK")
def test_a_deadlock_ends_one_of_the_two_transactions(two) -> None:
    first, second = two
    first.cursor().execute("INSERT INTO counted VALUES (2)")
    second.cursor().execute("INSERT INTO other VALUES (2)")
    waiting = Running(first, "INSERT INTO other VALUES (3)")
    assert waiting.waits()
    with pytest.raises(ProgrammingError, match="40P01"):
        second.cursor().execute("INSERT INTO counted VALUES (3)")
    second.rollback()
    assert waiting.ends()
    assert waiting.error is None


@documented("r_LOCK")
def test_lock_blocks_readers(two) -> None:
    first, second = two
    first.cursor().execute("LOCK counted")
    waiting = Running(second, "SELECT COUNT(*) FROM counted")
    assert waiting.waits()
    first.commit()
    assert waiting.ends()


@documented("r_LOCK")
def test_lock_needs_a_transaction(db: Database, counted: Database) -> None:
    assert "transaction" in db.error("LOCK counted")["M"]


@documented("r_ROLLBACK")
def test_a_rollback_undoes_create_and_rename_of_a_table(two) -> None:
    first, second = two
    first.cursor().execute("ALTER TABLE counted RENAME TO counted_before")
    first.cursor().execute("CREATE TABLE counted (a INTEGER)")
    assert _count(second) == 1
    first.rollback()
    assert _count(first) == 1


@documented("r_BEGIN")
@pytest.mark.parametrize(
    "begin",
    ["BEGIN", "START TRANSACTION", "BEGIN WORK", "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE",
     "BEGIN READ WRITE"],
)  # fmt: skip
@pytest.mark.parametrize("end", ["ABORT", "ROLLBACK", "ROLLBACK WORK"])
def test_transactions_accept_all_forms_of_begin_and_rollback(
    counted: Database, begin: str, end: str
) -> None:
    counted.run(begin)
    counted.run("DELETE FROM counted")
    counted.run(end)
    assert counted.value("SELECT COUNT(*) FROM counted") == 1


@documented("r_BEGIN")
def test_a_read_only_transaction_does_not_write(counted: Database) -> None:
    counted.run("BEGIN READ ONLY")
    assert "read-only" in counted.error("DELETE FROM counted")["M"]
    counted.run("ROLLBACK")


@documented("r_BEGIN")
def test_a_second_begin_is_a_notice_only(counted: Database) -> None:
    counted.run("BEGIN")
    counted.run("BEGIN")
    assert any("already" in notice for notice in counted.notices())
    counted.run("COMMIT")


@documented("https://www.postgresql.org/docs/8.0/errcodes-appendix.html")
def test_a_failed_transaction_accepts_only_its_end(two) -> None:
    connection, _ = two
    connection.cursor().execute("DELETE FROM counted")
    with pytest.raises(ProgrammingError, match="42P01"):
        connection.cursor().execute("SELECT * FROM nowhere")
    for sql in ("SELECT 1", "INSERT INTO other VALUES (1)", "BEGIN"):
        with pytest.raises(ProgrammingError, match="current transaction is aborted") as caught:
            connection.cursor().execute(sql)
        assert caught.value.args[0]["C"] == "25P02"
    connection.commit()  # which rolls back
    assert _count(connection) == 1


@documented("r_VACUUM_command")
def test_vacuum_in_a_transaction_is_an_error(counted: Database) -> None:
    counted.run("VACUUM counted")
    counted.run("BEGIN")
    assert counted.error("VACUUM")["C"] == "25001"
    counted.run("ROLLBACK")


@documented("https://github.com/aws/amazon-redshift-python-driver/issues/13")
def test_an_execute_accepts_only_one_statement(db: Database) -> None:
    fields = db.error("SELECT 1 AS a; SELECT 2 AS b")
    assert fields["C"] == "42601"
    assert fields["M"] == "cannot insert multiple commands into a prepared statement"


@documented("r_statement_timeout")
def test_a_statement_ends_at_its_timeout(db: Database) -> None:
    db.run("SET statement_timeout TO 200")
    begun = time.monotonic()
    assert db.error(_ENDLESS)["C"] == "57014"
    assert time.monotonic() - begun < _LONG
    db.run("SET statement_timeout TO 0")
    assert db.value("SELECT 1") == 1


@documented("r_statement_timeout")
def test_waiting_for_a_table_ends_at_the_timeout_too(two) -> None:
    first, second = two
    first.cursor().execute("DELETE FROM counted")
    second.cursor().execute("SET statement_timeout TO 200")
    with pytest.raises(ProgrammingError, match="57014"):
        second.cursor().execute("DELETE FROM counted")
    second.rollback()
    first.rollback()
    assert _count(second) == 1


# a billion rows to count, each with some work
_ENDLESS = (
    "WITH d AS (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL "
    "SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 "
    "UNION ALL SELECT 9) SELECT COUNT(*) FROM "
    + " CROSS JOIN ".join(f"d AS d{i}" for i in range(10))
    + " WHERE "
    + " + ".join(f"d{i}.n" for i in range(10))
    + " = 17"
)


@emulator_only("the driver has no cancel of its own; the protocol's is used by psql and psycopg")
def test_a_running_statement_can_be_cancelled(parameters) -> None:
    import psycopg

    with psycopg.connect(
        host=parameters["host"], port=parameters["port"], user=parameters["user"],
        password=parameters["password"], dbname=parameters["database"], autocommit=True,
    ) as connection:  # fmt: skip
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(_ENDLESS)
        assert connection.execute("SELECT 1").fetchone() == (1,)


@documented("c_serial_isolation")
def test_thirty_two_clients_write_and_read_at_once(connect: Callable, counted: Database) -> None:
    def work(number: int) -> int:
        connection = connect()
        connection.autocommit = True
        cursor = connection.cursor()
        for step in range(5):
            cursor.execute("INSERT INTO counted VALUES (%s)", (number * 100 + step,))
            cursor.execute("SELECT COUNT(*) FROM counted WHERE a = %s", (number * 100 + step,))
            assert cursor.fetchone()[0] == 1
        return 5

    with ThreadPoolExecutor(32) as pool:
        written = sum(pool.map(work, range(1, 33)))
    assert counted.value("SELECT COUNT(*) FROM counted") == 1 + written
