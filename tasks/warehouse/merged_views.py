"""Views of the published models after the publish, for models and gates that need all rows."""

import re

from tasks.warehouse.models import MERGED, Model, ModelError

_RETIRE = re.compile(
    r"(?:--[^\n]*\n)*DELETE FROM analytics\.\w+(?:\s+WHERE\s+(?P<condition>.+))?", re.DOTALL
)


def create_merged(model: Model) -> str:
    """CREATE VIEW of `candidate.merged_<model>`: candidate rows, and published rows that stay.

    Published rows that match the DELETE statement of the model are left out. Its condition is never
    NULL: a published row has a key, and the unknown member of a dimension is always replaced.

    Raises:
        ModelError: The DELETE statement of the model has another form.
    """
    columns, condition = model.table.column_list, retired(model)
    view = (
        f"CREATE VIEW candidate.{MERGED}_{model.name} AS\n"
        f"SELECT {columns}\nFROM candidate.{model.name}"
    )
    if condition is None:  # the publish replaces all rows
        return view
    return (
        f"{view}\nUNION ALL\nSELECT {columns}\nFROM analytics.{model.name}\nWHERE NOT ({condition})"
    )


def create_removed(model: Model) -> str:
    """CREATE VIEW of `candidate.removed_<dimension>`: published keys that the publish removes.

    Raises:
        ModelError: The DELETE statement of the model has another form.
    """
    key, condition = model.table.key[0], retired(model)
    return (
        f"CREATE VIEW candidate.removed_{model.name} AS\n"
        f"SELECT {key}\nFROM analytics.{model.name}\n"
        f"WHERE {f'({condition}) AND ' if condition else ''}{key} NOT IN (\n"
        f"    SELECT {model.name}.{key} FROM candidate.{model.name}\n)"
    )


def retired(model: Model) -> str | None:
    """The condition of the model's DELETE statement; None if it has none.

    Raises:
        ModelError: The DELETE statement of the model has another form.
    """
    retire = _RETIRE.fullmatch(model.retire or "")
    if retire is None:
        raise ModelError(f"{model.source}: expected DELETE FROM analytics.{model.name} [WHERE …]")
    return retire["condition"]
