"""A request of a few bytes takes bounded memory; too large a one ends alone, not the server."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

import infra.local.redshift.wire.connection as connection_module
import infra.local.redshift.wire.server as server_module
from infra.local.redshift.engine.result_batches import stream
from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.sql.registry import FUNCTIONS
from infra.local.redshift.sql.translator import translate
from infra.local.redshift.wire.memory import MemoryWatch
from infra.local.redshift.wire.server import ServerOptions, running
from infra.settings import PROJECT
from tests.infra.local.redshift import raw as wire
from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, emulator_only
from tests.infra.local.redshift.raw import Raw, logged_in, startup

LIMITS = "https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html"
ALLOWED_MB = 300  # above rest, for one request
LIMIT_MB = 1200


class Server:
    """A server process with a memory limit, and a measure of its memory."""

    def __init__(self, process: subprocess.Popen[str], parameters: dict[str, Any]) -> None:
        self.process = process
        self.parameters = parameters
        self._peak = 0.0
        self._watching = threading.Event()

    def resident(self) -> float:
        """Memory of the process in MB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    @contextmanager
    def measured(self) -> Iterator[list[float]]:
        """A list that afterwards holds the MB that the process has taken above rest."""
        found: list[float] = []
        rest = peak = self.resident()
        ended = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(0.01):
                peak = max(peak, self.resident())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield found
        finally:
            ended.set()
            watcher.join()
            found.append(peak - rest)

    def connect(self) -> psycopg.Connection:
        known = {
            **self.parameters,
            "dbname": self.parameters["database"],
            "client_encoding": "utf8",
        }
        del known["database"]
        return psycopg.connect(**known, autocommit=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("limits") / "w.duckdb"
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "infra.local.redshift", "--path", str(path)),
            *("--memory-mb", str(LIMIT_MB)),
        ],
        env={**os.environ, "LOCAL_REDSHIFT_PASSWORD": "pw"},
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        known = {"host": "127.0.0.1", "port": port, "user": "awsuser", "password": "pw"}
        found = Server(process, {**known, "database": "dev"})
        with found.connect() as warm:  # the first statement imports and compiles
            warm.execute("SELECT POWER(CEIL(2.5), 2) AS n, 'a' || REPEAT('b', 2) AS s")
        yield found
        process.kill()


def _list(value: str, count: int) -> str:
    return ", ".join([value] * count)


SMALL = {
    "a parameter number of eight digits": ("SELECT $99999999 AS n", "42P02"),
    "a parameter number of a million digits": ("SELECT $" + "9" * 1_000_000 + " AS n", "42P02"),
    "REPEAT": ("SELECT REPEAT('x', 1000000000) AS s", "54000"),
    "REPEAT of a column": (
        "SELECT REPEAT(s, 1000000000) AS s FROM (SELECT 'x' AS s) AS t", "54000"
    ),
    "LPAD": ("SELECT LPAD('x', 1000000000, 'y') AS s", "54000"),
    "RPAD": ("SELECT RPAD('x', 1000000000) AS s", "54000"),
    "REPLACE": ("SELECT REPLACE(REPEAT('x', 65535), 'x', REPEAT('y', 65535)) AS s", "54000"),
    "REGEXP_REPLACE": (
        "SELECT REGEXP_REPLACE(REPEAT('x', 65535), 'x', REPEAT('y', 65535)) AS s", "54000"
    ),
    "an IN list of 10 MB": (f"SELECT 1 AS n WHERE 1 IN ({_list('1', 3_400_000)})", "0A000"),
    "a text of 17 MB": ("SELECT LEN('" + "x" * 17_000_000 + "') AS n", "54000"),
    "a text of 15 MB": ("SELECT LEN('" + "x" * 15_000_000 + "') AS n", ""),
    "a comment of 15 MB": ("SELECT 1 AS n /*" + "x" * 15_000_000 + "*/", ""),
    "a text of quotes": ("SELECT LEN('" + "''" * 4_000_000 + "') AS n", "0A000"),
    "45,000 parentheses": ("SELECT " + "(" * 45_000 + "1" + ")" * 45_000 + " AS n", "54001"),
    "20,000 conditions": ("SELECT 1 AS n WHERE " + " AND ".join(["1 = 1"] * 20_000), "54001"),
    "nested POWER": ("SELECT " + "POWER(" * 25 + "2" + ", 2)" * 25 + " AS n", "54001"),
    "nested NULLIF": ("SELECT " + "NULLIF(" * 25 + "2" + ", 3)" * 25 + " AS n", "54001"),
    "nested CEIL": ("SELECT " + "CEIL(" * 25 + "2.5" + ")" * 25 + " AS n", "54001"),
    "nested comparisons of text": (
        "SELECT " + "CASE WHEN " * 12 + "s" + " IN ('a', 'b') THEN 'a' END" * 12
        + " AS s FROM (SELECT 'a' AS s) AS t",
        "54001",
    ),
    "30,000 numbers in a list": (f"SELECT 1 AS n WHERE 1 IN ({_list('1', 30_000)})", ""),
}  # fmt: skip


@emulator_only("the limits of its memory")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.full] if number % 4 else [])
        for number, name in enumerate(SMALL)
    ],
)
def test_a_request_takes_at_most_300_mb(server: Server, name: str) -> None:
    sql, state = SMALL[name]
    with logged_in(server.parameters) as client, server.measured() as taken:
        client.socket.settimeout(60)
        client.send(b"Q", wire.text(sql))
        messages = client.until(b"Z")
    assert client.state(messages) == state
    assert taken[0] < ALLOWED_MB
    with server.connect() as other:
        assert other.execute("SELECT 1 AS n").fetchall() == [(1,)]


@emulator_only("the limits of its memory")
def test_a_result_of_long_texts_is_streamed(server: Server) -> None:
    sql = (
        "WITH RECURSIVE r(n) AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 8000) "
        "SELECT REPEAT('x', 65535) AS s FROM r"
    )
    with server.connect() as client, server.measured() as taken:
        rows = sum(len(text) == 65535 for (text,) in client.cursor().stream(sql))
    assert rows == 8000  # 524 MB
    assert taken[0] < 450  # two of DuckDB's vectors of 2,048 such texts


GROWING = {
    "texts doubled 20 times": "WITH t0 AS (SELECT REPEAT('x', 65535) AS s), "
    + ", ".join(f"t{n} AS (SELECT s || s AS s FROM t{n - 1})" for n in range(1, 21))
    + " SELECT LEN(s) AS n FROM t20",
    "a list of 20,000 long texts": "WITH RECURSIVE r(n) AS (SELECT 1 AS n UNION ALL SELECT n + 1 "
    "FROM r WHERE n < 20000) SELECT LISTAGG(REPEAT('x', 65535)) AS s FROM r",
}


@emulator_only("the limits of its memory")
@pytest.mark.parametrize("name", GROWING)
def test_a_statement_beyond_the_memory_limit_ends_alone(server: Server, name: str) -> None:
    with server.connect() as other, server.connect() as client, server.measured() as taken:
        other.execute("BEGIN")
        with pytest.raises(psycopg.OperationalError) as ended:
            client.execute(GROWING[name])
        assert ended.value.sqlstate == "53200", ended.value
        assert client.execute("SELECT 1 AS n").fetchall() == [(1,)]
        assert other.execute("SELECT 2 AS n").fetchall() == [(2,)]
    assert taken[0] < LIMIT_MB + 500  # what it may take until the next look


# ------------------------------------------------------------------ parameters and statements


@documented(LIMITS)
def test_a_statement_takes_32767_parameters_and_not_more(server: Server) -> None:
    for count, state in ((32_767, ""), (32_768, "42P02")):
        sql = f"SELECT 1 AS n WHERE 1 IN ({', '.join(f'${n}' for n in range(1, count + 1))})"
        with logged_in(server.parameters) as client:
            client.socket.settimeout(60)
            client.socket.sendall(wire.parse(sql, oids=(23,) * min(count, 32_767)) + wire.SYNC)
            assert client.state(client.until(b"Z")) == state


@emulator_only("Redshift does not document this limit")
def test_a_session_keeps_a_bounded_number_of_statements_and_portals(server: Server) -> None:
    with logged_in(server.parameters) as client:
        client.send(b"Q", wire.text("BEGIN"))
        client.until(b"Z")
        for n in range(1001):
            client.socket.sendall(wire.parse("SELECT 1 AS n", f"s{n}"))
        client.socket.sendall(wire.SYNC)
        assert client.state(client.until(b"Z")) == "54000"
    with logged_in(server.parameters) as client:
        client.send(b"Q", wire.text("BEGIN"))
        client.until(b"Z")
        client.socket.sendall(wire.parse("SELECT CAST($1 AS VARCHAR(9)) AS s", "s"))
        for n in range(3):
            client.socket.sendall(wire.bind(f"p{n}", "s", (b"x" * (30 << 20),)))
        client.socket.sendall(wire.SYNC)
        client.socket.settimeout(60)
        assert client.state(client.until(b"Z")) == "54000"


# ------------------------------------------------------------------ connections


@emulator_only("Redshift Serverless takes 2,000 connections")
def test_a_connection_too_many_is_refused_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_MAX_CONNECTIONS", 3)
    with running(ServerOptions(tmp_path / "w.duckdb", "pw")) as server:
        address = ("127.0.0.1", server.port)
        waiting = [socket.create_connection(address, timeout=20) for _ in range(3)]
        with socket.create_connection(address, timeout=20) as late:
            assert Raw.state(Raw(late).until(b"E")) == "53300"
        for sock in waiting:
            sock.close()
        known = {"host": "127.0.0.1", "port": server.port, "user": "awsuser", "password": "pw"}
        for _ in range(100):
            try:
                with logged_in({**known, "database": "dev"}):
                    return
            except (AssertionError, OSError):
                time.sleep(0.1)  # the server has not yet seen that the others are gone
        pytest.fail("closed connections still count")


@emulator_only("the time for a login is not documented")
@pytest.mark.parametrize("tls", [False, True])
def test_a_client_that_does_not_log_in_is_disconnected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    monkeypatch.setattr(connection_module, "_LOGIN_SECONDS", 1.5)
    with running(ServerOptions(tmp_path / "w.duckdb", "pw")) as server:
        known = {"user": "awsuser", "database": "dev"}
        first = b"\0\0\0\x08\x04\xd2\x16\x2f" if tls else startup(known)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
            began = time.monotonic()
            ended = False
            while not ended and time.monotonic() - began < 20:
                with_more = first[:1] or b"\x16"  # a byte now and then resets the timeout of a read
                first = first[1:]
                try:
                    sock.sendall(with_more)
                    time.sleep(0.3)
                    sock.setblocking(False)
                    ended = sock.recv(100) == b""
                except BlockingIOError:
                    pass
                except OSError:
                    ended = True
                sock.setblocking(True)
            assert ended


# ------------------------------------------------------------------ expansion of macros


@emulator_only("macros are its own")
@pytest.mark.parametrize("name", [n for n, f in FUNCTIONS.items() if f.kind == "scalar"])
def test_every_function_may_be_nested_or_is_refused_in_time(name: str) -> None:
    """Translation ends within the timeout of a test, whatever is nested."""
    function = FUNCTIONS[name]
    for count in range(max(1, function.least), min(function.most or 3, 4) + 1):
        for position in range(count):
            sql = "x"
            for _ in range(25):
                arguments = ["2"] * count
                arguments[position] = sql
                sql = f"{name}({', '.join(arguments)})"
            # a RecursionError reaches the client as 54001, stack depth limit exceeded
            with suppress(RecursionError, RedshiftError):
                translated = translate(
                    f"SELECT {sql} AS r FROM (SELECT CAST(2 AS FLOAT) AS x) AS t"
                )
                assert len(translated.sql) < 100_000


@emulator_only("macros are its own")
def test_usual_nesting_is_accepted(db: Database) -> None:
    assert db.rows("SELECT POWER(POWER(POWER(2, 2), 2), 2) AS n") == [(256.0,)]
    assert db.rows("SELECT CEIL(FLOOR(CEIL(ROUND(2.4, 1)))) AS n") == [(3,)]
    assert db.rows("SELECT NULLIF(NULLIF(NULLIF(4, 3), 2), 1) AS n") == [(4,)]


# ------------------------------------------------------------------ texts


@documented("r_Character_types")
@pytest.mark.parametrize(
    "sql",
    [
        "REPEAT('x', {n})",
        "REPLICATE('ã', {n} / 2)",
        "LPAD('x', {n}, 'y')",
        "RPAD('x', {n})",
        "REPLACE(REPEAT('x', 4369), 'x', REPEAT('y', {n} / 4369))",
        "REGEXP_REPLACE(REPEAT('x', 4369), 'x', REPEAT('y', {n} / 4369))",
    ],
)
def test_a_text_has_at_most_65535_bytes(db: Database, sql: str) -> None:
    assert db.rows(f"SELECT LEN({sql.format(n=65535)}) AS n")[0][0] in {65535, 32767}
    with pytest.raises(Exception, match="65,535 bytes"):
        db.rows(f"SELECT LEN({sql.format(n=65535 + 4369)}) AS n")


@emulator_only("batches are not visible to clients")
@given(st.lists(st.integers(0, 300_000), min_size=1, max_size=20))
def test_batches_of_a_result_are_small_and_complete(lengths: list[int]) -> None:
    import duckdb

    with duckdb.connect() as engine:
        rows = ", ".join(f"({n}, repeat('x', {length}))" for n, length in enumerate(lengths))
        batches = list(stream(engine.sql(f"SELECT * FROM (VALUES {rows}) AS t (n, s)")))
    assert [n for batch in batches for n in batch["n"].to_pylist()] == [*range(len(lengths))]
    assert [len(s) for batch in batches for s in batch["s"].to_pylist()] == lengths


# ------------------------------------------------------------------ what a review has found


@emulator_only("the limits of its memory")
@pytest.mark.parametrize(
    "around", ["/* ' */", "'\\'' ,", "{# ' #}", "/* /* */ ' */", "$$ ' $$", '/* " */', "-- '\n"]
)
def test_no_text_hides_the_tokens_of_a_statement(around: str) -> None:
    sql = f"SELECT {around} 1{' + 1' * 60_000} {around}"
    with pytest.raises(RedshiftError, match=r"100,000 words and signs|syntax error"):
        translate(sql)


@emulator_only("the limits of its memory")
def test_a_long_text_of_words_is_one_token(db: Database) -> None:
    assert db.rows(f"SELECT LEN('{'a b ' * 15_000}') AS n") == [(60_000,)]


class _Held:
    """A connection as the watch sees it."""

    def __init__(self, kept: int, busy: float | None) -> None:
        self.kept, self.busy_since, self.ended = kept, busy, ""

    def kept_bytes(self) -> int:
        return self.kept

    def hang_up(self) -> None:
        self.ended = "hung up"

    def end_statement(self, reason: str) -> None:
        self.ended = reason


@emulator_only("the limits of its memory")
def test_an_idle_connection_that_holds_memory_ends_before_a_statement() -> None:
    holder, smaller, worker = _Held(80 << 20, None), _Held(2 << 20, None), _Held(0, 1.0)
    watch = MemoryWatch(1, lambda: (holder, smaller, worker))
    watch.look()  # this process takes more than 1 MB
    assert [c.ended for c in (holder, smaller, worker)] == ["hung up", "", ""]
    idle = _Held(1000, None)
    MemoryWatch(1, lambda: (idle, worker)).look()
    assert (idle.ended, worker.ended[:13]) == ("", "out of memory")


@emulator_only("the limits of its memory")
def test_the_bytes_that_a_connection_holds_are_counted(tmp_path: Path) -> None:
    with running(ServerOptions(tmp_path / "w.duckdb", "pw")) as server:
        known = {"host": "127.0.0.1", "port": server.port, "user": "awsuser", "password": "pw"}
        with logged_in({**known, "database": "dev"}) as client:
            (connection,) = server.connections
            client.socket.sendall(
                wire.parse(f"-- {'a' * 1_000_000}\nSELECT 1 AS n", "s") + wire.SYNC
            )
            client.until(b"Z")
            assert connection.kept_bytes() > 1_000_000
            client.socket.sendall(b"Q" + (50_000_000).to_bytes(4, "big") + b"x")  # half a message
            for _ in range(100):
                if connection.kept_bytes() > 50_000_000:
                    break
                time.sleep(0.05)
            assert connection.kept_bytes() > 50_000_000


@documented("https://www.postgresql.org/docs/8.0/protocol-flow.html")
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_a_transaction_ends_with_its_suspended_portals(server: Server, end: str) -> None:
    rows = "WITH RECURSIVE r(n) AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9000) "
    with server.connect() as other:
        other.execute("CREATE TABLE IF NOT EXISTS ended (n INTEGER)")
        other.execute("DELETE FROM ended")
        with logged_in(server.parameters) as client:
            for sql in ("BEGIN", "INSERT INTO ended VALUES (1)"):
                client.send(b"Q", wire.text(sql))
                client.until(b"Z")
            client.socket.sendall(
                wire.parse(f"{rows}SELECT a.n FROM r AS a CROSS JOIN r AS b")
                + wire.bind("p") + wire.execute("p", 10) + wire.FLUSH
            )  # fmt: skip
            client.until(b"s")
            for sql in (end, "INSERT INTO ended VALUES (2)"):
                client.send(b"Q", wire.text(sql))
                assert client.state(client.until(b"Z")) == ""
        found = other.execute("SELECT n FROM ended ORDER BY n").fetchall()
    assert found == ([(1,), (2,)] if end == "COMMIT" else [(2,)])


@documented("https://www.postgresql.org/docs/8.0/protocol-flow.html")
def test_a_portal_of_an_ended_transaction_does_not_exist(server: Server) -> None:
    rows = "WITH RECURSIVE r(n) AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9000) "
    with logged_in(server.parameters) as client:
        client.send(b"Q", wire.text("BEGIN"))
        client.until(b"Z")
        client.socket.sendall(
            wire.parse(f"{rows}SELECT n FROM r") + wire.bind("p") + wire.execute("p", 10)
            + wire.parse("COMMIT", "c") + wire.bind("c", "c") + wire.execute("c")
            + wire.execute("p", 10) + wire.SYNC
        )  # fmt: skip
        assert client.state(client.until(b"Z")) == "34000"


@emulator_only("a session in autocommit runs any number of statements")
def test_a_session_forgets_the_results_that_were_read(tmp_path: Path) -> None:
    with running(ServerOptions(tmp_path / "w.duckdb", "pw")) as server:
        known = {"host": "127.0.0.1", "port": server.port, "user": "awsuser", "password": "pw"}
        with logged_in({**known, "database": "dev"}) as client:
            for _ in range(20):
                client.send(b"Q", wire.text("SELECT 1 AS n"))
                client.until(b"Z")
            (session,) = server.sessions.values()
            assert len(session._open_results) <= 1


@emulator_only("the number of logins at a time is not documented")
def test_clients_that_do_not_log_in_make_way_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_MAX_LOGINS", 3)
    with running(ServerOptions(tmp_path / "w.duckdb", "pw")) as server:
        address = ("127.0.0.1", server.port)
        strangers = [socket.create_connection(address, timeout=20) for _ in range(10)]
        known = {"host": "127.0.0.1", "port": server.port, "user": "awsuser", "password": "pw"}
        with logged_in({**known, "database": "dev"}) as client:
            client.send(b"Q", wire.text("SELECT 1 AS n"))
            assert client.kinds() == "TDCZ"
        for sock in strangers:
            sock.close()
