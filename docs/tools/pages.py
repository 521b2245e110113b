"""Generate pages of `docs/` from the code: `make docs`. A test fails while a page is stale."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from infra.settings import PROJECT
from tests.tasks.validation.mutations import (
    COMPUTED,
    FILES,
    LOADED,
    MUTATIONS,
    ROWS,
    SINCE,
    Mutation,
)

if TYPE_CHECKING:
    from tasks.validation.check import Check

_DOCS = PROJECT / "docs"
_KINDS = (
    ("In the files", [*FILES, *ROWS]),
    ("In the load", LOADED),
    ("Beside the batches before", SINCE),
    ("In models and in what is published", COMPUTED),
)


def mutations() -> str:
    """The page of all planted defects and the check that finds each."""
    stopped = sum(m.severity == "critical" for m in MUTATIONS)
    text = (
        "# What the gates catch\n\n"
        "Written by `make docs` from `tests/tasks/validation/mutations.py`; "
        "`tests/tasks/validation/test_mutations.py` plants each defect into the 3,000 real orders, "
        "one at a time, and requires that the named expectation finds it (all of them in CI, some "
        "20 with `make test`). The clean data passes without a warning.\n\n"
        f"{len(MUTATIONS)} defects: {stopped} stop the batch before anything is published (those "
        "found by the gate reconciliation fail the run after it), "
        f"{len(MUTATIONS) - stopped} are published with a warning.\n"
    )
    for title, found in _KINDS:
        text += f"\n## {title}\n\n| defect | gate | severity | found by |\n|---|---|---|---|\n"
        text += "".join(_row(mutation) for mutation in found)
    return text


def _row(mutation: Mutation) -> str:
    gate = "refused" if mutation.gate == "source" else mutation.gate
    found_by = f"`{mutation.found_by}`"
    if mutation.gate == "source":
        found_by = f"message: … {mutation.found_by}"
    return f"| {mutation.defect} | {gate} | {mutation.severity} | {found_by} |\n"


def expectations() -> str:
    """The page of all expectations of all gates."""
    from tasks.validation.check import Scope
    from tasks.validation.gate import GATES
    from tasks.validation.runner import layer_of

    scope = Scope((date(2018, 10, 18),))
    layers = [layer_of(gate, scope) for gate in GATES]
    count = sum(len(layer.checks) for layer in layers)
    text = (
        "# Expectations\n\n"
        "Written by `make docs` from `tasks/validation/suites/`.\n\n"
        f"{count} expectations, and one on the number of rows for each table that arrives. "
        "*critical* stops the batch, *warning* publishes it and notifies people, *info* only "
        "records what the real data is known to contain. The owner acts on a failure: the *source* "
        "that delivers the files, the maintainers of the *pipeline*, or *analytics*, which defines "
        "the figures. The id is stable: `olist run --accept ID` publishes a batch although that "
        "expectation fails, except for those marked *final*: the models cannot hold such rows. "
        "Failures of the gates after staging cannot be accepted either.\n"
    )
    for layer in layers:
        text += f"\n## {layer.name}\n\n| id | expected | severity | owner |\n|---|---|---|---|\n"
        text += "".join(
            f"| `{layer.id_of(check)}` | {check.reason} | {_severity(check)} | {check.owner} |\n"
            for dataset in layer.datasets
            for check in layer.checks
            if check.dataset == dataset
        )
    return text


def _severity(check: "Check") -> str:
    return check.severity if check.acceptable else f"{check.severity}, final"


def run_schema() -> str:
    """The JSON schema of `run.json`, which lies beside the page of a run."""
    from tasks.receipts import RunReport

    schema = RunReport.model_json_schema(mode="serialization")
    schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "run.json"}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def model() -> str:
    """The page of the star schema, the lineage and the data dictionary."""
    from tasks.reporting.model_page import as_markdown

    return as_markdown()


PAGES: dict[str, tuple[Path, Callable[[], str]]] = {
    "mutations": (_DOCS / "mutations.md", mutations),
    "expectations": (_DOCS / "expectations.md", expectations),
    "model": (_DOCS / "model.md", model),
    "run_schema": (_DOCS / "run.schema.json", run_schema),
}

if __name__ == "__main__":
    for path, text in PAGES.values():
        path.write_text(text(), encoding="utf-8")
        print(path.relative_to(PROJECT))
