"""Prepare: what the warehouse lacks is created, and the batch is opened."""

from datetime import date

from prefect import task

from infra.contracts import contracts
from infra.settings import Settings
from infra.statements import sql_files, statements
from infra.warehouse import transaction
from tasks.retries import RETRY

SCHEMAS = ("staging", "candidate", "analytics", "audit")
# audit comes last: its views read the others
FOLDERS = ("staging", "dimensions", "facts", "marts", "audit")


def prepare_warehouse(settings: Settings) -> None:
    """Run the first statement of each file, its CREATE. Raises WarehouseError."""
    with transaction(settings) as work:
        for schema in SCHEMAS:
            work.run(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for folder in FOLDERS:
            for path in sql_files(folder):
                work.run(statements(f"{folder}/{path.name}")[0], what=f"sql/{folder}/{path.name}")
        for table in contracts():
            work.run(
                f"CREATE OR REPLACE VIEW candidate.batch_{table} AS SELECT * FROM staging.{table} "
                "WHERE batch_date IN (SELECT batch_date FROM audit.open_batch)"
            )


def open_batch(settings: Settings, batch_date: date) -> None:
    """Say which batch the transforms and gates that follow are about. Raises WarehouseError."""
    with transaction(settings) as work:
        work.run("DELETE FROM audit.open_batch")
        work.run("INSERT INTO audit.open_batch VALUES (%s)", [batch_date])


@task(name="prepare", task_run_name="prepare {batch_date}", **RETRY)
def prepare(batch_date: date) -> None:
    """Create what is missing in the warehouse, and open the batch."""
    settings = Settings()
    prepare_warehouse(settings)
    open_batch(settings, batch_date)
