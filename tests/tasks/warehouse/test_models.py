"""The order of models is derived from their SQL, which runs on Redshift unchanged."""

import re

import pytest
import sqlglot
from sqlglot import exp

from infra.ddl import tables
from infra.local.redshift.sql.translator import translate
from infra.local.redshift.sql.user_functions import read_function
from infra.settings import PROJECT, SQL
from infra.sql_files import split, statements
from tasks.request import RequestError
from tasks.warehouse.models import models, published_models, select_models

# grants are for a real warehouse only (infra/terraform/modules/grants): sqlfluff checks them, but
# the local Redshift has no users to grant to
FILES = [path for path in sorted(SQL.rglob("*.sql")) if path.parent.name != "access"]
FUNCTIONS = [read_function(path.read_text()) for path in sorted(SQL.glob("functions/*.sql"))]


def test_a_model_comes_after_what_it_reads() -> None:
    seen: set[str] = set()
    for model in models():
        needs = {t.removeprefix("candidate.") for t in model.inputs if t.startswith("candidate.")}
        assert needs - {model.name} <= seen, model.name
        seen.add(model.name)


def test_the_published_models_are_those_of_the_design() -> None:
    assert {model.name for model in published_models()} == {
        "dim_date", "dim_geography", "dim_customer", "dim_seller", "dim_product",
        "fact_order", "fact_order_item", "fact_payment", "fact_review",
        "customer_totals", "sales_overview",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SQL)))
def test_sql_files_parse_as_redshift_and_are_accepted_unchanged(path) -> None:
    for statement in split(path.read_text()):
        tree = sqlglot.parse_one(statement, read="redshift")
        assert tree.find(exp.Command) is None  # a Command is SQL that sqlglot cannot parse
        if path.parent.name == "functions":
            assert read_function(statement) in FUNCTIONS
        else:
            translate(statement, functions=tuple(function for function, _ in FUNCTIONS))


def test_surrogate_key_and_accent_expressions_occur_only_in_functions() -> None:
    """The surrogate key and the fold of accents are functions; no other file repeats them."""
    for path in FILES:
        words = {"MD5", "STRTOL", "TRANSLATE"} & set(re.findall(r"[A-Z0-9]+", path.read_text()))
        assert not words or path.parent.name == "functions", path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SQL)))
def test_a_union_names_its_columns(path) -> None:
    """The column order of a migrated table differs from its DDL; UNION matches by position."""
    for statement in statements(str(path.relative_to(SQL))):
        for union in sqlglot.parse_one(statement, read="redshift").find_all(exp.SetOperation):
            for select in (union.left, union.right):
                assert isinstance(select, exp.SetOperation) or not select.is_star, path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SQL)))
def test_an_sql_file_states_purpose_grain_and_load_rule(path) -> None:
    head = path.read_text().split("\n\n")[0]
    # dashboard queries create no table, so they have no load rule
    rule = [] if path.parent.name == "dashboards" else ["Load rule:"]
    about = "Arguments:" if path.parent.name == "functions" else "Grain:"
    for word in ("Purpose:", about, *rule):
        assert f"-- {word}" in head


def test_the_package_contains_its_sql_files() -> None:
    assert SQL == PROJECT / "sql"
    assert len(FILES) > 30


@pytest.mark.parametrize("folder", ["staging", "dimensions", "facts", "marts"])
def test_a_candidate_table_has_the_columns_but_not_the_key_of_its_ddl(folder: str) -> None:
    """Redshift's planner trusts a declared key, and no gate has passed these rows yet."""
    for name, table in tables(folder).items():
        create = table.created_as(f"candidate.{name}")
        tree = sqlglot.parse_one(create, read="redshift")
        assert [column.name for column in tree.find_all(exp.ColumnDef)] == list(table.names)
        assert tree.find(exp.PrimaryKey) is None, create
        assert "DISTSTYLE" not in table.create or "DISTSTYLE" in create
        translate(create)


def test_models_are_selected_with_what_they_read_and_what_reads_them() -> None:
    names = [model.name for model in published_models()]
    assert select_models(["dim_seller"]) == ("dim_seller",)
    assert "fact_order_item" in select_models(["dim_seller+"])
    assert "dim_date" not in select_models(["dim_seller+"])
    assert set(select_models(["+fact_order_item"])) > {"dim_product", "dim_seller"}
    assert select_models(["sales_overview", "dim_date"]) == tuple(
        name for name in names if name in {"sales_overview", "dim_date"}
    )
    with pytest.raises(RequestError, match="no model is named dim_sellers; there are dim_seller"):
        select_models(["dim_sellers+"])
