"""Limits of a statement's text, which are checked before it is parsed.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html (16 MB a statement) and
https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html (32,767 parameters)
"""

import re

from sqlglot.errors import SqlglotError

from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.parser import LocalRedshift
from infra.local.redshift.sql.translated import PLACEHOLDER

MAX_STATEMENT = 16 * 1024 * 1024  # bytes
MAX_PARAMETERS = 32_767
MAX_TOKENS = 100_000  # parsing takes about 2 KB of memory and 50 µs for each
_MAX_WORDS = 1_000_000  # also those in texts and comments, so that they can be divided at all
_WORD = re.compile(r"\w+|[^\w\s]")


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
    if len(sql) > MAX_TOKENS and _has_too_many_tokens(sql):  # a token has at least one letter
        raise NotEmulatedError(
            f"a statement of more than {MAX_TOKENS:,} words and signs: load the values into a "
            "table with COPY, and join it"
        )
    for match in PLACEHOLDER.finditer(sql):
        number = match[2] or ""
        if number.isdecimal() and (len(number) > 9 or int(number) > MAX_PARAMETERS):
            raise RedshiftError("42P02", f"there is no parameter ${number[:20]}")


def _has_too_many_tokens(sql: str) -> bool:
    words = 0
    for words, _ in enumerate(_WORD.finditer(sql), start=1):
        if words > _MAX_WORDS:
            return True
    if words <= MAX_TOKENS:
        return False
    try:  # the parser's own tokens: only it knows which words are texts and comments
        return len(LocalRedshift.Tokenizer().tokenize(sql)) > MAX_TOKENS
    except SqlglotError:
        return False  # the parser reports it
