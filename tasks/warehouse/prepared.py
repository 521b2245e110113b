"""Whether the warehouse is as the last preparation left it.

Preparing takes up to two hundred statements, a minute on a slow link. So its end is noted: a hash
of the SQL and the code that it follows, and of the columns of all relations that it has left.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from infra import ddl, sql_files
from infra.warehouse import SCHEMAS, Transaction

_COLUMNS = (
    "table_schema, table_name, column_name, data_type, character_maximum_length, "
    "numeric_precision, numeric_scale, is_nullable, remarks"
)


def is_prepared(work: Transaction) -> bool:
    """Whether nothing has changed since `note_prepared`: neither the SQL nor the relations.

    Raises:
        WarehouseError: A query failed.
    """
    columns = _columns(work)
    if not any(column[:2] == ("audit", "prepared") for column in columns):
        return False
    noted = work.query("SELECT fingerprint, relations, columns_hash FROM audit.prepared")
    return any(
        fingerprint == _fingerprint() and hashed == _hash(columns, json.loads(relations))
        for fingerprint, relations, hashed in noted
    )


def note_prepared(work: Transaction) -> None:
    """Note that the warehouse is prepared.

    Raises:
        WarehouseError: A statement failed.
    """
    columns = _columns(work)
    relations = sorted({f"{schema}.{table}" for schema, table, *_ in columns})
    work.run("DELETE FROM audit.prepared")
    work.run(
        "INSERT INTO audit.prepared (fingerprint, relations, columns_hash) "
        "SELECT CAST(%s AS VARCHAR(64)), CAST(%s AS VARCHAR(65535)), CAST(%s AS VARCHAR(64))",
        [_fingerprint(), json.dumps(relations), _hash(columns, relations)],
    )


def _columns(work: Transaction) -> list[tuple]:
    schemas = ", ".join(f"'{schema}'" for schema in SCHEMAS)
    return work.query(
        f"SELECT {_COLUMNS} FROM svv_columns WHERE table_schema IN ({schemas}) "
        "ORDER BY table_schema, table_name, ordinal_position"
    )


def _hash(columns: Sequence[tuple], relations: Sequence[str]) -> str:
    """Hash the columns of relations; others belong to the run that created them."""
    known = set(relations)
    ours = [column for column in columns if f"{column[0]}.{column[1]}" in known]
    return hashlib.sha256(repr(ours).encode()).hexdigest()


def _fingerprint() -> str:
    """Hash what a preparation follows: the files under sql/, and the code that reads them."""
    found = hashlib.sha256()
    code = [*Path(__file__).parent.glob("*.py"), Path(str(ddl.__file__))]
    for path in sorted([*sql_files.SQL.rglob("*.sql"), *code]):
        found.update(f"{path.name}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()
