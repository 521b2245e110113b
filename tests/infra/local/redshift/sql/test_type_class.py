"""Type classes: comparison, assignment, and result types of functions."""

import io

import pyarrow.parquet as pq
import pytest
from redshift_connector.error import ProgrammingError

from tests.infra.local.redshift.conftest import Database, Place
from tests.infra.local.redshift.ledger import documented, emulator_only, fails, gives, refuses

TYPES = "c_Supported_data_types"
_LITERALS = "the type that a literal takes on in Redshift depends on what is around it"
_CONVERTS = "which conversions are implicit, and how they round, is documented in part"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        fails("SELECT i FROM sales UNION ALL SELECT s FROM sales", "CAST", "r_UNION"),
        fails("SELECT b FROM sales UNION SELECT i FROM sales", "CAST", "r_UNION"),
        fails("SELECT d FROM sales INTERSECT SELECT s FROM sales", "CAST", "r_UNION"),
        fails("SELECT i FROM sales UNION ALL (SELECT 1 LIMIT 1)", "LIMIT", "r_UNION"),
        refuses("SELECT d FROM sales UNION ALL SELECT '2018-01-01'", "CAST", _LITERALS),
        refuses("SELECT i FROM sales UNION ALL SELECT '7'", "CAST", _LITERALS),
        refuses("WITH a AS (SELECT i AS x FROM sales) SELECT x FROM a UNION SELECT 'b'", "CAST", _LITERALS),
    ],
)  # fmt: skip
def test_union_queries_must_return_the_same_type_classes(
    sales: Database, sql: str, words: str
) -> None:
    assert words in sales.error(sql)["M"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        refuses("INSERT INTO sales (i) VALUES ('3.5')", "takes a number", _CONVERTS),
        refuses("INSERT INTO sales (i) VALUES (3.5)", "ROUND", _CONVERTS),
        refuses("INSERT INTO sales (i) SELECT s FROM sales", "takes a number", _CONVERTS),
        refuses("INSERT INTO sales (s) VALUES (TRUE)", "takes a text", _CONVERTS),
        refuses("INSERT INTO sales (s) SELECT f FROM sales", "takes a text", _CONVERTS),
        refuses("INSERT INTO sales (d) SELECT s FROM sales", "takes a date", _CONVERTS),
        refuses("INSERT INTO sales (b) VALUES (1)", "takes a boolean", _CONVERTS),
        refuses("UPDATE sales SET i = s", "takes a number", _CONVERTS),
        refuses("UPDATE sales SET m = '5'", "takes a number", _CONVERTS),
        refuses("UPDATE sales SET b = 1", "takes a boolean", _CONVERTS),
    ],
)  # fmt: skip
def test_a_value_of_another_type_class_is_refused(sales: Database, sql: str, words: str) -> None:
    assert words in sales.error(sql)["M"]


@documented("r_INSERT_30")
def test_literals_of_dates_booleans_and_integers_can_be_inserted(
    sales: Database,
) -> None:
    sales.run(
        "INSERT INTO sales (i, m, d, ts, b) VALUES (9, 5, '2018-03-01', '2018-03-01', 'true')"
    )
    sales.run("UPDATE sales SET d = '2018-04-01', m = 6 WHERE i = 9")
    assert str(sales.rows("SELECT m, d, b FROM sales WHERE i = 9")) == (
        "[(Decimal('6.00'), datetime.date(2018, 4, 1), True)]"
    )


@emulator_only("the text of a parameter is checked as a CAST is")
def test_a_parameter_for_an_integer_column_must_be_an_integer(sales: Database) -> None:
    sales.run("INSERT INTO sales (i) VALUES (%s)", ("8",))
    assert sales.value("SELECT COUNT(*) FROM sales WHERE i = 8") == 1
    assert "Invalid digit" in sales.error("INSERT INTO sales (i) VALUES (%s)", ("7.9",))["M"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT LEN('abc')", 23, "r_LEN"),
        gives("SELECT OCTET_LENGTH('abc')", 23, "r_OCTET_LENGTH"),
        gives("SELECT STRPOS('abc', 'c')", 23, "r_STRPOS"),
        gives("SELECT POSITION('c' IN 'abc')", 23, "r_POSITION"),
        gives("SELECT CHARINDEX('c', 'abc')", 23, "r_CHARINDEX"),
        gives("SELECT REGEXP_COUNT('abc', 'b')", 23, "REGEXP_COUNT"),
        gives("SELECT REGEXP_INSTR('abc', 'b')", 23, "REGEXP_INSTR"),
        gives("SELECT EXTRACT(YEAR FROM d) FROM sales", 23, "r_EXTRACT_function"),
        gives("SELECT DATE_PART(YEAR, d) FROM sales", 701, "r_DATE_PART_function"),
        gives("SELECT RANK() OVER (ORDER BY i) FROM sales", 23, "r_WF_RANK"),
        gives("SELECT DENSE_RANK() OVER (ORDER BY i) FROM sales", 23, "r_WF_DENSE_RANK"),
        gives("SELECT ROW_NUMBER() OVER (ORDER BY i) FROM sales", 20, "r_WF_ROW_NUMBER"),
        gives("SELECT COUNT(*) FROM sales", 20, "r_COUNT"),
        gives("SELECT SUM(i) FROM sales", 20, "r_SUM"),
        gives("SELECT AVG(i) FROM sales", 20, "r_AVG"),
        gives("SELECT DATEDIFF(day, d, d) FROM sales", 20, "r_DATEDIFF_function"),
        gives("SELECT MONTHS_BETWEEN(d, d) FROM sales", 701, "r_MONTHS_BETWEEN_function"),
    ],
)
def test_functions_give_their_documented_type(sales: Database, sql: str, expected: int) -> None:
    cursor = sales.connection.cursor()
    cursor.execute(sql)
    assert cursor.description[0][1] == expected  # the OID of the type


@documented("r_UNLOAD")
def test_unloaded_parquet_has_the_documented_types(sales: Database, place: Place) -> None:
    query = "SELECT LEN(s) AS a, COUNT(*) AS b FROM sales GROUP BY s"
    sales.run(
        f"UNLOAD ('{query}') TO 's3://{place.bucket}/types/' IAM_ROLE '{place.role}' "
        "FORMAT AS PARQUET PARALLEL OFF ALLOWOVERWRITE"
    )
    (key,) = place.keys("types/")
    schema = pq.read_schema(io.BytesIO(place.get(key)))
    assert [str(field.type) for field in schema] == ["int32", "int64"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT REGEXP_INSTR('abcabc', 'bc$')", 5, "REGEXP_INSTR"),
        gives("SELECT REGEXP_INSTR('aXbX', 'X$')", 4, "REGEXP_INSTR"),
        gives("SELECT REGEXP_INSTR('the home', '[h|o]m')", 6, "REGEXP_INSTR"),
        gives("SELECT MONTHS_BETWEEN(DATE '2018-03-31', DATE '2018-02-28')", 1.0, "r_MONTHS_BETWEEN_function"),
        gives("SELECT ROUND(MONTHS_BETWEEN(DATE '1969-01-18', DATE '1969-03-18'), 1)", -2.0, "r_MONTHS_BETWEEN_function"),
        gives("SELECT CEIL(i) FROM sales WHERE i = 1", 1, "r_CEILING_FLOOR"),
        gives("SELECT MOD(-7, 3)", -1, "r_MOD"),
        gives("SELECT LISTAGG(s, NULL) WITHIN GROUP (ORDER BY s) FROM sales", "abcd", "r_LISTAGG"),
        gives("SELECT s FROM sales WHERE s = 'ab '", "ab", "r_Character_types"),
    ],
)  # fmt: skip
def test_functions_give_the_documented_result(sales: Database, sql: str, expected: object) -> None:
    assert sales.value(sql) == expected


@documented("r_WF_LAG")
def test_window_functions_ignore_nulls_if_requested(db: Database) -> None:
    db.run("CREATE TEMP TABLE gaps AS SELECT 1 AS k, CAST(NULL AS INTEGER) AS v")
    db.run("INSERT INTO gaps VALUES (2, 10), (3, NULL), (4, 40)")
    lines = {
        "LAST_VALUE(v) IGNORE NULLS OVER (ORDER BY k ROWS UNBOUNDED PRECEDING)": [None, 10, 10, 40],
        "LAST_VALUE(v) RESPECT NULLS OVER (ORDER BY k ROWS UNBOUNDED PRECEDING)": [None, 10, None, 40],
        "LAG(v) IGNORE NULLS OVER (ORDER BY k)": [None, None, 10, 10],
        "LEAD(v, 1) IGNORE NULLS OVER (ORDER BY k)": [10, 40, 40, None],
    }  # fmt: skip
    for window, expected in lines.items():
        rows = db.rows(f"SELECT k, {window} AS w FROM gaps ORDER BY k")
        assert [value for _, value in rows] == expected, window


@documented("c_Window_functions")
def test_a_window_over_groups_may_count_distinct_values(sales: Database) -> None:
    sql = "SELECT i, SUM(COUNT(DISTINCT s)) OVER () AS n FROM sales GROUP BY i ORDER BY i"
    assert sales.rows(sql) == [(1, 2), (2, 2)]


@documented("r_Character_types")
def test_window_peers_may_differ_in_trailing_blanks(db: Database) -> None:
    db.run("CREATE TEMP TABLE peers (s VARCHAR(5))")
    db.run("INSERT INTO peers VALUES ('a'), ('a '), ('b')")
    assert db.rows("SELECT RANK() OVER (ORDER BY s) AS r FROM peers ORDER BY r") == [
        (1,),
        (1,),
        (3,),
    ]


@documented("r_patternmatching_condition_like")
@pytest.mark.parametrize("operator", ["LIKE", "ILIKE"])
def test_patterns_may_be_negated_and_escaped(sales: Database, operator: str) -> None:
    assert sales.value(f"SELECT COUNT(*) FROM sales WHERE s NOT {operator} 'a%'") == 1
    assert sales.value(f"SELECT COUNT(*) FROM sales WHERE s NOT {operator} %s", ("a%",)) == 1
    assert sales.value(f"SELECT '5% off' {operator} '5^%%' ESCAPE '^' AS x") is True
    assert sales.value(f"SELECT '50 off' NOT {operator} '5^%%' ESCAPE '^' AS x") is True


@documented("r_patternmatching_condition_like")
def test_a_backslash_in_a_parameter_escapes(db: Database) -> None:
    assert db.value("SELECT 'a_b' LIKE %s AS x", ("a\\_b",)) is True
    assert db.value("SELECT 'axb' LIKE %s AS x", ("a\\_b",)) is False


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        fails("SELECT SQRT(-1)", "2201F", "r_SQRT"),
        fails("SELECT LN(0)", "2201E", "r_LN"),
        fails("SELECT LOG(-1)", "2201E", "r_LOG"),
        fails("SELECT COUNT() FROM sales", "42883", "r_COUNT"),
        fails("SELECT f % 2 FROM sales", "42883", "r_MOD"),
        fails("SELECT (SELECT i FROM sales)", "21000", "r_scalar_subqueries"),
        fails("SELECT TO_DATE('20180131', 'YYYY-MM-DD')", "22007", "r_TO_DATE_function"),
        fails("SELECT CAST('1_000' AS DECIMAL(10, 2))", "22P02", TYPES),
        fails("SELECT CAST(1.5 AS BOOLEAN)", "42846", TYPES),
        refuses("SELECT REGEXP_COUNT('AaA', '(?i)a')", "0A000", "PCRE needs the parameter p"),
        refuses("SELECT REGEXP_REPLACE('ab', '(a)', '$1')", "0A000", "how groups are named is not documented"),
        refuses("SELECT REGEXP_COUNT('a', '[')", "22023", "the words of the error are the engine's"),
        refuses("SELECT CAST('ab' AS CHAR(4))", "0A000", "CHAR is padded"),
        refuses("SELECT SPLIT_PART('abc', '', 1)", "0A000", "a delimiter of no length is not documented"),
        refuses("SELECT 1 AS a WHERE (1, 'a') = (1, 'a ')", "0A000", "rows compare blanks, too"),
    ],
)  # fmt: skip
def test_invalid_function_arguments_are_an_error(sales: Database, sql: str, state: str) -> None:
    assert sales.error(sql)["C"] == state


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        refuses("SELECT r + 1 FROM reals", "REAL", "Redshift goes on in DOUBLE PRECISION, the engine in REAL"),
        refuses("SELECT x * 2 FROM (SELECT r AS x FROM reals) AS q", "REAL", "the same through a subquery"),
        fails("SELECT i FROM (SELECT i, s AS i FROM sales) AS q", "ambiguous", "r_FROM_clause30"),
        fails("WITH q AS (SELECT a.i, b.i FROM sales AS a, sales AS b) SELECT i FROM q", "ambiguous", "r_WITH_clause"),
    ],
)  # fmt: skip
def test_ambiguous_names_and_real_arithmetic_are_errors(
    sales: Database, sql: str, words: str
) -> None:
    sales.run("CREATE TEMP TABLE reals (r REAL)")
    assert words in sales.error(sql)["M"]


@emulator_only("the lengths of the columns of CREATE TABLE AS are not known here")
def test_text_cannot_be_written_to_a_table_created_from_a_query(sales: Database) -> None:
    sales.run("CREATE TEMP TABLE made AS SELECT i, s FROM sales")
    for sql in ("INSERT INTO made VALUES (1, 'a')", "UPDATE made SET s = 'b'"):
        assert "CREATE TABLE it with its types" in sales.error(sql)["M"]
    sales.run("UPDATE made SET i = 5")
    sales.run("DELETE FROM made")


@pytest.fixture
def joined(db: Database) -> Database:
    for table, columns, rows in (
        ("a", "k INTEGER, x VARCHAR(5)", "(1, 'a1'), (2, 'a2')"),
        ("b", "k INTEGER, j VARCHAR(5), y VARCHAR(5)", "(1, 'j', 'b1'), (3, 'i', 'b3')"),
        ("c", "j VARCHAR(5), z VARCHAR(5)", "('j ', 'c1')"),
    ):
        db.run(f"CREATE TEMP TABLE using_{table} ({columns})")
        db.run(f"INSERT INTO using_{table} VALUES {rows}")
    return db


_USING = "https://www.postgresql.org/docs/8.0/queries-table-expressions.html"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        gives("SELECT k, x, y FROM using_a JOIN using_b USING (k)", [(1, "a1", "b1")], _USING),
        gives("SELECT * FROM using_a JOIN using_b USING (k)", [(1, "a1", "j", "b1")], _USING),
        gives("SELECT * FROM using_a LEFT JOIN using_b USING (k) ORDER BY k", [(1, "a1", "j", "b1"), (2, "a2", None, None)], _USING),
        gives("SELECT k, y FROM using_a RIGHT JOIN using_b USING (k) ORDER BY k", [(1, "b1"), (3, "b3")], _USING),
        # the USING columns of the last join come first; comparison ignores trailing blanks
        gives("SELECT * FROM using_a JOIN using_b USING (k) JOIN using_c USING (j)", [("j", 1, "a1", "b1", "c1")], _USING),
        gives("WITH q AS (SELECT k FROM using_a) SELECT k, COUNT(y) AS n FROM q LEFT JOIN using_b USING (k) GROUP BY k ORDER BY k", [(1, 1), (2, 0)], _USING),
    ],
)  # fmt: skip
def test_join_using_merges_columns(joined: Database, sql: str, expected: list[tuple]) -> None:
    assert joined.rows(sql) == expected


@emulator_only("PCRE needs the parameter p, in a parameter of the client as well")
@pytest.mark.parametrize("sql", ["SELECT 'A' ~ %s AS x", "SELECT REGEXP_COUNT('A', %s) AS x"])
def test_a_pattern_passed_as_a_parameter_is_also_validated(db: Database, sql: str) -> None:
    assert db.value(sql, ("A",)) in {True}
    assert "parameter p" in db.error(sql, ("(?i)a",))["M"]


@documented("r_ALTER_TABLE")
def test_a_renamed_table_keeps_its_columns_and_can_be_altered(db: Database) -> None:
    for table in ("named", "named_old"):
        db.run(f"DROP TABLE IF EXISTS {table}")
    db.run("CREATE TABLE named (a VARCHAR(7))")
    db.run("ALTER TABLE named RENAME TO named_old")
    db.run("CREATE TABLE named (a VARCHAR(3))")
    db.run("ALTER TABLE named_old ADD COLUMN b INTEGER")
    lengths = db.rows(
        "SELECT table_name, character_maximum_length FROM svv_columns "
        "WHERE table_name IN ('named', 'named_old') AND column_name = 'a' ORDER BY table_name"
    )
    assert lengths == [("named", 3), ("named_old", 7)]


@documented("r_DROP_TABLE")
def test_a_table_that_a_view_reads_is_dropped_by_cascade_only(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS base CASCADE")
    db.run("CREATE TABLE base (a INTEGER)")
    db.run("CREATE VIEW over_base AS SELECT a FROM base")
    db.run("CREATE VIEW over_view AS SELECT a FROM over_base")
    assert "depends on it" in db.error("DROP TABLE base")["M"]
    db.run("DROP TABLE base CASCADE")
    for view in ("over_base", "over_view"):
        assert db.error(f"SELECT * FROM {view}")["C"] == "42P01"


@documented("r_CREATE_VIEW")
def test_a_view_without_schema_binding_survives_a_drop_of_its_table(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS late CASCADE")
    db.run("CREATE TABLE late (a INTEGER)")
    db.run("CREATE OR REPLACE VIEW late_view AS SELECT a FROM public.late WITH NO SCHEMA BINDING")
    db.run("DROP TABLE late")
    with pytest.raises(ProgrammingError):
        db.rows("SELECT * FROM late_view")
    db.run("CREATE TABLE late AS SELECT 5 AS a")
    assert db.value("SELECT a FROM late_view") == 5


@documented("r_CREATE_VIEW")
def test_a_view_is_replaced_by_one_of_the_same_columns_only(sales: Database) -> None:
    sales.run("DROP VIEW IF EXISTS shown")
    sales.run("CREATE VIEW shown AS SELECT i FROM sales")
    sales.run("CREATE OR REPLACE VIEW shown AS SELECT i + 0 AS i FROM sales")
    assert (
        "DROP it first"
        in sales.error("CREATE OR REPLACE VIEW shown AS SELECT s AS i FROM sales")["M"]
    )


@emulator_only("a prepared statement is translated by its tables' columns, which may change")
def test_a_prepared_statement_is_translated_again_after_a_table_change(db: Database) -> None:
    sql = "SELECT COUNT(*) FROM moving WHERE a = 'x '"
    db.run("DROP TABLE IF EXISTS moving")
    db.run("CREATE TABLE moving (a VARCHAR(5))")
    db.run("INSERT INTO moving VALUES ('x')")
    assert db.value(sql) == 1
    db.run("DROP TABLE moving")
    db.run("CREATE TABLE moving (a INTEGER)")
    assert "number" in db.error(sql)["M"]


class TestScopes:
    """Names resolve as in Redshift; text in `p.cust` has trailing blanks."""

    @pytest.fixture
    def p(self, db: Database) -> Database:
        for table, columns, rows in (
            ("public.p", "id INTEGER, cust VARCHAR(20)", "(1, 'a'), (2, 'a '), (3, 'b')"),
            ("core.k", "id INTEGER, v VARCHAR(5)", "(1, 'a'), (2, 'a ')"),
            ("stg.k", "id INTEGER, v INTEGER", "(1, 1), (2, 2)"),
        ):
            db.run(f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}")
            db.run(f"DROP TABLE IF EXISTS {table} CASCADE")
            db.run(f"CREATE TABLE {table} ({columns})")
            db.run(f"INSERT INTO {table} VALUES {rows}")
        return db

    @documented("r_Character_types")
    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            # two tables with the same name in two schemas
            ("SELECT COUNT(DISTINCT core.k.v) AS n FROM core.k JOIN stg.k ON core.k.id = stg.k.id", [(1,)]),
            # a CTE with column names over duplicate columns
            ("WITH q(x, y, z) AS (SELECT cust, cust, id FROM p) SELECT COUNT(*) AS n FROM q AS a JOIN q AS b ON a.y = b.y", [(5,)]),
            # a CTE with the name of the table that it reads
            ("WITH p AS (SELECT 7 AS n UNION ALL SELECT COUNT(*) FROM p AS a JOIN p AS b ON a.cust = b.cust) SELECT n FROM p ORDER BY 1", [(5,), (7,)]),
            ("WITH p AS (SELECT 7 AS cust UNION ALL SELECT id FROM p WHERE cust = 'b') SELECT cust FROM p ORDER BY 1", [(3,), (7,)]),
            # in ORDER BY an alias has priority; elsewhere a USING column has
            ("SELECT -id AS id FROM p AS a JOIN p AS b USING (id) ORDER BY id", [(-3,), (-2,), (-1,)]),
            ("SELECT MAX(id) AS id, b.cust FROM p AS a JOIN p AS b USING (id) WHERE id <> 2 GROUP BY b.cust ORDER BY id", [(1, "a"), (3, "b")]),
            # default names of unnamed columns
            ("SELECT max FROM (SELECT MAX(id) FROM p) AS a", [(3,)]),
            ("WITH q(a, b) AS (SELECT MAX(id), COUNT(*) FROM p) SELECT a, b FROM q", [(3, 3)]),
            ("WITH RECURSIVE n(i, j) AS (SELECT 1, 1 UNION ALL SELECT i + 1, j + i FROM n WHERE i < 3) SELECT i, j FROM n ORDER BY 1", [(1, 1), (2, 2), (3, 4)]),
            ("SELECT DISTINCT MAX(id) FROM p", [(3,)]),
            ("SELECT id FROM p WHERE id <2", [(1,)]),
        ],
    )  # fmt: skip
    def test_names_resolve_by_schema_cte_and_alias(
        self, p: Database, sql: str, expected: list
    ) -> None:
        assert p.rows(sql) == expected

    @documented("r_UPDATE")
    def test_a_cte_of_an_update_may_shadow_a_table_name(self, p: Database) -> None:
        p.run(
            "WITH p AS (SELECT x.id AS cust FROM p AS x JOIN p AS y ON x.cust = y.cust AND x.id <> y.id) "
            "UPDATE core.k SET v = 'z' FROM p WHERE core.k.id = p.cust"
        )
        assert p.rows("SELECT v FROM core.k") == [("z",), ("z",)]

    @documented("r_UPDATE")
    def test_update_and_delete_can_join_several_tables(self, p: Database) -> None:
        p.run(
            "UPDATE p SET cust = 'q' FROM core.k AS c JOIN stg.k AS s ON c.id = s.id WHERE p.id = c.id"
        )
        assert p.value("SELECT COUNT(*) FROM p WHERE cust = 'q'") == 2
        p.run("DELETE FROM p USING core.k AS c, stg.k AS s WHERE p.id = c.id AND c.id = s.id")
        assert p.rows("SELECT id FROM p") == [(3,)]

    @documented("r_CREATE_TABLE_NEW")
    def test_a_temporary_table_hides_a_permanent_one_but_not_from_views(self, p: Database) -> None:
        p.run("CREATE VIEW over_p AS SELECT cust FROM p")
        p.run("CREATE TEMP TABLE p (id VARCHAR(5), cust INTEGER)")
        assert p.value("SELECT COUNT(*) FROM p") == 0
        assert p.value("SELECT COUNT(*) FROM over_p") == 3
        joined = "SELECT COUNT(*) FROM public.p AS a JOIN public.p AS b ON a.cust = b.cust"
        assert p.value(joined) == 5

    @emulator_only("a client that was told of other columns would misread the rows")
    def test_a_prepared_query_whose_columns_change_is_refused(self, p: Database, connect) -> None:
        p.run("DROP TABLE IF EXISTS shape")
        p.run("CREATE TABLE shape (a INTEGER)")
        sql = "SELECT * FROM shape"
        assert p.rows(sql) == []
        other = Database(connect())
        other.connection.autocommit = True
        other.run("DROP TABLE shape")
        other.run("CREATE TABLE shape (a VARCHAR(5), b INTEGER)")
        assert "prepare the statement again" in p.error(sql)["M"]

    @documented("r_DEALLOCATE")
    def test_deallocate_all_is_accepted(self, p: Database) -> None:
        p.run("DEALLOCATE ALL")

    @emulator_only("types that Redshift has no counterpart for")
    def test_parameters_of_other_types_are_refused(self, p: Database) -> None:
        assert "OID" in p.error("SELECT %s AS a", ([1, 2],))["M"]
