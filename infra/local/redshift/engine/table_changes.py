"""What is known of the tables of a database, and when they changed; all sessions share it."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Literal

Fact = Literal["columns", "definition"]


class Changes:
    """A counter of changes of tables, and the facts that sessions have read.

    A session tells at which count it has read: that of the last change that its transaction sees. A
    fact is valid for it if the table has not changed after that. While a transaction that changes a
    table is open, nothing is known of the table: nobody can tell whether others see the change yet.
    """

    def __init__(self) -> None:
        """Start without changes and facts."""
        self.count = 0  # the number of changes by any session
        self._lock = threading.Lock()
        self._changed_at: dict[str, int] = {}
        self._all_changed_at = 0
        self._facts: dict[Fact, dict[str, Any]] = {"columns": {}, "definition": {}}
        self._changing: Counter[str | None] = Counter()  # None: any table

    def begin(self, tables: Collection[str] | None) -> None:
        """Note that a transaction begins to change tables; None if it may change any table."""
        with self._lock:
            self._changing.update([None] if tables is None else tables)

    def end(self, tables: Collection[str] | None) -> None:
        """Note that the transaction of `begin` has ended; call `note` before."""
        with self._lock:
            self._changing.subtract([None] if tables is None else tables)
            self._changing = +self._changing

    def note(self, tables: Collection[str] | None) -> None:
        """Note a change of tables.

        Args:
            tables: Their names, as schema.table; None if any table may have changed.
        """
        with self._lock:
            self.count += 1
            if tables is None:
                self._all_changed_at = self.count
                self._changed_at.clear()
                for facts in self._facts.values():
                    facts.clear()
                return
            for table in tables:
                self._changed_at[table] = self.count
                for facts in self._facts.values():
                    facts.pop(table, None)

    def changed_after(self, table: str, count: int) -> bool:
        """Whether a table may have changed after `count` changes."""
        return max(self._all_changed_at, self._changed_at.get(table, 0)) > count

    def known(self, fact: Fact, tables: Iterable[str], read_at: int) -> dict[str, Any]:
        """The known facts of tables, as a session sees them that has read at a count."""
        with self._lock:
            facts = self._facts[fact]
            return {
                table: facts[table]
                for table in tables
                if table in facts and self._is_certain(table, read_at)
            }

    def keep(self, fact: Fact, found: dict[str, Any], read_at: int) -> None:
        """Keep facts that a session has read; not those of tables that have changed since."""
        with self._lock:
            self._facts[fact] |= {
                table: it for table, it in found.items() if self._is_certain(table, read_at)
            }

    def _is_certain(self, table: str, read_at: int) -> bool:
        changing = self._changing[None] or self._changing[table]
        return not changing and not self.changed_after(table, read_at)
