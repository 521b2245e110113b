"""What sessions know of tables follows the changes of all sessions, and of their own transaction."""

import itertools
import random
from collections.abc import Callable

import pytest

from infra.local.redshift.engine.table_changes import Changes
from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import emulator_only

_NOT_SEEN = "what a session keeps is not visible to clients"
_names = itertools.count()
HALF = {"INTEGER": 1, "DOUBLE PRECISION": 1.5}  # of 3: the type of the column decides


@emulator_only(_NOT_SEEN)
def test_a_fact_is_valid_until_its_table_changes() -> None:
    changes = Changes()
    changes.keep("columns", {"public.a": "1", "public.b": "2"}, read_at=0)
    changes.note({"public.a"})
    assert changes.known("columns", ["public.a", "public.b"], read_at=1) == {"public.b": "2"}
    # who has read before the change keeps nothing of the table
    changes.keep("columns", {"public.a": "1"}, read_at=0)
    assert changes.known("columns", ["public.a"], read_at=1) == {}
    changes.keep("columns", {"public.a": "3"}, read_at=1)
    assert changes.known("columns", ["public.a"], read_at=1) == {"public.a": "3"}
    assert changes.known("columns", ["public.a"], read_at=0) == {}
    changes.note(None)
    assert changes.known("columns", ["public.a", "public.b"], read_at=2) == {}


@emulator_only(_NOT_SEEN)
def test_nothing_is_known_of_a_table_that_an_open_transaction_changes() -> None:
    changes = Changes()
    changes.keep("columns", {"public.a": "1", "public.b": "2"}, read_at=0)
    changes.begin({"public.a"})
    assert changes.known("columns", ["public.a", "public.b"], read_at=0) == {"public.b": "2"}
    changes.begin(None)
    assert changes.known("columns", ["public.b"], read_at=0) == {}
    changes.end(None)
    changes.end({"public.a"})
    assert changes.known("columns", ["public.a"], read_at=0) == {"public.a": "1"}


@emulator_only(_NOT_SEEN)
@pytest.mark.parametrize("seed", range(4))
def test_readers_see_the_columns_of_their_snapshot(connect: Callable, seed: int) -> None:
    """A writer recreates tables with other column types; a reader gets the types that it may see."""
    rng = random.Random(seed)
    writer, reader = Database(connect()), Database(connect())
    for database in (writer, reader):
        database.connection.autocommit = True
    tables = ("seen_a", "seen_b")
    committed = dict.fromkeys(tables, "INTEGER")
    for table in tables:
        writer.run(f"DROP TABLE IF EXISTS {table} CASCADE")
        _make(writer, table, "INTEGER")
    own, snapshot = None, None  # open transactions: what the writer and the reader see
    for _ in range(60):
        step, table = (
            rng.choice(["make", "view", "begin", "end", "read", "read"]),
            rng.choice(tables),
        )
        kind = rng.choice(list(HALF))
        if step == "make":
            writer.run(f"DROP TABLE {table} CASCADE")
            _make(writer, table, kind)
            (committed if own is None else own)[table] = kind
        elif step == "view":
            writer.run(f"DROP VIEW IF EXISTS {table}_half")
            writer.run(f"CREATE VIEW {table}_half AS SELECT a / 2 AS half FROM {table}")
        elif step == "begin" and own is None:
            writer.run("BEGIN")
            own = dict(committed)
        elif step == "end" and own is not None:
            tag = rng.choice(["COMMIT", "ROLLBACK"])
            writer.run(tag)
            committed, own = (own if tag == "COMMIT" else committed), None
        elif step == "read":
            if snapshot is None and rng.random() < 0.3:
                reader.run("BEGIN")
                snapshot = dict(committed)
                assert _half(reader, table) == HALF[snapshot[table]]
            elif snapshot is not None and rng.random() < 0.3:
                reader.run("COMMIT")
                snapshot = None
            assert _half(reader, table) == HALF[(snapshot or committed)[table]]
            assert _half(writer, table) == HALF[(own or committed)[table]]
    for database in (reader, writer):
        database.run("ROLLBACK")


def _make(database: Database, table: str, kind: str) -> None:
    database.run(f"CREATE TABLE {table} (a {kind})")
    database.run(f"INSERT INTO {table} VALUES (3)")


def _half(database: Database, table: str) -> float:
    # the driver prepares a text once, and a prepared statement keeps its result type
    return database.value(f"SELECT a / 2 AS half_{next(_names)} FROM {table}")
