"""Failing rows stay in `audit.failing_rows`: the SQL of a message finds them after the next run."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.receipts import ExpectationResult
from tasks.validation import kept_rows
from tasks.validation.check import Scope
from tasks.validation.gate import run_gate
from tests.conftest import DAY
from tests.load import Loader, write_source
from tests.tasks.validation.test_gate import ROWS

SCORE = "staging.order_reviews.review_score_known"


@pytest.fixture(autouse=True)
def _empty(load: Loader) -> None:
    load.clear()


def _failed(load: Loader, folder: Path, bad: int, run_id: str = "run-1") -> ExpectationResult:
    """Load reviews of which some have a wrong score; return the result of the check of scores."""
    reviews = [
        {
            "order_id": "o1",
            "review_id": f"r{n}",
            "review_score": 8,
            "review_comment_message": "Ana, 11 99",
        }
        for n in range(bad)
    ]
    receipts = load.stage(DAY, write_source(folder, {**ROWS, "order_reviews": reviews}))
    receipt = run_gate(load.settings, "staging", Scope((DAY,), tuple(receipts)), run_id)
    return next(r for r in receipt.failed if r.dataset == "staging.order_reviews" and r.sample)


def _rows(ask: Any, sql: str) -> list[dict[str, str]]:
    return [json.loads(row) for (row,) in ask(sql)]


def test_the_query_finds_the_rows_after_the_next_batch(
    load: Loader, tmp_path: Path, ask: Any
) -> None:
    result = _failed(load, tmp_path / "bad", 7)
    load.stage(DAY + timedelta(days=1), write_source(tmp_path / "next", ROWS))
    rows = _rows(ask, result.sql)
    assert [row["review_score"] for row in rows] == ["8"] * 7
    assert len({row["review_id"] for row in rows}) == 7
    assert {row["review_comment_message"] for row in rows} == {"(hidden)"}
    assert len(result.sample) == load.settings.sample_rows
    assert result.sql_finds == "all failing rows"


@pytest.mark.slow
def test_a_repeated_gate_replaces_its_rows(load: Loader, tmp_path: Path, ask: Any) -> None:
    _failed(load, tmp_path / "seven", 7)
    other = _failed(load, tmp_path / "other", 3, run_id="run-2")
    result = _failed(load, tmp_path / "two", 2)
    assert len(_rows(ask, result.sql)) == 2
    assert len(_rows(ask, other.sql)) == 3


@pytest.mark.slow
def test_of_many_rows_the_first_are_kept(
    load: Loader, tmp_path: Path, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_rows, "MOST", 4)
    result = _failed(load, tmp_path / "bad", 7)
    assert (result.observed, len(_rows(ask, result.sql))) == ("7 rows", 4)
    assert result.sql_finds == "the first 4 failing rows"


def test_without_samples_no_row_is_copied(load: Loader, tmp_path: Path, ask: Any) -> None:
    """OLIST_SAMPLE_ROWS=0 keeps rows in the tables; the query reads them until the next run."""
    load.settings.sample_rows = 0
    reviews = [{"order_id": "o1", "review_id": "r1", "review_score": 8}]
    receipts = load.stage(DAY, write_source(tmp_path / "s", {**ROWS, "order_reviews": reviews}))
    receipt = run_gate(load.settings, "staging", Scope((DAY,), tuple(receipts)), "run-1")
    result = next(r for r in receipt.failed if r.dataset == "staging.order_reviews")
    assert "candidate." in result.sql
    assert result.sql_finds == "all failing rows, until the next run"
    assert ask("SELECT COUNT(*) AS n FROM audit.failing_rows") == [(0,)]
