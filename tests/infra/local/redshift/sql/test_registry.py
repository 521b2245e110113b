"""The result types that the registry states are those that the functions return."""

from collections.abc import Iterator
from types import ModuleType

from sqlglot import exp

from infra.local.redshift.protocol import (
    BOOL,
    BPCHAR,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    NUMERIC,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
)
from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.parser import parse
from infra.local.redshift.sql.registry import FUNCTIONS
from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import emulator_only
from tests.infra.local.redshift.sql import test_functions, test_semantics

_INTEGERS, _DOUBLES = {INT2, INT4, INT8}, {FLOAT4, FLOAT8}
OIDS = {
    "text": {VARCHAR, TEXT, BPCHAR},
    "date": {DATE, TIMESTAMP, TIMESTAMPTZ},
    "boolean": {BOOL},
    "integer": _INTEGERS,
    "double": _DOUBLES,
    "number": _INTEGERS | _DOUBLES | {NUMERIC},
}
# calls of functions whose documented examples are part of a larger expression
CALLS = """
ASIN(1), ATAN(1), ATAN2(2, 2), BOOL_AND(b), BOOL_OR(b), BTRIM(' a '), CEIL(m), CEILING(f),
CHARINDEX('b', s), COUNT(*), CUME_DIST() OVER (ORDER BY i), DATE_PART(month, d), DATE_PART_YEAR(d),
DENSE_RANK() OVER (ORDER BY i), FLOOR(m), GETDATE(), GROUPING(i), LAST_DAY(d), LEN(s), LENGTH(s),
LOWER(s), LPAD(s, 4), MOD(i, 2), MONTHS_BETWEEN(d, d), NTILE(2) OVER (ORDER BY i), OCTET_LENGTH(s),
PERCENT_RANK() OVER (ORDER BY i), PI(), RANDOM(), RANK() OVER (ORDER BY i), REGEXP_SUBSTR(s, 'b'),
REPEAT(s, 2), REPLICATE(s, 2), ROUND(m), ROW_NUMBER() OVER (ORDER BY i), RPAD(s, 4), SIN(f),
STDDEV(f), STDDEV_POP(f), STDDEV_SAMP(f), TO_HEX(i), TRANSLATE(s, 'a', 'b'), UPPER(s), VAR_POP(f),
VAR_SAMP(f), VARIANCE(f), LISTAGG(s, ','), MEDIAN(f), CONVERT_TIMEZONE('UTC', 'UTC', ts),
LN(f), REPLACE(s, 'a', 'b'), SQRT(f), ADD_MONTHS(d, 1), DATEADD(day, 1, d), DATEDIFF(day, d, ts), DATE_TRUNC('month', ts), TO_CHAR(ts, 'YYYY'),
TO_DATE(s, 'YYYY'), TO_TIMESTAMP(s, 'YYYY'), NEXT_DAY(d, 'Monday'), INITCAP(s), STRTOL(s, 16)
"""


def _examples(module: ModuleType) -> Iterator[str]:
    """The SQL of the `gives` cases of a test module."""
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", []):
            if mark.name == "parametrize" and mark.args[0] == ("sql", "expected"):
                yield from (case.values[0] for case in mark.args[1])


def _called(sql: str) -> str:
    """The function whose result is the only column of a query; '' if it is no function."""
    tree = parse(sql)
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return ""
    value = tree.expressions[0].unalias()
    return name_of(value.this if isinstance(value, exp.Window) else value)


def _calls() -> list[str]:
    depth, start, calls = 0, 0, []
    text = " ".join(CALLS.split())
    for at, letter in enumerate(text + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            calls.append(f"SELECT {text[start:at].strip()} AS x FROM sales WHERE i < 0")
            start = at + 1
    return [sql + (" GROUP BY i" if "GROUPING" in sql else "") for sql in calls]


EXAMPLES = [
    sql.replace(" FROM numbers", " FROM sales")
    for sql in [*_examples(test_functions), *_examples(test_semantics), *_calls()]
    if (function := FUNCTIONS.get(_called(sql))) and function.result in OIDS
]


@emulator_only("the registry is the emulator's own")
def test_a_result_has_the_stated_type(sales: Database) -> None:
    wrong = {}
    cursor = sales.connection.cursor()
    for sql in EXAMPLES:
        cursor.execute(sql)
        assert cursor.description is not None
        if cursor.description[0][1] not in OIDS[FUNCTIONS[_called(sql)].result]:
            wrong[sql] = cursor.description[0][1]
    assert wrong == {}


@emulator_only("the registry is the emulator's own")
def test_every_stated_type_is_tested() -> None:
    stated = {
        name
        for name, function in FUNCTIONS.items()
        if function.result in OIDS and function.duckdb != "grammar"
    }
    assert stated - {_called(sql) for sql in EXAMPLES} == set()


@emulator_only("the registry is the emulator's own")
def test_a_number_keeps_the_kind_of_its_argument(sales: Database) -> None:
    """DuckDB would call an overload for DOUBLE with a DECIMAL, and give a DOUBLE for it."""
    wrong = {}
    cursor = sales.connection.cursor()
    for name, function in FUNCTIONS.items():
        if function.result not in {"number", "same number type"} or not function.takes(1):
            continue
        if function.duckdb == "grammar" or name == "grouping":
            continue
        for column, oids in (("m", {NUMERIC}), ("f", _DOUBLES), ("i", _INTEGERS | {NUMERIC})):
            cursor.execute(f"SELECT {name}({column}) FROM sales WHERE i < 0 GROUP BY {column}")
            assert cursor.description is not None
            if cursor.description[0][1] not in oids:
                wrong[f"{name}({column})"] = cursor.description[0][1]
    assert wrong == {}
