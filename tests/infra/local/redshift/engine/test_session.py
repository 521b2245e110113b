"""Session settings and the system catalogue."""

import pytest

from infra.local.redshift.sql.allowlist import SYSTEM_TABLES
from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, emulator_only, fails, refuses


@documented("cm_chap_ConfigurationRef")
@pytest.mark.parametrize(
    "sql",
    [
        "SET client_encoding TO 'UTF8'",
        "SET datestyle TO 'ISO, MDY'",
        "SET TIME ZONE 'UTC'",
        "SET timezone = 'UTC'",
        "SET application_name TO 'test'",
        "SET query_group TO 'test'",
        "RESET query_group",
        "SET search_path TO public",
        'SET search_path = "$user", public',
        "SET enable_result_cache_for_session TO off",
        "SET enable_case_sensitive_identifier TO false",
        "SET extra_float_digits TO 0",
        "SET statement_timeout TO 0",
    ],
)
def test_session_settings_with_redshift_defaults_are_accepted(db: Database, sql: str) -> None:
    db.run(sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        refuses("SET timezone TO 'America/Sao_Paulo'", "timezone", "all clocks are in UTC"),
        refuses("SET search_path TO other", "schema.table", "tables without a schema are in public"),
        refuses("SET enable_case_sensitive_identifier TO true", "case", "names fold to lower case"),
        fails("SET no_such_setting TO 1", "no_such_setting", "cm_chap_ConfigurationRef"),
    ],
)  # fmt: skip
def test_other_settings_are_refused(db: Database, sql: str, words: str) -> None:
    assert words in db.error(sql)["M"]


@documented("cm_chap_system-tables")
@pytest.mark.parametrize("table", [*sorted(SYSTEM_TABLES), "information_schema.tables"])
def test_tables_of_the_catalogue_can_be_read(sales: Database, table: str) -> None:
    assert sales.value(f"SELECT COUNT(*) FROM {table}") >= 0


@documented("r_SVV_COLUMNS")
def test_the_catalogue_shows_the_declared_types(sales: Database) -> None:
    rows = sales.rows(
        "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale "
        "FROM svv_columns WHERE table_schema = 'public' AND table_name = 'sales' "
        "ORDER BY ordinal_position"
    )
    assert rows[1] == ("m", "numeric", None, 8, 2)
    assert rows[3] == ("s", "character varying", 20, None, None)


@emulator_only("a reason, and another table that tells it")
@pytest.mark.parametrize("table", ["pg_table_def", "stl_load_errors", "pg_class"])
def test_other_tables_of_the_catalogue_are_refused_by_name(db: Database, table: str) -> None:
    assert (
        "svv_columns" in db.error(f"SELECT * FROM {table}")["M"]
        or "SYS_" in (db.error(f"SELECT * FROM {table}")["M"])
    )
