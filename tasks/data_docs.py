"""Data Docs: Great Expectations' own pages, of the last runs only.

Building all pages anew, for all results ever stored, would take longer every day; so old results
are removed with their pages, and only the pages of a run's own results are written.
"""

import shutil
from pathlib import Path

from infra.settings import Settings

KEPT_RUNS = 20


def data_docs(settings: Settings) -> Path:
    """Front page of Data Docs."""
    return settings.state / "reports" / "data_docs" / "index.html"


def build_data_docs(settings: Settings) -> Path:
    """Write the pages of results that have none yet, and the front page; forget old runs."""
    from great_expectations.data_context.types.resource_identifiers import (  # noqa: PLC0415
        ValidationResultIdentifier,
    )

    from tasks.expectations.suites import context_of, one_at_a_time  # noqa: PLC0415

    _prune(settings)
    with one_at_a_time():
        context = context_of(settings)
        pages = data_docs(settings).parent / "validations"
        new = [
            key
            for key in context.validation_results_store.list_keys()
            if isinstance(key, ValidationResultIdentifier)
            and not pages.joinpath(*key.to_tuple()[:-1], f"{key.to_tuple()[-1]}.html").is_file()
        ]
        if new or not data_docs(settings).is_file():
            context.build_data_docs(resource_identifiers=new or None)
    return data_docs(settings)


def _prune(settings: Settings) -> None:
    """Remove the results and the pages of all but the last runs.

    A result lies at <suite>/<run name>/<time>/<batch>.json, its page likewise.
    """
    stored = settings.state / "gx" / "validations"
    runs: dict[str, float] = {}
    for folder in stored.glob("*/*"):
        runs[folder.name] = max(runs.get(folder.name, 0.0), folder.stat().st_mtime)
    old = sorted(runs, key=lambda name: runs[name])[:-KEPT_RUNS]
    for root in (stored, data_docs(settings).parent / "validations"):
        for name in old:
            for folder in root.glob(f"*/{name}"):
                shutil.rmtree(folder)
