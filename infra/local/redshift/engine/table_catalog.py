"""The tables of a session: their columns and definitions, and which are temporary."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import duckdb

from infra.local.redshift.engine.table_changes import Changes
from infra.local.redshift.engine.temporary_tables import TemporaryTables
from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql import ddl
from infra.local.redshift.sql.scope.annotate import Schema
from infra.local.redshift.sql.translated import Translated
from infra.local.redshift.sql.translator import translate

Columns = tuple[tuple[str, str], ...]


class Tables:
    """The tables that one connection sees; table names have the form `schema.table`."""

    def __init__(self, run: Callable[[str], duckdb.DuckDBPyConnection], changes: Changes) -> None:
        """Start with an empty cache.

        Args:
            run: Runs DuckDB SQL on the session's connection.
            changes: The table changes that all sessions share.
        """
        self._run = run
        self._changes = changes
        self._version = 0
        self._own: set[str] | None = set()  # changed by this transaction; None: any table
        self._with_lengths: set[str] = set()
        self._columns: dict[str, Columns] = {}
        self._snapshot: int | None = None  # `changes.count` when DuckDB's transaction began
        self._temporary = TemporaryTables(run)

    def engine_name(self, table: str) -> str:
        """The quoted name of a table in DuckDB."""
        schema, name = table.split(".")
        return f'temp.main."{name}"' if table in self._temporary else f'"{schema}"."{name}"'

    def permanent(self, tables: Sequence[str]) -> list[str]:
        """The tables of `tables` that are not temporary."""
        return [table for table in tables if table not in self._temporary]

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of a table's columns, in order."""
        if table in self._temporary:
            return self._table_info(table)
        return list(self._columns_of([table])[table])

    def _table_info(self, table: str) -> list[tuple[str, str]]:
        name = self.engine_name(table)
        return self._run(f"SELECT name, type FROM pragma_table_info('{name}')").fetchall()

    def _columns_of(self, tables: Sequence[str]) -> dict[str, Columns]:
        """The columns of permanent tables and views; empty for what does not exist.

        They are looked up in the list of all columns: reading those of a view that no longer fits
        its tables would abort the transaction. DuckDB answers conditions on single columns three
        times faster than one on the whole name.
        """
        found: dict[str, list[tuple[str, str]]] = {table: [] for table in tables}
        if tables:
            named = " OR ".join(f"({self._where(table)})" for table in tables)
            listed = self._run(
                "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
                f"WHERE database_name <> 'temp' AND ({named}) ORDER BY column_index"
            ).fetchall()
            for schema, table, column, kind in listed:
                found[f"{schema}.{table}"].append((column, kind))
        return {table: tuple(columns) for table, columns in found.items()}

    def require_lengths(self, table: str, assigned: Sequence[str]) -> None:
        """Check that the lengths of the text columns that a statement writes are known.

        Args:
            table: The table that the statement writes.
            assigned: The columns that it sets; empty means all columns.

        Raises:
            NotEmulatedError: A length is not known, because the table was made from a query.
        """
        if table in self._with_lengths:
            return
        for _, columns in self.schema_of([table]):
            text = {name for name, kind in columns if kind == "VARCHAR"}
            if text & set(assigned or text):
                self.definition(table)
                self._with_lengths.add(table)

    def schema_of(self, tables: Sequence[str]) -> Schema:
        """Columns and DuckDB types of the tables that exist; cached until a table changes.

        Args:
            tables: Names of tables, which need not exist.
        """
        if self._version != (count := self._changes.count):
            self._forget_changed_after(self._version)
            self._version = count
        unknown = [table for table in tables if table not in self._columns]
        if unknown:
            self._columns |= self._looked_up([t for t in unknown if t not in self._temporary])
        for table in unknown:
            if table in self._temporary:
                # with a permanent table of the same name, columns stay unknown: DuckDB resolves it
                hidden = self._permanent_too(table)
                self._columns[table] = () if hidden else tuple(self.columns(table))
        return tuple((table, self._columns[table]) for table in tables if self._columns[table])

    def _looked_up(self, tables: Sequence[str]) -> dict[str, Columns]:
        """Columns of permanent tables: what any session has read, where it is valid here."""
        shared, read_at = self._shared(tables), self._read_at
        found = self._changes.known("columns", shared, read_at)
        asked = self._columns_of([table for table in tables if table not in found])
        self._changes.keep("columns", {t: c for t, c in asked.items() if t in shared}, read_at)
        return found | asked

    def _shared(self, tables: Sequence[str]) -> list[str]:
        """The tables that other sessions see as this one does: its transaction left them alone."""
        own = self._own
        return [] if own is None else [table for table in tables if table not in own]

    @property
    def _read_at(self) -> int:
        """The count of the last change that the open transaction sees."""
        return self._changes.count if self._snapshot is None else self._snapshot

    def _forget_changed_after(self, count: int) -> None:
        changed = self._changes.changed_after
        self._columns = {t: c for t, c in self._columns.items() if not changed(t, count)}
        self._with_lengths = {t for t in self._with_lengths if not changed(t, count)}

    def begun(self) -> None:
        """Note that DuckDB's transaction begins; it does not see later changes of others."""
        self._snapshot = self._changes.count

    @property
    def version(self) -> int:
        """A number that increases when any session changes a table."""
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
        """Forget, after the end of a transaction, what only that transaction has seen."""
        seen_at = self._version if self._snapshot is None else self._snapshot
        if self._own != set():
            self._changes.note(self._own)
            self._changes.end(self._own)
            self._own = set()
        self._snapshot = None
        self._temporary.outdated()
        self._forget_changed_after(seen_at)
        self._version = self._changes.count

    def changed(self, tables: Collection[str] | None) -> None:
        """Make all sessions read tables again, now and after the end of the transaction.

        Args:
            tables: The changed tables; None if any table may have changed.
        """
        own = None if tables is None or self._own is None else {*self._own, *tables}
        self._changes.begin(own)
        if self._own != set():
            self._changes.end(self._own)
        self._own = own
        self._changes.note(tables)
        self._temporary.outdated()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let no session rely on what it knows of a table, while a statement changes some."""
        self._changes.begin(None)
        try:
            yield
        finally:
            self._changes.end(None)

    def redshift_types(self, table: str) -> dict[str, str]:
        """Redshift types of a table's columns, by column name; raises RedshiftError."""
        return self.definition(table).columns

    def definition(self, table: str) -> ddl.Definition:
        """The definition of a table, as CREATE TABLE stored it.

        Raises:
            RedshiftError: 42P01, the table does not exist.
            NotEmulatedError: The table was made from a query, so it has no definition.
        """
        shared = [] if table in self._temporary else self._shared([table])
        read_at = self._read_at
        known = self._changes.known("definition", shared, read_at)
        if table not in known:
            rows = self._run(
                f"SELECT comment FROM duckdb_tables() WHERE {self._where(table)}"
            ).fetchall()
            if not rows:
                raise RedshiftError("42P01", f'relation "{table}" does not exist')
            known = {table: rows[0][0]}
            self._changes.keep("definition", {t: known[t] for t in shared}, read_at)
        return ddl.parse(known[table], table)

    def has(self, table: str) -> bool:
        """Whether a table exists."""
        return bool(
            self._run(f"SELECT 1 FROM duckdb_tables() WHERE {self._where(table)}").fetchall()
        )

    def note(self, definition: ddl.Definition) -> None:
        """Store a table's definition in its DuckDB comment."""
        if definition.temporary:
            self._temporary.made(definition.table)
        if definition.columns:
            text = definition.to_json().replace("'", "''")
            self._run(f"COMMENT ON TABLE {self.engine_name(definition.table)} IS '{text}'")

    def note_tuning(self, table: str, change: tuple[str, ...]) -> None:
        """Store a change of DISTSTYLE, DISTKEY or SORTKEY in a table's definition."""
        self.note(ddl.changed(self.definition(table), change))

    def note_change(self, before: ddl.Definition, change: tuple[str, ...]) -> None:
        """Store a table's definition after an ALTER TABLE.

        Args:
            before: The definition before it.
            change: The change, as `ddl.change_of` returns it.
        """
        self.note(ddl.changed(before, change))

    def note_view(self, view: Translated) -> None:
        """Store the tables and functions that a view depends on.

        A view WITH NO SCHEMA BINDING depends on no table.
        """
        reads = [] if view.late_binding else [t for t in view.reads if t != view.writes[0]]
        on = json.dumps([*reads, *(f"{name}()" for name in view.inlined)])
        self._run(f"COMMENT ON VIEW {self.engine_name(view.writes[0])} IS '{on}'")

    def dropped_with(self, drop: Translated) -> list[str]:
        """The views that depend on what a DROP … CASCADE drops, each before those that it reads.

        Raises:
            RedshiftError: 2BP01, views depend on the objects and the DROP has no CASCADE.
        """
        found: list[str] = []
        reads = self._reads_of_views() if drop.writes else {}
        for table in drop.writes:
            for view in _views_on(table, reads):
                if view in drop.writes:
                    continue
                if not drop.cascade:
                    raise RedshiftError(
                        "2BP01",
                        f"cannot drop {table} because {view} depends on it: "
                        "DROP … CASCADE drops both",
                    )
                found.append(view)
        return found

    def replaced(self, view: str, create: Callable[[], object]) -> None:
        """Create or replace a view.

        Args:
            view: The view's name.
            create: Runs the statement.

        Raises:
            RedshiftError: 42P16, the columns of the existing view would change.
        """
        before = self.columns(view)
        create()
        if before and before != self.columns(view):
            raise RedshiftError(
                "42P16",
                f"cannot change the columns of {view} by CREATE OR REPLACE VIEW: DROP it first",
            )

    def _reads_of_views(self) -> dict[str, list[str]]:
        """The tables and functions that each view depends on."""
        found = self._run(
            "SELECT schema_name || '.' || view_name, comment FROM duckdb_views() "
            "WHERE NOT internal AND comment IS NOT NULL"
        ).fetchall()
        return {view: json.loads(reads) for view, reads in found}

    def create_like(self, new: ddl.Definition) -> ddl.Definition:
        """Run CREATE TABLE a (LIKE b).

        It copies columns, lengths and NOT NULL, but not keys and defaults.

        Args:
            new: The definition of the new table; `like` is the name of the model.

        Returns:
            The definition of the new table, with columns.
        """
        model = self.definition(new.like)
        columns = ", ".join(self._column_definitions(new.like, model))
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

    def add_column(self, before: ddl.Definition, alter: Translated) -> None:
        """Run ALTER TABLE ADD COLUMN by a copy, because DuckDB adds no column with a CHECK.

        Args:
            before: The definition of the table before the change.
            alter: The translated statement.

        Raises:
            NotEmulatedError: The table is temporary.
        """
        table = before.table
        if table in self._temporary:
            raise NotEmulatedError("ADD COLUMN of text to a temporary table: create it again")
        defaults = self._defaults(table)
        name = table.partition(".")[2]
        old, names = self.engine_name(table), ", ".join(f'"{c}"' for c in before.columns)
        remarks = self._remarks(table)
        columns = ", ".join([*self._column_definitions(table, before), alter.added_column])
        self._run(f'ALTER TABLE {old} RENAME TO "{name}__before"')
        copied = old.replace(f'"{name}"', f'"{name}__before"')
        self._run(translate(f"CREATE TABLE {table} ({columns})").sql)
        for column, value in defaults:
            self._run(f'ALTER TABLE {old} ALTER COLUMN "{column}" SET DEFAULT {value}')
        self._run(f"INSERT INTO {old} ({names}) SELECT {names} FROM {copied}")
        self._run(f"DROP TABLE {copied}")
        for column, text in remarks:
            quoted = text.replace("'", "''")
            self._run(f"COMMENT ON COLUMN {old}.\"{column}\" IS '{quoted}'")
        self.note(ddl.changed(before, alter.change))

    def _column_definitions(self, table: str, definition: ddl.Definition) -> list[str]:
        """The columns of a table as CREATE TABLE takes them, without keys and defaults."""
        required = self._run(
            "SELECT column_name FROM duckdb_columns() "
            f"WHERE NOT is_nullable AND {self._where(table)}"
        ).fetchall()
        not_null = {name for (name,) in required}
        return [
            f'"{name}" {kind}{" NOT NULL" if name in not_null else ""}'
            for name, kind in definition.columns.items()
        ]

    def _defaults(self, table: str) -> list[tuple[str, str]]:
        """Columns with a default, and its DuckDB SQL."""
        return self._run(
            "SELECT column_name, column_default FROM duckdb_columns() "
            f"WHERE column_default IS NOT NULL AND {self._where(table)}"
        ).fetchall()

    def _remarks(self, table: str) -> list[tuple[str, str]]:
        return self._run(
            "SELECT column_name, comment FROM duckdb_columns() "
            f"WHERE comment IS NOT NULL AND {self._where(table)}"
        ).fetchall()

    def _where(self, table: str) -> str:
        schema, name = table.split(".")
        temporary = table in self._temporary
        place = "database_name = 'temp'" if temporary else f"schema_name = '{schema}'"
        return f"{place} AND table_name = '{name}'"


def _views_on(table: str, reads: dict[str, list[str]]) -> list[str]:
    """The views that read a table, also through other views; dependent views first."""
    direct = [view for view, tables in reads.items() if table in tables]
    return [view for one in direct for view in (*_views_on(one, reads), one)]
