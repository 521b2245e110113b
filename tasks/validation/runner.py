"""Run the suites of a layer with Great Expectations, and store their results for Data Docs.

Great Expectations is not thread-safe, so `one_at_a_time` serializes its use within a process.
"""

import importlib
import logging
import os
import threading
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from infra.settings import Settings
from infra.warehouse import connection_parameters, cut_error, statement_wait, transaction
from infra.warehouse_watch import Wait, begin, end, has_no_time_limit
from tasks.receipts import ExpectationResult
from tasks.validation import failing_rows, kept_rows
from tasks.validation.check import Check, Layer, Scope, suite

_OBSERVED = 4000  # audit.validations.observed holds 4,096 bytes
_lock = threading.Lock()


class SuiteError(RuntimeError):
    """Great Expectations did not return a result for every expectation."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the lock of Great Expectations, and silence its log and its warnings."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def layer_of(gate: str, scope: Scope) -> Layer:
    """Return the datasets and checks of a gate."""
    return importlib.import_module(f"tasks.validation.suites.{gate}").layer(scope)


def relation_of(layer: Layer, dataset: str) -> tuple[str, str]:
    """Schema and name of the table or view that holds the rows of a dataset."""
    schema, _, table = dataset.rpartition(".")
    is_batch = layer.datasets[dataset] == "batch"
    return ("candidate", f"batch_{table}") if is_batch else (schema, table)


@contextmanager
def _computed(settings: Settings, layer: Layer, dataset: str) -> Iterator[tuple[str, str]]:
    """Provide schema and name of the rows of a dataset; a view is computed into a table first."""
    schema, name = relation_of(layer, dataset)
    if layer.datasets[dataset] != "view":
        yield schema, name
        return
    table = f"seen_{name}"
    with transaction(settings) as work:
        work.run(f"DROP TABLE IF EXISTS candidate.{table}")
        work.run(f"CREATE TABLE candidate.{table} AS SELECT * FROM {schema}.{name}")
    yield "candidate", table
    with transaction(settings) as work:
        work.run(f"DROP TABLE IF EXISTS candidate.{table}")


def context_of(settings: Settings) -> EphemeralDataContext:
    """Create a data context that stores only validation results on disk, for Data Docs."""
    defaults = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    defaults.stores[defaults.validation_results_store_name]["store_backend"] = {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": str(settings.state / "gx" / "validations"),
    }
    defaults.data_docs_sites = {
        "local": {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(settings.state / "reports" / "data_docs"),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
    }
    config = DataContextConfig(
        store_backend_defaults=defaults, progress_bars=ProgressBarsConfig(globally=False)
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def results(
    settings: Settings,
    layer: Layer,
    scope: Scope,
    run_id: str,
    only: Collection[str] | None = None,
) -> list[ExpectationResult]:
    """Run the checks of a layer, dataset by dataset.

    Args:
        settings: Access to the warehouse, and the location of the results.
        layer: The gate to run.
        scope: The batches and receipts to check.
        run_id: Id of the flow run, for the names of the stored results.
        only: Ids of the checks to run; None for all.

    Returns:
        One result per check. A check that raised an error counts as a critical failure.

    Raises:
        SuiteError: An expectation has no result.
        WarehouseError: The failing rows cannot be read.
    """
    if only is not None:
        layer = replace(layer, checks=[c for c in layer.checks if layer.id_of(c) in only])
    with one_at_a_time(), _statements_watched(settings):
        context = context_of(settings)
        return [
            result
            for dataset in layer.datasets
            for result in _Dataset(context, settings, layer, dataset, scope).results(run_id)
        ]


@contextmanager
def _statements_watched(settings: Settings) -> Iterator[None]:
    """Watch the statements that Great Expectations sends through SQLAlchemy.

    Raises:
        WarehouseError: The warehouse did not answer one of them. Great Expectations counts this as
            the result of an expectation, and goes on.
    """
    waits: dict[Any, Wait] = {}
    unanswered: list[Wait] = []

    def connect(*_: Any) -> None:  # noqa: ANN401
        if unanswered:  # do not wait again for each of the other expectations
            raise cut_error(settings, unanswered[0])

    def connected(connection: Any, *_: Any) -> None:  # noqa: ANN401 (untyped events)
        has_no_time_limit(connection)

    def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401
        driver = connection.connection.dbapi_connection
        waits[cursor] = begin(statement_wait(settings, driver, " ".join(statement.split())[:100]))

    def after(_: Any, cursor: Any, *__: Any) -> None:  # noqa: ANN401
        end(waits.pop(cursor))

    def failed(context: Any) -> None:  # noqa: ANN401
        execution = context.execution_context  # None if the error is not that of a statement
        if execution and (wait := waits.pop(execution.cursor, None)):
            end(wait)
            if wait.is_cut:
                unanswered.append(wait)

    listeners = (
        (Engine, "do_connect", connect),
        (Pool, "connect", connected),
        (Engine, "before_cursor_execute", before),
        (Engine, "after_cursor_execute", after),
        (Engine, "handle_error", failed),
    )
    for listener in listeners:
        event.listen(*listener)
    try:
        yield
    finally:
        for listener in listeners:
            event.remove(*listener)
    if unanswered:
        raise cut_error(settings, unanswered[0])


class _Dataset:
    """One table, or the files, with the suite that it must satisfy."""

    def __init__(
        self,
        context: EphemeralDataContext,
        settings: Settings,
        layer: Layer,
        dataset: str,
        scope: Scope,
    ) -> None:
        self._context = context
        self._settings = settings
        self._layer = layer
        self._scope = scope
        self._dataset = dataset
        self._checks = [check for check in layer.checks if check.dataset == dataset]
        self._schema, self._table = relation_of(layer, dataset)
        self._files: pd.DataFrame | None = None

    def results(self, run_id: str) -> list[ExpectationResult]:
        """Run the suite, and store its results."""
        if not self._checks:
            return []
        with _computed(self._settings, self._layer, self._dataset) as relation:
            return self._results(run_id, *relation)

    def _results(self, run_id: str, schema: str, table: str) -> list[ExpectationResult]:
        context, name = self._context, f"{self._layer.name}-{self._dataset.rpartition('.')[2]}"
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(
                name=name,  # no dot: it would create a folder in Data Docs
                data=self._batch(schema, table),
                suite=context.suites.add_or_update(suite(name, self._checks)),
            )
        )
        outcome = definition.run(
            batch_parameters=None if self._files is None else {"dataframe": self._files},
            # no data values in the stored result; ExpectationResult has a non-sensitive sample.
            # Counts of files are no data values, and come with the positions of the files
            result_format={
                "result_format": "SUMMARY",
                "partial_unexpected_count": 0 if self._files is None else len(self._files),
            },
            run_id=RunIdentifier(
                run_name=f"{max(self._scope.batch_dates)} {run_id}", run_time=datetime.now(UTC)
            ),
        )
        by_id = {r.expectation_config.id: r for r in outcome.results if r.expectation_config}
        stored = [expectation.id for expectation in definition.suite.expectations]
        if set(stored) != by_id.keys() or len(self._checks) != len(stored):
            raise SuiteError(
                f"Gate {self._layer.name}, {self._dataset}: {len(self._checks)} expectations, "
                f"{len(by_id)} results"
            )
        return [
            self._result(check, by_id[expectation], run_id)
            for check, expectation in zip(self._checks, stored, strict=True)
        ]

    def _batch(self, schema: str, table: str) -> Any:  # noqa: ANN401 (a BatchDefinition of some asset)
        if self._layer.datasets[self._dataset] == "receipts":
            from tasks.validation.suites.raw import files_frame  # noqa: PLC0415 (it imports checks)

            self._files = files_frame(self._scope.receipts, self._scope.today)
            asset = self._context.data_sources.pandas_default.add_dataframe_asset(self._dataset)
            return asset.add_batch_definition_whole_dataframe("batch")
        # a table, not a query: Great Expectations fetches all rows of a query to learn its columns
        asset = self._warehouse().add_table_asset(
            self._dataset, table_name=table, schema_name=schema
        )
        return asset.add_batch_definition_whole_table("rows")

    def _warehouse(self) -> Any:  # noqa: ANN401
        known = self._context.data_sources.all()
        if "warehouse" in known:
            return known["warehouse"]
        return self._context.data_sources.add_sql(
            "warehouse",
            connection_string="redshift+redshift_connector://",
            create_temp_table=False,
            kwargs={  # pyright: ignore[reportCallIssue]
                "connect_args": connection_parameters(self._settings),
                "isolation_level": "AUTOCOMMIT",  # saves a BEGIN and a ROLLBACK per query
            },
        )

    def _result(self, check: Check, outcome: Any, run_id: str) -> ExpectationResult:  # noqa: ANN401
        raised = _exception(outcome.exception_info)
        passed = bool(outcome.success) and not raised
        result = ExpectationResult(
            id=self._layer.id_of(check),
            dataset=check.dataset,
            expectation=outcome.expectation_config.type,
            reason=check.reason,
            # an expectation that could not be evaluated proves nothing, so it stops the batch
            severity="critical" if raised else check.severity,
            owner="pipeline" if raised else check.owner,
            passed=passed,
            evaluated=not raised,
            acceptable=check.acceptable and not raised,
            observed=(raised or _observed(outcome.result))[:_OBSERVED],
        )
        if passed or raised:
            return result
        return self._with_failing_rows(check, result, outcome.result, run_id)

    def _with_failing_rows(
        self, check: Check, result: ExpectationResult, found: dict[str, Any], run_id: str
    ) -> ExpectationResult:
        if self._files is not None:
            positions = found.get("partial_unexpected_index_list") or []
            sample = failing_rows.sample_of_files(self._settings, self._files, positions)
            return result.model_copy(update={"sample": sample})
        sql = failing_rows.find_all(check, f"{self._schema}.{self._table}")
        if not sql:
            return result
        column = str(check.expectation.configuration.kwargs.get("column", ""))
        # the next run replaces candidate tables; no message tells what is only recorded
        is_kept = "candidate." in sql and check.severity != "info"
        most = kept_rows.MOST if is_kept else self._settings.sample_rows
        count, rows = failing_rows.count_and_fetch(self._settings, sql, most, column)
        observed = (
            result.observed
            if check.failing_rows == "" and not count
            else failing_rows.format_count(count)
        )
        sample = rows[: self._settings.sample_rows]
        update: dict[str, Any] = {"observed": observed, "sample": sample, "sql": sql}
        if rows and is_kept:
            update["sql"] = kept_rows.keep(self._settings, run_id, result.id, rows)
            update["first_rows"] = len(rows) if count > len(rows) else None
        if check.of_other_batches:
            update["batches"] = failing_rows.count_by_batch(self._settings, sql)
        return result.model_copy(update=update)


def _exception(info: dict[str, Any] | None) -> str:
    """Return the message of an expectation that raised an error; '' if none did.

    Great Expectations returns one entry, or one for each metric that failed.
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
    return failing_rows.format_count(count) if count else "as expected"
