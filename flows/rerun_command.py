"""Build the command that repeats a flow run, for messages."""

import shlex
from collections.abc import Callable
from typing import Any

from tasks.receipts import RerunCommand


def rerun_command(flow: str, parameters: dict[str, Any]) -> RerunCommand:
    """Build the `olist` command that repeats a flow run.

    Args:
        flow: Name of the flow.
        parameters: Parameters of the run, by name. Those with their default value are left out.

    Returns:
        The command; the text `flow NAME` for a flow without a command.

    Example:
        >>> str(rerun_command("daily_elt", {"source": "data", "batch_date": "2018-08-01"}))
        'olist run --source data --batch-date 2018-08-01'
    """
    parameters = {
        name: value for name, value in parameters.items() if value not in (None, False, "", (), [])
    }
    if flow not in _COMMANDS:
        return RerunCommand(text=f"flow {flow}")
    text = shlex.join(["olist", *_COMMANDS[flow](parameters)])
    return RerunCommand(text=text, accepts_failures=flow in {"daily_elt", "upload"})


def _run(parameters: dict[str, Any]) -> list[str]:
    return ["run", *_options(parameters, source="--source", batch_date="--batch-date")]


def _backfill(parameters: dict[str, Any]) -> list[str]:
    if parameters.get("batches_per_publish") == 1:
        parameters = {k: v for k, v in parameters.items() if k != "batches_per_publish"}
    options = _options(
        parameters,
        source="--source",
        first="--from",
        last="--to",
        batches_per_publish="--batches-per-publish",
    )
    return ["backfill", *options]


def _report(parameters: dict[str, Any]) -> list[str]:
    return ["report", str(parameters["batch_date"])] if "batch_date" in parameters else ["report"]


_COMMANDS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "daily_elt": _run,
    "upload": _run,
    "backfill": _backfill,
    "retract": lambda parameters: [
        "retract",
        *(str(day)[:10] for day in (parameters["batch_date"], *parameters.get("also", ()))),
    ],
    "rebuild": lambda parameters: [
        "rebuild",
        *(["--from-lake"] if "from_lake" in parameters else []),
        *(word for model in parameters.get("select", ()) for word in ("--select", model)),
    ],
    "report": _report,
    # validating again would give the same result: the published rows must be recomputed
    "validate": lambda _: ["rebuild"],
}


def _options(parameters: dict[str, Any], **names: str) -> list[str]:
    return [
        word
        for name, option in names.items()
        if name in parameters
        for word in (option, str(parameters[name]))
    ]
