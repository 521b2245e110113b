"""What a session knows of its tables: columns, definitions, and which ones are temporary."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import duckdb

from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.sql import ddl
from infra.local.redshift.sql.scope.annotate import Schema
from infra.local.redshift.sql.translated import Translated
from infra.local.redshift.sql.translator import translate

Columns = tuple[tuple[str, str], ...]


@dataclass
class Changes:
    """How often any session has changed a table, and the columns that tables have since; all
    sessions share it.
    """

    count: int = 0
    _columns: tuple[int, dict[str, Columns]] = (0, {})

    def columns_at(self, count: int) -> dict[str, Columns]:
        """What is known of tables as they are after so many changes; others may add to it."""
        if self._columns[0] != count:
            self._columns = (count, {})
        return self._columns[1]


class Tables:
    """Tables as one connection sees them; names are `schema.table`."""

    def __init__(self, run: Callable[[str], duckdb.DuckDBPyConnection], changes: "Changes") -> None:
        """Look them up by engine SQL that `run` carries out."""
        self._run = run
        self._changes = changes
        self._version = 0
        self._changed = False
        self._with_lengths: set[str] = set()
        self._columns: dict[str, Columns] = {}
        self._snapshot: int | None = None  # changes before the engine's transaction began
        self._temporary: set[str] = set()

    def engine_name(self, table: str) -> str:
        """How the engine is told of a table."""
        schema, name = table.split(".")
        return f'temp.main."{name}"' if table in self._temporary else f'"{schema}"."{name}"'

    def permanent(self, tables: Sequence[str]) -> list[str]:
        """Those that others see too."""
        return [table for table in tables if table not in self._temporary]

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Names and engine types of a table's columns, in order."""
        return self._run(
            f"SELECT column_name, data_type FROM duckdb_columns() WHERE {self._where(table)} "
            "ORDER BY column_index"
        ).fetchall()

    def _columns_of(self, tables: Sequence[str]) -> dict[str, Columns]:
        """The columns of several permanent tables; of those that do not exist, none.

        The engine looks through all of its catalogue for each question, so it is asked once.
        """
        found: dict[str, list[tuple[str, str]]] = {table: [] for table in tables}
        if tables:
            listed = ", ".join(f"'{table}'" for table in tables)
            rows = self._run(
                "SELECT schema_name || '.' || table_name, column_name, data_type "
                "FROM duckdb_columns() WHERE database_name <> 'temp' "
                f"AND schema_name || '.' || table_name IN ({listed}) "
                "ORDER BY schema_name, table_name, column_index"
            ).fetchall()
            for table, name, kind in rows:
                found[table].append((name, kind))
        return {table: tuple(columns) for table, columns in found.items()}

    def require_lengths(self, table: str, assigned: Sequence[str]) -> None:
        """Raise NotEmulatedError where text goes into columns whose length is not known."""
        if table in self._with_lengths:
            return
        for _, columns in self.schema_of([table]):
            text = {name for name, kind in columns if kind == "VARCHAR"}
            if text & set(assigned or text):
                self.definition(table)
                self._with_lengths.add(table)

    def schema_of(self, tables: Sequence[str]) -> Schema:
        """Columns and engine types of those of some tables that exist; asked for once."""
        if self._version != self._changes.count:
            self._version = self._changes.count
            self._columns.clear()
            self._with_lengths.clear()
        unknown = [table for table in tables if table not in self._columns]
        if unknown:
            self._columns |= self._looked_up([t for t in unknown if t not in self._temporary])
        for table in unknown:
            if table in self._temporary:
                # which of the two a statement means, the engine is asked
                hidden = self._permanent_too(table)
                self._columns[table] = () if hidden else tuple(self.columns(table))
        return tuple((table, self._columns[table]) for table in tables if self._columns[table])

    def _looked_up(self, tables: Sequence[str]) -> dict[str, Columns]:
        """Columns of permanent tables, from what other sessions know where this one sees the same.

        A session that has changed tables, or whose snapshot is older than the last change, sees
        other tables than the others do.
        """
        count = self._changes.count
        if self._changed or self._snapshot not in {None, count}:
            return self._columns_of(tables)
        known = self._changes.columns_at(count)
        found = {table: known[table] for table in tables if table in known}
        asked = self._columns_of([table for table in tables if table not in found])
        if self._changes.count == count:  # nobody changed a table meanwhile
            known |= asked
        return found | asked

    def begun(self) -> None:
        """The engine's transaction begins: from here on it sees no change of others."""
        self._snapshot = self._changes.count

    @property
    def version(self) -> int:
        """Changes when any session changes a table."""
        return self._changes.count

    def _permanent_too(self, table: str) -> bool:
        schema, name = table.split(".")
        return bool(
            self._run(
                "SELECT 1 FROM duckdb_tables() WHERE NOT temporary "
                f"AND schema_name = '{schema}' AND table_name = '{name}'"
            ).fetchall()
        )

    def forget(self) -> None:
        """Ask anew: a transaction has ended, or a table has changed."""
        if self._changed:
            self._changes.count += 1
            self._changed = False
        self._snapshot = None
        self._version = self._changes.count
        self._columns.clear()
        self._with_lengths.clear()

    def changed(self) -> None:
        """Have every session ask anew, now and once the transaction has ended."""
        self._changes.count += 1
        self._changed = True

    def redshift_types(self, table: str) -> dict[str, str]:
        """Names and Redshift's types of a table's columns."""
        return self.definition(table).columns

    def definition(self, table: str) -> ddl.Definition:
        """What CREATE TABLE said; raises RedshiftError."""
        rows = self._run(
            f"SELECT comment FROM duckdb_tables() WHERE {self._where(table)}"
        ).fetchall()
        if not rows:
            raise RedshiftError("42P01", f'relation "{table}" does not exist')
        return ddl.parse(rows[0][0], table)

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return bool(
            self._run(f"SELECT 1 FROM duckdb_tables() WHERE {self._where(table)}").fetchall()
        )

    def note(self, definition: ddl.Definition) -> None:
        """Keep Redshift's view of a table in the engine's comment."""
        if definition.temporary:
            self._temporary.add(definition.table)
        if definition.columns:
            text = definition.to_json().replace("'", "''")
            self._run(f"COMMENT ON TABLE {self.engine_name(definition.table)} IS '{text}'")

    def note_tuning(self, table: str, change: tuple[str, ...]) -> None:
        """Keep what an ALTER TABLE changed of the distribution or the order of rows."""
        self.note(ddl.changed(self.definition(table), change))

    def note_change(self, before: ddl.Definition, change: tuple[str, ...]) -> None:
        """Keep what an ALTER TABLE changed."""
        self.note(ddl.changed(before, change))

    def note_view(self, view: Translated) -> None:
        """Keep which tables a view reads, unless it was made WITH NO SCHEMA BINDING."""
        reads = [] if view.late_binding else [t for t in view.reads if t != view.writes[0]]
        self._run(f"COMMENT ON VIEW {self.engine_name(view.writes[0])} IS '{json.dumps(reads)}'")

    def dropped_with(self, drop: Translated) -> list[str]:
        """Engine SQL to drop the views that depend on what is dropped, if it says CASCADE.

        Raises RedshiftError 2BP01 where there are some and it does not.
        """
        statements = []
        for table in drop.writes:
            for view in self._views_on(table):
                if view in drop.writes:
                    continue
                if not drop.cascade:
                    raise RedshiftError(
                        "2BP01",
                        f"cannot drop {table} because {view} depends on it: "
                        "DROP … CASCADE drops both",
                    )
                statements.append(f"DROP VIEW IF EXISTS {self.engine_name(view)}")
        return statements

    def replaced(self, view: str, create: Callable[[], object]) -> None:
        """Replace a view; raises RedshiftError where its columns would change."""
        before = self.columns(view)
        create()
        if before and before != self.columns(view):
            raise RedshiftError(
                "42P16",
                f"cannot change the columns of {view} by CREATE OR REPLACE VIEW: DROP it first",
            )

    def _views_on(self, table: str) -> list[str]:
        """The views that read a table, and those that read these."""
        found = self._run(
            "SELECT schema_name || '.' || view_name, comment FROM duckdb_views() "
            "WHERE NOT internal AND comment IS NOT NULL"
        ).fetchall()
        direct = [view for view, reads in found if table in json.loads(reads)]
        return [view for one in direct for view in (*self._views_on(one), one)]

    def create_like(self, new: ddl.Definition) -> ddl.Definition:
        """CREATE TABLE a (LIKE b): its columns, lengths and NOT NULL, without keys and defaults."""
        model = self.definition(new.like)
        required = self._run(
            "SELECT column_name FROM duckdb_columns() "
            f"WHERE NOT is_nullable AND {self._where(new.like)}"
        ).fetchall()
        not_null = {name for (name,) in required}
        columns = ", ".join(
            f'"{name}" {kind}{" NOT NULL" if name in not_null else ""}'
            for name, kind in model.columns.items()
        )
        kind = "TEMP TABLE" if new.temporary else "TABLE"
        target = new.table.removeprefix("public.")
        self._run(translate(f"CREATE {kind} {target} ({columns})").sql)
        return replace(
            model,
            table=new.table,
            temporary=new.temporary,
            if_absent=False,
            like="",
            primary_key=[],
            unique=[],
            foreign_keys=[],
        )

    def name_first_columns(self, sql: str, insert: Translated) -> str:
        """INSERT of fewer values than columns fills the first ones."""
        columns = [name for name, _ in self.columns(insert.writes[0])]
        if not insert.values or insert.values >= len(columns):
            return sql
        named = ", ".join(f'"{name}"' for name in columns[: insert.values])
        return sql.replace(" VALUES ", f" ({named}) VALUES ", 1)

    def _where(self, table: str) -> str:
        schema, name = table.split(".")
        temporary = table in self._temporary
        place = "database_name = 'temp'" if temporary else f"schema_name = '{schema}'"
        return f"{place} AND table_name = '{name}'"
