"""Exit codes of the command line: programs learn from them who has to act.

2 is also what the shell and other programs use for wrong options. A command that a signal ends
exits with 128 and the number of the signal.
"""

from collections.abc import Iterator
from enum import IntEnum

# classes of SQLSTATE whose cause is the statement: not supported, cardinality, data, constraint,
# transaction state, and syntax or access rule
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_WRONG_SQL = {"0A", "21", "22", "23", "25", "42"}


class ExitCode(IntEnum):
    """Exit codes besides 0, success."""

    OTHER = 1  # an error of the pipeline itself; of `status` and `check`: a problem was found
    USAGE = 2  # the command was asked wrongly; nothing was done
    GATE = 3  # a validation gate stopped the batch
    SOURCE = 4  # the source files are missing, or cannot be read
    INFRASTRUCTURE = 5  # AWS, the warehouse, Prefect, the network or this machine


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code for an error that ends a command."""
    from tasks.request import RequestError  # noqa: PLC0415 (slow to import)

    if isinstance(error, (RequestError, FileExistsError)):
        return ExitCode.USAGE
    kinds_by_code = _kinds()
    for cause in _causes(error):
        if str(getattr(cause, "code", ""))[:2] in _WRONG_SQL:  # of a WarehouseError
            return ExitCode.OTHER
        for code, kinds in kinds_by_code.items():
            if isinstance(cause, kinds):
                return code
    return ExitCode.OTHER


def _kinds() -> dict[ExitCode, tuple[type[BaseException], ...]]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from httpx import HTTPError  # noqa: PLC0415
    from redshift_connector.error import InterfaceError, OperationalError  # noqa: PLC0415

    from infra.lake import LakeError  # noqa: PLC0415
    from infra.local.process import StackError  # noqa: PLC0415
    from infra.preflight import AccessError  # noqa: PLC0415
    from infra.source_storage import SourceError  # noqa: PLC0415
    from infra.warehouse import WarehouseError  # noqa: PLC0415
    from tasks.validation.gate import GateError  # noqa: PLC0415
    from tasks.warehouse.writer_lock import LockError  # noqa: PLC0415

    return {
        ExitCode.GATE: (GateError,),
        ExitCode.SOURCE: (SourceError,),
        ExitCode.INFRASTRUCTURE: (
            *(BotoCoreError, ClientError, HTTPError, InterfaceError, OperationalError, OSError),
            *(LakeError, StackError, AccessError, WarehouseError, LockError),
        ),
    }


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
