"""The model page, from the SQL: lineage from staging to marts, and the star with its keys."""

from dataclasses import dataclass
from pathlib import Path

from infra.contracts import contracts
from infra.csv_file.text import RULE as TEXT_RULE
from tasks.reporting.templates import page, write
from tasks.warehouse.data_dictionary import UNDER, VIEW, dictionary, links
from tasks.warehouse.models import models

_BOX, _ROW, _GAP = 160, 34, 215  # box width, row height, distance of layers


@dataclass(frozen=True)
class Box:
    """A table in the lineage picture; x and y are its upper left corner."""

    name: str
    x: int
    y: int


def lineage() -> dict[str, set[str]]:
    """Return each published table with the staging and published tables it is computed from.

    Leaves out the lists of affected keys: they select the rows to compute, not their values.
    """
    reads = {
        model.name: {table.partition(".")[2] for table in model.inputs}
        for model in models()
        if "affected" not in model.name
    }
    shown = {model.name for model in models() if model.published} | set(contracts())

    def made_from(name: str, seen: frozenset[str]) -> set[str]:
        found: set[str] = set()
        for source in reads.get(name, set()) - seen - {name}:
            found |= {source} if source in shown else made_from(source, seen | {name})
        return found - {name}

    published = [model.name for model in models() if model.published]
    return {name: made_from(name, frozenset()) for name in published} | {VIEW: {UNDER}}


def write_model_page(path: Path) -> None:
    """Write the page with the lineage, the star and the meaning of each column."""
    layers = _layers()
    boxes = {
        name: Box(name, 10 + at * _GAP, 24 + row * _ROW)
        for at, (_, names) in enumerate(layers)
        for row, name in enumerate(names)
    }
    write(
        path,
        page(
            "model.html",
            layers=[(title, 10 + at * _GAP) for at, (title, _) in enumerate(layers)],
            boxes=list(boxes.values()),
            edges=[
                (boxes[source], boxes[name])
                for name, sources in sorted(lineage().items())
                for source in sorted(sources)
            ],
            box=_BOX,
            width=20 + (len(layers) - 1) * _GAP + _BOX,
            height=40 + _ROW * max(len(names) for _, names in layers),
            tables=list(dictionary().values()),
            links=links(),
            text_rule=TEXT_RULE,
        ),
    )


def _layers() -> list[tuple[str, list[str]]]:
    names = [model.name for model in models() if model.published]
    return [
        ("staging", sorted(contracts())),
        ("dimensions", sorted(name for name in names if name.startswith("dim_"))),
        ("facts", sorted(name for name in names if name.startswith("fact_"))),
        ("marts", sorted({UNDER, "sales_overview"} & set(names))),
        ("view", [VIEW]),
    ]


def as_markdown() -> str:
    """Return the same content for docs/model.md, with Mermaid diagrams."""
    star = "\n".join(f"    {to} ||--o{{ {table} : {key}" for table, key, to in links())
    flow = "\n".join(
        f"    {source} --> {name}"
        for name, sources in sorted(lineage().items())
        for source in sorted(sources)
    )
    tables = "\n\n".join(
        f"### {table.name}\n\n{table.purpose}. One row per {table.grain}.\n\n"
        "| column | type | meaning | unit |\n|---|---|---|---|\n"
        + "\n".join(
            f"| {c.name} | {c.type or 'computed'} | {c.meaning} | {c.unit} |" for c in table.columns
        )
        for table in dictionary().values()
    )
    return (
        "# The model\n\nWritten by `make docs` from the SQL; the same is on the page `model.html` "
        "of each run.\n\n## The star\n\n```mermaid\nerDiagram\n"
        f"{star}\n```\n\n## Lineage\n\n```mermaid\nflowchart LR\n{flow}\n```\n\n"
        f"## What each column means\n\n{TEXT_RULE}\n\n{tables}\n"
    )
