"""Connections to the Redshift warehouse, and transactions."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redshift_connector
from redshift_connector.error import Error, InterfaceError

from infra import aws
from infra.settings import Settings
from infra.warehouse_watch import Wait, has_no_time_limit, watched

SCHEMAS = ("staging", "candidate", "analytics", "audit")
_PROBE_SECONDS = 8
_TRANSIENT_STATES = {"40001", "40P01", "53300", "57P01", "57P02", "57P03", "08006", "08001"}


class WarehouseError(RuntimeError):
    """Raised when a statement or a connection fails; the message includes the server's message.

    Attributes:
        transient: Whether a retry may succeed: after a failed connection (a Serverless workgroup
            is resuming) or a serialization failure.
        code: SQLSTATE of the server's error; empty if the server sent none.
    """

    def __init__(self, message: str, *, transient: bool, code: str = "") -> None:
        """Store the message, whether a retry may succeed, and the server's code."""
        super().__init__(message)
        self.transient = transient
        self.code = code


def encrypted(settings: Settings) -> str:
    """Return the UNLOAD options for encryption with the lake's KMS key; empty without a key."""
    return f" KMS_KEY_ID '{settings.kms_key}' ENCRYPTED" if settings.kms_key else ""


class Transaction:
    """Runs statements in one open transaction."""

    def __init__(self, connection: redshift_connector.Connection, settings: Settings) -> None:
        """Use an open connection."""
        self._connection = connection
        self._settings = settings
        self._cursor = connection.cursor()

    def run(self, sql: str, parameters: Sequence[Any] = (), what: str = "") -> int:
        """Run a statement.

        Args:
            sql: One statement; `%s` marks a bind parameter.
            parameters: Values of the bind parameters.
            what: Description of the statement in errors; default: its first line.

        Returns:
            The number of changed rows; -1 if the server does not report it.

        Raises:
            WarehouseError: The statement failed.
        """
        wait = statement_wait(self._settings, self._connection, what or _first_line(sql))
        try:
            with watched(wait):
                # without parameters the driver does not parse %s: the SQL may hold a bare %
                self._cursor.execute(sql, list(parameters) or None)
        except (Error, OSError) as error:
            if wait.is_cut:
                raise cut_error(self._settings, wait) from error
            raise _explained(error, wait.what) from error
        return self._cursor.rowcount

    def query(self, sql: str, parameters: Sequence[Any] = (), what: str = "") -> list[tuple]:
        """Run a SELECT and return its rows; arguments and errors as for `run`."""
        self.run(sql, parameters, what)
        return [tuple(row) for row in self._cursor.fetchall()]

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:  # noqa: ANN401
        """Run a SELECT and return its single value."""
        return self.query(sql, parameters)[0][0]

    def create_schemas(self) -> None:
        """Create missing schemas; on AWS the administrator has already created them."""
        known = {name for (name,) in self.query("SELECT nspname FROM pg_namespace")}
        for schema in SCHEMAS:
            if schema not in known:
                self.run(f"CREATE SCHEMA {schema}")

    @property
    def columns(self) -> list[str]:
        """Column names of the last SELECT."""
        return [column[0] for column in self._cursor.description or []]


def connection_parameters(settings: Settings, *, inspector: bool = False) -> dict[str, Any]:
    """Return the parameters of `redshift_connector.connect`.

    Passwords are separate parameters, so they do not appear in URLs and logs.
    On AWS the driver logs in with the IAM identity of this process, or with the secret of the
    settings, and verifies the server's host name.

    Args:
        settings: Address and login of the warehouse.
        inspector: Log in as the user who may only read (sql/access/inspector.sql).

    Raises:
        WarehouseError: The settings name no such user.
    """
    return {
        "host": settings.redshift_host,
        "port": settings.redshift_port,
        "database": settings.redshift_database,
        "ssl": settings.redshift_ssl,
        "timeout": settings.redshift_connect_seconds,
        "application_name": "olist-elt",
        **({"sslmode": "verify-full"} if settings.target == "aws" else {}),
        **(_inspector_login(settings) if inspector else _login(settings)),
    }


def _inspector_login(settings: Settings) -> dict[str, Any]:
    if settings.target == "aws" and settings.inspector_role:
        assumed = aws.client(settings, "sts").assume_role(
            RoleArn=settings.inspector_role, RoleSessionName="olist-query"
        )["Credentials"]
        return _iam_login(
            settings,
            assumed["AccessKeyId"],
            assumed["SecretAccessKey"],
            assumed["SessionToken"],
        )
    password = settings.inspector_password
    if settings.inspector_user and password:
        return {"user": settings.inspector_user, "password": password.get_secret_value()}
    wanted = (
        "OLIST_INSPECTOR_ROLE: `terraform apply`, `terraform output -raw dotenv` (docs/aws.md)"
        if settings.target == "aws"
        else "OLIST_INSPECTOR_USER and OLIST_INSPECTOR_PASSWORD"
    )
    raise WarehouseError(f"no user of the warehouse may only read; set {wanted}", transient=False)


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
        if keys is None:
            return _iam_login(settings, None, None, None)
        return _iam_login(settings, keys.access_key, keys.secret_key, keys.token)
    password = settings.redshift_password
    return {
        "user": settings.redshift_user,
        "password": password.get_secret_value() if password else None,
    }


def _iam_login(
    settings: Settings, access_key: str | None, secret_key: str | None, token: str | None
) -> dict[str, Any]:
    return {
        "iam": True,
        "is_serverless": True,
        "serverless_work_group": settings.redshift_workgroup,
        "region": settings.aws_region,
        "access_key_id": access_key,
        "secret_access_key": secret_key,
        "session_token": token,
    }


@contextmanager
def transaction(
    settings: Settings,
    *,
    read_only: bool = False,
    undone: bool = False,
    inspector: bool = False,
) -> Iterator[Transaction]:
    """Run one transaction on a new connection: commit at the end, roll back on an error.

    Args:
        settings: Address and login of the warehouse.
        read_only: Start the transaction with BEGIN READ ONLY.
        undone: Roll back at the end even without an error.
        inspector: Connect as the user who may only read, for SQL that a person has typed.

    Raises:
        WarehouseError: The connection, a statement or the commit failed.
    """
    parameters = connection_parameters(settings, inspector=inspector)
    try:
        connection = redshift_connector.connect(**parameters)
    except (Error, OSError) as error:
        where = f"{settings.redshift_host}:{settings.redshift_port}"
        raise _explained(error, f"connecting to the warehouse at {where}") from error
    has_no_time_limit(connection)
    try:
        work = Transaction(connection, settings)
        if read_only:
            connection.autocommit = True  # otherwise the driver sends a plain BEGIN
            work.run("BEGIN READ ONLY")
        yield work
        if read_only or undone:
            work.run("ROLLBACK")
        else:
            wait = statement_wait(settings, connection, "COMMIT")
            try:
                with watched(wait):
                    connection.commit()
            except (Error, OSError) as error:
                if wait.is_cut:
                    raise cut_error(settings, wait) from error
                raise _explained(error, "COMMIT") from error
    finally:
        connection.close()  # the server rolls back what was not committed


def statement_wait(
    settings: Settings, connection: redshift_connector.Connection, what: str
) -> Wait:
    """Return what `infra.warehouse_watch` needs to watch a statement.

    Args:
        settings: Address and login of the warehouse; `redshift_silent_seconds`, `step_hours`.
        connection: The connection of the statement.
        what: Description of the statement.
    """
    return Wait(
        connection,
        what,
        lambda: _answers(settings),
        silent_seconds=settings.redshift_silent_seconds,
        most_seconds=settings.step_hours * 3600,
    )


def _answers(settings: Settings) -> bool:
    """Whether the warehouse answers a new connection within a few seconds."""
    try:
        parameters = connection_parameters(settings)
        parameters["timeout"] = _PROBE_SECONDS
        with redshift_connector.connect(**parameters) as probe:
            probe.cursor().execute("SELECT 1 AS answer")
    except (Error, OSError, WarehouseError):
        return False
    return True


def cut_error(settings: Settings, wait: Wait) -> WarehouseError:
    """Return the error of a statement that was ended: it was too long, or nothing answered."""
    if wait.is_too_long:
        return WarehouseError(
            f"{wait.what}: the statement took longer than {settings.step_hours:g} hours "
            "(OLIST_STEP_HOURS) and was ended",
            transient=False,
        )
    where = f"{settings.redshift_host}:{settings.redshift_port}"
    return WarehouseError(
        f"{wait.what}: the warehouse at {where} has not answered for "
        f"{settings.redshift_silent_seconds} seconds (OLIST_REDSHIFT_SILENT_SECONDS)",
        transient=True,
    )


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
        code=state,
    )


def _first_line(sql: str) -> str:
    lines = [line for line in sql.splitlines() if line.strip() and not line.startswith("--")]
    return lines[0][:100] if lines else sql[:100]
