"""The warehouse: connections to Redshift, and transactions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redshift_connector
from redshift_connector.error import Error, InterfaceError

from infra.settings import Settings

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

    @property
    def columns(self) -> list[str]:
        """Column names of the last SELECT."""
        return [column[0] for column in self._cursor.description or []]


def connection_parameters(settings: Settings) -> dict[str, Any]:
    """Parameters of `redshift_connector.connect`; the password stays out of URLs and logs."""
    password = settings.redshift_password
    return {
        "host": settings.redshift_host,
        "port": settings.redshift_port,
        "database": settings.redshift_database,
        "user": settings.redshift_user,
        "password": password.get_secret_value() if password else None,
        "ssl": settings.redshift_ssl,
        "timeout": None,
        "application_name": "olist-elt",
    }


@contextmanager
def transaction(settings: Settings, *, read_only: bool = False) -> Iterator[Transaction]:
    """One transaction on a connection of its own: committed at the end, rolled back on an error.

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
        if read_only:
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
