"""Reconciliation: what is published is what the files held, to the cent.

The single customer view is a view, so it is looked at here, too, once its rows are there.
"""

import great_expectations.expectations as gxe

from tasks.expectations.check import Layer, Scope, check

_TOTALS = "audit.reconciliation"
_SCV = "analytics.single_customer_view"
SEGMENTS = ["at risk", "big spender", "lapsed", "loyal", "new", "no orders", "promising"]


def layer(scope: Scope) -> Layer:
    """The gate after publish, over all that is published."""
    del scope  # totals are of the whole history
    checks = [
        check(
            _TOTALS,
            gxe.ExpectColumnPairValuesToBeEqual,
            "files, staging, facts and marts hold the same rows and the same money",
            column_A="source_total",
            column_B="published_total",
        ),
        check(
            _TOTALS,
            gxe.ExpectColumnValuesToBeUnique,
            "each measure is compared once",
            column="measure",
        ),
        check(
            _TOTALS,
            gxe.ExpectTableRowCountToEqual,
            "all measures were compared",
            value=13,
        ),
        check(
            _SCV,
            gxe.ExpectColumnValuesToBeInSet,
            "a segment is a known one",
            column="segment",
            value_set=SEGMENTS,
        ),
    ]
    return Layer("reconciliation", {_TOTALS: "table", _SCV: "table"}, checks)
