"""The models under `sql/`, their statements, and their order, read from the SQL itself.

A model file holds, in this order:
- models of `candidate` only (`affected/`): one CREATE TABLE candidate.<model> …;
- published models (`dimensions/`, `facts/`, `marts/`): CREATE TABLE analytics.<model>,
  INSERT INTO candidate.<model> … (compute), DELETE FROM analytics.<model> … (retire: the
  published rows that the candidate rows replace).

`candidate.latest_<table>` is a model without a file: its SQL comes from a staging table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from graphlib import TopologicalSorter

import sqlglot
from sqlglot import exp

from infra.contracts import contracts
from infra.ddl import Table, tables
from infra.sql_files import sql_files, statements
from tasks.request import RequestError
from tasks.warehouse.altered_keys import compared_key, create_altered
from tasks.warehouse.latest_rows import create_latest, latest_key

PUBLISHED_FOLDERS = ("dimensions", "facts", "marts")
# prefixes of the relations through which a run reads staging (tasks/warehouse/prepare.py)
STAGED_AS = ("batch", "changed", "history")
MERGED = "merged"  # prefix of the relations with a model as it will be after the publish


@dataclass(frozen=True)
class Model:
    """One model: its SQL statements, and the tables that it reads."""

    name: str
    source: str  # the file that defines it: sql/facts/fact_order.sql
    folder: str  # below sql/
    create: str
    compute: str | None  # None where CREATE TABLE … AS does both, or a task fills the table
    retire: str | None
    inputs: frozenset[str]  # schema.table

    @property
    def table(self) -> Table:
        """The DDL of a published model."""
        return tables(self.folder)[self.name]

    @property
    def published(self) -> bool:
        """Whether the model is a table of `analytics`."""
        return self.folder in PUBLISHED_FOLDERS


class ModelError(ValueError):
    """A file under `sql/` does not have the statements of a model."""


@cache
def models() -> tuple[Model, ...]:
    """Return all models in dependency order: each follows the candidate tables it reads.

    Raises:
        ModelError: A file has the wrong statements, or a model reads an unknown candidate table.
    """
    found = {
        model.name: model
        for folder in ("affected", *PUBLISHED_FOLDERS)
        for model in (_model(folder, path.stem) for path in sql_files(folder))
    }
    found |= {model.name: model for model in (*_latest_models(), *_altered_models())}
    graph = {name: sorted(_needs(model)) for name, model in sorted(found.items())}
    if unknown := {need for needs in graph.values() for need in needs} - found.keys():
        raise ModelError(
            f"no file under sql/ creates candidate.{', candidate.'.join(sorted(unknown))}"
        )
    return tuple(found[name] for name in TopologicalSorter(graph).static_order())


def published_models() -> tuple[Model, ...]:
    """Return the models of `analytics`, in dependency order."""
    return tuple(model for model in models() if model.published)


def select_models(selectors: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the selected published models, in dependency order.

    Args:
        selectors: Names of models. `dim_customer+` also selects the models that read it, directly
            or through others; `+fact_order` those that it reads.

    Raises:
        RequestError: A selector names no published model; the message proposes similar names.
    """
    names = [model.name for model in published_models()]
    chosen: set[str] = set()
    for selector in selectors:
        name = selector.strip("+")
        if name not in names:
            similar = get_close_matches(name, names) or names
            raise RequestError(f"no model is named {name}; there are {', '.join(similar)}")
        chosen.add(name)
        if selector.endswith("+"):
            chosen |= {other for other in names if name in _read_by(other)}
        if selector.startswith("+"):
            chosen |= _read_by(name)
    return tuple(name for name in names if name in chosen)


def _needs(model: Model) -> set[str]:
    """Names of the models whose candidate rows a model reads."""
    tables = {table for table in model.inputs if table.startswith("candidate.")}
    return {table.removeprefix("candidate.") for table in tables} - {model.name}


def _read_by(name: str) -> set[str]:
    """Names of all models that a model reads, directly or through others."""
    known = {model.name: model for model in models()}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = _needs(known[waiting.pop()]) - found
        found |= new
        waiting += new
    return found & {model.name for model in published_models()}


def candidate_models() -> tuple[Model, ...]:
    """Return the models that are only in `candidate`, in dependency order."""
    return tuple(model for model in models() if not model.published)


def _model(folder: str, name: str) -> Model:
    parts = statements(f"{folder}/{name}.sql")
    path = f"sql/{folder}/{name}.sql"
    if folder not in PUBLISHED_FOLDERS:
        if len(parts) != 1 or f"CREATE TABLE candidate.{name}" not in parts[0]:
            raise ModelError(f"{path}: expected one CREATE TABLE candidate.{name}")
        return Model(name, path, folder, parts[0], None, None, _inputs(parts[0]))
    starts = (
        f"CREATE TABLE IF NOT EXISTS analytics.{name} ",
        f"INSERT INTO candidate.{name}\n",
        f"DELETE FROM analytics.{name}",
    )
    if len(parts) != len(starts) or any(
        start not in part + "\n" for start, part in zip(starts, parts, strict=True)
    ):
        raise ModelError(f"{path}: expected {', '.join(start.strip() for start in starts)}")
    create, compute, retire = parts
    return Model(name, path, folder, create, compute, retire, _inputs(compute))


def _latest_models() -> Iterator[Model]:
    for name, table in tables("staging").items():
        if (key := latest_key(table)) is not None:
            create, source = create_latest(table, key), f"sql/{table.path}"
            yield Model(f"latest_{name}", source, "staging", create, None, None, _inputs(create))


def _altered_models() -> Iterator[Model]:
    for name, table in tables("staging").items():
        if (key := compared_key(table)) is not None:
            create, source = create_altered(table, key), f"sql/{table.path}"
            yield Model(f"altered_{name}", source, "staging", create, None, None, _inputs(create))


def _inputs(sql: str) -> frozenset[str]:
    tree = sqlglot.parse_one(sql, read="redshift")
    target = tree.find(exp.Table)
    return frozenset(
        _source(table) for table in tree.find_all(exp.Table) if table is not target and table.db
    )


def _source(table: exp.Table) -> str:
    """Return `schema.table`; for a batch, changed, history or merged relation, its table."""
    seen_as, _, name = table.name.partition("_")
    if table.db == "candidate" and seen_as in STAGED_AS and name in contracts():
        return f"staging.{name}"
    if table.db == "candidate" and seen_as == MERGED:
        return f"candidate.{name}"
    return f"{table.db}.{table.name}"
