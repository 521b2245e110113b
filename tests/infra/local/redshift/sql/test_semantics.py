"""Expressions return the documented results, also where other databases differ."""

import datetime as dt
from decimal import Decimal

import pytest

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, fails, gives, refuses

_FLOAT = "https://www.postgresql.org/docs/8.0/datatype.html"  # "values too large … cause an error"
_TS = "CAST('2018-03-04 15:06:07.189717' AS TIMESTAMP)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # numbers
        gives("SELECT AVG(i) FROM sales", 1, "r_AVG"),  # 5 / 3, truncated
        gives("SELECT AVG(f) FROM sales WHERE i = 1", 1.5, "r_AVG"),
        gives("SELECT AVG(m) FROM sales", Decimal("15.37"), "r_FROM_clause-pivot-unpivot-examples"),  # 15.375, cut
        gives("SELECT AVG(m) OVER () FROM sales LIMIT 1", Decimal("15.37"), "r_FROM_clause-pivot-unpivot-examples"),
        gives("SELECT AVG(x) FROM (SELECT m * 2 AS x FROM sales)", Decimal("30.75"), "r_FROM_clause-pivot-unpivot-examples"),
        gives("SELECT 7 / 2", 3, "r_OPERATOR_SYMBOLS"),
        gives("SELECT -7 / 2", -3, "r_OPERATOR_SYMBOLS"),
        gives("SELECT SUM(i) / COUNT(*) FROM sales", 1, "r_numeric_computations201"),
        gives("SELECT 100 * COUNT(m) / COUNT(*) FROM sales", 66, "r_numeric_computations201"),
        gives("SELECT SUM(m) FROM sales", Decimal("30.75"), "r_SUM"),
        gives("SELECT SUM(i) FROM sales", 5, "r_SUM"),
        gives("SELECT SUM(DISTINCT i) FROM sales", 3, "r_SUM"),
        gives("SELECT SUM(i) OVER (PARTITION BY i) FROM sales ORDER BY 1 DESC LIMIT 1", 4, "r_WF_SUM"),
        gives("SELECT SUM(SUM(i)) OVER () FROM sales", 5, "r_WF_SUM"),
        gives("SELECT AVG(i) OVER () FROM sales LIMIT 1", 1, "r_WF_AVG"),
        gives("SELECT CAST(1.7 AS DECIMAL)", Decimal(2), "r_Numeric_types201"),
        gives("SELECT ROUND(28.05, 1)", Decimal("28.1"), "r_ROUND"),
        gives("SELECT ROUND(-28.05, 1)", Decimal("-28.1"), "r_ROUND"),
        gives("SELECT TRUNC(115.86)", Decimal(115), "r_TRUNC"),
        gives("SELECT MOD(10, 4)", 2, "r_MOD"),
        gives("SELECT -10 % 4", -2, "r_OPERATOR_SYMBOLS"),
        gives("SELECT CEIL(1.2)", Decimal(2), "r_CEILING_FLOOR"),
        gives("SELECT FLOOR(-1.2)", Decimal(-2), "r_FLOOR"),
        gives("SELECT DLOG10(100)", 2.0, "r_DLOG10"),
        gives("SELECT LOG(1000)", 3.0, "r_LOG"),
        gives("SELECT STRTOL('ff', 16)", 255, "r_STRTOL"),
        gives("SELECT TO_HEX(2147676847)", "8002f2af", "r_TO_HEX"),
        gives("SELECT GREATEST(1, NULL, 3)", 3, "r_GREATEST_LEAST"),
        gives("SELECT MEDIAN(f) FROM sales", 2.5, "r_MEDIAN"),
        gives("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY f) FROM sales", 2.5, "r_PERCENTILE_CONT"),
        gives("SELECT APPROXIMATE COUNT(DISTINCT i) FROM sales", 2, "r_COUNT"),
        # text
        gives("SELECT 'a' = 'a  '", True, "r_Character_types"),
        gives("SELECT COUNT(*) FROM sales WHERE s = 'ab   '", 1, "r_Character_types"),
        gives("SELECT COUNT(*) FROM sales WHERE s IN ('ab ', 'x')", 1, "r_Character_types"),
        gives("SELECT NULLIF('a ', 'a')", None, "r_Character_types"),
        gives("SELECT CASE 'a ' WHEN 'a' THEN 1 ELSE 0 END", 1, "r_Character_types"),
        gives("SELECT 'ab ' LIKE 'ab'", False, "r_patternmatching_condition_like"),
        gives("SELECT CONCAT('a', NULL)", None, "r_CONCAT"),
        gives("SELECT 'a' || NULL", None, "r_concat_op"),
        gives("SELECT 'n' || 5", "n5", "r_concat_op"),
        gives("SELECT CAST('Incomplete' AS CHAR(3))", "Inc", "r_Character_types"),
        gives("SELECT 'Incomplete'::VARCHAR(4)", "Inco", "r_Character_types"),
        gives("SELECT SUBSTRING('caterpillar', 6, 4)", "pill", "r_SUBSTRING"),
        gives("SELECT SUBSTRING('caterpillar', -2, 6)", "cat", "r_SUBSTRING"),
        gives("SELECT SUBSTRING('caterpillar', 0, 4)", "cat", "r_SUBSTRING"),
        gives("SELECT LEN('français')", 8, "r_LEN"),
        gives("SELECT OCTET_LENGTH('français')", 9, "r_OCTET_LENGTH"),
        gives("SELECT CHARINDEX('fish', 'dogfish')", 4, "r_CHARINDEX"),
        gives("SELECT POSITION('fish' IN 'dogfish')", 4, "r_POSITION"),
        gives("SELECT STRPOS('dogfish', 'fish')", 4, "r_STRPOS"),
        gives("SELECT SPLIT_PART('abc$def$ghi', '$', 2)", "def", "SPLIT_PART"),
        gives("SELECT LPAD('lefty', 10, 'x')", "xxxxxlefty", "r_LPAD"),
        gives("SELECT RPAD('right', 3)", "rig", "r_LPAD"),
        gives("SELECT BTRIM('xxabcxx', 'x')", "abc", "r_BTRIM"),
        gives("SELECT TRIM(BOTH 'x' FROM 'xabcx')", "abc", "r_TRIM"),
        gives("SELECT REPLICATE('ab', 2)", "abab", "r_REPLICATE"),
        gives("SELECT REVERSE('abc')", "cba", "r_REVERSE"),
        gives("SELECT INITCAP('nibh.enim@egestas.ca')", "Nibh.Enim@Egestas.Ca", "r_INITCAP"),
        gives("SELECT TRANSLATE('mint tea', 'inea', 'osin')", "most tin", "r_TRANSLATE"),
        gives("SELECT MD5('Amazon Redshift')", "f7415e33f972c03abd4f3fed36748f7a", "r_MD5"),
        gives("SELECT REGEXP_REPLACE('the fox', 'o|e', 'x')", "thx fxx", "REGEXP_REPLACE"),
        gives("SELECT REGEXP_SUBSTR('key=val', 'key=(.*)', 1, 1, 'e')", "val", "REGEXP_SUBSTR"),
        gives("SELECT REGEXP_SUBSTR('abc', 'x')", "", "REGEXP_SUBSTR"),
        gives("SELECT REGEXP_COUNT('abcabc', 'b')", 2, "REGEXP_COUNT"),
        gives("SELECT REGEXP_INSTR('abcabc', 'c')", 3, "REGEXP_INSTR"),
        gives("SELECT 'abc' ~ 'b'", True, "pattern-matching-conditions-posix"),
        gives("SELECT LISTAGG(s) WITHIN GROUP (ORDER BY s) FROM sales", "abcd", "r_LISTAGG"),
        gives("SELECT LISTAGG(s, ', ') WITHIN GROUP (ORDER BY s DESC) FROM sales", "cd, ab", "r_LISTAGG"),
        gives("SELECT LISTAGG(DISTINCT i, '-') WITHIN GROUP (ORDER BY i) FROM sales", "1-2", "r_LISTAGG"),
        gives("SELECT LISTAGG(CASE WHEN i = 1 THEN '' ELSE 'x' END, ',') FROM sales", "x,x", "r_LISTAGG"),
        gives("SELECT JSON_EXTRACT_PATH_TEXT('{\"f4\":{\"f6\":\"star\"}}', 'f4', 'f6')", "star", "JSON_EXTRACT_PATH_TEXT"),
        gives("SELECT DECODE(i, 1, 'one', 'other') FROM sales WHERE i = 1", "one", "r_DECODE_expression"),
        gives("SELECT DECODE(NULL, NULL, 'null', 'other')", "null", "r_DECODE_expression"),
        gives("SELECT NVL(NULL, 'x')", "x", "r_NVL_function"),
        gives("SELECT NVL2(NULL, 'a', 'b')", "b", "r_NVL2"),
        # dates
        gives("SELECT DATEADD(month, 1, CAST('2008-04-30' AS DATE))", dt.datetime(2008, 5, 30), "r_DATEADD_function"),
        gives("SELECT ADD_MONTHS(CAST('2008-04-30' AS DATE), 1)", dt.datetime(2008, 5, 31), "r_ADD_MONTHS"),
        gives("SELECT DATEDIFF(day, CAST('2018-01-01 23:59:59' AS TIMESTAMP), CAST('2018-01-02' AS TIMESTAMP))", 1, "r_DATEDIFF_function"),
        gives("SELECT DATEDIFF(month, CAST('2018-01-31' AS DATE), CAST('2018-02-01' AS DATE))", 1, "r_DATEDIFF_function"),
        gives("SELECT DATE_TRUNC('week', CAST('2018-03-04' AS DATE))", dt.datetime(2018, 2, 26), "r_DATE_TRUNC"),
        gives("SELECT TRUNC(CAST('2011-07-21 10:32:38' AS TIMESTAMP))", dt.date(2011, 7, 21), "r_TRUNC_date"),
        gives("SELECT LAST_DAY(CAST('2018-02-03' AS DATE))", dt.date(2018, 2, 28), "r_LAST_DAY"),
        gives("SELECT NEXT_DAY(CAST('2014-08-20' AS DATE), 'Tuesday')", dt.date(2014, 8, 26), "r_NEXT_DAY"),
        gives(f"SELECT EXTRACT(ms FROM {_TS})", 189, "r_Dateparts_for_datetime_functions"),
        gives(f"SELECT EXTRACT(us FROM {_TS})", 189717, "r_Dateparts_for_datetime_functions"),
        gives(f"SELECT EXTRACT(second FROM {_TS})", 7, "r_EXTRACT_function"),
        gives("SELECT EXTRACT(epoch FROM CAST('1970-01-02' AS TIMESTAMP))", 86400, "r_EXTRACT_function"),
        gives("SELECT EXTRACT(dow FROM CAST('2018-01-07' AS DATE))", 0, "r_EXTRACT_function"),
        gives(f"SELECT DATE_PART(sec, {_TS})", 7.189717, "r_DATE_PART_function"),
        gives("SELECT DATE_PART(w, CAST('2008-06-05' AS DATE))", 23.0, "r_DATE_PART_function"),
        gives("SELECT CAST('2018-01-31' AS DATE) - CAST('2018-01-01' AS DATE)", 30, "r_Datetime_types"),
        gives("SELECT CAST('2018-01-31' AS DATE) + INTERVAL '1 day'", dt.datetime(2018, 2, 1), "r_interval_literals"),
        gives(f"SELECT TO_CHAR({_TS}, 'YYYY-MM-DD HH24:MI:SS.US')", "2018-03-04 15:06:07.189717", "r_TO_CHAR"),
        gives(f"SELECT TO_CHAR({_TS}, 'Month|MONTH|Mon|DY|HH12 AM|Q|D|MS')", "March    |MARCH    |Mar|SUN|03 PM|1|1|189", "r_FORMAT_strings"),
        gives("SELECT TO_DATE('02 Oct 2001', 'DD Mon YYYY')", dt.date(2001, 10, 2), "r_TO_DATE_function"),
        gives("SELECT CONVERT_TIMEZONE('America/Sao_Paulo', CAST('2018-01-01 12:00:00' AS TIMESTAMP))", dt.datetime(2018, 1, 1, 10), "CONVERT_TIMEZONE"),
        gives("SELECT CONVERT_TIMEZONE('PST', CAST('2018-07-01 12:00:00' AS TIMESTAMP))", dt.datetime(2018, 7, 1, 4), "CONVERT_TIMEZONE"),
        # casts and booleans
        gives("SELECT CAST('12' AS INTEGER)", 12, "r_CAST_function"),
        gives("SELECT CONVERT(INTEGER, '12')", 12, "r_CONVERT_function"),
        gives("SELECT CAST('yes' AS BOOLEAN)", True, "r_Boolean_type"),
        # queries
        gives("SELECT s FROM sales ORDER BY s DESC LIMIT 1", None, "r_ORDER_BY_clause"),
        gives("SELECT TOP 1 i FROM sales ORDER BY i DESC", 2, "r_SELECT_list"),
        gives("SELECT i + 1 AS next, next * 2 AS twice FROM sales WHERE i = 1", 2, "r_SELECT_list"),
        gives("SELECT COUNT(*) FROM (SELECT i FROM sales MINUS SELECT 1) AS t", 1, "r_UNION"),
        gives("SELECT COUNT(*) FROM (SELECT i FROM sales UNION SELECT 9) AS t", 3, "r_UNION"),
        gives("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT SUM(x) FROM n", 15, "r_WITH_clause"),
        gives("SELECT COUNT(*) FROM sales AS t QUALIFY ROW_NUMBER() OVER (ORDER BY COUNT(*)) = 1", 3, "r_QUALIFY_clause"),
        gives("SELECT LAG(i) IGNORE NULLS OVER (ORDER BY f) FROM sales ORDER BY f DESC LIMIT 1", 2, "r_WF_LAG"),
        gives("SELECT SUM(i) OVER (ORDER BY f ROWS UNBOUNDED PRECEDING) FROM sales ORDER BY f DESC LIMIT 1", 5, "c_Window_functions"),
        gives("SELECT SUM(m) FROM sales GROUP BY ROLLUP (i) ORDER BY 1 LIMIT 1", Decimal("10.50"), "r_GROUP_BY_aggregation-extensions"),
    ],
)  # fmt: skip
def test_expressions_return_the_documented_result(
    sales: Database, sql: str, expected: object
) -> None:
    value = sales.value(sql)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        fails("SELECT 1 / 0", "(?i)divi", "r_OPERATOR_SYMBOLS"),
        fails("SELECT CAST(1 AS DOUBLE PRECISION) / 0", "(?i)divi", "r_OPERATOR_SYMBOLS"),
        fails("SELECT 5 % 0", "(?i)divi", "r_MOD"),
        fails("SELECT CAST('1.5' AS INTEGER)", "(?i)invalid digit", "r_CAST_function"),
        fails("SELECT CAST('abc' AS INTEGER)", "(?i)invalid digit", "r_CAST_function"),
        fails("SELECT 9223372036854775807 + i FROM sales", "(?i)overflow|out of range", "r_Numeric_types201"),
        fails("SELECT SPLIT_PART('a,b', ',', 0)", "(?i)greater than zero", "SPLIT_PART"),
        fails("SELECT f * POWER(CAST(10 AS FLOAT8), 308) FROM sales WHERE f = 4", "out of range", _FLOAT),
        fails("SELECT x + x FROM (SELECT f * POWER(CAST(10 AS FLOAT8), 308) AS x FROM sales WHERE i = 1) GROUP BY x + x HAVING x + x > 4", "out of range", _FLOAT),
        fails("SELECT COUNT(*) FROM sales WHERE POWER(f, 511) * f * f > 1", "out of range", _FLOAT),
    ],
)  # fmt: skip
def test_expressions_fail_as_documented(sales: Database, sql: str, words: str) -> None:
    with pytest.raises(Exception, match=words):
        sales.value(sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        refuses("SELECT AVG(-m) FROM sales", "below zero", "to which side AVG of negative DECIMALs is cut is not documented"),
        refuses("SELECT REGEXP_SUBSTR('abcd', 'ab|abcd')", "longest", "POSIX takes the longest alternative, the engine the first"),
        refuses("SELECT REGEXP_REPLACE('aaa', 'a+?', 'x')", "parameter p", "not part of POSIX"),
        refuses("SELECT CAST(1000000000 AS DECIMAL(12, 2)) * CAST(1000000000 AS DECIMAL(12, 2)) FROM sales", "CAST one side", "the engine stops at 18 digits"),
        refuses("SELECT SUM(m) / COUNT(*) FROM sales", "rounding", "whether a DECIMAL quotient cuts or rounds is not documented"),
        refuses("SELECT MEDIAN(m) FROM sales", "rounded", "the scale of MEDIAN of a DECIMAL is not documented"),
        refuses("SELECT CAST(f AS VARCHAR) FROM sales", "text of DOUBLE", "the text of a float is not documented"),
        refuses("SELECT CAST(b AS VARCHAR) FROM sales", "text of BOOLEAN", "the text of a boolean in SQL is not documented"),
        refuses("SELECT CAST(m AS INTEGER) FROM sales", "ROUND or TRUNC", "the pages differ on whether a cast rounds"),
        refuses("SELECT i FROM sales WHERE s = 5", "CAST one side", "numbers are compared with text as text; a trap, so it is refused"),
        refuses("SELECT i FROM sales WHERE i = '01'", "without quotes", "numbers are compared with text as text; a trap, so it is refused"),
        refuses("SELECT 'a\\_b' LIKE 'a'", "backslash", "whether a backslash escapes in a literal is not certain"),
        refuses("SELECT 'É' ILIKE 'é'", "ASCII", "ILIKE folds ASCII only; refused rather than surprising"),
        refuses("SELECT s SIMILAR TO 'a%' FROM sales", "SIMILAR TO", "not emulated"),
        refuses("SELECT TO_CHAR(m, '999.99') FROM sales", "not known here|only dates", "number formats are not emulated"),
        refuses(f"SELECT TO_CHAR({_TS}, 'YYYY BC')", "not known here", "only listed formats are emulated"),
        refuses("SELECT DATEDIFF(week, d, ts) FROM sales", "week", "on which day a week begins for DATEDIFF is not documented"),
        refuses("SELECT s, COUNT(*) FROM (SELECT s || ' ' AS s FROM sales) AS t GROUP BY s", "blanks", "which of equal texts represents a group is not documented"),
        refuses("SELECT DISTINCT s || ' ' FROM sales", "blanks", "which of equal texts DISTINCT keeps is not documented"),
        refuses("SELECT COUNT(*) FROM sales GROUP BY ALL", "GROUP BY ALL", "not certain whether it exists"),
        refuses("SELECT DATE(ts) FROM sales", "write CAST", "DATE as a function is not documented"),
        refuses("SELECT ts - ts FROM sales", "DATEDIFF", "the wire's form of an interval is not known"),
        refuses("SELECT EXTRACT(EPOCH FROM (ts - ts)) FROM sales", "DATEDIFF", "the same within EXTRACT"),
        refuses("SELECT i FROM sales AS a FULL JOIN sales AS b USING (i)", "write ON", "the merged column would be a COALESCE by Redshift's rules"),
        refuses("SELECT CHECKSUM(s) FROM sales", "CHECKSUM", "Redshift's own hash is not published"),
        refuses("SELECT pg_relation_size('sales')", "PG_RELATION_SIZE", "functions are listed; others are refused"),
    ],
)  # fmt: skip
def test_undocumented_behaviour_is_refused(sales: Database, sql: str, words: str) -> None:
    fields = sales.error(sql)
    assert fields["C"] == "0A000"
    with pytest.raises(Exception, match=words):
        sales.value(sql)


@documented("Date_functions_header")
def test_sysdate_is_the_transactions_start_and_getdate_the_statements(connect) -> None:
    connection = connect()
    cursor = connection.cursor()
    seen = []
    for _ in range(2):
        cursor.execute("SELECT SYSDATE")
        seen.append(cursor.fetchone()[0])
    assert seen[0] == seen[1]
    cursor.execute("SELECT GETDATE() >= DATE_TRUNC('second', SYSDATE)")
    assert cursor.fetchone()[0] is True


@documented("r_names")
def test_names_fold_to_lower_case_quoted_or_not(sales: Database) -> None:
    cursor = sales.connection.cursor()
    cursor.execute('SELECT "I" AS "MyCol", COUNT(*), 1 + 1, MAX(F) FROM SALES GROUP BY I LIMIT 1')
    assert [column[0] for column in cursor.description] == ["mycol", "count", "?column?", "max"]


@documented("r_Character_types")
def test_nested_comparisons_ignore_trailing_blanks_at_every_depth(db) -> None:
    db.run("CREATE TEMP TABLE padded (s VARCHAR(9))")
    db.run("INSERT INTO padded VALUES ('a  ')")
    for sql, expected in {
        "NULLIF(NULLIF(s, 'a'), 'b')": None,
        "DECODE(DECODE(s, 'a', 'x'), 'x', 'y', 'z')": "y",
        "CASE CASE s WHEN 'a' THEN 'x' END WHEN 'x' THEN 'y' ELSE 'z' END": "y",
        "CASE WHEN CASE WHEN s BETWEEN 'a' AND 'a' THEN 'm' END BETWEEN 'm' AND 'm' "
        "THEN 'y' ELSE 'z' END": "y",
    }.items():
        assert db.rows(f"SELECT {sql} AS r FROM padded") == [(expected,)], sql
