"""Transform: compute the candidate rows of all models for the open batches."""

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.warehouse import Transaction
from tasks.receipts import ModelReceipt
from tasks.retries import STEP
from tasks.warehouse.merged_views import create_merged, create_removed
from tasks.warehouse.models import Model, candidate_models, models, published_models
from tasks.warehouse.writer_lock import writing


def compute_affected_keys(settings: Settings, run_id: str) -> list[ModelReceipt]:
    """Compute the keys that the open batches affect, and the latest staging rows of these keys.

    Drops the candidate tables of an earlier run first.

    Returns:
        The number of rows of each candidate model.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    with writing(settings, run_id) as work:
        drop_candidates(work)
        for model in candidate_models():
            work.run(model.create, what=f"candidate.{model.name} ({model.source})")
        _insert(work, "holiday", _holidays(work))
        return [_receipt(work, model) for model in candidate_models()]


def compute_model(settings: Settings, model: Model, run_id: str) -> ModelReceipt:
    """Compute the candidate rows of a published model.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    assert model.compute is not None  # noqa: S101 (published models have one)
    with writing(settings, run_id) as work:
        create_candidate(work, model)
        work.run(model.compute, what=model.source)
        return _receipt(work, model)


def copy_model(settings: Settings, model: Model, run_id: str) -> ModelReceipt:
    """Copy the published rows of a model into `candidate`, where other models and gates read them.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    with writing(settings, run_id) as work:
        create_candidate(work, model)
        copy_published(work, model)
        return _receipt(work, model)


def copy_published(work: Transaction, model: Model) -> None:
    """Insert the published rows of a model into its candidate table."""
    columns = model.table.column_list
    work.run(
        f"INSERT INTO candidate.{model.name} ({columns}) "
        f"SELECT {columns} FROM analytics.{model.name}"
    )


def create_candidate(work: Transaction, model: Model) -> None:
    """Create an empty candidate table with the columns of the model's DDL, and the views on it."""
    work.run(f"DROP TABLE IF EXISTS candidate.{model.name} CASCADE")
    work.run(model.table.created_as(f"candidate.{model.name}"))
    work.run(create_merged(model), what=f"candidate.merged_{model.name} ({model.source})")
    if model.folder == "dimensions":
        work.run(create_removed(model), what=f"candidate.removed_{model.name} ({model.source})")


def drop_candidates(work: Transaction) -> None:
    """Drop the candidate tables of all models, and the views that read them."""
    tables = ", ".join(f"candidate.{model.name}" for model in models())
    # CASCADE drops the merged views; only the pipeline may read or create anything in candidate
    work.run(f"DROP TABLE IF EXISTS {tables} CASCADE")


def _receipt(work: Transaction, model: Model) -> ModelReceipt:
    rows = work.value(f"SELECT COUNT(*) AS row_count FROM candidate.{model.name}")
    return ModelReceipt(model=model.name, rows=rows)


def _insert(work: Transaction, model: str, rows: list[tuple]) -> None:
    """Insert a few hundred rows at most, so one INSERT with bind parameters is enough."""
    if not rows:
        return
    slots = ", ".join(f"({', '.join(['%s'] * len(row))})" for row in rows)
    work.run(
        f"INSERT INTO candidate.{model} VALUES {slots}",
        [value for row in rows for value in row],
    )


def _holidays(work: Transaction) -> list[tuple]:
    """Return Brazil's national holidays in the years of the calendar."""
    from holidays import country_holidays  # noqa: PLC0415 (slow to import)

    years = [day.year for (day,) in work.query("SELECT first_day FROM candidate.calendar_year")]
    if not years:
        return []
    return sorted(country_holidays("BR", years=years, language="pt_BR").items())


def model_named(name: str) -> Model:
    """Return a published model by its name."""
    return next(model for model in published_models() if model.name == name)


@task(name="find affected keys", task_run_name="find affected keys {label}", **STEP)
def find_affected_keys(run_id: str, label: str) -> list[ModelReceipt]:
    """Find the orders, persons, products, sellers and places that the open batches affect."""
    receipts = compute_affected_keys(Settings(), run_id)
    counts = {receipt.model: receipt.rows for receipt in receipts}
    get_run_logger().info(
        "%s affects %s orders of %s customers",
        label,
        f"{counts['affected_order']:,}",
        f"{counts['affected_person']:,}",
    )
    return receipts


@task(name="keep", task_run_name="keep {model} {label}", **STEP)
def keep(model: str, run_id: str, label: str) -> ModelReceipt:
    """Let one model stay as it is published, in a rebuild of others."""
    receipt = copy_model(Settings(), model_named(model), run_id)
    get_run_logger().info("%s stays as published: %s rows (%s)", model, f"{receipt.rows:,}", label)
    return receipt


@task(name="transform", task_run_name="transform {model} {label}", **STEP)
def transform(model: str, run_id: str, label: str) -> ModelReceipt:
    """Compute the candidate rows of one model."""
    receipt = compute_model(Settings(), model_named(model), run_id)
    get_run_logger().info("candidate.%s: %s rows of %s", model, f"{receipt.rows:,}", label)
    return receipt
