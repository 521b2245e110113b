"""The transaction of one connection: its state, its locks, and when the engine's begins.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html and
https://docs.aws.amazon.com/redshift/latest/dg/r_BEGIN.html
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from infra.local.redshift.clock import now
from infra.local.redshift.engine.table_locks import TableLocks
from infra.local.redshift.errors import RedshiftError


class Transaction:
    """Begins, ends and fails; `run` carries out engine SQL."""

    def __init__(
        self,
        run: Callable[[str], object],
        locks: TableLocks,
        begins: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        """Start idle; `begins` is called before the engine's begins, `ended` after each block."""
        self._begins = begins
        self._ended = ended
        self.status = "I"  # I idle, T in a transaction, E in a failed one
        self.began = now()  # of the transaction, or of the statement outside one
        self._run = run
        self._locks = locks
        self._read_only = False
        self._opened = False  # whether the engine's transaction has begun
        self._implicit = False  # around the statements of one message

    def begin(self, *, read_only: bool) -> bool:
        """Begin one; False when one is in progress already."""
        if self.status != "I":
            implicit, self._implicit = self._implicit, False
            return implicit
        self.status = "T"
        self._read_only = read_only
        self.began = now()
        return True

    def begin_implicitly(self) -> None:
        """Begin one around several statements of one message, unless one is in progress."""
        if self.status == "I":
            self.begin(read_only=False)
            self._implicit = True

    def end_implicit(self) -> None:
        """Commit what `begin_implicitly` began, unless a statement has ended it."""
        if self._implicit:
            self.end("COMMIT")

    def open(self) -> None:
        """Begin the engine's: a snapshot is taken by the first statement, not by BEGIN."""
        if self.status == "T" and not self._opened:
            self._begins()
            self._run("BEGIN")
            self._opened = True
        elif self.status == "I":
            self.began = now()

    def end(self, tag: str) -> str:
        """COMMIT or ROLLBACK; a failed transaction is rolled back either way."""
        if self.status == "I":
            self._locks.release(self)
            return tag
        failed = self.status == "E" or tag == "ROLLBACK"
        opened, self._opened = self._opened, False
        self.status = "I"
        self._read_only = self._implicit = False
        try:
            if opened:
                self._run("ROLLBACK" if failed else "COMMIT")
        finally:
            self._ended()
            self._locks.release(self)
        return "ROLLBACK" if failed else "COMMIT"

    @contextmanager
    def of_statement(self) -> Iterator[None]:
        """A transaction around a single statement, unless one is open."""
        self.open()
        if self.status != "I":
            yield
            return
        self._run("BEGIN")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        else:
            self._run("COMMIT")
        finally:
            self._locks.release(self)

    def fail(self) -> None:
        """Mark a running transaction as failed."""
        if self._implicit:
            self.end("ROLLBACK")
        elif self.status == "T":
            self.status = "E"
        elif self.status == "I":
            self._locks.release(self)

    def refuse_if_failed(self) -> None:
        """Raise RedshiftError 25P02 in a failed transaction."""
        if self.status == "E":
            raise RedshiftError(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            )

    def write(self, tables: Sequence[str], *, exclusive: bool = False) -> None:
        """Wait for the tables that a statement writes, and hold them to the transaction's end."""
        if self._read_only:
            raise RedshiftError("25006", "transaction is read-only")
        self._locks.write(tables, self, exclusive=exclusive)

    def read(self, tables: Sequence[str]) -> None:
        """Wait while another transaction keeps readers out."""
        self._locks.read(tables, self)

    def cancel_waiting(self) -> bool:
        """End a wait for a table; False when there is none. May be called from another thread."""
        return self._locks.cancel(self)
