"""Parts of the gates and of the models run on their own; a dry run changes nothing."""

from datetime import date
from pathlib import Path

import pytest

from flows.corrections import rebuild_flow
from flows.daily_elt import daily_elt_flow
from flows.validate import validate_flow
from infra.lake import Lake
from infra.local.generate import generate
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.ingest.plan import plan_of
from tasks.reporting.check_history import check_histories
from tasks.request import RequestError
from tasks.validation.gate import GateError
from tests.conftest import DAY
from tests.history import checksums

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, 60, seed=7)
    return folder


def test_a_dry_run_before_the_first_run_says_that_all_is_new(stack: Settings, source: Path) -> None:
    plan = plan_of(stack, str(source), DAY)
    assert {(f.in_lake, f.is_published, f.replaces) for f in plan.files} == {(False, False, False)}
    assert plan.changes[0] == "Adds the batch 2018-10-18; it is not published yet."
    assert list(Lake(stack).keys("")) == []


@pytest.fixture(scope="module")
def loaded(prefect_api: None, stack: Settings, source: Path) -> Settings:
    """The first batch is published."""
    del prefect_api
    daily_elt_flow(DAY, str(source))
    return stack


def test_a_dry_run_names_what_a_redelivery_replaces(
    loaded: Settings, source: Path, tmp_path: Path
) -> None:
    before = checksums(loaded), sorted(Lake(loaded).keys(""))
    assert plan_of(loaded, str(source), DAY).changes[0].startswith("Nothing: ")
    generate(tmp_path / "other", 60, seed=7)
    orders = tmp_path / "other" / "olist_orders_dataset.csv"
    orders.write_text(orders.read_text().replace(",shipped,", ",delivered,"))
    plan = plan_of(loaded, str(tmp_path / "other"), DAY)
    assert [f.table for f in plan.files if f.replaces] == ["orders"]
    assert "published delivery of orders" in plan.changes[0]
    earlier = plan_of(loaded, str(source), date(2018, 1, 1))
    assert "Batches up to 2018-10-18 are published" in earlier.changes[1]
    assert (checksums(loaded), sorted(Lake(loaded).keys(""))) == before


def _audited(settings: Settings) -> int:
    with transaction(settings, read_only=True) as work:
        return work.value("SELECT COUNT(*) AS n FROM audit.validations")


def test_chosen_checks_run_alone_and_prove_nothing_about_the_rest(loaded: Settings) -> None:
    before = _audited(loaded)
    receipts = validate_flow(
        datasets=["fact_payment"], expectations=["reconciliation.reconciliation.totals_equal"]
    )
    assert [receipt.gate for receipt in receipts] == ["star", "reconciliation"]
    star, reconciliation = receipts
    assert {result.dataset for result in star.results} == {"candidate.fact_payment"}
    assert [r.id for r in reconciliation.results] == ["reconciliation.reconciliation.totals_equal"]
    assert _audited(loaded) == before, "a part of a gate is not recorded"


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"datasets": ["order"]}, "no dataset order: did you mean orders"),
        ({"expectations": ["star.fact_order.grian"]}, "did you mean star.fact_order.grain"),
    ],
)
def test_an_unknown_selection_is_refused(
    loaded: Settings, selection: dict[str, list[str]], words: str
) -> None:
    del loaded
    with pytest.raises(RequestError, match=words):
        validate_flow(**selection)  # pyright: ignore[reportArgumentType]


@pytest.mark.slow
def test_published_rows_stay_in_candidate_for_a_notebook(loaded: Settings) -> None:
    validate_flow(["staging"], datasets=["orders"], keep=True)
    with transaction(loaded, read_only=True) as work:
        assert work.value("SELECT COUNT(*) AS n FROM candidate.batch_orders") == 60


@pytest.mark.slow
def test_a_selected_model_is_rebuilt_and_the_others_stay(loaded: Settings) -> None:
    expected = checksums(loaded)
    with transaction(loaded) as work:
        work.run("UPDATE analytics.fact_payment SET payment_type = 'gold'")
        work.run("UPDATE analytics.dim_seller SET city = 'atlantis'")
    damaged = checksums(loaded)
    receipt = rebuild_flow(select=["fact_payment"])
    assert list(receipt.published.rows) == ["fact_payment"]
    after = checksums(loaded)
    assert after["fact_payment"] == expected["fact_payment"] != damaged["fact_payment"]
    assert after["dim_seller"] == damaged["dim_seller"], "it was not selected"
    rebuilt = rebuild_flow(select=["dim_seller+"])
    assert "fact_order_item" in rebuilt.published.rows
    assert "fact_payment" not in rebuilt.published.rows
    assert checksums(loaded) == expected


@pytest.mark.slow
def test_gates_check_what_a_partial_rebuild_leaves(loaded: Settings) -> None:
    with transaction(loaded) as work:
        work.run("UPDATE analytics.fact_payment SET payment_value = payment_value + 1")
    with pytest.raises(GateError, match="payment_value of fact_payment are those of staging"):
        rebuild_flow(select=["dim_date"])
    rebuild_flow(select=["fact_payment"])


@pytest.mark.slow
def test_the_history_of_a_check_has_its_results_and_what_was_observed(loaded: Settings) -> None:
    histories = {history.id: history for history in check_histories(loaded)}
    found = histories["star.fact_payment.payment_value_as_staged"]
    assert {"passed", "failed"} == {result.outcome for result in found.results}
    assert found.results[0].outcome != "failed", "the latest result comes first"
    assert sum(count for count, _, _ in found.spans) == len(found.results)
