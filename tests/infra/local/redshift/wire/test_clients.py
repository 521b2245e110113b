"""Unmodified clients run the typical tasks of their users, without special cases."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import boto3
import botocore.exceptions
import polars as pl
import psycopg
import pytest
import redshift_connector
import sqlalchemy as sa
from redshift_connector.error import InterfaceError, ProgrammingError

from tests.infra.local.redshift.conftest import DSN, Database
from tests.infra.local.redshift.ledger import documented, emulator_only
from tests.infra.local.redshift.serving import served

MANAGEMENT = "https://docs.aws.amazon.com/redshift/latest/mgmt/"
TLS = f"{MANAGEMENT}connecting-ssl-support.html"
DRIVER = f"{MANAGEMENT}python-configuration-options.html"
PSQL = f"{MANAGEMENT}connecting-from-psql.html"
ALCHEMY = "https://github.com/sqlalchemy-redshift/sqlalchemy-redshift"
PROTOCOL = "https://www.postgresql.org/docs/8.0/protocol-flow.html"
ROW = (1, Decimal("1.25"), 0.5, "ação", date(2018, 1, 2), datetime(2018, 1, 2, 3, 4, 5), True)


@pytest.fixture
def trusted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Make OpenSSL trust the local server's CA; return its path; None for a real workgroup."""
    if DSN:
        return None
    authority = str(request.getfixturevalue("stack").state / "redshift" / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", authority)
    return authority


@pytest.fixture
def typed(db: Database) -> Database:
    """A table with all types: one row of values and one of NULLs."""
    db.run("DROP TABLE IF EXISTS typed")
    db.run(
        "CREATE TABLE typed (i INTEGER, m DECIMAL(8, 2), f DOUBLE PRECISION, s VARCHAR(20), "
        "d DATE, ts TIMESTAMP, b BOOLEAN)"
    )
    db.run("INSERT INTO typed VALUES (%s, %s, %s, %s, %s, %s, %s)", ROW)
    db.run("INSERT INTO typed (i) VALUES (2)")
    return db


class TestRedshiftConnector:
    @documented(TLS)
    @pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
    def test_the_driver_verifies_the_server_certificate(
        self, connect: Callable, trusted, mode: str
    ) -> None:
        cursor = connect(ssl=True, sslmode=mode).cursor()
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == ([1],)

    @emulator_only("the authority is the local server's own")
    def test_the_driver_refuses_a_server_with_an_unknown_certificate_authority(
        self, parameters
    ) -> None:
        with pytest.raises(InterfaceError, match="certificate verify failed"):
            redshift_connector.connect(**{**parameters, "ssl": True, "sslmode": "verify-full"})

    @documented(DRIVER)
    @pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"user": "nobody"}])
    def test_a_wrong_login_is_refused(self, parameters, wrong: dict[str, str]) -> None:
        with pytest.raises((ProgrammingError, InterfaceError), match="authentication failed"):
            redshift_connector.connect(**{**parameters, **wrong})

    @documented(DRIVER)
    @pytest.mark.parametrize(
        ("style", "sql", "values"),
        [
            ("format", "SELECT i FROM typed WHERE i = %s", (1,)),
            ("qmark", "SELECT i FROM typed WHERE i = ?", (1,)),
            ("numeric", "SELECT i FROM typed WHERE i = :1", (1,)),
            ("named", "SELECT i FROM typed WHERE i = :id", {"id": 1}),
            ("pyformat", "SELECT i FROM typed WHERE i = %(id)s", {"id": 1}),
        ],
    )
    def test_parameters_are_accepted_in_each_paramstyle(
        self, typed: Database, style: str, sql, values
    ) -> None:
        cursor = typed.connection.cursor()
        cursor.paramstyle = style
        cursor.execute(sql, values)
        assert cursor.fetchall() == ([1],)

    @documented(DRIVER)
    def test_inserted_values_are_read_back_unchanged(self, typed: Database) -> None:
        assert typed.rows("SELECT * FROM typed ORDER BY i") == [ROW, (2, *[None] * 6)]

    @documented(DRIVER)
    def test_executemany_and_data_frames_insert_rows(self, db: Database) -> None:
        cursor = db.connection.cursor()
        cursor.execute("DROP TABLE IF EXISTS pairs")
        cursor.execute("CREATE TABLE pairs (i INTEGER, s VARCHAR(5))")
        cursor.executemany("INSERT INTO pairs VALUES (%s, %s)", [(1, "a"), (2, "b")])
        cursor.execute("SELECT * FROM pairs ORDER BY i")
        frame = cursor.fetch_dataframe()
        cursor.write_dataframe(frame, "pairs")
        assert frame.to_dict("list") == {"i": [1, 2], "s": ["a", "b"]}
        assert db.value("SELECT COUNT(*) FROM pairs") == 4


@pytest.fixture(scope="module")
def workgroup(tmp_path_factory) -> Iterator[dict[str, Any]]:
    """Connection arguments of a Serverless workgroup, without user and password."""
    home = tmp_path_factory.mktemp("iam")
    with served(home / "w.duckdb", "--user", "ana", "--iam-port", "0") as (process, port):
        assert process.stdout is not None
        authority = process.stdout.readline().split()[-1]
        endpoint = process.stdout.readline().split()[-1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", authority)
            yield {
                "iam": True,
                "is_serverless": True,
                "serverless_work_group": "olist",
                "region": "us-east-1",
                "database": "dev",
                "endpoint_url": endpoint,
                "access_key_id": "ana",
                "secret_access_key": "pw",
                "host": "127.0.0.1",
                "port": port,
            }


class TestIam:
    @emulator_only("the endpoint of the Serverless API is local; its answers are documented")
    def test_the_driver_asks_for_credentials_and_logs_in(self, workgroup) -> None:
        with redshift_connector.connect(**workgroup) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT current_user")
            assert cursor.fetchall() == (["IAM:ana"],)

    @emulator_only("the endpoint of the Serverless API is local; its answers are documented")
    def test_the_driver_finds_the_host_by_the_workgroup(self, workgroup) -> None:
        parameters = {k: v for k, v in workgroup.items() if k not in {"host", "port"}}
        with redshift_connector.connect(**parameters, iam_disable_cache=True) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == ([1],)

    @emulator_only("the secret is the local server's password")
    def test_a_wrong_secret_gets_no_credentials(self, workgroup) -> None:
        wrong = {**workgroup, "secret_access_key": "wrong", "iam_disable_cache": True}
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            redshift_connector.connect(**wrong)

    @emulator_only("the endpoint of the Serverless API is local; its answers are documented")
    def test_each_iam_password_is_new_and_expires_after_an_hour(self, workgroup) -> None:
        client = boto3.client(
            "redshift-serverless",
            endpoint_url=workgroup["endpoint_url"],
            region_name="us-east-1",
            aws_access_key_id="ana",
            aws_secret_access_key="pw",
        )
        first, second = (client.get_credentials(workgroupName="olist") for _ in range(2))
        assert first["dbPassword"] != second["dbPassword"]
        left = first["expiration"] - datetime.now(first["expiration"].tzinfo)
        assert 3500 < left.total_seconds() <= 3600
        with pytest.raises(client.exceptions.ClientError, match="not emulated"):
            client.list_workgroups()


class TestSqlAlchemy:
    @pytest.fixture
    def engine(self, parameters: dict[str, Any]) -> Iterator[sa.Engine]:
        made = sa.create_engine(
            "redshift+redshift_connector://", connect_args=parameters, poolclass=sa.NullPool
        )
        with made.begin() as work:
            for statement in ("VIEW child_names", "TABLE child", "TABLE parent"):
                work.execute(sa.text(f"DROP {statement.replace(' ', ' IF EXISTS ')}"))
        yield made
        made.dispose()

    @pytest.fixture
    def tables(self, engine: sa.Engine) -> sa.MetaData:
        metadata = sa.MetaData()
        sa.Table(
            "parent",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("code", sa.BigInteger, unique=True),
            redshift_diststyle="KEY",
            redshift_distkey="id",
            redshift_sortkey=["id", "code"],
        )
        sa.Table(
            "child",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id"), nullable=False),
            sa.Column("amount", sa.Numeric(8, 2)),
            sa.Column("name", sa.String(20)),
            sa.Column("on_day", sa.Date),
            sa.Column("at", sa.TIMESTAMP),
            redshift_diststyle="EVEN",
        )
        metadata.create_all(engine)
        with engine.begin() as work:
            work.execute(sa.text("CREATE VIEW child_names AS SELECT id, name FROM child"))
        return metadata

    @documented(ALCHEMY)
    def test_sqlalchemy_inserts_and_selects_rows(
        self, engine: sa.Engine, tables: sa.MetaData
    ) -> None:
        parent, child = tables.tables["parent"], tables.tables["child"]
        row = {"id": 7, "parent_id": 1, "amount": Decimal("1.25"), "name": "a",
               "on_day": date(2018, 1, 2), "at": datetime(2018, 1, 2, 3, 4, 5)}  # fmt: skip
        with engine.begin() as work:
            work.execute(parent.insert(), [{"id": 1, "code": 5}, {"id": 2, "code": 6}])
            work.execute(child.insert(), [row])
        with engine.connect() as work:
            found = work.execute(sa.select(child, parent.c.code).join(parent)).one()
        assert found._asdict() == {**row, "code": 5}

    @documented(ALCHEMY)
    def test_a_failed_transaction_is_rolled_back(self, engine, tables: sa.MetaData) -> None:
        parent = tables.tables["parent"]
        with pytest.raises(sa.exc.ProgrammingError), engine.begin() as work:
            work.execute(parent.insert(), [{"id": 1, "code": 5}])
            work.execute(sa.text("SELECT nonsense FROM parent"))
        with engine.connect() as work:
            assert work.execute(sa.select(sa.func.count()).select_from(parent)).scalar_one() == 0

    @documented(ALCHEMY)
    def test_tables_are_reflected(self, engine: sa.Engine, tables: sa.MetaData) -> None:
        inspector = sa.inspect(engine)
        assert "public" in inspector.get_schema_names()
        assert inspector.has_schema("public")
        assert not inspector.has_schema("nowhere")
        assert inspector.has_table("child")
        assert not inspector.has_table("children")
        assert {"parent", "child"} <= set(inspector.get_table_names())
        assert [
            (c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns("child")
        ] == [
            ("id", "INTEGER", False),
            ("parent_id", "INTEGER", False),
            ("amount", "NUMERIC(8, 2)", True),
            ("name", "VARCHAR(20)", True),
            ("on_day", "DATE", True),
            ("at", "TIMESTAMP", True),
        ]

    @documented(ALCHEMY)
    def test_keys_are_reflected(self, engine: sa.Engine, tables: sa.MetaData) -> None:
        inspector = sa.inspect(engine)
        assert inspector.get_pk_constraint("child")["constrained_columns"] == ["id"]
        (foreign,) = inspector.get_foreign_keys("child")
        assert foreign["constrained_columns"] == ["parent_id"]
        assert (foreign["referred_table"], foreign["referred_columns"]) == ("parent", ["id"])
        (unique,) = inspector.get_unique_constraints("parent")
        assert unique["column_names"] == ["code"]
        options = inspector.get_table_options("parent")
        assert options["redshift_diststyle"] == "KEY"
        assert options["redshift_distkey"] == "id"
        assert options["redshift_sortkey"] == ("id", "code")

    @documented(ALCHEMY)
    def test_views_are_reflected(self, engine: sa.Engine, tables: sa.MetaData) -> None:
        inspector = sa.inspect(engine)
        assert "child_names" in inspector.get_view_names()
        assert "child_names" not in inspector.get_table_names()
        columns = inspector.get_columns("child_names")
        assert [column["name"] for column in columns] == ["id", "name"]

    @documented(ALCHEMY)
    def test_a_table_can_be_made_again_from_its_reflection(self, engine, tables) -> None:
        copy = sa.MetaData()
        sa.Table("parent", copy, autoload_with=engine)
        with engine.begin() as work:
            work.execute(sa.text("DROP VIEW child_names"))
            work.execute(sa.text("DROP TABLE child"))
            work.execute(sa.text("DROP TABLE parent"))
        copy.create_all(engine)
        assert sa.inspect(engine).get_table_options("parent")["redshift_distkey"] == "id"


class TestGreatExpectations:
    @documented("https://docs.greatexpectations.io/docs/core/connect_to_data/sql_data/")
    def test_great_expectations_validates_a_suite_in_the_warehouse(
        self, typed: Database, parameters
    ) -> None:
        gx = pytest.importorskip("great_expectations")
        context = gx.get_context(mode="ephemeral")
        source = context.data_sources.add_sql(
            "warehouse",
            connection_string="redshift+redshift_connector://",
            create_temp_table=False,
            kwargs={"connect_args": parameters},
        )
        batch = source.add_table_asset(
            "typed", table_name="typed"
        ).add_batch_definition_whole_table("all")
        expects = gx.expectations
        suite = gx.ExpectationSuite(
            name="typed",
            expectations=[
                expects.ExpectTableRowCountToEqual(value=2),
                expects.ExpectColumnValuesToNotBeNull(column="m"),  # the second row is NULL
                expects.ExpectColumnValuesToBeUnique(column="i"),
                expects.ExpectColumnValuesToMatchRegex(column="s", regex="^a"),
                expects.ExpectColumnValuesToBeOfType(column="i", type_="INTEGER"),
                expects.ExpectColumnMeanToBeBetween(column="f", min_value=0.4, max_value=0.6),
            ],
        )
        result = batch.get_batch().validate(suite)
        assert [outcome.success for outcome in result.results] == [
            True,
            False,
            True,
            True,
            True,
            True,
        ]
        assert result.results[1].result["unexpected_count"] == 1


class TestPsycopg:
    @pytest.fixture
    def dsn(self, parameters: dict[str, Any], trusted: str | None) -> str:
        return psycopg.conninfo.make_conninfo(
            host=parameters["host"],
            port=parameters["port"],
            user=parameters["user"],
            password=parameters["password"],
            dbname=parameters["database"],
            sslmode="verify-full",
            sslrootcert=trusted or "system",
        )

    @documented(PROTOCOL)
    @pytest.mark.parametrize("cursor", [psycopg.Cursor, psycopg.ClientCursor, psycopg.RawCursor])
    def test_psycopg_reads_rows_by_the_simple_and_the_extended_protocol(
        self, typed, dsn: str, cursor
    ) -> None:
        with psycopg.connect(dsn, cursor_factory=cursor) as connection:
            assert connection.execute("SELECT * FROM typed ORDER BY i").fetchall() == [
                ROW,
                (2, *[None] * 6),
            ]

    @documented("https://www.postgresql.org/docs/8.0/protocol-overview.html")
    @pytest.mark.parametrize("binary", [False, True])
    def test_psycopg_reads_text_and_binary_values(self, typed, dsn: str, binary: bool) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.cursor(binary=binary)
            cursor.execute("SELECT * FROM typed WHERE i = %b AND m = %b", (1, Decimal("1.25")))
            assert cursor.fetchall() == [ROW]

    @documented("r_extra_float_digits")
    def test_a_float_as_text_has_15_digits_unless_more_are_set(self, typed, dsn) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            raw = connection.cursor()
            sql = "SELECT f / 3 AS a, CAST(f / 3 AS REAL) AS b FROM typed WHERE i = 1"
            assert _texts(raw.execute(sql)) == ["0.166666666666667", "0.166667"]
            connection.execute("SET extra_float_digits TO 2")
            assert _texts(raw.execute(sql))[0] == "0.16666666666666666"

    @documented(PROTOCOL)
    def test_statements_of_one_message_are_one_transaction(self, typed, dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            two = connection.execute("SELECT 1 AS a; SELECT 2 AS b")
            assert two.fetchall() == [(1,)]
            assert two.nextset()
            assert two.fetchall() == [(2,)]
            with pytest.raises(psycopg.Error):
                connection.execute("DELETE FROM typed; SELECT nonsense FROM typed")
            assert connection.execute("SELECT COUNT(*) FROM typed").fetchone() == (2,)

    @documented(PROTOCOL)
    def test_one_message_may_contain_begin_and_rollback(self, typed, dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("BEGIN; DELETE FROM typed; ROLLBACK; DELETE FROM typed WHERE i = 2")
            assert connection.execute("SELECT i FROM typed").fetchall() == [(1,)]

    @documented(PROTOCOL)
    def test_psycopg_uses_prepared_statements_and_pipelines(self, typed, dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            sql = "SELECT s FROM typed WHERE i = %s"
            assert [connection.execute(sql, (i,), prepare=True).fetchone() for i in (1, 2, 1)] == [
                ("ação",),
                (None,),
                ("ação",),
            ]
            with connection.pipeline():
                first = connection.execute("SELECT 1 AS a")
                second = connection.execute("SELECT 2 AS a")
                assert (first.fetchone(), second.fetchone()) == ((1,), (2,))

    @documented(PROTOCOL)
    def test_psycopg_streams_rows(self, typed: Database, dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            rows = connection.cursor().stream("SELECT i FROM typed ORDER BY i")
            assert list(rows) == [(1,), (2,)]

    @documented(PROTOCOL)
    def test_a_cancelled_query_leaves_the_connection_usable(self, typed, dsn: str) -> None:
        async def cancelled() -> tuple:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                long = "SELECT COUNT(*) FROM " + ", ".join(f"n {a}" for a in "abcd")
                numbers = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                           "WHERE i < 2000) ")  # fmt: skip
                task = asyncio.create_task(connection.execute(numbers + long))
                await asyncio.sleep(0.5)
                await connection.cancel_safe()
                with pytest.raises(psycopg.errors.QueryCanceled):
                    await task
                return await (await connection.execute("SELECT 1 AS a")).fetchone()

        assert asyncio.run(cancelled()) == (1,)

    @documented("https://www.postgresql.org/docs/8.0/errcodes-appendix.html")
    def test_sql_errors_have_the_psycopg_class_of_their_sqlstate(
        self, typed: Database, dsn: str
    ) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for sql, kind in {
                "SELECT * FROM nowhere": psycopg.errors.UndefinedTable,
                "SELECT nothing FROM typed": psycopg.errors.UndefinedColumn,
                "SELECT * FROM nowhere.typed": psycopg.errors.InvalidSchemaName,
                "CREATE TABLE typed (a INTEGER)": psycopg.errors.DuplicateTable,
                "SELECT s, COUNT(*) FROM typed": psycopg.errors.GroupingError,
                "SELECT i FROM typed a, typed b": psycopg.errors.AmbiguousColumn,
                "SELECT i / 0 FROM typed": psycopg.errors.DivisionByZero,
                "SELEC 1": psycopg.errors.SyntaxError,
            }.items():
                with pytest.raises(kind):
                    connection.execute(sql)


def _texts(cursor: psycopg.Cursor) -> list[str]:
    assert cursor.pgresult is not None
    values = [cursor.pgresult.get_value(0, i) for i in range(cursor.pgresult.nfields)]
    return [value.decode() for value in values if value is not None]


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
class TestPsql:
    @pytest.fixture
    def psql(self, parameters: dict[str, Any], trusted: str | None) -> Callable[..., tuple]:
        def run(*arguments: str, script: str = "") -> tuple[int, str, str]:
            done = subprocess.run(
                ["psql", "--no-psqlrc", "--csv", "--quiet", "--set=ON_ERROR_STOP=1", *arguments],
                input=script,
                env={
                    **os.environ,
                    "PGHOST": parameters["host"],
                    "PGPORT": str(parameters["port"]),
                    "PGUSER": parameters["user"],
                    "PGPASSWORD": parameters["password"],
                    "PGDATABASE": parameters["database"],
                    "PGSSLMODE": "verify-full",
                    **({"PGSSLROOTCERT": trusted} if trusted else {}),
                },
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            return done.returncode, done.stdout, done.stderr

        return run

    @documented(PSQL)
    def test_psql_runs_a_query(self, typed: Database, psql) -> None:
        code, out, _ = psql("--command", "SELECT i, m, s, d, b FROM typed ORDER BY i")
        assert code == 0
        assert out == "i,m,s,d,b\n1,1.25,ação,2018-01-02,t\n2,,,,\n"

    @documented(PSQL)
    def test_psql_runs_a_script(self, typed: Database, psql) -> None:
        script = "BEGIN;\nDELETE FROM typed WHERE i = 2;\nCOMMIT;\nSELECT COUNT(*) FROM typed;\n"
        assert psql("--file", "-", script=script)[:2] == (0, "count\n1\n")

    @documented(PSQL)
    def test_psql_runs_several_statements_in_one_command(self, typed: Database, psql) -> None:
        code, out, _ = psql("--command", "SELECT 1 AS a; SELECT 2 AS b")
        assert (code, out) == (0, "a\n1\nb\n2\n")

    @documented(PSQL)
    def test_an_error_ends_a_script(self, typed: Database, psql) -> None:
        code, _, err = psql("--file", "-", script="SELECT nothing FROM typed;\nSELECT 1;\n")
        assert code == 3
        assert 'column "nothing" does not exist' in err


class TestDataFrames:
    @documented("https://docs.pola.rs/api/python/stable/reference/api/polars.read_database.html")
    def test_polars_reads_through_the_driver(self, typed: Database) -> None:
        frame = pl.read_database("SELECT * FROM typed ORDER BY i", typed.connection)
        assert frame.row(0) == ROW
        assert frame.schema["ts"] == pl.Datetime("us")

    @documented("https://sfu-db.github.io/connector-x/databases/redshift.html")
    def test_connectorx_reads_through_its_own_driver(self, typed: Database, parameters) -> None:
        pytest.importorskip("connectorx", reason="connectorx is not installed")
        uri = "redshift://{user}:{password}@{host}:{port}/{database}?sslmode=disable"
        frame = pl.read_database_uri(
            "SELECT i, s, d FROM typed ORDER BY i", uri.format(**parameters)
        )
        assert frame.rows() == [(1, "ação", date(2018, 1, 2)), (2, None, None)]


@emulator_only("what it asks of the catalogue, Redshift answers otherwise than PostgreSQL")
def test_adbc_is_refused_on_connect(parameters) -> None:
    adbc = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="ADBC is not installed")
    uri = "postgresql://{user}:{password}@{host}:{port}/{database}?sslmode=disable"
    with pytest.raises(Exception, match="refused by the local Redshift"):
        adbc.connect(uri.format(**parameters))
