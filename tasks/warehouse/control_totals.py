"""Totals of staging, for reconciliation.

Reconciliation compares what is published with the staging rows in force: of each key, those of its
latest batch. To find them, all of staging has to be read and joined with itself. So a publish
records by how much it changes these totals (`audit.control_totals`), reading only the keys that it
changes; reconciliation adds the changes up. `audit.proven_totals` compares the sums with totals of
all of staging.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra import ddl
from infra.contracts import BATCH_DATE
from infra.ddl import tables
from infra.settings import Settings
from infra.warehouse import Transaction, transaction
from tasks.warehouse.latest_rows import latest_key

STAGING_TOTALS = ("table_name", "measure", "total")  # columns of audit.staging_totals
IN_FORCE_TOTALS = ("table_name", "measure", "total")  # columns of audit.in_force_totals
PROOF = "reconciliation.proven_totals.running_totals_proven"  # id of the check of all of staging
PROVEN_FOR = timedelta(days=7)

_PERSONS = {"customers": "customer_unique_id"}  # measure `persons`: distinct values of the column
_RENEWING = "('rebuild', 'restore')"  # actions that read all of staging anyway


@dataclass(frozen=True)
class _Keyed:
    """A staging table in which a later batch replaces the rows of a key."""

    name: str
    key: str
    money: tuple[str, ...]
    person: str | None

    @property
    def columns(self) -> str:
        """The columns that the totals need."""
        wanted = (self.key, *self.money, *([self.person] if self.person else []), BATCH_DATE)
        return ", ".join(f"versions.{column}" for column in wanted)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the totals."""
        return ("rows", *self.money, *(["persons"] if self.person else []))

    def totals(self, rows: str, persons: str = "") -> str:
        """SELECT one row with the total of each measure over the rows in force of a relation.

        Args:
            rows: Relation with all versions of its keys.
            persons: Relation with the persons to count; '' for all of them.
        """
        sums = [f"SUM(versions.{column}) AS {column}" for column in self.money]
        join = ""
        if self.person:
            counted = f"versions.{self.person}"
            if persons:
                counted = f"CASE WHEN counted.{self.person} IS NOT NULL THEN {counted} END"
                join = f" LEFT JOIN {persons} AS counted ON {_same(self.person, 'counted')}"
            sums.append(f"COUNT(DISTINCT {counted}) AS persons")
        # GROUP BY and a join cost less than a window function
        return (
            f"SELECT {', '.join(['COUNT(*) AS row_count', *sums])} FROM {rows} AS versions "
            f"INNER JOIN (SELECT {self.key}, MAX({BATCH_DATE}) AS {BATCH_DATE} FROM {rows} "
            f"GROUP BY {self.key}) AS latest "
            f"ON {_same(self.key, 'latest')} AND {_same(BATCH_DATE, 'latest')}{join}"
        )


def _same(column: str, other: str) -> str:
    return f"versions.{column} = {other}.{column}"


def _money(table: ddl.Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.kind == "DECIMAL")


def _keyed() -> list[_Keyed]:
    return [
        _Keyed(name, key, _money(table), _PERSONS.get(name))
        for name, table in tables("staging").items()
        if (key := latest_key(table)) is not None
    ]


def create_totals(work: Transaction) -> None:
    """Create `audit.staging_totals`, of all rows, and `audit.in_force_totals`."""
    ctes, selects = [], []
    for name, table in tables("staging").items():
        money = _money(table)
        sums = ", ".join(["COUNT(*) AS row_count", *(f"SUM({m}) AS {m}" for m in money)])
        ctes.append(f"{name}_totals AS (SELECT {sums} FROM staging.{name})")
        selects += [_measure(name, m, f"{name}_totals", "total") for m in ("rows", *money)]
    _create(work, "audit.staging_totals", ctes, selects)
    ctes, selects = [], []
    for table in _keyed():
        ctes.append(f"{table.name}_totals AS ({table.totals(f'staging.{table.name}')})")
        selects += [
            _measure(table.name, m, f"{table.name}_totals", "total") for m in table.measures
        ]
    _create(work, "audit.in_force_totals", ctes, selects)


def create_change(work: Transaction) -> None:
    """Create `candidate.in_force_change`: what the publish will change, by table and measure.

    It compares the rows in force before and after, of the keys with rows that the run adds or
    removes. It does not use the rows that the models use, so that it also finds their errors.
    """
    ctes, selects = [], []
    for table in _keyed():
        name, key = table.name, table.key
        ctes.append(f"{name}_keys AS (SELECT DISTINCT {key} FROM candidate.changed_{name})")
        sides = {"before": f"staging.{name}", "after": f"candidate.history_{name}"}
        rows = {
            side: _versions(table, relation, f"{name}_keys", key)
            for side, relation in sides.items()
        }
        persons = ""
        if table.person:
            # all versions of all customers of the persons who have a changed one
            persons = f"{name}_persons"
            ctes += [f"{name}_{side}_keys AS ({sql})" for side, sql in rows.items()]
            ctes.append(
                f"{persons} AS (SELECT {table.person} FROM {name}_before_keys UNION "
                f"SELECT {table.person} FROM {name}_after_keys)"
            )
            for side, relation in sides.items():
                ctes.append(
                    f"{name}_{side}_customers AS (SELECT DISTINCT versions.{key} "
                    f"FROM {relation} AS versions INNER JOIN {persons} AS persons "
                    f"ON {_same(table.person, 'persons')} "
                    f"UNION SELECT {key} FROM {name}_keys)"
                )
                rows[side] = _versions(table, relation, f"{name}_{side}_customers", key)
        for side, sql in rows.items():
            ctes.append(f"{name}_{side} AS ({sql})")
            ctes.append(f"{name}_{side}_totals AS ({table.totals(f'{name}_{side}', persons)})")
        for measure in table.measures:
            column = _column(measure)
            selects.append(
                f"SELECT CAST('{name}' AS VARCHAR(127)) AS table_name, "
                f"CAST('{measure}' AS VARCHAR(127)) AS measure, "
                f"CAST(COALESCE(after.{column}, 0) - COALESCE(earlier.{column}, 0) "
                f"AS DECIMAL(18, 2)) AS change "
                f"FROM {name}_after_totals AS after CROSS JOIN {name}_before_totals AS earlier"
            )
    _create(work, "candidate.in_force_change", ctes, selects)


def _versions(table: _Keyed, relation: str, keys: str, key: str) -> str:
    return (
        f"SELECT {table.columns} FROM {relation} AS versions "
        f"INNER JOIN {keys} AS keys ON {_same(key, 'keys')}"
    )


def _column(measure: str) -> str:
    return "row_count" if measure == "rows" else measure


def _measure(table: str, measure: str, totals: str, name: str) -> str:
    return (
        f"SELECT CAST('{table}' AS VARCHAR(127)) AS table_name, "
        f"CAST('{measure}' AS VARCHAR(127)) AS measure, "
        f"CAST(COALESCE({_column(measure)}, 0) AS DECIMAL(18, 2)) AS {name} FROM {totals}"
    )


def _create(work: Transaction, view: str, ctes: list[str], selects: list[str]) -> None:
    work.run(
        f"CREATE OR REPLACE VIEW {view} AS WITH {', '.join(ctes)} {' UNION ALL '.join(selects)}",
        what=view,
    )


def open_control_totals(work: Transaction) -> None:
    """Record the totals of staging as publish 0, if no control total exists."""
    work.run(
        "INSERT INTO audit.control_totals (publish_number, table_name, measure, change) "
        "SELECT 0, table_name, measure, total FROM audit.in_force_totals "
        "WHERE total <> 0 AND NOT EXISTS (SELECT 1 FROM audit.control_totals)"
    )


def record_change(work: Transaction, publish_number: int) -> None:
    """Record what the publish changes; call it before staging changes."""
    work.run(
        "INSERT INTO audit.control_totals (publish_number, table_name, measure, change) "
        "SELECT CAST(%s AS BIGINT), table_name, measure, change FROM candidate.in_force_change "
        f"WHERE change <> 0 AND NOT EXISTS ({_renews()})",
        [publish_number],
        what="recording the control totals",
    )


def renew_if_rebuilt(work: Transaction, publish_number: int) -> None:
    """In a rebuild, replace all control totals by the totals of staging; call it after staging."""
    if not work.query(_renews()):
        return
    work.run("DELETE FROM audit.control_totals")
    work.run(
        "INSERT INTO audit.control_totals (publish_number, table_name, measure, change) "
        "SELECT CAST(%s AS BIGINT), table_name, measure, total FROM audit.in_force_totals "
        "WHERE total <> 0",
        [publish_number],
        what="renewing the control totals",
    )


def _renews() -> str:
    return f"SELECT 1 FROM audit.open_batch WHERE action IN {_RENEWING}"


def proof_is_due(settings: Settings) -> bool:
    """Whether the control totals were not compared with all of staging for a week.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        proven_at = work.value(
            "SELECT MAX(validated_at) AS proven_at FROM audit.validations "
            "WHERE expectation_id = %s AND passed",
            [PROOF],
        )
    now = datetime.now(UTC).replace(tzinfo=None)
    return proven_at is None or not timedelta(0) <= now - proven_at < PROVEN_FOR
