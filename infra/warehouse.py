"""The warehouse: connections to Redshift, and transactions."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redshift_connector
from redshift_connector.error import Error, InterfaceError

from infra import aws
from infra.settings import Settings

SCHEMAS = ("staging", "candidate", "analytics", "audit")
_TRANSIENT_STATES = {"40001", "40P01", "53300", "57P01", "57P02", "57P03", "08006", "08001"}


class WarehouseError(RuntimeError):
    """A statement failed; the message names it and carries the server's words.

    `transient` is true where the same statement may succeed later: no connection (a Serverless
    workgroup that resumes), or a serialization failure.
    """

    def __init__(self, message: str, *, transient: bool) -> None:
        """Keep whether a retry makes sense."""
        super().__init__(message)
        self.transient = transient


def encrypted(settings: Settings) -> str:
    """The words with which UNLOAD encrypts its files as the rest of the lake is."""
    return f" KMS_KEY_ID '{settings.kms_key}' ENCRYPTED" if settings.kms_key else ""


class Transaction:
    """Statements of one transaction."""

    def __init__(self, connection: redshift_connector.Connection) -> None:
        """Use an open connection."""
        self._cursor = connection.cursor()

    def run(self, sql: str, parameters: Sequence[Any] = (), what: str = "") -> int:
        """Run a statement; returns the rows it changed (-1 where the server does not say)."""
        try:
            # without parameters the driver does not look for %s, so a bare % may stand in SQL
            self._cursor.execute(sql, list(parameters)) if parameters else self._cursor.execute(sql)
        except (Error, OSError) as error:
            raise _explained(error, what or _first_line(sql)) from error
        return self._cursor.rowcount

    def query(self, sql: str, parameters: Sequence[Any] = (), what: str = "") -> list[tuple]:
        """Rows of a SELECT."""
        self.run(sql, parameters, what)
        return [tuple(row) for row in self._cursor.fetchall()]

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:  # noqa: ANN401
        """The only value of a SELECT."""
        return self.query(sql, parameters)[0][0]

    def create_schemas(self) -> None:
        """Create the schemas that are not there; on AWS the administrator has made them."""
        known = {name for (name,) in self.query("SELECT nspname FROM pg_namespace")}
        for schema in SCHEMAS:
            if schema not in known:
                self.run(f"CREATE SCHEMA {schema}")

    @property
    def columns(self) -> list[str]:
        """Column names of the last SELECT."""
        return [column[0] for column in self._cursor.description or []]


def connection_parameters(settings: Settings) -> dict[str, Any]:
    """Parameters of `redshift_connector.connect`; passwords stay out of URLs and logs.

    On AWS the driver logs in as who this process is (IAM), and checks the server's name.
    """
    return {
        "host": settings.redshift_host,
        "port": settings.redshift_port,
        "database": settings.redshift_database,
        "ssl": settings.redshift_ssl,
        "timeout": None,
        "application_name": "olist-elt",
        **({"sslmode": "verify-full"} if settings.target == "aws" else {}),
        **_login(settings),
    }


def _login(settings: Settings) -> dict[str, Any]:
    if settings.redshift_secret:
        secrets = aws.client(settings, "secretsmanager")
        found = json.loads(
            secrets.get_secret_value(SecretId=settings.redshift_secret)["SecretString"]
        )
        return {"user": found["username"], "password": found["password"]}
    if settings.target == "aws":
        known = aws.session(settings).get_credentials()
        keys = known.get_frozen_credentials() if known else None
        return {
            "iam": True,
            "is_serverless": True,
            "serverless_work_group": settings.redshift_workgroup,
            "region": settings.aws_region,
            "access_key_id": keys and keys.access_key,
            "secret_access_key": keys and keys.secret_key,
            "session_token": keys and keys.token,
        }
    password = settings.redshift_password
    return {
        "user": settings.redshift_user,
        "password": password.get_secret_value() if password else None,
    }


@contextmanager
def transaction(
    settings: Settings, *, read_only: bool = False, undone: bool = False
) -> Iterator[Transaction]:
    """One transaction on a connection of its own: committed at the end, rolled back on an error.

    One that is `undone` is rolled back at the end, too.

    Raises WarehouseError.
    """
    try:
        connection = redshift_connector.connect(**connection_parameters(settings))
    except (Error, OSError) as error:
        where = f"{settings.redshift_host}:{settings.redshift_port}"
        raise _explained(error, f"connecting to the warehouse at {where}") from error
    try:
        work = Transaction(connection)
        if read_only:
            connection.autocommit = True  # or the driver sends a plain BEGIN of its own
            work.run("BEGIN READ ONLY")
        yield work
        if read_only or undone:
            work.run("ROLLBACK")
        else:
            try:
                connection.commit()
            except (Error, OSError) as error:
                raise _explained(error, "COMMIT") from error
    finally:
        connection.close()  # the server rolls back what was not committed


def _explained(error: Exception, what: str) -> WarehouseError:
    fields = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    text = fields.get("M") or str(error)
    if fields.get("D"):
        text += f" ({fields['D']})"
    state = fields.get("C", "")
    transient = isinstance(error, (InterfaceError, OSError)) and state != "28000"
    return WarehouseError(
        f"{what}: {text}{f' [{state}]' if state else ''}",
        transient=transient or state in _TRANSIENT_STATES,
    )


def _first_line(sql: str) -> str:
    lines = [line for line in sql.splitlines() if line.strip() and not line.startswith("--")]
    return lines[0][:100] if lines else sql[:100]
