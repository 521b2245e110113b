"""A file context of Great Expectations that a notebook can open: suites, checkpoints, data source.

The gates build their suites from code and keep them in memory. This module writes the same suites,
with one checkpoint for each gate, into `gx/` of the state folder. There they are of Great
Expectations' own types, so opening them needs no module of this project.
"""

from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import yaml
from great_expectations.data_context import FileDataContext
from sqlalchemy import URL

from infra.private_files import make_private, write_private
from infra.settings import Settings
from infra.warehouse import connection_parameters, transaction
from tasks.validation.check import Check, ExpectNoRows, Layer, Scope
from tasks.validation.gate import GATES
from tasks.validation.runner import layer_of, one_at_a_time, relation_of

WAREHOUSE = (
    "OLIST_WAREHOUSE"  # config variable, or environment variable, with the connection string
)
_ADDRESS = ("user", "password", "host", "port", "database")


def write_file_context(settings: Settings, scope: Scope) -> list[str]:
    """Write suites, checkpoints and data source; replaces those of an earlier call.

    Great Expectations takes no table that does not exist: candidate models exist after a run that a
    gate stopped, and after `olist validate --keep`. A gate with a table that does not exist has its
    suites, and no checkpoint.

    Only on the local target the password of the warehouse is written, into a file that only its
    owner may read. On AWS a notebook logs in with IAM, or finds OLIST_WAREHOUSE in its environment.

    Args:
        settings: Access to the warehouse; `state` is the project root of the context.
        scope: The batches that the checks are about.

    Returns:
        The gates that have a checkpoint. `gx.get_context(mode="file", project_root_dir=…)` opens
        the context; the project root is `settings.state`.
    """
    make_private(settings.state / "gx" / "uncommitted")
    _write_connection(settings)
    with one_at_a_time():
        context = gx.get_context(mode="file", project_root_dir=settings.state)
        assert isinstance(context, FileDataContext)  # noqa: S101 (as the mode says)
        parameters = connection_parameters(settings)
        source: Any = context.data_sources.add_or_update_sql(
            "warehouse",
            connection_string=f"${{{WAREHOUSE}}}",
            create_temp_table=False,
            kwargs={  # pyright: ignore[reportCallIssue]
                "connect_args": {k: v for k, v in parameters.items() if k not in _ADDRESS},
                "isolation_level": "AUTOCOMMIT",
            },
        )
        there = _existing(settings)
        written = []
        for gate in GATES[1:]:  # not `raw`, which checks receipts of files and no table
            if _write_gate(context, source, layer_of(gate, scope), there):
                written.append(gate)
    return written


def _existing(settings: Settings) -> set[tuple[str, str]]:
    """Schema and name of the tables and views of the warehouse."""
    with transaction(settings, read_only=True) as work:
        return set(work.query("SELECT table_schema, table_name FROM svv_tables"))


def _write_connection(settings: Settings) -> None:
    parameters = connection_parameters(settings)
    if settings.target == "aws" and parameters.get("password"):
        return
    address = URL.create(
        "redshift+redshift_connector",
        username=parameters.get("user"),
        password=parameters.get("password"),
        host=parameters["host"],
        port=parameters["port"],
        database=parameters["database"],
    )
    variables = {WAREHOUSE: address.render_as_string(hide_password=False)}
    path = settings.state / "gx" / "uncommitted" / "config_variables.yml"
    write_private(path, yaml.safe_dump(variables))


def _write_gate(
    context: FileDataContext,
    source: Any,  # noqa: ANN401 (typed by GX)
    layer: Layer,
    there: set[tuple[str, str]],
) -> bool:
    """Write the suites, and a checkpoint if all tables exist; return whether they do."""
    definitions = []
    used = [d for d in layer.datasets if any(check.dataset == d for check in layer.checks)]
    complete = all(relation_of(layer, dataset) in there for dataset in used)
    for dataset in used:
        checks = [check for check in layer.checks if check.dataset == dataset]
        schema, table = relation_of(layer, dataset)
        name = f"{layer.name}-{dataset.rpartition('.')[2]}"
        suite = context.suites.add_or_update(
            gx.ExpectationSuite(name=name, expectations=[_portable(layer, c) for c in checks])
        )
        if not complete:
            continue
        asset = source.add_table_asset(name, table_name=table, schema_name=schema)
        definition = gx.ValidationDefinition(
            name=name,
            data=asset.add_batch_definition_whole_table("rows"),
            suite=suite,
        )
        definitions.append(context.validation_definitions.add_or_update(definition))
    if complete:
        context.checkpoints.add_or_update(
            gx.Checkpoint(name=layer.name, validation_definitions=definitions)
        )
    return complete


def _portable(layer: Layer, check: Check) -> gxe.Expectation:
    """The expectation of a check as one of Great Expectations' own types, with the check's id."""
    meta = {**(check.expectation.meta or {}), "id": layer.id_of(check)}
    if not isinstance(check.expectation, ExpectNoRows):
        return check.expectation.copy(update={"meta": meta})
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=check.expectation.unexpected_rows_query,
        severity=check.expectation.severity,
        description=check.expectation.description,
        notes=check.expectation.notes,
        meta=meta,
    )
