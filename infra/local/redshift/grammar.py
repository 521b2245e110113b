"""How statements are read: sqlglot's Redshift grammar, with functions under Redshift's own names.

sqlglot turns functions into its own concepts, which loses what Redshift tells apart (DATE_PART and
EXTRACT, ADD_MONTHS and DATEADD). Here a function stays a name until `functions` allows it.
"""

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.tokens import TokenType

_SPECIAL_FORMS = {"CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM"}


# words and signs that sqlglot takes for a type or an operator, and Redshift does not know
_UNKNOWN_WORDS = {
    "==", "STRING", "NUMBER", "DOUBLE", "LONG", "INT64", "FLOAT64", "BYTEINT", "TINYINT", "BLOB",
    "MEDIUMINT", "LONGTEXT", "MEDIUMTEXT", "DATETIME64", "UINT", "HUGEINT",
}  # fmt: skip


class LocalRedshift(Redshift):
    """Redshift's SQL, functions unresolved."""

    class Tokenizer(Redshift.Tokenizer):
        """Without the words of other dialects."""

        KEYWORDS: ClassVar = {
            word: kind
            for word, kind in Redshift.Tokenizer.KEYWORDS.items()
            if word not in _UNKNOWN_WORDS
        }

    class Parser(Redshift.Parser):
        """Reads DISTKEY and SORTKEY of a column besides what sqlglot knows."""

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
            # an exact count lies within the error that APPROXIMATE allows
            "APPROXIMATE": lambda self: self._parse_function()
        }
        CONSTRAINT_PARSERS: ClassVar = {
            **Redshift.Parser.CONSTRAINT_PARSERS,
            "DISTKEY": lambda _: exp.var("DISTKEY"),
            "SORTKEY": lambda _: exp.var("SORTKEY"),
        }

        def _parse_csv(self, parse_method: Any, sep: TokenType = TokenType.COMMA) -> list[Any]:  # noqa: ANN401
            """A list, without the comma at its end that sqlglot overlooks."""
            found = super()._parse_csv(parse_method, sep=sep)
            if self._prev is not None and self._prev.token_type == sep:
                self.raise_error("an expression is missing after the comma")
            return found

        def _parse_from(
            self, joins: bool = False, skip_from_token: bool = False, consume_pipe: bool = False
        ) -> exp.From | None:
            if consume_pipe:  # asked for only where a query may begin
                self.raise_error("a query that starts with FROM does not exist in Redshift")
            return super()._parse_from(joins=joins, skip_from_token=skip_from_token)
