"""Parses UNLOAD: its query, target and options.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

import re
from dataclasses import dataclass, field

from sqlglot import exp

from infra.local.redshift.copy.options import (
    CREDENTIALS,
    ROLE,
    SWITCH,
    TEXT,
    exclude,
    parse_options,
    require_role,
)
from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.parser import parse
from infra.local.redshift.sql.translator import checked

_UNLOAD = re.compile(
    r"\s*UNLOAD\s*\(\s*(?:'(?P<quoted>[^']*(?:''[^']*)*)'|\$\$(?P<dollar>.*?)\$\$)\s*\)\s*"
    r"TO\s+'s3://(?P<bucket>[^/']+)/(?P<prefix>[^']*)'(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
OPTIONS = {
    "iam_role": ROLE,
    "credentials": CREDENTIALS,
    "parquet": r"(?:FORMAT\s+(?:AS\s+)?)?PARQUET",
    "csv": r"(?:FORMAT\s+(?:AS\s+)?)?CSV",
    "delimiter": rf"DELIMITER\s+{TEXT}",
    "header": "HEADER",
    "null": rf"NULL\s+{TEXT}",
    "gzip": "GZIP",
    "manifest": "MANIFEST",
    "allowoverwrite": "ALLOWOVERWRITE",
    "cleanpath": "CLEANPATH",
    "parallel": rf"PARALLEL{SWITCH}",
    "maxfilesize": r"MAXFILESIZE\s+(?:AS\s+)?([\d.]+\s*(?:MB|GB))",
    "partition": r"PARTITION\s+BY\s*\(([\w\s,]+)\)",
    "include": "INCLUDE",
    "kms_key_id": rf"KMS_KEY_ID\s+{TEXT}",
    "encrypted": "ENCRYPTED",
    "extension": rf"EXTENSION\s+{TEXT}",
}
_TEXT_ONLY = {"delimiter", "header", "null", "gzip"}


@dataclass(frozen=True)
class Unload:
    """A parsed UNLOAD statement.

    Attributes:
        query: The SELECT, as Redshift SQL.
        bucket: The S3 bucket.
        prefix: The prefix of the keys that it writes.
        options: The values of the options, by name.
    """

    query: str
    bucket: str
    prefix: str
    options: dict[str, str] = field(default_factory=dict)


def parse_unload(sql: str) -> Unload | None:
    """Parse an UNLOAD statement.

    Returns:
        The statement; None if `sql` is not an UNLOAD.

    Raises:
        NotEmulatedError: The form of UNLOAD, an option or the query is not emulated.
        RedshiftError: The options or the query are wrong.
    """
    if not re.match(r"\s*UNLOAD\b", sql, re.IGNORECASE):
        return None
    match = _UNLOAD.fullmatch(sql)
    if match is None:
        raise NotEmulatedError("UNLOAD takes here ('query') TO 's3://bucket/prefix' and options")
    options = parse_options("UNLOAD", match["options"], OPTIONS)
    require_role("UNLOAD", options)
    if "parquet" in options:
        exclude("UNLOAD", options, _TEXT_ONLY, "PARQUET")
    if {"allowoverwrite", "cleanpath"} <= options.keys():
        raise RedshiftError("42601", "CLEANPATH and ALLOWOVERWRITE exclude each other")
    if ("kms_key_id" in options) != ("encrypted" in options):
        raise NotEmulatedError(
            "KMS_KEY_ID goes with ENCRYPTED, and no other encryption is emulated"
        )
    if "include" in options and "partition" not in options:
        raise RedshiftError("42601", "INCLUDE belongs to PARTITION BY")
    query = match["dollar"] or (match["quoted"] or "").replace("''", "'")
    tree = parse(query)
    if isinstance(tree, exp.Query) and tree.args.get("limit") is not None:
        raise RedshiftError("0A000", "Limit clause is not supported in the outer SELECT of UNLOAD")
    if not isinstance(checked(query)[0], exp.Query):
        raise RedshiftError("42601", "UNLOAD takes a SELECT")
    return Unload(query, match["bucket"], match["prefix"], options)
