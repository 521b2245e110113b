"""The privileges of a user who may only read some schemas.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html and
https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT-examples.html
"""

from collections.abc import Collection

from infra.local.redshift.copy.statement import Copy
from infra.local.redshift.copy.unload_statement import Unload
from infra.local.redshift.engine.utility_commands import Command
from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.translated import Translated

# public: its tables are empty here, and catalogue views without a schema are looked up in it
ALWAYS_READABLE = ("pg_catalog", "information_schema", "public")
# logs whose rows of other users are hidden: they hold values of rejected rows
_LOGS_OF_ALL = {"sys_load_history", "sys_load_error_detail"}
_COMMANDS = {"BEGIN", "COMMIT", "ROLLBACK", "SET", "SHOW", "DEALLOCATE"}


def require_reading(
    statement: Translated | Copy | Unload | Command, schemas: Collection[str]
) -> None:
    """Check that a statement only reads, and only from tables of some schemas.

    Args:
        statement: The statement of a user who may only read.
        schemas: The schemas that the user may read.

    Raises:
        RedshiftError: 42501, the user lacks the privilege.
        NotEmulatedError: It reads a log that shows each user other rows.
    """
    if isinstance(statement, Command) and statement.tag in _COMMANDS:
        return
    if not isinstance(statement, Translated) or not statement.returns_rows:
        raise RedshiftError("42501", "permission denied: this user reads, and changes nothing")
    require_schemas((*statement.reads, *statement.calls), schemas)


def require_schemas(names: Collection[str], schemas: Collection[str]) -> None:
    """Check that tables and functions are in schemas that a user may read.

    It comes before any look-up: an error about a column would tell whether a table exists.

    Args:
        names: The tables and functions, schema-qualified.
        schemas: The schemas that the user may read.

    Raises:
        RedshiftError: 42501, the user lacks the privilege.
        NotEmulatedError: One is a log that shows each user other rows.
    """
    for named in names:
        schema, _, table = named.rpartition(".")
        if table in _LOGS_OF_ALL:
            raise NotEmulatedError(f"{table} for this user: Redshift shows only its own loads")
        if schema not in ALWAYS_READABLE and schema not in schemas:
            raise RedshiftError("42501", f"permission denied for schema {schema}")
