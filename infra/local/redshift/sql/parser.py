"""Parses statements with sqlglot's Redshift grammar; functions keep Redshift's own names.

sqlglot maps functions to its own classes, which loses differences of Redshift (DATE_PART and
EXTRACT, ADD_MONTHS and DATEADD). Here a function keeps its name until `functions` allows it.
"""

import re
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.translated import PLACEHOLDER

# a temporary table may be written as #name
_TEMPORARY = re.compile(
    r"('[^']*(?:''[^']*)*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)|#(?=[A-Za-z_])", re.DOTALL
)
LATE_BINDING = re.compile(r"\s+with\s+no\s+schema\s+binding\s*;?\s*$", re.IGNORECASE)
# text that sqlglot accepts and drops or misreads
_MISREAD = [
    (r"\binterval\s+'[^']*\bago\b", "an interval with AGO: write a negative number"),
    (
        r"\binterval\s+(?:\d|\w+\s+(?:year|month|week|day|hour|minute|second)s?\b)",
        "an interval is written in quotes: INTERVAL '1 day'",
    ),
    (r"\blimit\s+\d+\s*,", "LIMIT a, b does not exist in Redshift: LIMIT b OFFSET a"),
    (r"^\s*insert\s+(?!into\b)", "INSERT without INTO"),
]
_SPECIAL_FORMS = {"CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM"}


# types and operators of sqlglot that Redshift does not have
_UNKNOWN_WORDS = {
    "==", "STRING", "NUMBER", "DOUBLE", "LONG", "INT64", "FLOAT64", "BYTEINT", "TINYINT", "BLOB",
    "MEDIUMINT", "LONGTEXT", "MEDIUMTEXT", "DATETIME64", "UINT", "HUGEINT",
}  # fmt: skip


class LocalRedshift(Redshift):
    """sqlglot's Redshift dialect, with functions unresolved."""

    class Tokenizer(Redshift.Tokenizer):
        """Omits keywords of other dialects."""

        KEYWORDS: ClassVar = {
            word: kind
            for word, kind in Redshift.Tokenizer.KEYWORDS.items()
            if word not in _UNKNOWN_WORDS
        }

    class Parser(Redshift.Parser):
        """Adds DISTKEY and SORTKEY of a column to sqlglot's grammar."""

        FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parse
            for name, parse in Redshift.Parser.FUNCTION_PARSERS.items()
            if name in _SPECIAL_FORMS
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {
            name: Redshift.Parser.NO_PAREN_FUNCTION_PARSERS[name]
            for name in ("ANY", "CASE", "SYSDATE")
        } | {
            # an exact count is within the error that APPROXIMATE allows
            "APPROXIMATE": lambda self: self._parse_function()
        }
        CONSTRAINT_PARSERS: ClassVar = {
            **Redshift.Parser.CONSTRAINT_PARSERS,
            "DISTKEY": lambda _: exp.var("DISTKEY"),
            "SORTKEY": lambda _: exp.var("SORTKEY"),
        }

        def _parse_csv(self, parse_method: Any, sep: TokenType = TokenType.COMMA) -> list[Any]:  # noqa: ANN401
            """Parse a list; refuse a comma at its end, which sqlglot accepts."""
            found = super()._parse_csv(parse_method, sep=sep)
            if self._prev is not None and self._prev.token_type == sep:
                self.raise_error("an expression is missing after the comma")
            return found

        def _parse_from(
            self, joins: bool = False, skip_from_token: bool = False, consume_pipe: bool = False
        ) -> exp.From | None:
            if consume_pipe:  # set only where a query may begin
                self.raise_error("a query that starts with FROM does not exist in Redshift")
            return super()._parse_from(joins=joins, skip_from_token=skip_from_token)


def parse(sql: str) -> exp.Expr:
    """Parse one statement to a tree.

    Raises:
        NotEmulatedError: sqlglot would misread the text.
        RedshiftError: 42601, a syntax error, or not exactly one statement.
    """
    if any(
        match[1] and match[1][0] == "'" and "\\" in match[1] for match in PLACEHOLDER.finditer(sql)
    ):
        raise NotEmulatedError("a backslash in a literal: whether it escapes is not certain, pass "
                               "the text as a parameter")  # fmt: skip
    for pattern, reason in _MISREAD:
        if re.search(pattern, sql, re.IGNORECASE):
            raise NotEmulatedError(reason)
    # sqlglot reads `$1, $` as a quoted string, but @1 as a parameter. A temporary table may be
    # written as #name.
    marked = PLACEHOLDER.sub(lambda m: m[0] if m[1] else f" @{m[2]}", sql)
    marked = re.sub(r"(create\s+)(table\s+)#(\w)", r"\1temp \2\3", marked, flags=re.IGNORECASE)
    marked = re.sub(r"(create\s+)(?:local\s+)(temp)", r"\1\2", marked, flags=re.IGNORECASE)
    marked = _TEMPORARY.sub(lambda m: m[1] or "", marked)
    marked = LATE_BINDING.sub("", marked)
    marked = re.sub(r"\bsortkey\s+auto\b", "", marked, flags=re.IGNORECASE)
    try:
        trees = [tree for tree in sqlglot.parse(marked, read=LocalRedshift) if tree is not None]
    except SqlglotError as error:
        reason = re.sub(r"<Token .*?text: (.+?), line.*?>", r"\1", str(error).split("\n")[0])
        reason = reason.replace("SENTINEL", "the end")
        raise RedshiftError("42601", f"syntax error, or not known here: {reason}") from error
    if len(trees) != 1:
        raise RedshiftError("42601", "cannot insert multiple commands into a prepared statement")
    return trees[0]


def split_statements(sql: str) -> tuple[str, ...]:
    """Split text into statements, at the semicolons outside comments and strings.

    Args:
        sql: One or more statements.

    Returns:
        The statements, each with the comments before it. Text that holds only comments is left out.

    Raises:
        SqlglotError: The text cannot be divided into tokens.
    """
    ends = [-1]
    counts = [0]
    for token in LocalRedshift.Tokenizer().tokenize(sql):
        if token.token_type is TokenType.SEMICOLON:
            ends.append(token.start)
            counts.append(0)
        else:
            counts[-1] += 1
    pieces = zip(ends, [*ends[1:], len(sql)], counts, strict=True)
    return tuple(sql[start + 1 : end].strip() for start, end, tokens in pieces if tokens)
