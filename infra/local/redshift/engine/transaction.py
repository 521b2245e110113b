"""The transaction of one connection: its state, its locks, and DuckDB's transaction.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html and
https://docs.aws.amazon.com/redshift/latest/dg/r_BEGIN.html
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from infra.local.redshift.clock import now
from infra.local.redshift.engine.table_locks import TableLocks
from infra.local.redshift.errors import RedshiftError


class Transaction:
    """The transaction state of one session."""

    def __init__(
        self,
        run: Callable[[str], object],
        locks: TableLocks,
        begins: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        """Start idle.

        Args:
            run: Runs DuckDB SQL on the session's connection.
            locks: The table locks that all sessions share.
            begins: Called before DuckDB's transaction begins.
            ended: Called after each transaction block.
        """
        self._begins = begins
        self._ended = ended
        self.status = "I"  # I idle, T in a transaction, E in a failed one
        self.began = now()  # start time of the transaction; outside one, of the statement
        self._run = run
        self._locks = locks
        self._read_only = False
        self._opened = False  # whether DuckDB's transaction has begun
        self._implicit = False  # a transaction of `begin_implicitly`

    def begin(self, *, read_only: bool) -> bool:
        """Begin a transaction, or make an implicit one explicit.

        Returns:
            False if an explicit transaction is already in progress.
        """
        if self.status != "I":
            implicit, self._implicit = self._implicit, False
            return implicit
        self.status = "T"
        self._read_only = read_only
        self.began = now()
        return True

    def begin_implicitly(self) -> None:
        """Begin a transaction for the statements of one message, unless one is in progress."""
        if self.status == "I":
            self.begin(read_only=False)
            self._implicit = True

    def end_implicit(self) -> None:
        """Commit the transaction of `begin_implicitly`, unless a statement has ended it."""
        if self._implicit:
            self.end("COMMIT")

    def open(self) -> None:
        """Begin DuckDB's transaction: the first statement takes the snapshot, not BEGIN."""
        if self.status == "T" and not self._opened:
            self._begins()
            self._run("BEGIN")
            self._opened = True
        elif self.status == "I":
            self.began = now()

    def end(self, tag: str) -> str:
        """Commit or roll back; a failed transaction is always rolled back.

        Args:
            tag: COMMIT or ROLLBACK.

        Returns:
            The command tag: ROLLBACK if the transaction was rolled back.
        """
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
        """Wrap a single statement in a transaction, unless one is open."""
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
        """Mark an explicit transaction as failed, or roll back an implicit one."""
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
        """Lock the tables that a statement writes until the end of the transaction.

        Args:
            tables: Names of tables, as schema.table.
            exclusive: Block readers too, as LOCK does.

        Raises:
            RedshiftError: 25006 in a read-only transaction, or an error of `TableLocks.write`.
        """
        if self._read_only:
            raise RedshiftError("25006", "transaction is read-only")
        self._locks.write(tables, self, exclusive=exclusive)

    def read(self, tables: Sequence[str]) -> None:
        """Wait while another transaction holds one of the tables with LOCK."""
        self._locks.read(tables, self)

    def cancel_waiting(self) -> bool:
        """Cancel a wait for a table; False if there is none. Callable from any thread."""
        return self._locks.cancel(self)
