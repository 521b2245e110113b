"""Protocol messages, in the orders that drivers use and in others."""

import struct
from collections.abc import Iterator

import pytest

from tests.infra.local.redshift.conftest import DSN
from tests.infra.local.redshift.ledger import documented, emulator_only
from tests.infra.local.redshift.raw import (
    FLUSH,
    SYNC,
    Raw,
    bind,
    close,
    describe,
    execute,
    logged_in,
    message,
    parse,
    text,
)

FLOW = "https://www.postgresql.org/docs/8.0/protocol-flow.html"
FORMATS = "https://www.postgresql.org/docs/8.0/protocol-message-formats.html"
INT4, INT8, VARCHAR = 23, 20, 1043


@pytest.fixture
def raw(parameters) -> Iterator[Raw]:
    if DSN:
        pytest.skip("a real workgroup wants TLS, which this client by hand does not speak")
    with logged_in(parameters) as connection:
        yield connection


def _said(raw: Raw, *messages: bytes) -> str:
    """Type letters of the answers to the messages and a Sync."""
    raw.socket.sendall(b"".join(messages) + SYNC)
    return raw.kinds()


@documented(FLOW)
def test_the_extended_protocol_answers_each_message(raw: Raw) -> None:
    assert _said(raw, parse("SELECT 1"), bind(), describe("P"), execute()) == "12TDCZ"


@documented(FLOW)
def test_a_statement_without_rows_is_described_as_no_data(raw: Raw) -> None:
    create = parse("CREATE TEMP TABLE t (a INTEGER)")
    assert _said(raw, create, bind(), describe("P"), execute()) == "12nCZ"


@documented(FLOW)
def test_an_empty_query_returns_an_empty_query_response(raw: Raw) -> None:
    for sql in ("", " ; ", "-- nothing"):
        assert _said(raw, parse(sql), bind(), execute()) == "12IZ"


@documented(FORMATS)
def test_a_statement_is_described_before_its_values_are_known(raw: Raw) -> None:
    raw.socket.sendall(parse("SELECT $1 + 1 AS a, 'x' AS b", oids=(INT8,)) + describe("S") + SYNC)
    _, parameters, row, _ = raw.until(b"Z")
    assert parameters == (b"t", struct.pack(">hi", 1, INT8))
    assert row[1][:2] == struct.pack(">h", 2)
    assert struct.pack(">i", INT8) in row[1]


@documented(FLOW)
def test_a_named_statement_is_run_many_times(raw: Raw) -> None:
    assert _said(raw, parse("SELECT $1", "s", (INT4,))) == "1Z"
    for value in (b"1", b"2"):
        raw.socket.sendall(bind("", "s", (value,)) + execute() + SYNC)
        rows = [body for kind, body in raw.until(b"Z") if kind == b"D"]
        assert rows == [struct.pack(">hi", 1, 1) + value]


@documented(FLOW)
def test_a_portal_gives_its_rows_in_parts(raw: Raw) -> None:
    _said(raw, message(b"Q", text("CREATE TEMP TABLE t AS SELECT 1 AS a")))
    raw.kinds()
    for _ in range(3):
        _said(raw, parse("INSERT INTO t SELECT a FROM t"), bind(), execute())
    _said(raw, parse("BEGIN"), bind(), execute())
    assert _said(raw, parse("SELECT a FROM t"), bind("p"), execute("p", 5)) == "12DDDDDsZ"
    assert _said(raw, execute("p", 5)) == "DDDCZ"


@documented(FLOW)
def test_messages_after_an_error_are_skipped_until_sync(raw: Raw) -> None:
    assert _said(raw, parse("SELEC"), bind(), execute()) == "EZ"
    assert _said(raw, parse("SELECT 1"), bind(), execute()) == "12DCZ"


_NUMBERS = (
    "CREATE TEMP TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 500) SELECT a.i * 1000 + b.i AS i FROM n AS a CROSS JOIN n AS b"
)
_LATE_ERRORS = {
    "SELECT 1 / (i - 500500) FROM numbers": "22012",
    "SELECT CAST(CASE WHEN i = 500500 THEN 'x' ELSE '1' END AS INTEGER) FROM numbers": "22P02",
}


@documented(FLOW)
@pytest.mark.parametrize("sql", _LATE_ERRORS)
@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_an_error_after_the_first_rows_leaves_the_connection_usable(
    raw: Raw, sql: str, protocol: str
) -> None:
    """Of 250,000 rows, only the last cannot be computed."""
    raw.send(b"Q", text(_NUMBERS))
    raw.until(b"Z")
    if protocol == "simple":
        raw.send(b"Q", text(sql))
    else:
        raw.socket.sendall(parse(sql) + bind() + execute() + SYNC)
    answers = raw.until(b"Z")
    assert raw.state(answers) == _LATE_ERRORS[sql]
    assert answers[-1][0] == b"Z"
    assert _said(raw, parse("SELECT 1"), bind(), execute()) == "12DCZ"


@documented(FLOW)
def test_a_cancel_after_the_first_rows_leaves_the_connection_usable(raw: Raw) -> None:
    raw.send(b"Q", text(_NUMBERS))
    raw.until(b"Z")
    raw.send(b"Q", text("SET statement_timeout TO 500"))
    raw.until(b"Z")
    raw.send(b"Q", text("SELECT a.i FROM numbers AS a CROSS JOIN numbers AS b"))
    assert raw.read()[0] == b"T"
    assert raw.read()[0] == b"D"
    assert raw.state(raw.until(b"Z")) == "57014"
    assert _said(raw, parse("SELECT 1"), bind(), execute()) == "12DCZ"


@documented(FLOW)
def test_close_works_in_any_state(raw: Raw) -> None:
    assert _said(raw, close("S", "never"), close("P", "never")) == "33Z"
    _said(raw, parse("BEGIN"), bind(), execute())
    _said(raw, parse("SELECT 1 / 0", "s"), bind("", "s"), execute())  # the transaction has failed
    assert _said(raw, close("S", "s")) == "3Z"
    assert _said(raw, parse("SELECT 1"), bind(), execute()) == "12EZ"
    assert _said(raw, parse("ROLLBACK"), bind(), execute()) == "12CZ"


@documented(FLOW)
def test_a_closed_statement_cannot_be_bound(raw: Raw) -> None:
    _said(raw, parse("SELECT 1", "s"), close("S", "s"))
    raw.socket.sendall(bind("", "s") + SYNC)
    assert raw.state(raw.until(b"Z")) == "26000"
    raw.socket.sendall(execute("p") + SYNC)
    assert raw.state(raw.until(b"Z")) == "34000"


@documented(FLOW)
def test_a_portal_ends_with_its_transaction(raw: Raw) -> None:
    _said(raw, parse("SELECT 1"), bind("p"))
    raw.socket.sendall(execute("p") + SYNC)
    assert raw.state(raw.until(b"Z")) == "34000"


@documented(FLOW)
def test_flush_sends_pending_answers_before_sync(raw: Raw) -> None:
    raw.socket.sendall(parse("SELECT 1") + FLUSH)
    assert raw.read()[0] == b"1"


@documented(FLOW)
def test_ready_for_query_reports_the_transaction_state(raw: Raw) -> None:
    states = []
    for sql in ("SELECT 1", "BEGIN", "SELECT 1", "SELECT 1 / 0", "ROLLBACK"):
        raw.send(b"Q", text(sql))
        states.append(raw.until(b"Z")[-1][1].decode())
    assert states == ["I", "T", "T", "E", "I"]


@documented("https://github.com/aws/amazon-redshift-python-driver/issues/13")
def test_several_statements_need_the_simple_protocol(raw: Raw) -> None:
    raw.socket.sendall(parse("SELECT 1; SELECT 2") + SYNC)
    assert raw.state(raw.until(b"Z")) == "42601"
    raw.send(b"Q", text("SELECT 1; SELECT 2"))
    assert raw.kinds() == "TDCTDCZ"


@documented(FORMATS)
@pytest.mark.parametrize(
    ("values", "why"),
    [((b"1", b"2"), "too many"), ((), "too few"), ((b"one",), "not a number")],
)
def test_values_must_fit_the_statement(raw: Raw, values: tuple[bytes, ...], why: str) -> None:
    raw.socket.sendall(parse("SELECT $1", oids=(INT4,)) + bind(values=values) + SYNC)
    assert raw.state(raw.until(b"Z")) in {"08P01", "22P03"}, why


@emulator_only("Redshift's limit is 32,767 parameters, the protocol's own")
def test_a_statement_with_1000_parameters_is_accepted(raw: Raw) -> None:
    count = 32_767
    sql = "SELECT 1 AS a WHERE 1 IN (" + ", ".join(f"${n}" for n in range(1, 1001)) + ")"
    assert (
        _said(raw, parse(sql, oids=(INT4,) * 1000), bind(values=(b"1",) * 1000), execute())
        == "12DCZ"
    )
    raw.socket.sendall(message(b"P", text("", "SELECT 1") + struct.pack(">h", count)) + SYNC)
    assert raw.kinds() in {"", "EZ"}  # it declares 32,767 types and contains none
