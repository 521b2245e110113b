"""The BI user can read published tables with the statements that BI tools send."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.local.stack_secrets import READER, StackSecrets
from infra.settings import Settings
from infra.warehouse import transaction
from tests.infra.local.redshift.ledger import documented, emulator_only
from tests.load import Loader

GRANT = "r_GRANT-examples"


@pytest.fixture
def reader(stack: Settings, load: Loader) -> Iterator[psycopg.Connection]:
    with psycopg.connect(
        host="127.0.0.1",
        port=stack.redshift_port,
        user=READER,
        password=StackSecrets.of(stack.state).reader,
        dbname=stack.redshift_database,
        client_encoding="utf8",
        autocommit=True,
    ) as connection:
        yield connection


@documented(GRANT)
@pytest.mark.parametrize(
    "sql",
    [
        # statements that drivers send first
        "SELECT version()",
        "SET client_encoding TO 'UTF8'",
        "SET application_name = 'Metabase'",
        "SET datestyle TO 'ISO'",
        "SHOW TRANSACTION ISOLATION LEVEL",
        "SELECT current_schema()",
        "SELECT current_database()",
        "SELECT nspname AS TABLE_SCHEM, NULL AS TABLE_CATALOG FROM pg_catalog.pg_namespace "
        "WHERE nspname <> 'pg_toast' ORDER BY TABLE_SCHEM",
        "select TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE from INFORMATION_SCHEMA.tables "
        "where TABLE_SCHEMA not in ('information_schema', 'pg_catalog') "
        "order by TABLE_SCHEMA, TABLE_NAME",
        "SELECT table_schema, table_name, table_type FROM svv_tables "
        "WHERE table_schema = 'analytics'",
        "SELECT column_name, data_type FROM svv_columns WHERE table_schema = 'analytics' "
        "AND table_name = 'fact_order'",
        "SELECT database_name, schema_name, table_name FROM svv_all_tables "
        "WHERE schema_name = 'analytics'",
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'analytics'",
        # statements that tools send next: Tableau, Metabase, Superset, Power BI
        'SELECT "fact_order"."order_status" AS "order_status", '
        'SUM("fact_order"."order_value") AS "sum:order_value:ok" '
        'FROM "analytics"."fact_order" "fact_order" GROUP BY 1',
        'SELECT SUM("t"."total_value") AS "x" FROM (SELECT * FROM analytics.single_customer_view) '
        '"t" HAVING (COUNT(1) > 0)',
        'SELECT DATE_TRUNC(\'month\', "analytics"."fact_order"."purchased_at") AS "at", '
        'COUNT(*) AS "count" FROM "analytics"."fact_order" GROUP BY '
        'DATE_TRUNC(\'month\', "analytics"."fact_order"."purchased_at")',
        'SELECT state AS state, sum(total_value) AS "SUM(total_value)" '
        'FROM analytics.sales_overview GROUP BY state ORDER BY "SUM(total_value)" DESC LIMIT 10',
        "SELECT * FROM analytics.sales_overview WHERE 1 = 0",
        "SELECT * FROM audit.batches",
    ],
)
def test_the_reader_can_run_the_statements_of_bi_tools(
    reader: psycopg.Connection, sql: str
) -> None:
    reader.execute(sql)


@documented(GRANT)
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT COUNT(*) AS n FROM staging.orders", "permission denied for schema staging"),
        ("SELECT 1 AS n FROM candidate.load", "permission denied for schema candidate"),
        (
            "SELECT 1 AS n FROM analytics.fact_order WHERE order_id IN "
            "(SELECT order_id FROM staging.orders)",
            "permission denied for schema staging",
        ),
        ("DELETE FROM analytics.fact_order", "permission denied"),
        ("INSERT INTO audit.writer_lock SELECT * FROM audit.writer_lock", "permission denied"),
        ("CREATE TABLE public.x (n INTEGER)", "permission denied"),
        ("DROP TABLE analytics.fact_order", "permission denied"),
        (
            "UNLOAD ('SELECT 1 AS n') TO 's3://olist-lake/x/' "
            "IAM_ROLE 'arn:aws:iam::000000000000:role/r' FORMAT AS PARQUET",
            "permission denied",
        ),
    ],
)
def test_the_reader_can_neither_write_nor_read_other_schemas(
    reader: psycopg.Connection, sql: str, said: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=said):
        reader.execute(sql)


@emulator_only("as with ALTER SYSTEM SET metadata_security = TRUE")
def test_the_reader_sees_the_names_of_its_schemas_only(reader: psycopg.Connection) -> None:
    schemas = {"pg_catalog", "information_schema", "public", "analytics", "audit"}
    for sql in (
        "SELECT nspname FROM pg_catalog.pg_namespace",
        "SELECT table_schema FROM svv_tables",
        "SELECT table_schema FROM svv_columns",
        "SELECT schema_name FROM svv_all_tables",
        "SELECT schema_name FROM svv_all_columns",
        "SELECT schemaname FROM pg_tables",
        "SELECT table_schema FROM information_schema.tables",
    ):
        seen = {schema for (schema,) in reader.execute(sql).fetchall()}
        assert "analytics" in seen, sql
        assert seen <= schemas, sql
    for log in ("sys_load_history", "sys_load_error_detail"):
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="only its own loads"):
            reader.execute(f"SELECT * FROM {log}")


@emulator_only("as with ALTER SYSTEM SET metadata_security = TRUE")
def test_the_reader_cannot_find_out_names_of_other_schemas(
    stack: Settings, reader: psycopg.Connection
) -> None:
    with transaction(stack) as work:
        work.run("CREATE OR REPLACE VIEW analytics.seen AS SELECT order_id FROM staging.orders")
        work.run(
            "CREATE TABLE analytics.child (id VARCHAR(9) REFERENCES staging.orders (order_id))"
        )
    try:
        texts = [
            str(reader.execute(sql).fetchall())
            for sql in (
                "SELECT relname, c.reldiststyle, pg_catalog.pg_class AS x",
                "SELECT pg_get_constraintdef(t.oid), pg_catalog.pg_class AS x",
            )
        ]
        assert "seen" in texts[0]
        assert not [text for text in texts if "staging." in text]
        # a wrong column and a table that does not exist are answered like any table of the schema
        for sql in (
            "SELECT a.no_such_column FROM staging.orders AS a",
            "SELECT 1 AS n FROM staging.orders AS a JOIN staging.orders AS b USING (no_such_column)",
            "SELECT 1 AS n FROM staging.no_such_table",
            "SELECT staging.f_no_such_function(1) AS n",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="for schema staging"):
                reader.execute(sql)
    finally:
        with transaction(stack) as work:
            work.run("DROP TABLE analytics.child")
            work.run("DROP VIEW analytics.seen")


@emulator_only("the local password of the reader is made once, and kept with the state")
def test_a_wrong_password_is_refused(stack: Settings) -> None:
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=stack.redshift_port, user=READER, password="wrong",
            dbname=stack.redshift_database,
        )  # fmt: skip
