"""Each defect is found by the gate that `mutations.py` names; the clean data passes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infra.contracts import contracts
from infra.lake import Lake
from infra.settings import Settings
from infra.source_storage import LocalFolder, SourceError
from infra.warehouse import transaction
from tasks.ingest.source import check_source
from tasks.ingest.upload import upload_table
from tasks.receipts import GateReceipt, UploadReceipt
from tasks.validation.check import Layer, Scope
from tasks.validation.gate import GATES, run_gate
from tasks.validation.metrics import compute_metrics
from tasks.validation.runner import layer_of
from tasks.warehouse.copy import copy_table
from tasks.warehouse.models import published_models
from tasks.warehouse.transform import compute_model
from tests.conftest import DAY
from tests.load import RUN, Loader
from tests.tasks.validation.mutations import (
    COMPUTED,
    FILES,
    LOADED,
    MUTATIONS,
    ROWS,
    SINCE,
    Mutation,
    write,
)

_BEFORE = (1, 3, 0, 2, 1, 0, 3, 2, 1, 0)  # deviation of ten earlier batches, in percent


@pytest.fixture(scope="module")
def load(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    return Loader(stack, tmp_path_factory.mktemp("loads"))


class Staged:
    """The clean batch in the warehouse; a test replaces tables, and the next one restores them."""

    def __init__(self, load: Loader, clean: Path) -> None:
        self._load = load
        self._clean = clean
        self.receipts = {receipt.table: receipt for receipt in load.stage(DAY, clean)}

    def put(self, folder: Path) -> tuple[UploadReceipt, ...]:
        """Replace the tables that differ from the clean ones."""
        tables = [
            table
            for table, contract in contracts().items()
            if not (folder / contract.source_file).is_symlink()
        ]
        check_source(LocalFolder(folder))
        restored = dict.fromkeys(self._changed(), self._clean)
        return self._copy(restored | dict.fromkeys(tables, folder))

    def put_back(self, tables: list[str]) -> None:
        self._copy(dict.fromkeys(tables, self._clean))

    def restore(self) -> None:
        """Put the clean tables back in place of those that a test has replaced."""
        if tables := self._changed():
            self.put_back(tables)

    def _changed(self) -> list[str]:
        return [
            t for t, r in self.receipts.items() if not r.source_file.startswith(str(self._clean))
        ]

    def _copy(self, folders: dict[str, Path]) -> tuple[UploadReceipt, ...]:
        lake = Lake(self._load.settings)
        for table, folder in folders.items():
            receipt = upload_table(lake, LocalFolder(folder), table, DAY)
            # the lake may already have this content from another file
            self.receipts[table] = receipt.model_copy(
                update={"source_file": str(folder / contracts()[table].source_file)}
            )
            copy_table(self._load.settings, [self.receipts[table]], RUN)
        compute_metrics(self._load.settings, RUN)
        return tuple(self.receipts.values())


@pytest.fixture(scope="module")
def staged(load: Loader, sample: Path) -> Staged:
    """The real sample, staged in the warehouse, with computed models."""
    found = Staged(load, sample)
    load.compute()
    return found


@pytest.fixture
def batch(staged: Staged) -> Staged:
    """The clean batch."""
    staged.restore()
    return staged


@pytest.fixture
def _history(load: Loader, batch: Staged) -> Iterator[None]:
    """Record ten batches similar to the clean one as published on the days before."""
    with transaction(load.settings) as work:
        for days, percent in enumerate(_BEFORE, start=1):
            work.run(
                "INSERT INTO audit.metrics SELECT CAST(%s AS DATE), metric, kind, "
                f"value * {100 + percent} / 100, row_count FROM candidate.batch_metrics",
                [DAY - timedelta(days=days)],
            )
            work.run(
                "INSERT INTO audit.loads SELECT table_name, CAST(%s AS DATE), run_id, content_hash, "
                "source_file, source_sha256, source_bytes, rows_read, rows_loaded, "
                "rows_quarantined, money_total, manifest, loaded_at, money_read, "
                "money_quarantined, amounts_unreadable, same_as FROM candidate.load",
                [DAY - timedelta(days=days)],
            )
    yield
    with transaction(load.settings) as work:
        work.run("DELETE FROM audit.metrics")
        work.run("DELETE FROM audit.loads")


def _ids(mutations: list[Mutation], every: int = 1) -> list:
    """All mutations as parameters; only one in `every` is quick, the others run in CI too."""
    return [
        pytest.param(
            mutation, id=mutation.defect, marks=[pytest.mark.slow] if number % every else []
        )
        for number, mutation in enumerate(mutations)
    ]


def _run(load: Loader, sql: str) -> None:
    with transaction(load.settings) as work:
        for statement in filter(None, sql.split("; ")):
            work.run(statement)


def _gates(
    load: Loader, names: tuple[str, ...], receipts: tuple = (), found_by: str = ""
) -> list[GateReceipt]:
    """Run gates until one stops the batch.

    Args:
        names: The gates, in order.
        receipts: The upload receipts of the batch.
        found_by: Run only the suite with this check; '' to run all suites.
    """
    found: list[GateReceipt] = []
    for name in names:
        scope = Scope((DAY,), receipts)
        only = _suite_with(found_by, layer_of(name, scope)) if found_by else None
        if only == []:
            continue
        found.append(run_gate(load.settings, name, scope, "mutation", only=only))
        if found[-1].blocking:
            break
    return found


def _suite_with(check: str, layer: Layer) -> list[str]:
    """The ids of the checks of the suite with a check; empty if it is of another gate."""
    datasets = {layer.id_of(known): known.dataset for known in layer.checks}
    return [known for known, dataset in datasets.items() if dataset == datasets.get(check)]


# with all suites, it also shows that no other check stops the batch
suites = pytest.mark.parametrize(
    "suites", ["its suite", pytest.param("all suites", marks=pytest.mark.full)]
)


def _alone(mutation: Mutation, suites: str) -> str:
    return mutation.found_by if suites == "its suite" else ""


def _require_caught(mutation: Mutation, gates: list[GateReceipt]) -> None:
    found = {(g.gate, r.id, r.severity) for g in gates for r in g.failed}
    assert (mutation.gate, mutation.found_by, mutation.severity) in found, found
    stopped = [gate.gate for gate in gates if gate.blocking]
    assert stopped == ([mutation.gate] if mutation.severity == "critical" else [])


def test_clean_data_passes_every_gate_without_a_warning(load: Loader, batch: Staged) -> None:
    gates = _gates(load, GATES[:-1], tuple(batch.receipts.values()))
    assert [r.id for g in gates for r in g.failed if r.severity != "info"] == []


@suites
@pytest.mark.parametrize("mutation", [*_ids(FILES, every=30), *_ids(ROWS, every=90)])
def test_a_defect_in_the_source_files_is_found_by_its_gate(
    load: Loader, staged: Staged, sample: Path, tmp_path: Path, mutation: Mutation, suites: str
) -> None:
    folder = write(mutation, sample, tmp_path / "files")
    if mutation.gate == "source":
        with pytest.raises(SourceError, match=mutation.found_by):
            staged.put(folder)
        return
    _require_caught(
        mutation, _gates(load, ("raw", "staging"), staged.put(folder), _alone(mutation, suites))
    )


@suites
@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize("mutation", _ids(SINCE, every=30))
def test_a_deviation_from_earlier_batches_is_found_by_its_gate(
    load: Loader, staged: Staged, sample: Path, tmp_path: Path, mutation: Mutation, suites: str
) -> None:
    folder = write(mutation, sample, tmp_path / "files")
    _require_caught(
        mutation, _gates(load, ("raw", "staging"), staged.put(folder), _alone(mutation, suites))
    )


@pytest.mark.usefixtures("_history")
def test_a_batch_similar_to_earlier_ones_raises_only_the_file_is_new_warning(
    load: Loader, batch: Staged
) -> None:
    batch.put_back([])  # compares its metrics with those of `_history`
    gates = _gates(load, ("raw", "staging"), tuple(batch.receipts.values()))
    # except that its files equal those of the days before
    assert [r.id for g in gates for r in g.warnings] == ["staging.load.file_is_new"]


@suites
@pytest.mark.parametrize("mutation", _ids(LOADED, every=30))
def test_a_defect_in_the_loaded_rows_is_found_by_its_gate(
    load: Loader, batch: Staged, mutation: Mutation, suites: str
) -> None:
    _run(load, mutation.sql)
    try:
        _require_caught(
            mutation,
            _gates(
                load, ("raw", "staging"), tuple(batch.receipts.values()), _alone(mutation, suites)
            ),
        )
    finally:
        _run(load, mutation.undo)
        if mutation.sql.startswith("ALTER"):
            with transaction(load.settings) as work:
                work.run("ALTER TABLE candidate.batch_sellers DROP COLUMN rating")
        batch.put_back(["sellers", "geolocation", "order_reviews"])


@suites
@pytest.mark.parametrize(
    "mutation", _ids([m for m in COMPUTED if m.gate != "reconciliation"], every=60)
)
def test_a_defect_in_a_computed_model_is_found_by_its_gate(
    load: Loader, batch: Staged, mutation: Mutation, suites: str
) -> None:
    _run(load, mutation.sql)
    gates = _gates(load, ("star", "marts"), found_by=_alone(mutation, suites))
    _run(load, mutation.undo)
    _require_caught(mutation, gates)
    spoilt = next(m for m in published_models() if f"candidate.{m.name} " in f"{mutation.sql} ")
    compute_model(load.settings, spoilt, RUN)


@suites
@pytest.mark.parametrize(
    "mutation", _ids([m for m in COMPUTED if m.gate == "reconciliation"], every=60)
)
def test_a_defect_in_published_rows_is_found_by_reconciliation(
    load: Loader, sample: Path, mutation: Mutation, suites: str
) -> None:
    load.stage(DAY, sample)
    load.compute()
    load.publish()
    with transaction(load.settings) as work:
        work.run(mutation.sql)
    gates = _gates(load, ("reconciliation",), found_by=_alone(mutation, suites))
    load.clear()
    _require_caught(mutation, gates)


def test_at_least_forty_defects_cover_every_gate() -> None:
    assert len(MUTATIONS) >= 40
    assert {mutation.gate for mutation in MUTATIONS} == {"source", *GATES}
