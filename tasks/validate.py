"""Validate: a gate runs one layer's expectations and says whether the batch may go on.

Great Expectations takes seconds to import, so this module imports it only when a gate runs. It is
not safe to run twice at once in a process: gates take turns.
"""

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.warehouse import connection_parameters, transaction
from tasks.receipts import ExpectationResult, GateReceipt, UploadReceipt
from tasks.report import gate_artifact
from tasks.retries import RETRY

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context import EphemeralDataContext

    from tasks.expectations.check import Check, Layer, Scope

GATES = ("raw", "staging", "star", "marts", "reconciliation")
_one_at_a_time = threading.Lock()
_OBSERVED = 4000  # audit.validations.observed holds 4,096 bytes
_SAMPLE = 5


class GateError(RuntimeError):
    """A gate stopped the batch; the message lists what failed, and what was seen."""


def data_docs(settings: Settings) -> Path:
    """Front page of the validation reports."""
    return settings.state / "reports" / "data_docs" / "index.html"


def run_gate(settings: Settings, gate: str, scope: "Scope", run_id: str) -> GateReceipt:
    """Run a layer's expectations, and note every result in `audit.validations`.

    Returns the verdict; it is for the caller to stop on it (`require`). Raises WarehouseError.
    """
    with _one_at_a_time, _quiet():
        layer = _layer(gate, scope)
        context = _context(settings)
        results = [
            _result(check, outcome)
            for dataset in layer.datasets
            for check, outcome in _validate(context, settings, layer, dataset, scope, run_id)
        ]
    receipt = GateReceipt(gate=gate, batch_date=max(scope.batch_dates), results=results)
    _note(settings, receipt, run_id)
    return receipt


def require(receipt: GateReceipt, label: str, rerun: str) -> GateReceipt:
    """Raise GateError when an expectation failed that stops the batch."""
    if receipt.blocking:
        lines = [
            f"  - {r.dataset}: {r.reason}. {r.expectation}: {r.observed}" for r in receipt.blocking
        ]
        raise GateError(
            f"Gate {receipt.gate} stopped batch {label}: "
            f"{len(lines)} of {len(receipt.results)} expectations failed.\n"
            + "\n".join(lines)
            + f"\nCorrect the source, then run again: {rerun}"
        )
    return receipt


def build_data_docs(settings: Settings) -> Path:
    """Build the static validation reports from all stored results."""
    with _one_at_a_time, _quiet():
        _context(settings).build_data_docs()
    return data_docs(settings)


def _layer(gate: str, scope: "Scope") -> "Layer":
    import importlib  # noqa: PLC0415

    return importlib.import_module(f"tasks.expectations.{gate}").layer(scope)


@contextmanager
def _quiet() -> Iterator[None]:
    """Great Expectations reports home, draws progress bars and warns unless told not to."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _context(settings: Settings) -> "EphemeralDataContext":
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # suites and results are kept on disk for Data Docs; connections, with their password, are not
    defaults = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    for store, folder in (
        (defaults.expectations_store_name, "expectations"),
        (defaults.validation_results_store_name, "validations"),
    ):
        defaults.stores[store]["store_backend"] = {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(settings.state / "gx" / folder),
        }
    defaults.data_docs_sites = {
        "local": {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(data_docs(settings).parent),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
    }
    config = DataContextConfig(
        store_backend_defaults=defaults, progress_bars=ProgressBarsConfig(globally=False)
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _validate(
    context: "EphemeralDataContext",
    settings: Settings,
    layer: "Layer",
    dataset: str,
    scope: "Scope",
    run_id: str,
) -> list[tuple["Check", "ExpectationValidationResult"]]:
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.core.run_identifier import RunIdentifier  # noqa: PLC0415

    from tasks.expectations.check import suite  # noqa: PLC0415

    checks = [check for check in layer.checks if check.dataset == dataset]
    if not checks:
        return []
    table = dataset.rpartition(".")[2]
    name = f"{layer.name}-{table}"  # a dot would make a folder of Data Docs
    batch_parameters = None
    extent = layer.datasets[dataset]
    if extent == "receipts":
        from tasks.expectations.raw import files_frame  # noqa: PLC0415

        asset = context.data_sources.pandas_default.add_dataframe_asset(dataset)
        batch = asset.add_batch_definition_whole_dataframe("batch")
        batch_parameters = {"dataframe": files_frame(scope.receipts)}
    else:
        # a table, not a query: for the columns of a query all its rows would be fetched
        schema = dataset.partition(".")[0]
        if extent == "batch":
            schema, table = "candidate", f"batch_{table}"
        asset = _warehouse(context, settings).add_table_asset(
            dataset, table_name=table, schema_name=schema
        )
        batch = asset.add_batch_definition_whole_table(extent)
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=batch, suite=context.suites.add_or_update(suite(name, checks))
        )
    )
    outcome = definition.run(
        batch_parameters=batch_parameters,
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": _SAMPLE},
        run_id=RunIdentifier(
            run_name=f"{max(scope.batch_dates)} {run_id}", run_time=datetime.now(UTC)
        ),
    )
    by_id = {r.expectation_config.id: r for r in outcome.results if r.expectation_config}
    stored = {expectation.id for expectation in definition.suite.expectations}
    if stored != by_id.keys() or len(checks) != len(stored):
        raise GateError(
            f"Gate {layer.name}, {dataset}: {len(checks)} expectations, {len(by_id)} results"
        )
    return [
        (check, by_id[expectation.id])
        for check, expectation in zip(checks, definition.suite.expectations, strict=True)
    ]


def _warehouse(context: "EphemeralDataContext", settings: Settings) -> Any:  # noqa: ANN401
    known = context.data_sources.all()
    if "warehouse" in known:
        return known["warehouse"]
    return context.data_sources.add_sql(
        "warehouse",
        connection_string="redshift+redshift_connector://",
        create_temp_table=False,
        kwargs={"connect_args": connection_parameters(settings)},  # pyright: ignore[reportCallIssue]
    )


def _result(check: "Check", outcome: Any) -> ExpectationResult:  # noqa: ANN401
    raised = _exception(outcome.exception_info)
    return ExpectationResult(
        dataset=check.dataset,
        expectation=outcome.expectation_config.type,
        reason=check.reason,
        # an expectation that could not be evaluated proves nothing, so it stops the batch
        severity="critical" if raised else check.severity,
        passed=bool(outcome.success) and not raised,
        observed=(raised or _observed(outcome.result))[:_OBSERVED],
    )


def _exception(info: dict[str, Any] | None) -> str:
    """The message of an expectation that raised; '' where none did.

    Great Expectations gives one entry, or one for each metric that failed.
    """
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = [str(e["exception_message"]) for e in entries if e.get("raised_exception")]
    return f"could not be evaluated: {messages[0]}" if messages else ""


def _observed(result: dict[str, Any]) -> str:
    if "observed_value" in result:
        return f"observed {result['observed_value']}"
    count = result.get("unexpected_count")
    if not count:
        return "as expected"
    return f"{count} unexpected, as {result.get('partial_unexpected_list')}"


def _note(settings: Settings, receipt: GateReceipt, run_id: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    with transaction(settings) as work:
        work.run(
            "DELETE FROM audit.validations WHERE run_id = %s AND gate = %s",
            [run_id, receipt.gate],
        )
        slots = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(receipt.results))
        work.run(
            f"INSERT INTO audit.validations VALUES {slots}",
            [
                value
                for number, r in enumerate(receipt.results)
                for value in (
                    run_id,
                    receipt.batch_date,
                    receipt.gate,
                    number,
                    r.dataset,
                    r.expectation,
                    r.reason,
                    r.severity,
                    r.passed,
                    r.observed.encode()[:_OBSERVED].decode(errors="ignore"),
                    now,
                )
            ],
        )


@task(name="validate", task_run_name="validate {gate} {label}", **RETRY)
def validate(
    gate: str,
    batch_dates: list[date],
    receipts: list[UploadReceipt],
    run_id: str,
    label: str,
    rerun: str,
) -> GateReceipt:
    """Run one gate; raises GateError when it stops the batches."""
    settings = Settings()
    from tasks.expectations.check import Scope  # noqa: PLC0415

    scope = Scope(tuple(batch_dates), tuple(receipts), settings.quarantine_limit)
    receipt = run_gate(settings, gate, scope, run_id)
    logger = get_run_logger()
    for failed in receipt.failed:
        level = {"critical": logging.ERROR, "warning": logging.WARNING}.get(
            failed.severity, logging.INFO
        )
        logger.log(level, "%s: %s (%s)", failed.dataset, failed.reason, failed.observed)
    passed = len(receipt.results) - len(receipt.failed)
    logger.info(
        "gate %s, %s: %s of %s expectations hold", gate, label, passed, len(receipt.results)
    )
    gate_artifact(receipt, label)
    return require(receipt, label, rerun)
