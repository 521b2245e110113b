"""A user who only reads what is published: what `sql/access/reader.sql` grants on Redshift.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html and
https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT-examples.html
"""

from infra.local.redshift.commands import Command
from infra.local.redshift.copy import Copy
from infra.local.redshift.dialect import Translated
from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.unload import Unload

# public has nothing in it; views of the catalogue are named without a schema
_SCHEMAS = {"analytics", "audit", "pg_catalog", "information_schema", "public"}
_COMMANDS = {"BEGIN", "COMMIT", "ROLLBACK", "SET", "SHOW", "DEALLOCATE"}


def require_reading(statement: Translated | Copy | Unload | Command) -> None:
    """Raise RedshiftError 42501 for all that the role olist_reader may not do."""
    if isinstance(statement, Command) and statement.tag in _COMMANDS:
        return
    if not isinstance(statement, Translated) or not statement.returns_rows:
        raise RedshiftError("42501", "permission denied: this user reads, and changes nothing")
    for table in statement.reads:
        schema = table.partition(".")[0]
        if schema not in _SCHEMAS:
            raise RedshiftError("42501", f"permission denied for schema {schema}")
