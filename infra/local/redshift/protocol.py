"""Messages and values of the PostgreSQL v3 protocol, as Redshift's driver uses it.

Source: https://www.postgresql.org/docs/8.0/protocol-message-formats.html and core.py of
redshift_connector.
"""

import socket
import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from infra.local.redshift.errors import RedshiftError

MAX_MESSAGE = 64 * 1024 * 1024  # bytes: a statement of 16 MB, and the parameters of a Bind
POSTGRES_EPOCH_DAYS = 10_957
POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970-01-01

BOOL, INT8, INT2, INT4, TEXT = 16, 20, 21, 23, 25
FLOAT4, FLOAT8, UNKNOWN, BPCHAR, VARCHAR = 700, 701, 705, 1042, 1043
DATE, TIMESTAMP, TIMESTAMPTZ, NUMERIC = 1082, 1114, 1184, 1700
OID, INT2_ARRAY = 26, 1005

PARAMETER_OIDS = {BOOL, INT8, INT2, INT4, TEXT, FLOAT4, FLOAT8, UNKNOWN, BPCHAR, VARCHAR, DATE,
                  TIMESTAMP, TIMESTAMPTZ, NUMERIC}  # fmt: skip
_INTEGER_STRUCTS = {INT2: ">h", INT4: ">i", INT8: ">q"}


_MALFORMED = RedshiftError("08P01", "the message is malformed")


class ConnectionEndedError(ConnectionError):
    """The client has disconnected, or breaks the protocol so that nothing can be answered."""


class Wire:
    """Reads and writes the messages of a socket, with buffers."""

    def __init__(self, sock: socket.socket) -> None:
        """Wrap a connected socket."""
        self.socket = sock
        self._in = sock.makefile("rb", buffering=65536)
        self._out = bytearray()
        self.pending = 0  # bytes of the message that is being read

    def read_startup(self) -> tuple[int, bytes]:
        """Read the first message, which has no type byte.

        Returns:
            The code (protocol version or request code) and the body.

        Raises:
            ConnectionEndedError: The message is malformed, or the client has disconnected.
        """
        length, code = struct.unpack(">ii", self._exactly(8))
        if not 8 <= length <= 10_000:
            raise ConnectionEndedError("malformed startup message")
        return code, self._exactly(length - 8)

    def read(self, limit: int = MAX_MESSAGE) -> tuple[bytes, bytes]:
        """Read the next message.

        Args:
            limit: The largest accepted length in bytes.

        Returns:
            The message type (one byte) and the body.

        Raises:
            ConnectionEndedError: The message is too long, or the client has disconnected.
        """
        kind = self._exactly(1)
        (length,) = struct.unpack(">i", self._exactly(4))
        if not 4 <= length <= limit:
            raise ConnectionEndedError("malformed message length")
        self.pending = length
        body = self._exactly(length - 4)
        self.pending = 0
        return kind, body

    def raw(self, data: bytes) -> None:
        """Send bytes outside the message framing (the answer to an SSLRequest)."""
        self._send(data)

    def send_raw(self, messages: bytes) -> None:
        """Queue complete messages; they are sent as those of `send` are."""
        self._out += messages
        if len(self._out) > 1 << 20:
            self.flush()

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Queue a message; it is sent on `flush`, or when more than 1 MiB is queued."""
        self._out += kind + struct.pack(">i", len(body) + 4) + body
        if len(self._out) > 1 << 20:
            self.flush()

    def flush(self) -> None:
        """Send the queued messages; raises ConnectionEndedError."""
        if self._out:
            self._send(self._out)
            self._out.clear()

    def _send(self, data: bytes | bytearray) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise ConnectionEndedError(f"client is gone: {error}") from error

    def _exactly(self, count: int) -> bytes:
        try:
            data = self._in.read(count)
        except OSError as error:
            raise ConnectionEndedError(f"client is gone: {error}") from error
        if len(data) < count:
            raise ConnectionEndedError("client is gone")
        return data


class Reader:
    """Reads the fields of a message body, in order.

    The methods raise RedshiftError: 08P01 if the body does not match its message type, 22021 for
    invalid UTF-8.
    """

    def __init__(self, body: bytes) -> None:
        """Start at the first byte."""
        self._body = body
        self._at = 0

    def string(self) -> str:
        """Read a zero-terminated string."""
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise _MALFORMED
        raw = self._body[self._at : end]
        self._at = end + 1
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise RedshiftError("22021", 'invalid byte sequence for encoding "UTF8"') from None

    def take(self, form: str) -> Any:  # noqa: ANN401 (a struct field may be of any type)
        """Read one value of a `struct` format."""
        try:
            (value,) = struct.unpack_from(form, self._body, self._at)
        except struct.error:
            raise _MALFORMED from None
        self._at += struct.calcsize(form)
        return value

    def many(self, form: str) -> list[int]:
        """Read an Int16 count and that many values of a `struct` format."""
        return [self.take(form) for _ in range(self.take(">h"))]

    def blob(self) -> bytes | None:
        """Read an Int32 length and that many bytes; a negative length is NULL."""
        length = self.take(">i")
        if length < 0:
            return None
        value = self._body[self._at : self._at + length]
        if len(value) < length:
            raise _MALFORMED
        self._at += length
        return value


def cstring(text: str) -> bytes:
    """Encode text as a zero-terminated string."""
    return text.encode() + b"\0"


def error_message(error: RedshiftError, severity: str = "ERROR") -> bytes:
    """Encode an ErrorResponse."""
    fields = {b"S": severity, b"C": error.sqlstate, b"M": error.message, b"D": error.detail}
    body = b"".join(k + cstring(text) for k, text in fields.items() if text) + b"\0"
    return b"E" + struct.pack(">i", len(body) + 4) + body


def send_error(wire: Wire, error: RedshiftError, severity: str = "ERROR") -> None:
    """Queue an ErrorResponse."""
    wire.send_raw(error_message(error, severity))


def decode_parameter(value: bytes | None, oid: int, binary: bool) -> Any:  # noqa: ANN401
    """Convert a bound parameter to a Python value.

    Args:
        value: The bytes of the parameter; None for NULL.
        oid: The OID of the parameter's type.
        binary: Whether `value` has the binary format.

    Returns:
        The value. In text format, only numbers are converted; other values stay text.

    Raises:
        ValueError: The bytes are not a value of the type.
        ArithmeticError: The text is not a number.
        struct.error: The binary value has the wrong length.
    """
    if value is None:
        return None
    if not binary:
        text = value.decode()
        if oid in _INTEGER_STRUCTS:
            return int(text)
        if oid in {FLOAT4, FLOAT8}:
            return float(text)
        if oid != NUMERIC:
            return text
        if not (number := Decimal(text)).is_finite():
            raise ValueError("a numeric parameter that is not a number")
        return number
    if oid in _INTEGER_STRUCTS:
        return struct.unpack(_INTEGER_STRUCTS[oid], value)[0]
    if oid == FLOAT8:
        return struct.unpack(">d", value)[0]
    if oid == FLOAT4:
        return struct.unpack(">f", value)[0]
    if oid == BOOL:
        return value != b"\0"
    if oid in {TIMESTAMP, TIMESTAMPTZ}:
        return datetime(2000, 1, 1) + timedelta(microseconds=struct.unpack(">q", value)[0])
    if oid == DATE:
        return date(2000, 1, 1) + timedelta(days=struct.unpack(">i", value)[0])
    return _numeric(value) if oid == NUMERIC else value.decode()


def _numeric(value: bytes) -> Decimal:
    """Decode a binary NUMERIC: base-10,000 digits, the first one times 10,000 ** weight."""
    count, weight, sign, scale = struct.unpack_from(">hhHh", value)
    if sign not in {0, 0x4000}:
        raise ValueError("a numeric parameter that is not a number")
    digits = struct.unpack_from(f">{count}h", value, 8)
    if not (0 <= scale <= 38 and -10 <= weight <= 10 and count <= 20):
        raise ValueError("a numeric parameter of more than 38 digits")
    # use integers, because arithmetic of Decimal rounds to 28 digits
    unscaled = 0
    for i, digit in enumerate(digits):
        unscaled += digit * 10 ** (4 * (weight - i) + scale + 80)
    return Decimal((1 if sign else 0, tuple(map(int, str(unscaled // 10**80))), -scale))
