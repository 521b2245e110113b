"""Table locks: a second writer of a table waits until the first one's transaction ends.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_Serializable_isolation_example.html
https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html
"""

import threading
from collections.abc import Iterable

from infra.local.redshift.errors import RedshiftError


class TableLocks:
    """The writers and waiters of tables. An owner is a transaction, compared by identity."""

    def __init__(self) -> None:
        """Start without locks."""
        self._changed = threading.Condition()
        self._writers: dict[str, object] = {}
        self._exclusive: dict[str, object] = {}  # LOCK blocks readers too
        self._waiting: dict[object, str] = {}
        self._cancelled: set[object] = set()

    def write(self, tables: Iterable[str], owner: object, *, exclusive: bool = False) -> None:
        """Wait for the tables and lock them until `release`.

        Args:
            tables: Names of tables, as schema.table.
            owner: The transaction that locks them.
            exclusive: Block readers too, as LOCK does.

        Raises:
            RedshiftError: 40P01 for a deadlock, 57014 if the statement is cancelled while it waits.
        """
        for table in sorted(set(tables)):
            self._wait(table, owner, self._writers)
            if exclusive:
                self._exclusive[table] = owner

    def read(self, tables: Iterable[str], owner: object) -> None:
        """Wait while another owner holds one of the tables with LOCK.

        Raises:
            RedshiftError: 40P01 for a deadlock, 57014 if the statement is cancelled while it waits.
        """
        for table in tables:
            if table in self._exclusive:
                self._wait(table, owner, self._exclusive, hold=False)

    def release(self, owner: object) -> None:
        """Release all locks of an owner."""
        with self._changed:
            self._writers = {t: o for t, o in self._writers.items() if o is not owner}
            self._exclusive = {t: o for t, o in self._exclusive.items() if o is not owner}
            self._cancelled.discard(owner)
            self._changed.notify_all()

    def cancel(self, owner: object) -> bool:
        """Cancel the wait of an owner; False if it does not wait."""
        with self._changed:
            if owner not in self._waiting:
                return False
            self._cancelled.add(owner)
            self._changed.notify_all()
            return True

    def _wait(
        self, table: str, owner: object, holders: dict[str, object], *, hold: bool = True
    ) -> None:
        exclusive = holders is self._exclusive
        with self._changed:
            self._waiting[owner] = table
            try:
                while self._held(table, exclusive) not in {None, owner}:
                    if self._deadlocked(owner):
                        raise RedshiftError("40P01", "deadlock detected")
                    self._changed.wait()
                    if owner in self._cancelled:
                        self._cancelled.discard(owner)
                        raise RedshiftError("57014", "Query cancelled on user's request")
                if hold:
                    self._writers[table] = owner
            finally:
                del self._waiting[owner]

    def _held(self, table: str, exclusive: bool) -> object | None:
        return (self._exclusive if exclusive else self._writers).get(table)

    def _deadlocked(self, owner: object) -> bool:
        """Whether the wait of this owner is part of a cycle of waits."""
        seen: set[int] = set()
        at: object | None = owner
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            table = self._waiting.get(at)
            at = self._writers.get(table) if table is not None else None
            if at is owner:
                return True
        return False
