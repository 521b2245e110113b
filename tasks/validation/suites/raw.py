"""Raw gate: each file is complete, and nearly all of its rows match their contract.

The parser enforces the contract row by row. The suite checks its results: one row per file, with
the counts of the upload receipt.
"""

from datetime import date

import great_expectations.expectations as gxe
import pandas as pd

from infra.contracts import contracts
from tasks.receipts import UploadReceipt
from tasks.validation.check import Check, Layer, Scope, check

FILES = "files"


def layer(scope: Scope) -> Layer:
    """The gate between upload and copy."""
    checks: list[Check] = [
        check(
            FILES,
            "all_tables",
            gxe.ExpectColumnDistinctValuesToEqualSet,
            "every table was uploaded",
            column="table_name",
            value_set=sorted(contracts()),
            acceptable=False,
        ),
        check(
            FILES,
            "one_file_per_table",
            gxe.ExpectColumnValuesToBeUnique,
            "each table and batch has one file",
            column="file",
            acceptable=False,
        ),
        check(
            FILES,
            "file_for_each_table",
            gxe.ExpectTableRowCountToEqual,
            "each batch has a file for each table",
            value=len(contracts()) * len(scope.batch_dates),
            acceptable=False,
        ),
        check(
            FILES,
            "batch_date_reached",
            gxe.ExpectColumnValuesToBeBetween,
            "the date of a batch is not ahead of today",
            column="days_ahead",
            max_value=0,
        ),
        check(
            FILES,
            "batch_has_rows",
            gxe.ExpectColumnSumToBeBetween,
            "the batch has at least one row",
            column="rows_read",
            min_value=1,
        ),
        check(
            FILES,
            "rows_accounted_for",
            gxe.ExpectColumnPairValuesToBeEqual,
            "every row read was loaded or quarantined",
            column_A="rows_read",
            column_B="rows_accounted_for",
            acceptable=False,
        ),
        check(
            FILES,
            "money_loaded",
            gxe.ExpectColumnPairValuesToBeEqual,
            "the money in the CSV file is in the Parquet files or in quarantine, to the cent",
            column_A="money_read",
            column_B="money_accounted_for",
            acceptable=False,
        ),
        check(
            FILES,
            "quarantine_share",
            gxe.ExpectColumnValuesToBeBetween,
            f"at most {scope.quarantine_limit:.1%} of a file's rows are in quarantine",
            column="quarantined_share",
            max_value=scope.quarantine_limit,
        ),
        check(
            FILES,
            "keys_unique",
            gxe.ExpectColumnValuesToBeInSet,
            "keys are unique within a file",
            column="duplicate_keys",
            value_set=[0],
            acceptable=False,
        ),
        check(
            FILES,
            "quarantine_empty",
            gxe.ExpectColumnValuesToBeInSet,
            "no row is in quarantine",
            "warning",
            column="rows_quarantined",
            value_set=[0],
        ),
        check(
            FILES,
            "file_has_rows",
            gxe.ExpectColumnValuesToBeBetween,
            "every file has rows",
            "info",
            column="rows_read",
            min_value=1,
        ),
    ]
    return Layer("raw", {FILES: "receipts"}, checks)


def files_frame(receipts: tuple[UploadReceipt, ...], today: date) -> pd.DataFrame:
    """Return a frame with one row per file, for Great Expectations.

    Args:
        receipts: The upload receipts of the batches.
        today: The current business day.
    """
    return pd.DataFrame(
        [
            {
                "table_name": receipt.table,
                "file": f"{receipt.batch_date} {receipt.table}",
                # first, because a notification shows a few columns only
                "in_quarantine": "; ".join(receipt.quarantine_sample),
                "keys_twice": "; ".join(receipt.duplicate_sample),
                "days_ahead": (receipt.batch_date - today).days,
                "source_file": receipt.source_file,
                "rows_read": receipt.rows_read,
                "rows_loaded": receipt.rows_loaded,
                "rows_quarantined": receipt.rows_quarantined,
                "rows_accounted_for": receipt.rows_loaded + receipt.rows_quarantined,
                "quarantined_share": receipt.rows_quarantined / max(receipt.rows_read, 1),
                "duplicate_keys": receipt.duplicate_keys,
                "money_read": str(sum(receipt.money_read.values())),
                "money_accounted_for": str(
                    sum(receipt.money_loaded.values()) + sum(receipt.money_quarantined.values())
                ),
            }
            for receipt in receipts
        ]
    )
