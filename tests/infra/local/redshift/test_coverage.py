"""COVERAGE.md matches the code and the tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.redshift.copy import statement, unload_statement
from infra.local.redshift.engine import utility_commands
from infra.local.redshift.sql import registry
from infra.settings import PROJECT
from tests.infra.local.redshift.ledger import emulator_only


@pytest.mark.slow
@emulator_only("the ledger is kept by the project itself")
def test_the_coverage_page_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.tools.redshift_coverage", "--check"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@emulator_only("the ledger is kept by the project itself")
def test_every_listed_function_and_option_is_tested() -> None:
    here = Path(__file__).parent
    sql = "\n".join(
        file.read_text().lower() for file in here.rglob("*.*") if file.suffix in {".py", ".sql"}
    )
    # these are written without parentheses
    words = {
        "current_date",
        "sysdate",
        "current_user",
        *statement.OPTIONS,
        *unload_statement.OPTIONS,
    }
    words |= {*utility_commands.SETTINGS}
    calls = registry.FUNCTIONS.keys() - words
    unused = [word for word in words if not re.search(rf"\b{word}\b", sql)]
    unused += [name for name in calls if not re.search(rf"\b{name}\s*\(", sql)]
    assert sorted(unused) == []
