"""Staging gate, continued: the batch against earlier batches (`sql/metrics/drift.sql`)."""

from tasks.validation.check import Check, rows

DRIFT = "candidate.drift"
LOADS = "candidate.load"


def drift_checks() -> list[Check]:
    """Check volume, missing values, shares, means and freshness against the last 30 batches."""

    def drift(kind: str, reason: str) -> Check:
        return rows(
            DRIFT,
            kind,
            f"""
            SELECT batch_date, metric, value, typical, low_bound, high_bound FROM {{batch}}
            WHERE kind = '{kind}' AND (value < low_bound OR value > high_bound)
            """,
            reason,
            "warning",
            "source",
        )

    return [
        drift(
            "rows",
            "row counts are between a third and three times those of the last 30 batches (a tenth "
            "and ten times before seven are known)",
        ),
        drift("missing", "the share of missing values is as in the last 30 batches"),
        drift(
            "share",
            "shares of order statuses, payment types and customers are as in the last 30 batches",
        ),
        drift("mean", "mean values are as in the last 30 batches"),
        drift("hours", "the age of the newest order is as in the last 30 batches"),
        rows(
            LOADS,
            "file_is_new",
            """
            SELECT arrived.table_name, arrived.batch_date, held.batch_date AS delivered_before
            FROM {batch} AS arrived
            INNER JOIN audit.loads AS held
                ON arrived.table_name = held.table_name
                AND arrived.source_sha256 = held.source_sha256
                AND arrived.batch_date <> held.batch_date
            WHERE arrived.table_name = 'orders' AND arrived.rows_read > 0
            """,
            "the orders file was not delivered for another day before",
            "warning",
            "source",
        ),
    ]
