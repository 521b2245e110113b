"""Limits of a statement's text, which are checked before it is parsed.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html (16 MB a statement) and
https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html (32,767 parameters)
"""

import re

from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.translated import PLACEHOLDER

MAX_STATEMENT = 16 * 1024 * 1024  # bytes
MAX_PARAMETERS = 32_767
MAX_TOKENS = 100_000  # parsing takes about 2 KB of memory and 50 µs for each
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|--[^\n]*|\w+|[^\w\s]")


def check_size(sql: str) -> None:
    """Check a statement before it is parsed.

    Raises:
        RedshiftError: 54000, it has over 16 MB; 42P02, it names a parameter above $32767.
        NotEmulatedError: It has over 100,000 words and signs.
    """
    size = len(sql) if len(sql) > MAX_STATEMENT else len(sql.encode())
    if size > MAX_STATEMENT:
        raise RedshiftError(
            "54000",
            f"Statement is too large. Statement Size: {size} bytes. Maximum Allowed: "
            f"{MAX_STATEMENT} bytes",
        )
    if len(sql) > MAX_TOKENS:  # a token has at least one letter
        for count, _ in enumerate(_TOKEN.finditer(sql), start=1):
            if count > MAX_TOKENS:
                raise NotEmulatedError(
                    f"a statement of more than {MAX_TOKENS:,} words and signs: load the values "
                    "into a table with COPY, and join it"
                )
    for match in PLACEHOLDER.finditer(sql):
        number = match[2] or ""
        if number.isdecimal() and (len(number) > 9 or int(number) > MAX_PARAMETERS):
            raise RedshiftError("42P02", f"there is no parameter ${number[:20]}")
