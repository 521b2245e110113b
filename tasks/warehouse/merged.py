"""Each published model as it will be after the publish, for models and gates that read it whole."""

import re

from tasks.warehouse.models import MERGED, Model, ModelError

_RETIRE = re.compile(
    r"(?:--[^\n]*\n)*DELETE FROM analytics\.\w+(?:\s+WHERE\s+(?P<which>.+))?", re.DOTALL
)


def create_merged(model: Model) -> str:
    """CREATE VIEW of `candidate.merged_<model>`: candidate rows, and published rows that stay.

    The rows that go are those that the DELETE statement of the model names. Its condition is never
    NULL: a published row has a key, and the unknown member of a dimension is replaced each time.

    Raises:
        ModelError: The DELETE statement of the model has another form.
    """
    retire = _RETIRE.fullmatch(model.retire or "")
    if retire is None:
        raise ModelError(f"{model.source}: expected DELETE FROM analytics.{model.name} [WHERE …]")
    columns, which = model.table.column_list, retire["which"]
    view = (
        f"CREATE VIEW candidate.{MERGED}_{model.name} AS\n"
        f"SELECT {columns}\nFROM candidate.{model.name}"
    )
    if which is None:  # the publish replaces all rows
        return view
    return f"{view}\nUNION ALL\nSELECT {columns}\nFROM analytics.{model.name}\nWHERE NOT ({which})"
