"""Commands stopped at every step, by every signal: they end soon, and a repeat gives the same result.

A campaign of half an hour; tests/flows/cli/test_stopping.py has a few of these cases for CI.
"""

import signal
import sys
from pathlib import Path

import pytest

from infra.local.extract import extract
from infra.local.generate import generate
from infra.local.services import running
from infra.settings import Settings
from tests.flows.cli.command import Command
from tests.history import checksums, left_over, require_invariants

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
# words of the log that tell a step; of two tasks at once, the first
STEPS = {
    "run": [
        "Starting", "Beginning flow run", "prepare ", "upload orders", "validate raw",
        "copy orders", "validate staging", "find affected keys", "transform fact_order",
        "validate star", "validate marts", "publish ", "validate reconciliation", "export fact_order",
        "switch exports", "report ", "dashboards ",
    ],
    "retract": ["prepare ", "transform dim_customer", "publish ", "validate reconciliation"],
    "rebuild": ["prepare ", "validate star", "publish ", "report "],
    "rebuild --from-lake": ["restore ", "copy orders", "publish ", "export fact_order"],
    "backfill": ["upload ", "validate marts", "publish ", "dashboards "],
}  # fmt: skip


def _stopped(home: Path, words: list[str], step: str, number: signal.Signals) -> float:
    """Stop a command at a step; return the seconds until it and its services have ended."""
    outputs = {"OLIST_EXPORTS": "true", "OLIST_DASHBOARDS": "true"}
    with Command(home, *words, "-v", **outputs) as command:
        command.wait_for(step, 250).send(number)
        _, seconds = command.ended(120)
        return seconds + command.seconds_until_nothing_is_left(60)


def _done(home: Path, words: list[str]) -> None:
    with Command(home, *words) as command:
        assert command.ended(280)[0] == 0, command.printed


def _state(home: Path) -> dict[str, str]:
    with running(Settings(home=home)) as settings:
        require_invariants(settings)
        assert left_over(settings) == []
        return checksums(settings)


def test_a_command_that_is_stopped_at_any_step_ends_soon_and_its_repeat_converges(
    tmp_path: Path,
) -> None:
    generate(tmp_path / "dump", 40, seed=23)
    extract(tmp_path / "dump", tmp_path / "days", every="12mo")
    days = sorted(path.name for path in (tmp_path / "days").iterdir())
    source = ["--source", str(tmp_path / "days")]
    run = ["run", *source, "--batch-date", days[0]]
    backfill = ["backfill", *source, "--batches-per-publish", "9"]
    commands = {
        "run": run,
        "backfill": backfill,
        "rebuild": ["rebuild"],
        "rebuild --from-lake": ["rebuild", "--from-lake"],
        "retract": ["retract", days[-1]],
    }
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    expected = {}
    for name, words in commands.items():
        _done(undisturbed, words)
        expected[name] = _state(undisturbed)
    longest, count = 0.0, 0
    for name, words in commands.items():
        for number, step in enumerate(STEPS[name]):
            seconds = _stopped(disturbed, words, step, SIGNALS[number % len(SIGNALS)])
            count, longest = count + 1, max(longest, seconds)
            print(f"{name}, {step!r}: {SIGNALS[number % len(SIGNALS)].name}, {seconds:.1f} s")
            assert seconds < 20, (name, step)
        _done(disturbed, words)
        assert _state(disturbed) == expected[name], name
    print(f"{count} stopped, all converged; longest end {longest:.1f} s")
