"""Reconciliation gate: what the source files hold is published or in quarantine, to the cent.

The single customer view is checked here as well, because a view has its rows only after the
publish.
"""

from infra.contracts import contracts
from tasks.validation.check import Extent, Layer, Scope, grain, rows, total

_TOTALS = "audit.reconciliation"
_MEASURES = 12  # without those of the amounts of each source table
_PROOF = "audit.proven_totals"
_SCV = "analytics.single_customer_view"
SEGMENTS = ["at risk", "big spender", "lapsed", "loyal", "new", "no orders", "promising"]


def layer(scope: Scope) -> Layer:
    """The gate after publish, over all published data.

    The totals of staging are running totals; `scope.proves_history` also computes them from all of
    staging, and compares.
    """
    measures = _MEASURES + sum(
        any(column.kind == "DECIMAL" for column in contract.columns)
        for contract in contracts().values()
    )
    checks = [
        rows(
            _TOTALS,
            "totals_equal",
            "SELECT * FROM {batch} "
            "WHERE COALESCE(source_total <> published_total + quarantined_total, TRUE)",
            "files, staging, facts and marts have the same rows and money, but for the quarantine",
        ),
        rows(
            _TOTALS,
            "all_measures",
            f"""
            SELECT compared.measures, compared.row_count
            FROM (
                SELECT COUNT(DISTINCT measure) AS measures, COUNT(*) AS row_count FROM {{batch}}
            ) AS compared
            WHERE compared.measures <> {measures} OR compared.row_count <> {measures}
            """,
            "every measure was compared once",
        ),
        grain(_SCV, ["customer_unique_id"], "the single customer view has one row per person"),
        total(
            _SCV,
            "total_value_total",
            "SUM(total_value)",
            "SELECT SUM(price) + SUM(freight_value) FROM analytics.fact_order_item",
            "total values of the single customer view add up to the items, to the cent",
        ),
        rows(
            _SCV,
            "scores_known",
            """
            SELECT customer_unique_id, order_count, recency_days, recency_score, frequency_score,
                monetary_score
            FROM {batch}
            WHERE recency_days < 0
                OR (order_count > 0 AND (recency_score IS NULL OR frequency_score IS NULL
                    OR monetary_score IS NULL))
                OR recency_score NOT BETWEEN 1 AND 5
                OR frequency_score NOT BETWEEN 1 AND 5
                OR monetary_score NOT BETWEEN 1 AND 5
            """,
            "every person with an order has scores from 1 to 5",
            owner="analytics",
        ),
        rows(
            _SCV,
            "segment_known",
            f"""
            SELECT customer_unique_id, segment FROM {{batch}}
            WHERE segment IS NULL OR segment NOT IN ({", ".join(f"'{s}'" for s in SEGMENTS)})
            """,
            "the segment is a known one",
            owner="analytics",
        ),
    ]
    if not scope.proves_history:
        return Layer("reconciliation", {_TOTALS: "view", _SCV: "table"}, checks)
    proof = rows(
        _PROOF,
        "running_totals_proven",
        "SELECT * FROM {batch} WHERE proven_total <> running_total",
        "the running totals of the rows in force are those of all of staging",
    )
    datasets: dict[str, Extent] = {_TOTALS: "view", _PROOF: "view", _SCV: "table"}
    return Layer("reconciliation", datasets, [*checks, proof])
