"""Data Docs: Great Expectations' own pages of the last 20 runs.

Rebuilding the pages of all stored results would take longer every day. So old results are removed
with their pages, and only results without a page are rendered. The index page is our own, because
the one of Great Expectations is empty without a network.
"""

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.settings import Settings
from tasks.reporting.templates import page, write

KEPT_RUNS = 20
_logger = logging.getLogger(__name__)


def data_docs(settings: Settings) -> Path:
    """Return the path of the index page of Data Docs."""
    return settings.state / "reports" / "data_docs" / "index.html"


def build_data_docs(settings: Settings) -> Path:
    """Write the pages of results that have none yet, and the index page; remove old runs.

    Returns:
        Path of the index page.
    """
    from great_expectations.data_context.types.resource_identifiers import (  # noqa: PLC0415
        ValidationResultIdentifier,
    )

    from tasks.validation.runner import context_of, one_at_a_time  # noqa: PLC0415

    _prune(settings)
    _remove_broken(settings)
    with one_at_a_time():
        context = context_of(settings)
        pages = data_docs(settings).parent / "validations"
        new = [
            key
            for key in context.validation_results_store.list_keys()
            if isinstance(key, ValidationResultIdentifier)
            and not pages.joinpath(*key.to_tuple()[:-1], f"{key.to_tuple()[-1]}.html").is_file()
        ]
        if new:
            context.build_data_docs(resource_identifiers=new, build_index=False)
    pages.mkdir(parents=True, exist_ok=True)
    write(data_docs(settings), page("data_docs.html", runs=_runs(settings)))
    return data_docs(settings)


@dataclass(frozen=True)
class _Page:
    """A page of Data Docs: one dataset in one gate of a run."""

    suite: str
    link: str
    expectations: int
    failed: int


def _runs(settings: Settings) -> list[tuple[str, list[_Page]]]:
    """Return the runs with their pages, the latest run first."""
    stored = _stored(settings)
    found: dict[str, list[tuple[str, _Page]]] = {}
    for path in stored.glob("*/*/*/*.json"):
        suite, run, time, _ = path.relative_to(stored).parts
        counts = json.loads(path.read_text(encoding="utf-8"))["statistics"]
        link = "validations" / path.relative_to(stored).with_name(f"{path.stem}.html")
        entry = _Page(
            suite.replace("-", ": ", 1),
            link.as_posix(),
            counts["evaluated_expectations"],
            counts["unsuccessful_expectations"],
        )
        found.setdefault(run, []).append((time, entry))
    ordered = sorted(found.items(), key=lambda run: max(time for time, _ in run[1]), reverse=True)
    return [
        (run, [entry for _, entry in sorted(pages, key=lambda pair: pair[0])])
        for run, pages in ordered
    ]


def _remove_broken(settings: Settings) -> None:
    """Remove results that are cut off, as by a full disk; `audit.validations` has them, too."""
    for path in _stored(settings).glob("*/*/*/*.json"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            _logger.warning("%s is cut off; Data Docs leave it out. It is removed", path)
            path.unlink()


def _stored(settings: Settings) -> Path:
    return settings.state / "gx" / "validations"


def _prune(settings: Settings) -> None:
    """Remove the results and the pages of all but the last KEPT_RUNS runs.

    The path of a result is <suite>/<run name>/<time>/<batch>.json; its page has the same folders.
    """
    stored = _stored(settings)
    runs: dict[str, float] = {}
    for folder in stored.glob("*/*"):
        runs[folder.name] = max(runs.get(folder.name, 0.0), folder.stat().st_mtime)
    old = sorted(runs, key=lambda name: runs[name])[:-KEPT_RUNS]
    for root in (stored, data_docs(settings).parent / "validations"):
        for name in old:
            for folder in root.glob(f"*/{name}"):
                shutil.rmtree(folder)
