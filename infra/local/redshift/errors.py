"""Errors that are sent to clients."""

import re
from typing import NoReturn

import duckdb
from sqlglot import exp


class RedshiftError(Exception):
    """An error with its SQLSTATE, as sent to the client."""

    def __init__(self, sqlstate: str, message: str, detail: str = "") -> None:
        """Store the fields of the ErrorResponse message.

        Args:
            sqlstate: The SQLSTATE, five characters.
            message: The error message.
            detail: The optional detail field.
        """
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail


class NotEmulatedError(RedshiftError):
    """SQL that this server refuses: Redshift lacks it, or the result could differ."""

    def __init__(self, reason: str) -> None:
        """Create an error with SQLSTATE 0A000.

        Args:
            reason: What is refused and why, or what to write instead.
        """
        super().__init__("0A000", f"refused by the local Redshift: {reason}")


_SHOWN_DEPTH = 8  # levels of a tree in messages


def short(node: exp.Expr) -> str:
    """The SQL of a node without its deepest parts, cut to 120 characters.

    sqlglot writes an operand of some nodes twice, so the text of a deep tree grows exponentially.
    """
    shallow = node.copy()
    for deep in [part for part in shallow.walk() if part.depth >= _SHOWN_DEPTH]:
        if deep.depth == _SHOWN_DEPTH:
            deep.replace(exp.Var(this="…"))
    text = shallow.sql(dialect="redshift")
    return text if len(text) <= 120 else text[:117] + "…"


def refuse(reason: str, node: exp.Expr) -> NoReturn:
    """Raise NotEmulatedError with a reason and the SQL of the refused node."""
    raise NotEmulatedError(f"{reason}: {short(node)}")


# what macros.sql and the length checks raise: an SQLSTATE, a bar, the message
_OURS = re.compile(r"(?:^|Error: |\(Error: )([0-9A-Z]{5})\|(.*?)\)?$", re.DOTALL)
# patterns of DuckDB's messages, with Redshift's SQLSTATE and message; {0}: DuckDB's first line
_WORDS = [
    (r"NOT NULL constraint failed: .*?(\w+)\"?$", "23502",
     "Cannot insert a NULL value into column {1}"),
    (r"(?i)division by zero|divide by zero", "22012", "Divide by zero"),
    (r"has multiple overloads that match|cannot be volatile|has side effects", "0A000",
     "refused by the local Redshift: the type of an aggregate, a window or an alias of the same "
     "SELECT is needed here and not known: compute it in a CTE, or CAST it"),
    (r"(?s)Overflow in (\w+) of DECIMAL", "0A000",
     "refused by the local Redshift: a DECIMAL of more than 18 digits in {1}, for which Redshift "
     "uses up to 38 digits: CAST one side AS DECIMAL(38, s)"),
    (r"MERGE INTO.* more than once", "XX000", "Found multiple matches to update the same tuple."),
    (r"Cannot compare values of type (\S+) and (?:type )?(\S+)", "0A000",
     "refused by the local Redshift: comparing {1} with {2}: CAST one side"),
    (r"Out of Memory Error|failed to allocate|bad_alloc|could not allocate|malloc of size", "53200",
     "out of memory: read fewer rows or shorter texts at a time"),
    # names; the SQLSTATEs are from https://www.postgresql.org/docs/8.0/errcodes-appendix.html
    (r'because schema "(\w+)" does not exist', "3F000", 'schema "{1}" does not exist'),
    (r'Schema with name "?(\w+)"? does not exist', "3F000", 'schema "{1}" does not exist'),
    (r'Schema with name "?(\w+)"? already exists', "42P06", 'schema "{1}" already exists'),
    (r'(?:Table|View) with name "?(\w+)"? does not exist', "42P01",
     'relation "{1}" does not exist'),
    (r'(?:Table|View) with name "?(\w+)"? already exists', "42P07",
     'Relation "{1}" already exists'),
    (r'Could not rename "\w+" to "(\w+)"', "42P07", 'Relation "{1}" already exists'),
    (r'Column with name "?(\w+)"? already exists', "42701", 'column "{1}" already exists'),
    (r'Table "(\w+)" does not have a column (?:named|with name) "(\w+)"', "42703",
     'column "{2}" does not exist in {1}'),
    (r'Referenced (?:update )?column "?(\w+)"?', "42703", 'column "{1}" does not exist'),
    (r'Referenced table "(\w+)" not found', "42P01", 'missing FROM-clause entry for table "{1}"'),
    (r'Ambiguous reference to column name "(\w+)"', "42702",
     'column reference "{1}" is ambiguous'),
    (r'column "(\w+)" must appear in the GROUP BY', "42803",
     'column "{1}" must appear in the GROUP BY clause or be used in an aggregate function'),
    (r"(\w+(?: BY)?) clause cannot contain aggregates", "42803",
     "aggregates not allowed in {1} clause"),
    (r"No function matches .*? '(.*)'\.", "42883", "function {1} does not exist"),
    (r"Could not choose a best candidate", "42883", "{0}"),
    (r"has (\d+) columns but (\d+) values were supplied", "42601",
     "INSERT has {2} expressions for {1} target columns"),
    (r"same number of result columns", "42601",
     "each query of UNION, INTERSECT and EXCEPT must have the same number of columns"),
    (r"ORDER term out of range", "42P10", "ORDER BY position is not in select list"),
    (r"Cannot drop entry|depend on it", "2BP01",
     "cannot drop it because other objects depend on it: use CASCADE"),
    (r"More than one row returned by a subquery", "21000",
     "more than one row returned by a subquery used as an expression"),
    (r"Could not parse string \"(.*?)\" according to format", "22007",
     'the value "{1}" does not fit the format'),
    (r"Unknown TimeZone '(.*?)'", "22023", 'time zone "{1}" not recognized'),
    (r"Malformed JSON", "22P02", "JSON parsing error: {0}"),
    # conversion and range of values
    (r"Could not convert string ['\"](.*)['\"] to INT", "22P02",
     'invalid input syntax for integer: "{1}"'),
    (r"Could not convert string ['\"](.*)['\"] to (?:DECIMAL|DOUBLE|FLOAT)", "22P02",
     'invalid input syntax for type numeric: "{1}"'),
    (r"value .* to (?:type )?DECIMAL\(", "22003", "Numeric data overflow (result precision): {0}"),
    (r"(?:date|time\w*) field value out of range", "22008", "{0}"),
    (r"out of range|Out of Range", "22003", "{0}"),
]  # fmt: skip
# how the messages of DuckDB's exceptions begin; the class is lost where an error ends a stream
_KINDS = {
    "INTERRUPT": "57014",
    "Catalog": "42P01",
    "Binder": "42703",
    "Parser": "42601",
    "Conversion": "22P02",
    "TransactionContext": "40001",
    "Invalid Input": "22023",
}


def from_duckdb(error: duckdb.Error) -> RedshiftError:
    """Translate a DuckDB error to Redshift's SQLSTATE and message.

    Args:
        error: The error that DuckDB raised.

    Returns:
        Redshift's error where it is known. Otherwise an error with DuckDB's message, and with an
        SQLSTATE by the kind of the error, or XX000.
    """
    text = str(error)
    kind, _, _ = text.partition(" Error: ")
    if kind == "INTERNAL":
        return NotEmulatedError("DuckDB cannot plan this statement: write it in simpler steps")
    first = re.sub(r"^(?:\w+ )+Error: ", "", text.split("\n", maxsplit=1)[0])
    if match := _OURS.search(text.rsplit("(Error: ", 1)[-1]):
        if match[1] == "0A000":
            return NotEmulatedError(match[2])
        return RedshiftError(match[1], match[2])
    for pattern, sqlstate, message in _WORDS:
        if match := re.search(pattern, text, re.MULTILINE):
            return RedshiftError(sqlstate, message.format(first, *match.groups()))
    if kind == "INTERRUPT":
        first = "Query cancelled on user's request"
    return RedshiftError(_KINDS[kind], first) if kind in _KINDS else RedshiftError("XX000", text)
