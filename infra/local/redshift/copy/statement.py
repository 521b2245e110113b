"""Parses COPY: its table, source and options.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and
https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

import re
from dataclasses import dataclass, field

from infra.local.redshift.copy.options import (
    CREDENTIALS,
    ROLE,
    SWITCH,
    TEXT,
    exclude,
    parse_options,
    require_role,
)
from infra.local.redshift.errors import NotEmulatedError

_COPY = re.compile(
    r"\s*COPY\s+(?P<table>\"?[a-z_][\w$]*\"?(?:\.\"?[a-z_][\w$]*\"?)?)\s*(?P<columns>\([^)]*\))?\s*"
    r"FROM\s+'(?P<url>s3://[^']+)'(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
OPTIONS = {
    "iam_role": ROLE,
    "credentials": CREDENTIALS,
    "parquet": r"(?:FORMAT\s+(?:AS\s+)?)?PARQUET",
    "csv": r"(?:FORMAT\s+(?:AS\s+)?)?CSV",
    "manifest": "MANIFEST",
    "quote": rf"QUOTE\s+{TEXT}",
    "delimiter": rf"DELIMITER\s+{TEXT}",
    "ignoreheader": r"IGNOREHEADER\s+(?:AS\s+)?(\d+)",
    "null": rf"NULL\s+{TEXT}",
    "emptyasnull": "EMPTYASNULL",
    "blanksasnull": "BLANKSASNULL",
    "trimblanks": "TRIMBLANKS",
    "ignoreblanklines": "IGNOREBLANKLINES",
    "truncatecolumns": "TRUNCATECOLUMNS",
    "roundec": "ROUNDEC",
    "acceptinvchars": rf"ACCEPTINVCHARS(?:\s+{TEXT})?",
    "acceptanydate": "ACCEPTANYDATE",
    "dateformat": rf"DATEFORMAT\s+{TEXT}",
    "timeformat": rf"TIMEFORMAT\s+{TEXT}",
    "maxerror": r"MAXERROR\s+(?:AS\s+)?(\d+)",
    "noload": "NOLOAD",
    "gzip": "GZIP",
    "bzip2": "BZIP2",
    "encoding": r"ENCODING\s+(?:AS\s+)?'?(UTF-?8)'?",
    "region": rf"REGION\s+{TEXT}",
    "compupdate": rf"COMPUPDATE(?:\s+PRESET)?{SWITCH}",
    "statupdate": rf"STATUPDATE{SWITCH}",
}
_PARQUET_OPTIONS = {"iam_role", "credentials", "parquet", "manifest", "statupdate"}


@dataclass(frozen=True)
class Copy:
    """A parsed COPY statement.

    Attributes:
        table: The target, as schema.table.
        url: The prefix of the files, or the manifest, as s3://bucket/….
        columns: The column list; empty means all columns.
        options: The values of the options, by name.
    """

    table: str
    url: str
    columns: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    @property
    def columnar(self) -> bool:
        """Whether the files are Parquet."""
        return "parquet" in self.options


def parse_copy(sql: str) -> Copy | None:
    """Parse a COPY statement.

    Returns:
        The statement; None if `sql` is not a COPY.

    Raises:
        NotEmulatedError: The form of COPY, or an option, is not emulated.
        RedshiftError: The options are wrong.
    """
    text = re.sub(r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*", "", sql, flags=re.DOTALL)
    if not re.match(r"COPY\b", text, re.IGNORECASE):
        return None
    match = _COPY.fullmatch(text)
    if match is None:
        raise NotEmulatedError("COPY takes here a table and FROM 's3://…'")
    options = parse_options("COPY", match["options"], OPTIONS)
    require_role("COPY", options)
    columns = tuple(
        name.strip().strip('"').lower() for name in (match["columns"] or "").strip("()").split(",")
    )
    columns = tuple(name for name in columns if name)
    if "parquet" in options:
        exclude("COPY", options, options.keys() - _PARQUET_OPTIONS, "PARQUET based")
        if columns:
            raise NotEmulatedError("a column list with PARQUET: its rules are not certain")
    if "csv" in options and options.get("delimiter", ",") == "":
        raise NotEmulatedError("an empty DELIMITER")
    table = match["table"].lower().replace('"', "")
    return Copy(table if "." in table else f"public.{table}", match["url"], columns, options)
