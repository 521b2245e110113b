"""Prepare: schemas, tables and views of the warehouse, created where they are missing."""

from prefect import task

from infra.settings import Settings
from infra.warehouse import sql_files, statements, transaction
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


@task(name="prepare", task_run_name="prepare warehouse", **RETRY)
def prepare() -> None:
    """Create what is missing in the warehouse."""
    prepare_warehouse(Settings())
