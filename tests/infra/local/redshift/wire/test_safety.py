"""A client cannot harm the server, the machine or other clients."""

import select
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.redshift.wire.server import RedshiftServer, ServerOptions
from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import emulator_only
from tests.infra.local.redshift.raw import (
    PROTOCOL_3,
    SYNC,
    Raw,
    bind,
    describe,
    execute,
    logged_in,
    message,
    parse,
    startup,
    text,
)
from tests.infra.local.redshift.serving import served

pytestmark = emulator_only("about the server itself")

_OUTSIDE = [
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM 'data.csv'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_parquet('http://127.0.0.1:1/a.parquet')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets",
    "SELECT * FROM emulator.relations",
    "SELECT emulator.key('a')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('threads')",
    "SELECT sniff_csv('/etc/passwd')",
    "SELECT query('SELECT 1')",
    "SELECT * FROM query_table('sqlite_master')",
    "COPY t TO '/tmp/stolen.csv'",
    "COPY t FROM '/etc/passwd'",
    "COPY t FROM 'http://127.0.0.1:1/a' IAM_ROLE 'arn:aws:iam::000000000000:role/r'",
    "COPY t FROM 'file:///etc/passwd' IAM_ROLE 'arn:aws:iam::000000000000:role/r'",
    "UNLOAD ('SELECT 1') TO '/tmp/stolen' IAM_ROLE 'arn:aws:iam::000000000000:role/r'",
    "UNLOAD ('SELECT * FROM read_text(''/etc/passwd'')') TO 's3://b/p' "
    "IAM_ROLE 'arn:aws:iam::000000000000:role/r'",
    "ATTACH '/tmp/other.duckdb' AS other",
    "EXPORT DATABASE '/tmp/stolen'",
    "IMPORT DATABASE '/tmp/stolen'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs FROM 'http://127.0.0.1:1'",
    "PRAGMA database_list",
    "SET memory_limit = '1MB'",
    "SET GLOBAL enable_external_access = true",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "CALL pragma_version()",
    "CREATE MACRO f(a) AS a",
    "CREATE FUNCTION f(a INTEGER) RETURNS INTEGER IMMUTABLE AS $$ import os $$ LANGUAGE plpythonu",
    "CREATE SECRET s (TYPE s3)",
    "CREATE TABLE emulator.mine (a INTEGER)",
    "DROP VIEW emulator.relations",
    "CHECKPOINT",
    "USE emulator",
    "DETACH other",
]


@pytest.mark.parametrize("sql", _OUTSIDE)
def test_sql_cannot_leave_the_database(db: Database, sql: str) -> None:
    db.run("DROP TABLE IF EXISTS t")
    db.run("CREATE TABLE t (a VARCHAR(1000))")
    assert db.error(sql)["C"] in {"0A000", "42601", "3F000"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/other.duckdb' AS other",
        "INSTALL httpfs",
        "SET GLOBAL enable_external_access = true",
        "SET lock_configuration = false",
        "SELECT * FROM _OUTSIDE",  # a Python variable
    ],
)
def test_the_duckdb_engine_cannot_access_files_or_settings(tmp_path: Path, sql: str) -> None:
    """SQL that bypasses the allow-list still cannot access files."""
    server = RedshiftServer(ServerOptions(tmp_path / "w.duckdb", password="pw"))
    try:
        with pytest.raises(duckdb.Error):
            server.connect().execute(sql)
    finally:
        server.server_close()


@pytest.mark.parametrize("password", ["", "p", "pw ", "PW", "pw\\0", "'"])
def test_only_the_exact_password_is_accepted(parameters, password: str) -> None:
    with socket.create_connection((parameters["host"], parameters["port"]), timeout=10) as sock:
        sock.sendall(startup(parameters) + message(b"p", text(password)))
        answers = [Raw(sock)][0].until(b"E")
    assert [kind for kind, _ in answers] == [b"R", b"E"]
    assert b"FATAL" in answers[-1][1]


def test_no_query_is_answered_before_the_login(parameters) -> None:
    with socket.create_connection((parameters["host"], parameters["port"]), timeout=10) as sock:
        sock.sendall(startup(parameters) + message(b"Q", text("SELECT 1")))
        assert Raw(sock).kinds() == "RE"


def test_a_cancel_needs_the_secret_of_the_connection(parameters, db: Database) -> None:
    with socket.create_connection((parameters["host"], parameters["port"]), timeout=10) as sock:
        pid = db.value("SELECT pg_backend_pid()")
        sock.sendall(struct.pack(">iiii", 16, 80877102, pid, 12345))
        assert sock.recv(1) == b""
    assert db.value("SELECT 1") == 1


# --------------------------------------------------------------------------- hostile messages

_KINDS = st.sampled_from([b"P", b"B", b"D", b"E", b"C", b"Q", b"S", b"H", b"F", b"d", b"c", b"\0"])
_WORDS = st.sampled_from(
    [text(""), text("s"), text("SELECT 1"), text("SELECT $1"), text("BEGIN"), text("SELECT 1/0"),
     text("CREATE TEMP TABLE t (a INTEGER)"), b"\xff\xfe", struct.pack(">h", -1),
     struct.pack(">h", 32767), struct.pack(">i", 2**31 - 1), struct.pack(">i", -2), b"S", b"P",
     text("COPY t FROM 's3://"), text("(" * 500), text("'"), text("$1, $2"), text("/*"),
     text("SELECT '\U0001f600\ud7ff'")]
)  # fmt: skip
_BODIES = st.one_of(st.binary(max_size=60), st.lists(_WORDS, max_size=6).map(b"".join))
_MESSAGES = st.one_of(
    st.builds(message, _KINDS, _BODIES),
    st.sampled_from([parse("SELECT 1"), bind(), execute(), describe("S"), describe("P"), SYNC]),
    st.builds(lambda sql: message(b"Q", sql.encode() + b"\0"), st.text(max_size=40)),
    st.binary(max_size=20),
)


def _sent(sock: socket.socket, data: bytes) -> None:
    """Send all data, then disconnect; the server may have disconnected first."""
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    except OSError:
        pass


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A separate server, so that its log contains no other tests."""
    path = tmp_path_factory.mktemp("attacked") / "w.duckdb"
    with served(path, "--user", "ana") as (process, port):
        yield {"host": "127.0.0.1", "port": port, "user": "ana", "password": "pw", "database": "dev",
               "pid": process.pid}  # fmt: skip


@pytest.fixture
def bystander(attacked: dict) -> Iterator[Raw]:
    """Another client, in a transaction with its own temporary table."""
    with logged_in(attacked) as raw:
        for sql in ("CREATE TEMP TABLE mine AS SELECT 7 AS a", "BEGIN", "SELECT a FROM mine"):
            raw.send(b"Q", text(sql))
            raw.kinds()
        yield raw


def _unhurt(bystander: Raw) -> bool:
    bystander.send(b"Q", text("SELECT a FROM mine"))
    return b"7" in b"".join(body for kind, body in bystander.until(b"Z") if kind == b"D")


def test_random_messages_do_not_affect_other_clients(attacked: dict, bystander: Raw) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(_MESSAGES, max_size=12))
    def attack(messages: list[bytes]) -> None:
        with logged_in(attacked) as raw:
            _sent(raw.socket, b"".join(messages))
        assert _unhurt(bystander)

    attack()


def test_random_startup_messages_do_not_affect_other_clients(
    attacked: dict, bystander: Raw
) -> None:
    first = st.one_of(
        st.binary(max_size=40),
        st.builds(lambda n, c, b: struct.pack(">iI", n, c) + b, st.integers(-9, 99),
                  st.sampled_from([PROTOCOL_3, 80877102, 80877103, 80877104, 0]), st.binary()),
        st.builds(lambda b: startup(attacked) + b, st.binary(max_size=30)),
    )  # fmt: skip

    @settings(max_examples=150, deadline=None)
    @given(first)
    def attack(data: bytes) -> None:
        with socket.create_connection((attacked["host"], attacked["port"]), timeout=10) as sock:
            _sent(sock, data)
        assert _unhurt(bystander)

    attack()


def test_truncated_messages_do_not_affect_other_clients(attacked: dict, bystander: Raw) -> None:
    whole = parse("SELECT $1 AS a", "s", (23,)) + bind("", "s", (b"1",)) + describe("P") + execute()
    for end in range(0, len(whole), 3):
        with logged_in(attacked) as raw:
            _sent(raw.socket, whole[:end])
    assert _unhurt(bystander)


def test_malformed_messages_raise_a_protocol_error(attacked: dict) -> None:
    with logged_in(attacked) as raw:
        for body in (b"", text("s"), text("s", "SELECT 1"), b"no end", b"\xff\0\xff\0\0\0"):
            raw.socket.sendall(message(b"P", body) + SYNC)
            assert raw.state(raw.until(b"Z")) in {"08P01", "22021"}
        raw.socket.sendall(message(b"?") + SYNC)
        assert raw.state(raw.until(b"Z")) == "08P01"


@pytest.mark.parametrize("length", [-1, 0, 3, 2**31 - 1, 100 * 1024 * 1024])
def test_an_invalid_message_length_closes_the_connection(attacked: dict, length: int) -> None:
    with logged_in(attacked) as raw:
        raw.socket.sendall(b"Q" + struct.pack(">i", length))
        assert raw.read() == (b"", b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "NOT " * 20_000 + "TRUE",
        "SELECT " + " + ".join(["1"] * 20_000),
        "SELECT 1 WHERE " + " AND ".join(["1 = 1"] * 5_000),
        "WITH " + ", ".join(f"a{n} AS (SELECT 1)" for n in range(3_000)) + " SELECT 1",
    ],
    ids=["parentheses", "not", "plus", "and", "with"],
)
def test_a_deeply_nested_statement_does_not_stop_the_server(
    attacked: dict, bystander: Raw, sql: str
) -> None:
    with logged_in(attacked) as raw:
        raw.send(b"Q", text(sql))
        assert raw.until(b"Z")[-1][0] == b"Z"  # an answer or an error; the connection stays open
    assert _unhurt(bystander)


def test_a_statement_of_more_than_16_mb_is_refused(attacked: dict) -> None:
    with logged_in(attacked) as raw:
        raw.send(b"Q", text("SELECT '" + "a" * (16 * 1024 * 1024) + "'"))
        assert raw.state(raw.until(b"Z")) == "54000"


def test_a_statement_is_cancelled_when_its_client_disconnects(attacked: dict) -> None:
    """Its table lock is released: another client's INSERT succeeds within its timeout."""
    with logged_in(attacked) as raw:
        raw.send(b"Q", text("CREATE TABLE held (a INTEGER)"))
        raw.kinds()
    long = (
        "INSERT INTO held WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 3000) SELECT COUNT(*) FROM n a, n b, n c WHERE a.i + b.i + c.i < 0"
    )
    with logged_in(attacked) as raw:
        raw.send(b"Q", text(long))
        assert not select.select([raw.socket], [], [], 0.5)[0], "the statement has ended"
    with logged_in(attacked) as raw:
        raw.send(b"Q", text("INSERT INTO held VALUES (1)"))
        assert raw.kinds() == "CZ"  # within the client's timeout of 20 seconds


def test_an_unknown_database_is_refused(attacked: dict) -> None:
    with socket.create_connection((attacked["host"], attacked["port"]), timeout=10) as sock:
        sock.sendall(startup({**attacked, "database": "other"}) + message(b"p", text("pw")))
        messages = Raw(sock).until(b"E")
    assert Raw.state(messages) == "3D000"


def test_a_slow_reader_does_not_fill_the_server_memory(attacked: dict) -> None:
    """A gigabyte of unread result rows does not fill the server's memory."""
    status = Path(f"/proc/{attacked['pid']}/status")
    with logged_in(attacked) as raw:
        for sql in (
            "CREATE TABLE wide AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
            "SELECT i + 1 FROM n WHERE i < 3000) SELECT a.i AS a, b.i AS b FROM n a, n b",
            "SELECT a, b, repeat('x', 100) || a AS c FROM wide",
        ):
            before = _resident_mb(status)
            raw.send(b"Q", text(sql))
            if sql.startswith("CREATE"):
                assert raw.kinds() == "CZ"
        assert [raw.read()[0] for _ in range(3)] == [b"T", b"D", b"D"]  # the rows are on their way
        for _ in range(30):
            time.sleep(0.1)
            assert _resident_mb(status) < before + 400


def _resident_mb(status: Path) -> int:
    line = next(row for row in status.read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) // 1024
