"""`olist run --dry-run`: print what a run would read, change and check."""

from datetime import date

from rich.box import SIMPLE
from rich.table import Table

from flows.cli.console import console
from flows.cli.output import result
from infra.settings import Settings


def dry_run(settings: Settings, source: str, day: date) -> None:
    """Print the plan of a run. S3 and Redshift are only read.

    Args:
        settings: Settings of the run.
        source: Folder of the batch, or with one subfolder per day; a path or s3://.
        day: Date of the batch.

    Raises:
        SourceError: The files cannot be used.
        WarehouseError: The audit cannot be read.
    """
    from infra.local.services import running  # noqa: PLC0415
    from tasks.ingest.plan import plan_of  # noqa: PLC0415
    from tasks.validation.check import Scope  # noqa: PLC0415
    from tasks.validation.gate import GATES  # noqa: PLC0415
    from tasks.validation.runner import layer_of  # noqa: PLC0415

    with running(settings) as running_settings:
        plan = plan_of(running_settings, source, day)
    gates = {gate: len(layer_of(gate, Scope((day,))).checks) for gate in GATES}
    gates["staging"] += len(plan.files)  # and the number of rows of each file
    result(**plan.model_dump(mode="json"), changes=plan.changes, expectations=gates)
    console.rule(f"Batch {day}: what a run would do")
    table = Table("file", box=SIMPLE, pad_edge=False, title="Reads", title_justify="left")
    table.columns[0].overflow = "fold"
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for file in plan.files:
        state = (
            "as published"
            if file.is_published
            else "in the lake"
            if file.in_lake
            else "replaces"
            if file.replaces
            else "new"
        )
        table.add_row(file.file.rpartition("/")[2], f"{file.bytes:,}", state)
    console.print(table)
    console.print("Changes", style="italic")
    for sentence in plan.changes:
        console.print(f"  {sentence}", soft_wrap=True)
    console.print("Checks", style="italic")
    console.print("  " + ", ".join(f"{gate}: {count}" for gate, count in gates.items()))
    console.print("Nothing was changed.")
