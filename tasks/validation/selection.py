"""Select some checks of the gates, by dataset or by id."""

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches

from tasks.request import RequestError


def select_checks(
    gates: Sequence[str], datasets: Sequence[str], ids: Sequence[str]
) -> dict[str, list[str]]:
    """Return the ids of the selected checks by gate; gates without one are left out.

    A check is selected if its dataset or its id is named; if neither is, all are.

    Args:
        gates: Gates to select from, in order.
        datasets: Names of tables, with or without their schema: `orders`, `staging.orders`.
        ids: Ids of checks: `staging.orders.status_known`.

    Raises:
        RequestError: A dataset or an id is unknown; the message proposes similar ones.
    """
    from tasks.validation.check import Scope  # noqa: PLC0415 (slow to import)
    from tasks.validation.runner import layer_of  # noqa: PLC0415

    layers = {gate: layer_of(gate, Scope((date.today(),))) for gate in gates}
    known = {
        gate: {layer.id_of(check): check.dataset for check in layer.checks}
        for gate, layer in layers.items()
    }
    names = {name for found in known.values() for name in found.values()}
    _require(ids, {check for found in known.values() for check in found}, "check")
    _require(datasets, names | {name.rpartition(".")[2] for name in names}, "dataset")
    everything = not datasets and not ids
    selected = {
        gate: [
            check
            for check, dataset in found.items()
            if everything
            or check in ids
            or dataset in datasets
            or dataset.rpartition(".")[2] in datasets
        ]
        for gate, found in known.items()
    }
    return {gate: checks for gate, checks in selected.items() if checks}


def _require(wanted: Sequence[str], known: set[str], what: str) -> None:
    for name in wanted:
        if name not in known:
            similar = get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(similar)}?" if similar else "docs/expectations.md"
            raise RequestError(f"the chosen gates have no {what} {name}: {hint}")
