"""Scalar SQL functions of users."""

from collections.abc import Callable

import pytest
import redshift_connector

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, emulator_only, refuses

CREATE = "r_CREATE_FUNCTION"
SCALAR = "udf-creating-a-scalar-sql-udf"

_GREATER = (
    "CREATE OR REPLACE FUNCTION f_sql_greater (float, float) RETURNS float STABLE AS $$ "
    "SELECT CASE WHEN $1 > $2 THEN $1 ELSE $2 END $$ LANGUAGE sql"
)
_COMMISSION = (
    "CREATE OR REPLACE FUNCTION f_sql_commission (float, float) RETURNS float STABLE AS $$ "
    "SELECT f_sql_greater ($1, $2) $$ LANGUAGE sql"
)
_KEY = (
    "CREATE OR REPLACE FUNCTION f_key (VARCHAR) RETURNS BIGINT IMMUTABLE AS $$ "
    "SELECT CAST(STRTOL(LEFT(MD5($1), 15), 16) AS BIGINT) $$ LANGUAGE sql"
)


@pytest.fixture
def functions(sales: Database):
    """The functions above; they are dropped at the end, because the stack is shared."""
    for create in (_GREATER, _COMMISSION, _KEY):
        sales.run(create)
    yield sales
    sales.run("DROP VIEW IF EXISTS keyed")
    for signature in ("f_sql_commission(float, float)", "f_sql_greater(float, float)"):
        sales.run(f"DROP FUNCTION {signature}")
    sales.run("DROP FUNCTION f_key(varchar)")


@documented(SCALAR)
def test_a_function_is_called_with_columns(functions: Database) -> None:
    rows = functions.rows("SELECT f_sql_greater(m, f) FROM sales WHERE m IS NOT NULL ORDER BY 1")
    assert rows == [(10.5,), (20.25,)]


@documented(SCALAR)
def test_a_function_calls_a_function(functions: Database) -> None:
    assert functions.value("SELECT f_sql_commission(1, f_sql_commission(3.5, 2))") == 3.5


@documented(SCALAR)
def test_a_function_call_equals_its_inlined_expression(functions: Database) -> None:
    sql = "SELECT COUNT(*) FROM sales WHERE f_key(s || '|') = STRTOL(LEFT(MD5(s || '|'), 15), 16)"
    assert functions.value(sql) == 2


@documented(SCALAR)
def test_a_null_argument_of_a_function_returns_null(functions: Database) -> None:
    assert functions.value("SELECT f_key(NULL)") is None
    assert functions.rows("SELECT f_key(s) FROM sales WHERE s IS NULL") == [(None,)]


@documented(SCALAR)
def test_the_column_has_the_name_of_the_function(functions: Database) -> None:
    cursor = functions.connection.cursor()
    cursor.execute("SELECT f_key('a'), public.f_key('b') AS key_of_b")
    assert [column[0] for column in cursor.description or []] == ["f_key", "key_of_b"]


@documented(SCALAR)
def test_arguments_may_be_parameters_aggregates_and_groups(functions: Database) -> None:
    assert functions.value("SELECT f_key(%s)", ("a",)) == functions.value("SELECT f_key('a')")
    sql = "SELECT f_key(s), f_sql_greater(SUM(f), 2) FROM sales GROUP BY f_key(s) ORDER BY 2"
    assert [value for _, value in functions.rows(sql)] == [2.0, 2.5, 4.0]
    sql = "SELECT f_key(MAX(s)) AS k, f_sql_greater(SUM(f), 7.5) FROM sales"
    assert functions.rows(sql) == [(functions.value("SELECT f_key('cd')"), 8.0)]


@documented(SCALAR)
def test_an_argument_type_may_be_resolved_at_bind_time(functions: Database) -> None:
    """The local Redshift does not know the type of DECODE before DuckDB binds it."""
    sql = "SELECT COUNT(f_key(DECODE(i, 1, 'one', 2, 'two'))) FROM sales"
    assert functions.value(sql) == 3


@documented("r_DROP_SCHEMA")
def test_a_schema_is_dropped_with_its_functions(functions: Database) -> None:
    functions.run("CREATE SCHEMA shop")
    functions.run(_KEY.replace("f_key", "shop.f_key"))
    assert functions.value("SELECT shop.f_key('a')") == functions.value("SELECT f_key('a')")
    assert functions.error("DROP SCHEMA shop")["C"] == "2BP01"
    functions.run("DROP SCHEMA shop CASCADE")
    functions.run("CREATE SCHEMA shop")
    assert functions.error("SELECT shop.f_key('a')")["C"] == "42883"
    functions.run("DROP SCHEMA shop")


@documented(CREATE)
def test_a_view_uses_the_function(functions: Database) -> None:
    functions.run("CREATE VIEW keyed AS SELECT f_key(s) AS k FROM sales WHERE s = 'ab'")
    assert functions.value("SELECT k FROM keyed") == functions.value("SELECT f_key('ab')")
    assert "depends" in functions.error("DROP FUNCTION f_key(varchar)")["M"]
    functions.run(_KEY)  # the same function again


@documented(CREATE)
def test_a_function_is_replaced(functions: Database) -> None:
    assert functions.value("SELECT f_sql_greater(1, 2)") == 2.0
    functions.run(_GREATER.replace(">", "<"))
    assert functions.value("SELECT f_sql_greater(1, 2)") == 1.0, "also if prepared before"
    assert functions.value("SELECT f_sql_commission(1, 2)") == 1.0, "also through another function"
    assert functions.error(_GREATER.replace("OR REPLACE ", ""))["C"] == "42723"


@documented(CREATE)
def test_a_function_is_part_of_the_transaction(
    functions: Database, connect: Callable[..., redshift_connector.Connection]
) -> None:
    work = connect()
    Database(work).run("CREATE FUNCTION f_new (bigint) RETURNS bigint IMMUTABLE AS $$ "
                       "SELECT CAST($1 + 1 AS bigint) $$ LANGUAGE sql")  # fmt: skip
    assert Database(work).value("SELECT f_new(1)") == 2
    assert functions.error("SELECT f_new(1)")["C"] == "42883"
    work.rollback()
    assert functions.error("SELECT f_new(1)")["C"] == "42883"


@documented(CREATE)
@pytest.mark.parametrize("call", ["f_none('a')", "f_key()", "f_key('a', 'b')", "other.f_key('a')"])
def test_a_call_of_an_unknown_function_is_an_error(functions: Database, call: str) -> None:
    assert functions.error(f"SELECT {call}")["C"] == "42883"


_BODY = "IMMUTABLE AS $$ SELECT {} $$ LANGUAGE sql"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        refuses(f"CREATE FUNCTION f_x(int) RETURNS int {_BODY.format('$1 FROM sales')}", "without FROM", "a SQL function has no FROM"),
        refuses(f"CREATE FUNCTION f_x(int) RETURNS int {_BODY.format('(SELECT 1)')}", "without FROM", "a SQL function has no FROM"),
        refuses(f"CREATE FUNCTION f_x(int) RETURNS int {_BODY.format('$1 + 1')}", "CAST", "how a result is converted is not documented"),
        refuses(f"CREATE FUNCTION f_x(int) RETURNS varchar {_BODY.format('$1')}", "CAST", "how a result is converted is not documented"),
        refuses(f"CREATE FUNCTION f_x(varchar(9)) RETURNS varchar {_BODY.format('$1')}", "VARCHAR", "what a length of an argument does is not documented"),
        refuses(f"CREATE FUNCTION f_x(int) RETURNS int {_BODY.format('CAST(i AS INTEGER)')}", "pass them", "a function sees its arguments only"),
        refuses(f"CREATE FUNCTION f_x(float) RETURNS float {_BODY.format('SUM($1)')}", "pass them", "a function is scalar"),
        refuses(f"CREATE FUNCTION f_x(float) RETURNS float {_BODY.format('DISTINCT $1')}", "one expression", "a function is scalar"),
        refuses(f"CREATE FUNCTION f_x(float) RETURNS float {_BODY.format('1.5')}", "all its arguments", "an argument that is not used would vanish"),
        refuses(f"CREATE FUNCTION f_x(varchar) RETURNS varchar {_BODY.format('f_x($1)')}", "calls itself", "the expression would not end"),
        refuses("SELECT f_sql_greater(RANDOM(), 0.5)", "twice", "each copy would be another number"),
        refuses("SELECT f_key(*) FROM sales", "argument", "there is no such call"),
        refuses(f"CREATE FUNCTION x(int) RETURNS int {_BODY.format('$1')}", "prefix", "other names may be those of Redshift's own functions"),
        refuses(f"CREATE FUNCTION f_x(varchar) RETURNS varchar {_BODY.format('STRFTIME($1)')}", "TO_CHAR", "the functions that a function calls are listed, too"),
        refuses("CREATE FUNCTION f_x(a int) RETURNS int IMMUTABLE AS $$ return a $$ LANGUAGE plpythonu", "LANGUAGE sql", "Python functions are not emulated"),
        refuses("SELECT f_key(5)", "CAST", "how an argument is converted is not documented"),
        refuses("SELECT f_key(DECODE(i, 1, 5)) FROM sales", "CAST", "how an argument is converted is not documented"),
        refuses("SELECT f_sql_greater('a', 1)", "CAST", "how an argument is converted is not documented"),
    ],
)  # fmt: skip
def test_undocumented_behaviour_is_refused(functions: Database, sql: str, words: str) -> None:
    fields = functions.error(sql)
    assert fields["C"] == "0A000"
    assert words in fields["M"]


@documented(CREATE)
def test_a_function_calls_only_functions_that_exist(db: Database) -> None:
    body = _BODY.format("f_nowhere($1)")
    assert db.error(f"CREATE FUNCTION f_x(varchar) RETURNS varchar {body}")["C"] == "42883"
    assert db.error(_KEY.replace("f_key", "nowhere.f_key"))["C"] == "3F000"


@documented(SCALAR)
def test_arguments_and_results_have_the_declared_type(functions: Database) -> None:
    functions.run(
        f"CREATE FUNCTION f_iso(timestamp) RETURNS varchar {_BODY.format('CAST($1 AS VARCHAR)')}"
    )
    functions.run(
        "/* of two letters */ CREATE FUNCTION f_known(varchar) RETURNS boolean "
        + _BODY.format("$1 = 'ab' OR $1 = 'cd'")
    )
    assert functions.rows("SELECT f_iso(d) FROM sales WHERE i = 1") == [("2018-01-31 00:00:00",)]
    assert functions.rows("SELECT i FROM sales WHERE f_known(s) AND NOT f_known(s || 'x')") == [
        (1,),
        (2,),
    ]
    for signature in ("f_iso(timestamp)", "f_known(varchar)"):
        functions.run(f"DROP FUNCTION {signature}")


@emulator_only("names are written into SQL of the engine")
@pytest.mark.parametrize(
    "sql",
    [
        """SELECT "x'); DROP TABLE sales; SELECT ('y".f_key('a')""",
        """SELECT public."f_key'); DROP TABLE sales; --"('a')""",
        """DROP SCHEMA "x'; DROP TABLE sales; --" CASCADE""",
    ],
)
def test_a_name_cannot_carry_sql(functions: Database, sql: str) -> None:
    functions.error(sql)
    assert functions.value("SELECT COUNT(*) FROM sales") == 3


@documented(CREATE)
def test_a_positional_parameter_without_an_argument_is_an_error(db: Database) -> None:
    body = _BODY.format("CAST($2 AS INTEGER)")
    assert db.error(f"CREATE FUNCTION f_x(int) RETURNS integer {body}")["C"] == "42P02"


@emulator_only("a view keeps the expression that the function had")
def test_a_function_that_a_view_uses_is_not_replaced(functions: Database) -> None:
    functions.run(
        "CREATE VIEW keyed AS SELECT f_key(s) AS k FROM public.sales WITH NO SCHEMA BINDING"
    )
    assert "view" in functions.error(_KEY.replace("15", "14"))["M"]
    functions.run("DROP VIEW keyed")
    functions.run("CREATE VIEW keyed AS SELECT f_sql_commission(f, 1) AS c FROM sales")
    assert "view" in functions.error(_GREATER.replace(">", "<"))["M"], "through another function"
