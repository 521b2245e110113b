"""Keys whose rows a batch alters: what repeats the version in force affects nothing.

The header of a staging table names the key: `-- Compared by: product_id (…)`. Reference tables are
delivered whole every day, and hardly anything in them is new.
"""

from infra.contracts import BATCH_DATE
from infra.ddl import Table

_OPEN = f"SELECT {BATCH_DATE} FROM audit.open_batch"


def compared_key(table: Table) -> str | None:
    """The column by which the rows of a delivery are compared; None if all of them count."""
    named = table.header.get("Compared by")
    return named.split()[0] if named else None


def create_altered(table: Table, key: str) -> str:
    """CREATE TABLE of `candidate.altered_<table>`: the keys that the open batches alter.

    The rows of a key in a batch are compared with the published rows of the same batch, which they
    replace, else with those of the batch before it. Models use the latest rows, or the changes from
    batch to batch, so equal rows change no model, whatever the order in which batches arrive. Equal
    rows count as often as they occur. A rebuild or restore alters every key.

    Args:
        table: A staging table.
        key: Its key column.
    """
    name = table.name
    fields = [column for column in table.names if column != BATCH_DATE]
    columns = ", ".join(fields)
    of_history = ", ".join(f"history.{field}" for field in fields)
    return f"""CREATE TABLE candidate.altered_{name} AS
WITH opened AS (
    SELECT DISTINCT {key}, {BATCH_DATE} FROM candidate.changed_{name}
),

replaced AS (
    SELECT DISTINCT {key}, {BATCH_DATE} FROM staging.{name} WHERE {BATCH_DATE} IN ({_OPEN})
),

earlier AS (
    SELECT opened.{key}, opened.{BATCH_DATE} AS opened_on, MAX(history.{BATCH_DATE}) AS {BATCH_DATE}
    FROM opened
    INNER JOIN candidate.history_{name} AS history
        ON opened.{key} = history.{key} AND opened.{BATCH_DATE} > history.{BATCH_DATE}
    LEFT JOIN replaced
        ON opened.{key} = replaced.{key} AND opened.{BATCH_DATE} = replaced.{BATCH_DATE}
    WHERE replaced.{key} IS NULL
    GROUP BY opened.{key}, opened.{BATCH_DATE}
),

rows_before AS (
    SELECT {columns}, {BATCH_DATE} AS opened_on, COUNT(*) AS copies
    FROM staging.{name}
    WHERE {BATCH_DATE} IN ({_OPEN})
    GROUP BY {columns}, {BATCH_DATE}
    UNION ALL
    SELECT {of_history}, earlier.opened_on, COUNT(*) AS copies
    FROM candidate.history_{name} AS history
    INNER JOIN earlier
        ON history.{key} = earlier.{key} AND history.{BATCH_DATE} = earlier.{BATCH_DATE}
    GROUP BY {of_history}, earlier.opened_on
),

rows_after AS (
    SELECT {columns}, {BATCH_DATE} AS opened_on, COUNT(*) AS copies
    FROM candidate.batch_{name}
    GROUP BY {columns}, {BATCH_DATE}
),

rows_added AS (
    SELECT {columns}, opened_on, copies FROM rows_after
    EXCEPT
    SELECT {columns}, opened_on, copies FROM rows_before
),

rows_removed AS (
    SELECT {columns}, opened_on, copies FROM rows_before
    EXCEPT
    SELECT {columns}, opened_on, copies FROM rows_after
)

SELECT {key} FROM rows_added
UNION
SELECT {key} FROM rows_removed
UNION
SELECT {key} FROM opened
WHERE EXISTS (SELECT 1 FROM audit.open_batch WHERE action IN ('rebuild', 'restore'))"""
