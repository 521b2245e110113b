"""Receipts that other versions have stored can be read, and their words are right."""

from datetime import UTC, date, datetime

import pytest

from tasks.receipts import Comparison, RunReport


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (
            Comparison(figures=19, compared=0, batches=0),
            "too few batches to compare with: 0 before this one",
        ),
        (
            Comparison(figures=19, compared=9, batches=1),
            "9 of 19 figures are compared with the last 1 batch; 10 have too few batches or rows "
            "to compare",
        ),
        (
            Comparison(figures=19, compared=19, batches=30),
            "19 of 19 figures are compared with the last 30 batches",
        ),
    ],
)
def test_what_was_compared_is_said(comparison: Comparison, words: str) -> None:
    assert comparison.words == words


def test_a_report_of_an_earlier_version_keeps_the_seconds_of_its_steps() -> None:
    now = datetime.now(UTC)
    stored = {
        **{"label": "2018-10-18", "run_id": "r", "flow": "daily_elt", "sources": [], "rerun": ""},
        **{"batch_dates": [date(2018, 10, 18)], "started_at": now, "finished_at": now},
        **{"verdict": "published", "seconds": {"copy": 1.5}},
    }
    assert RunReport.model_validate(stored).seconds == {"copy": 1.5}
