"""Many batches: what is told, what is left out, and where it goes on."""

from datetime import date

from flows.backfill import missing_days, spans, told


def test_days_without_a_folder_are_told_as_spans() -> None:
    days = [date(2018, 1, 1), date(2018, 1, 3), date(2018, 1, 7)]
    missing = missing_days(days, None, date(2018, 1, 8))
    assert spans(missing) == "2018-01-02, 2018-01-04 to 2018-01-06, 2018-01-08"
    assert spans(missing, most=1) == "2018-01-02, and 2 more spans"


def test_progress_tells_the_rest() -> None:
    assert told(10, 40, 20.0) == "10 of 40 batches published, 2.0 s each, about 0:01:00 to go"
