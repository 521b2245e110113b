"""Keep failing rows in `audit.failing_rows`, so that they can be queried after the next run."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from infra.ddl import tables
from infra.settings import Settings
from infra.warehouse import transaction

MOST = 1000  # rows that are kept of a check
DAYS = 90  # for which they are kept
_TABLE = "audit.failing_rows"


def keep(settings: Settings, run_id: str, expectation_id: str, rows: Sequence[Mapping]) -> str:
    """Store the failing rows of a check, in place of those of an earlier attempt of the run.

    Args:
        settings: Access to the warehouse.
        run_id: Id of the flow run.
        expectation_id: Id of the failed check.
        rows: At most MOST rows, each a value by column, without sensitive values.

    Returns:
        SQL that finds the stored rows.

    Raises:
        WarehouseError: A statement failed.
    """
    columns = tables("audit")["failing_rows"].column_list
    now = datetime.now(UTC).replace(tzinfo=None)
    values = [
        value
        for number, row in enumerate(rows, 1)
        for value in (run_id, expectation_id, number, json.dumps(row, ensure_ascii=False), now)
    ]
    with transaction(settings) as work:
        work.run(
            f"DELETE FROM {_TABLE} WHERE (run_id = %s AND expectation_id = %s) "
            f"OR kept_at < DATEADD(DAY, -{DAYS}, GETDATE())",
            [run_id, expectation_id],
        )
        slots = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
        work.run(f"INSERT INTO {_TABLE} ({columns}) VALUES {slots}", values)
    return (
        f"SELECT failing_row FROM {_TABLE} WHERE run_id = '{run_id}' "
        f"AND expectation_id = '{expectation_id}' ORDER BY row_number"
    )
