"""`olist redshift`: the server alone, started and stopped from the command line."""

import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redshift_connector

from infra.settings import PROJECT
from tests.infra.local.redshift.ledger import emulator_only
from tests.infra.local.redshift.serving import command, environment, served

LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000), "
    "m AS (SELECT i FROM n) SELECT COUNT(*) FROM m a, m b, m c WHERE a.i + b.i + c.i < 0"
)
pytestmark = emulator_only("the command `olist redshift` is ours")


def _login(port: int) -> redshift_connector.Connection:
    return redshift_connector.connect(
        host="127.0.0.1", port=port, user="ana", password="pw", database="dev", ssl=False
    )


def _refused(path: Path, *more: str, password: str | None = "pw", code: int = 1) -> str:
    done = subprocess.run(
        command(path, *more),
        env=environment(password),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_the_server_reports_when_it_is_ready_and_exits_with_0(
    tmp_path: Path, sign: signal.Signals
) -> None:
    with served(tmp_path / "a.duckdb", "--user", "ana") as (process, port):
        with _login(port) as connection:
            connection.cursor().execute("CREATE TABLE t (a INTEGER)")
        process.send_signal(sign)
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert process.stdout.read() == f"TLS: trust {tmp_path / 'ca.pem'}\n"  # no other output


def test_the_server_stops_while_a_query_runs(tmp_path: Path) -> None:
    with served(tmp_path / "a.duckdb", "--user", "ana") as (process, port):
        client = _login(port)
        with ThreadPoolExecutor(1) as pool:
            query = pool.submit(client.cursor().execute, LONG)
            with pytest.raises(TimeoutError):
                query.result(timeout=1)  # it runs
            process.terminate()
            assert process.wait(20) == 0
            assert isinstance(query.exception(timeout=20), redshift_connector.Error)


@pytest.mark.slow
def test_the_server_stops_while_clients_are_connected(tmp_path: Path) -> None:
    with (
        served(tmp_path / "a.duckdb", "--user", "ana") as (process, port),
        socket.create_connection(("127.0.0.1", port)),  # sends nothing
        _login(port) as connection,
    ):
        connection.cursor().execute("SELECT 1")  # leaves its transaction open
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.slow
def test_commits_survive_a_kill_of_the_server(tmp_path: Path) -> None:
    """Also those that name functions: the engine replays its log before it knows all of them."""
    commits = (
        "CREATE TABLE t (a INTEGER, at TIMESTAMP DEFAULT GETDATE(), b VARCHAR(9) DEFAULT 'X')",
        "CREATE VIEW v AS SELECT UPPER(b) || LEFT('yz', a) AS c, DATE_TRUNC('day', at) AS d FROM t",
        "ALTER TABLE t ADD COLUMN e VARCHAR(4) DEFAULT '3.14'",
        "COMMENT ON COLUMN t.b IS 'a letter'",
        "INSERT INTO t (a) VALUES (1)",
    )
    with served(tmp_path / "a.duckdb", "--user", "ana") as (process, port):
        with _login(port) as connection:
            for sql in commits:
                connection.cursor().execute(sql)
                connection.commit()
        process.kill()  # the server cannot close its file
    with served(tmp_path / "a.duckdb", "--user", "ana") as (_, port), _login(port) as connection:
        found = connection.cursor().execute("SELECT t.a, v.c, t.e FROM t, v").fetchall()
    assert [list(row) for row in found] == [[1, "Xy", "3.14"]]


def test_the_server_listens_on_loopback_only(tmp_path: Path) -> None:
    with served(tmp_path / "a.duckdb") as (process, port):
        listening = [
            line.split()[1]
            for line in Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
        ]
    assert listening == [f"0100007F:{port:04X}"]


def test_the_server_requires_a_password(tmp_path: Path) -> None:
    assert "set OLIST_REDSHIFT_PASSWORD" in _refused(tmp_path / "a.duckdb", password=None)


@pytest.mark.slow
def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        message = _refused(tmp_path / "a.duckdb", "--port", port, code=5)
    assert f"127.0.0.1:{port}" in message
    assert "Give another --port" in message


@pytest.mark.slow
def test_an_invalid_database_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").write_text("no database, but long enough to be read as one\n" * 500)
    assert "cannot open" in _refused(tmp_path / "a.duckdb", "--port", "0")
