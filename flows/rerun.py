"""The command that does a flow run again, for messages."""

import shlex
from typing import Any


def command(flow: str, parameters: dict[str, Any]) -> str:
    """The `olist` command of a flow with its parameters; defaults are left out."""
    given = {name: value for name, value in parameters.items() if value not in (None, False, "")}
    words = {
        "daily_elt": lambda: ["run", *_options(given, "source", batch_date="--batch-date")],
        "backfill": lambda: [
            "backfill",
            *_options(
                {k: v for k, v in given.items() if (k, v) != ("batches_per_publish", 1)},
                "source",
                first="--from",
                last="--to",
                batches_per_publish="--batches-per-publish",
            ),
        ],
        "retract": lambda: ["retract", str(given["batch_date"])[:10]],
        "upload": lambda: ["run", *_options(given, "source", batch_date="--batch-date")],
        "report": lambda: [
            "report",
            *([str(given["batch_date"])] if "batch_date" in given else []),
        ],
        "rebuild": lambda: ["rebuild", *(["--from-lake"] if "from_lake" in given else [])],
        # validating again would not help: what is published is to be computed anew
        "validate": lambda: ["rebuild"],
    }
    return shlex.join(["olist", *words[flow]()]) if flow in words else f"flow {flow}"


def _options(given: dict[str, Any], *same: str, **named: str) -> list[str]:
    options = {name: f"--{name}" for name in same} | named
    return [
        word
        for name, option in options.items()
        if name in given
        for word in (option, str(given[name]))
    ]
