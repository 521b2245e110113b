"""Ways in which a CSV file gets damaged, for files with one line per record or many.

Each damage takes the bytes of a file behind its header, and a source of chance.
"""

import csv
import io
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from infra.contracts import Column, Contract

Damage = Callable[[bytes, random.Random], bytes]

_TEXTS = (
    *("", "bom", "não gostei", 'tv 42"', '"', '""', "a, b", "line\nline", "x\r\ny", "\r", ",,,,,,"),
    *("a,b,5,,c,2018-01-01 00:00:00,2018-01-01 00:00:00\nrest", " ", "tab\t", "'", "-", "=1+1"),
)


def written(contract: Contract, ids: list[str], chance: random.Random) -> tuple[bytes, bytes]:
    """Return header and body of a file with a record for each id."""
    rows = [[_value(column, id_, chance) for column in contract.source_columns] for id_ in ids]
    options = {
        "lineterminator": chance.choice(["\n", "\r\n"]),
        "quoting": chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
    if any("\r" in value for row in rows for value in row):
        options["quoting"] = csv.QUOTE_ALL  # QUOTE_MINIMAL quotes only the line end of the file
    header, body = io.StringIO(), io.StringIO()
    csv.writer(header, **options).writerow(contract.header)
    csv.writer(body, **options).writerows(rows)
    return header.getvalue().encode(), body.getvalue().encode()


def _value(column: Column, id_: str, chance: random.Random) -> str:
    if column.kind == "VARCHAR":
        if column.length == len(id_):
            return id_
        text = chance.choice(_TEXTS) if (column.length or 0) > len(id_) else "SP"
        return text or ("x" if column.required else "")
    if not column.required and chance.random() < 0.2:
        return ""
    if column.kind == "TIMESTAMP":
        moment = datetime(2018, 1, 1) + timedelta(seconds=chance.randrange(10**7))
        return moment.isoformat(" ")
    if column.kind == "DECIMAL":
        return f"{chance.randrange(10**6) / 100:.2f}"
    return f"{chance.uniform(-50, 50)!r}" if column.kind == "DOUBLE" else str(chance.randrange(100))


def _at(pattern: bytes, replacement: bytes) -> Damage:
    """Replace a match of a pattern, chosen by chance."""

    def damage(body: bytes, chance: random.Random) -> bytes:
        found = list(re.finditer(pattern, body))
        if not found:
            return body
        match = chance.choice(found)
        return body[: match.start()] + match.expand(replacement) + body[match.end() :]

    return damage


def _inserted(text: bytes) -> Damage:
    """Insert bytes anywhere."""

    def damage(body: bytes, chance: random.Random) -> bytes:
        at = chance.randint(0, len(body))
        return body[:at] + text + body[at:]

    return damage


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _deleted(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + body[at + 1 :]


def _swapped(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, max(0, len(body) - 2))
    return body[:at] + body[at : at + 2][::-1] + body[at + 2 :]


def _replaced(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + bytes([chance.choice(b'",\r\n 0a')]) + body[at + 1 :]


def _doubled(body: bytes, chance: random.Random) -> bytes:
    lines = body.splitlines(keepends=True)
    if not lines:
        return body
    at = chance.randrange(len(lines))
    return b"".join([*lines[: at + 1], *lines[at:]])


DAMAGES: dict[str, Damage] = {
    "a quote opens a field": _at(rb",(?=[^\",\r\n])", rb',"'),
    "an opening quote is lost": _at(rb',"', rb","),
    "a closing quote is lost": _at(rb'",', rb","),
    "a quote in a text is not doubled": _at(rb'""', rb'"'),
    "a quote anywhere": _inserted(b'"'),
    "two quotes anywhere": _inserted(b'""'),
    "a blank before an opening quote": _at(rb',"', rb', "'),
    "a blank behind a closing quote": _at(rb'",', rb'" ,'),
    "a comma anywhere": _inserted(b","),
    "a comma is lost": _at(rb",", b""),
    "a comma at the end of a line": _at(rb"(\r?\n)", rb",\1"),
    "a line end anywhere": _inserted(b"\n"),
    "a CR anywhere": _inserted(b"\r"),
    "a line end is lost": _at(rb"\r?\n", b""),
    "a line ends with CR": _at(rb"\r?\n", b"\r"),
    "a line ends with CRLF": _at(rb"\r?\n", b"\r\n"),
    "a blank line": _at(rb"(\r?\n)", rb"\1\1"),
    "a line of text": _at(rb"(\r?\n)", rb"\1total: 12 rows\1"),
    "a NUL anywhere": _inserted(b"\0"),
    "a byte that is not UTF-8": _inserted(b"\xe3"),
    "a byte order mark anywhere": _inserted("\ufeff".encode()),
    "a field of 200,000 bytes": _at(rb",", b"," + b"x" * 200_000),
    "a byte order mark behind the header": lambda body, _: "\ufeff".encode() + body,
    "no line end at the end": lambda body, _: body.rstrip(b"\r\n"),
    "cut off": _cut,
    "a byte is lost": _deleted,
    "two bytes are swapped": _swapped,
    "a byte is another one": _replaced,
    "a line twice": _doubled,
    "a decimal comma": _at(rb"(\d)\.(\d\d)\b", rb"\1,\2"),
    "a digit of another script": _at(rb"\d(?=\.\d\d\b)", "\uff15".encode()),
    "a second 60": _at(rb":\d\d\b(?!:)", b":60"),
    "two blanks in a time": _at(rb" \d(\d:)", rb"  \1"),
    "a plus sign": _at(rb",(?=\d)", rb",+"),
    "a leading zero": _at(rb",(?=\d)", rb",0"),
    "a whole number as a float": _at(rb",(\d+)(?=,)", rb",\1.0"),
    "a value is missing": _at(rb",[^\",\r\n]+", b","),
    "a text is too long": _at(rb"\b[0-9a-f]{32}\b", b"f" * 33),
}
