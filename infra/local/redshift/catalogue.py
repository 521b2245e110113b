"""Answers to what drivers ask before they work: version, settings, schema.

Only known texts are answered; the catalogue itself is not readable.
"""

import re
from dataclasses import dataclass

import pyarrow as pa

VERSION = (
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 "
    "(Red Hat 3.4.2-6.fc3), Redshift 1.0.28422"
)


@dataclass(frozen=True)
class Answer:
    """A fixed answer: columns of text and at most one row."""

    tag: str
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def batches(self, last_copy_count: int) -> list[pa.RecordBatch]:
        """The row, as the engine's results come."""
        if not self.columns:
            return []
        values = [str(last_copy_count) if v == _COPY_COUNT else v for v in self.values]
        return [pa.RecordBatch.from_arrays([pa.array([v]) for v in values], list(self.columns))]


_COPY_COUNT = "«copy count»"
_ANSWERS: list[tuple[str, Answer]] = [
    (r"select (pg_catalog\.)?version\(\)", Answer("SELECT", ("version",), (VERSION,))),
    (r"select current_schema\(\)", Answer("SELECT", ("current_schema",), ("public",))),
    (
        r"select pg_last_copy_count\(\)",
        Answer("SELECT", ("pg_last_copy_count",), (_COPY_COUNT,)),
    ),
    (
        r"show transaction isolation level",
        Answer("SHOW", ("transaction_isolation",), ("Snapshot Isolation",)),
    ),
    (
        r"show standard_conforming_strings",
        Answer("SHOW", ("standard_conforming_strings",), ("on",)),
    ),
    # snapshot isolation is the only one here; the words are accepted and ignored, as BEGIN's are
    (
        r"set session characteristics as transaction isolation level serializable",
        Answer("SET"),
    ),
    (r"set client_encoding to '?utf-?8'?", Answer("SET")),
]


def answer(sql: str) -> Answer | None:
    """The answer to a known look-up, or None."""
    text = re.sub(r"\s+", " ", sql).strip(" ;").lower()
    for pattern, found in _ANSWERS:
        if re.fullmatch(pattern, text):
            return found
    return None
