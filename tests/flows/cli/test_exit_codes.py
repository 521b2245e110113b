"""Programs learn from the exit code who has to act."""

from datetime import date

import pytest
from botocore.exceptions import NoCredentialsError

from flows.cli.exit_codes import ExitCode, exit_code_of
from infra.local.process import StackError
from infra.source_storage import MissingSourceError
from infra.warehouse import WarehouseError
from tasks.publish_state import AfterPublishError
from tasks.receipts import GateReceipt
from tasks.request import RequestError
from tasks.validation.gate import GateError

GATE = GateError("stopped", GateReceipt(gate="staging", batch_date=date(2018, 10, 18), results=[]))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RequestError("no such check"), ExitCode.USAGE),
        (GATE, ExitCode.GATE),
        (MissingSourceError("no file"), ExitCode.SOURCE),
        (NoCredentialsError(), ExitCode.INFRASTRUCTURE),
        (StackError("no server"), ExitCode.INFRASTRUCTURE),
        (OSError(28, "no space left"), ExitCode.INFRASTRUCTURE),
        (WarehouseError("gone", transient=True), ExitCode.INFRASTRUCTURE),
        (WarehouseError("syntax error", transient=False, code="42601"), ExitCode.OTHER),
        (KeyError("a bug"), ExitCode.OTHER),
    ],
)
def test_an_error_has_the_exit_code_of_its_kind(error: Exception, code: ExitCode) -> None:
    assert exit_code_of(error) == code


def test_an_error_after_the_publish_has_the_exit_code_of_its_cause() -> None:
    error = AfterPublishError("published, but", "not reconciled")
    error.__cause__ = WarehouseError("gone", transient=True)
    assert exit_code_of(error) == ExitCode.INFRASTRUCTURE
