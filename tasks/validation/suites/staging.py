"""Staging gate: the loaded batch is complete, and its values and references are valid."""

from dataclasses import replace

import great_expectations.expectations as gxe

from infra.contracts import BATCH_DATE, Contract, contracts
from infra.ddl import references
from tasks.validation.check import (
    Check,
    Extent,
    Layer,
    Scope,
    Severity,
    check,
    grain,
    rows,
    share,
)
from tasks.validation.suites.staging_drift import DRIFT, LOADS, drift_checks
from tasks.validation.suites.staging_plausibility import plausibility_checks
from tasks.validation.suites.staging_proportions import REDELIVERED, proportion_checks
from tasks.validation.suites.staging_timestamps import timestamp_checks

STATES = [
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE",
    "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
]  # fmt: skip
ORDER_STATUSES = [
    "approved", "canceled", "created", "delivered", "invoiced", "processing", "shipped",
    "unavailable",
]  # fmt: skip
_ID_BYTES = 32
PAYMENT_TYPES = ["boleto", "credit_card", "debit_card", "not_defined", "voucher"]


def layer(scope: Scope) -> Layer:
    """The gate between copy and transform."""
    checks = [c for contract in contracts().values() for c in _from_contract(contract)]
    checks += [
        check(
            f"staging.{table}",
            "row_count",
            gxe.ExpectTableRowCountToEqual,
            "staging holds as many rows as the file's Parquet",
            value=sum(
                r.rows_loaded for r in scope.receipts if r.table == table and r.same_as is None
            ),
            acceptable=False,
        )
        for table in sorted({receipt.table for receipt in scope.receipts})
    ]
    datasets: dict[str, Extent] = {f"staging.{name}": "batch" for name in contracts()}
    datasets |= {DRIFT: "table", LOADS: "table", REDELIVERED: "view"}
    checks += [
        *_values(),
        *_references(),
        *timestamp_checks(),
        *plausibility_checks(),
        *drift_checks(),
        *proportion_checks(),
    ]
    return Layer("staging", datasets, checks)


def _from_contract(contract: Contract) -> list[Check]:
    dataset = f"staging.{contract.table}"
    required = [column.name for column in contract.columns if column.required]
    checks = [
        check(
            dataset,
            "columns",
            gxe.ExpectTableColumnsToMatchOrderedList,
            f"{contract.table} has the columns of its contract, in their order",
            owner="pipeline",
            column_list=[column.name for column in contract.columns],
            acceptable=False,
        ),
        rows(
            dataset,
            "required_values",
            f"SELECT * FROM {{batch}} WHERE {' OR '.join(f'{name} IS NULL' for name in required)}",
            f"{contract.table}: no required value is missing",
            acceptable=False,
        ),
    ]
    if contract.key:
        reason = f"{', '.join(contract.key)} is the grain of the batch"
        checks.append(grain(dataset, [*contract.key, BATCH_DATE], reason))
    for column in contract.source_columns:
        # where an id refers to another table, that reference is checked instead
        own = column.name in contract.key[:1] or column.name.endswith("unique_id")
        if column.length == _ID_BYTES and own:
            checks.append(
                check(
                    dataset,
                    f"{column.name}_format",
                    gxe.ExpectColumnValuesToMatchRegex,
                    "an id is 32 hexadecimal digits",
                    column=column.name,
                    regex="^[0-9a-f]{32}$",
                )
            )
        elif column.name.endswith("zip_code_prefix"):
            checks.append(
                check(
                    dataset,
                    f"{column.name}_format",
                    gxe.ExpectColumnValuesToMatchRegex,
                    "a zip code prefix has five digits; leading zeros are kept",
                    column=column.name,
                    regex="^[0-9]{5}$",
                )
            )
        elif column.name.endswith("_state"):
            checks.append(
                check(
                    dataset,
                    f"{column.name}_known",
                    gxe.ExpectColumnValuesToBeInSet,
                    "a state is one of Brazil's 27",
                    column=column.name,
                    value_set=STATES,
                )
            )
    return checks


def _values() -> list[Check]:
    not_negative = [
        ("order_items", "price"),
        ("order_items", "freight_value"),
        ("order_payments", "payment_value"),
    ]
    return [
        check(
            "staging.orders",
            "status_known",
            gxe.ExpectColumnValuesToBeInSet,
            "the order status is a known one",
            column="order_status",
            value_set=ORDER_STATUSES,
        ),
        check(
            "staging.order_payments",
            "payment_type_known",
            gxe.ExpectColumnValuesToBeInSet,
            "the payment type is a known one",
            column="payment_type",
            value_set=PAYMENT_TYPES,
        ),
        check(
            "staging.order_reviews",
            "review_score_range",
            gxe.ExpectColumnValuesToBeBetween,
            "a review score is 1 to 5",
            column="review_score",
            min_value=1,
            max_value=5,
        ),
        *(
            check(
                f"staging.{table}",
                f"{column}_not_negative",
                gxe.ExpectColumnValuesToBeBetween,
                "money is never negative",
                column=column,
                min_value=0,
            )
            for table, column in not_negative
        ),
    ]


def _references() -> list[Check]:
    """Check references against all of staging, because a parent may be in an earlier batch."""
    optional = {"category_translation"}  # see staging_plausibility
    known = references("staging", contracts().keys() - optional)
    unknown_member: dict[str, Severity] = {"products": "warning", "sellers": "warning"}
    return [
        *(
            rows(
                f"staging.{child}",
                f"{column}_in_{parent}",
                f"""
                SELECT child.* FROM {{batch}} AS child
                LEFT JOIN candidate.history_{parent} AS parent ON child.{column} = parent.{column}
                WHERE parent.{column} IS NULL
                """,
                f"every {column} of {child} is in {parent}",
                unknown_member.get(parent, "critical"),
                # without its order or customer, a row has no place in the star
                acceptable=parent in unknown_member,
            )
            for child, column, parent in known
        ),
        *(_stays(*reference, unknown_member.get(reference[2], "critical")) for reference in known),
        *_children(),
    ]


def _stays(child: str, column: str, parent: str, severity: Severity) -> Check:
    """Check the rows of other batches: a delivery or a retraction may remove what they refer to."""
    check = rows(
        f"staging.{child}",
        f"{column}_stays_in_{parent}",
        f"""
        SELECT child.*
        FROM candidate.history_{child} AS child
        INNER JOIN (
            SELECT DISTINCT changed.{column}
            FROM candidate.changed_{parent} AS changed
            LEFT JOIN candidate.history_{parent} AS kept ON changed.{column} = kept.{column}
            WHERE kept.{column} IS NULL
        ) AS removed ON child.{column} = removed.{column}
        WHERE child.batch_date NOT IN (SELECT arrived.batch_date FROM {{batch}} AS arrived)
        """,
        f"no other batch of {child} refers to {parent} that this run removes: else deliver these "
        f"{parent} again, or retract the other batches as well",
        severity,
        acceptable=severity != "critical",
    )
    return replace(check, of_other_batches=True)


def _children() -> list[Check]:
    """Check that parents have children: a truncated file leaves parents without any."""
    without = """
        SELECT parent.* FROM {{batch}} AS parent
        LEFT JOIN candidate.history_{child} AS child ON parent.{column} = child.{column}
        WHERE child.{column} IS NULL{where}
    """
    children: list[tuple[str, str, str, str, Severity, str]] = [
        (
            *("orders", "order_id", "order_items"),
            "delivered",
            "critical",
            "every delivered order has items",
        ),
        (
            *("orders", "order_id", "order_items"),
            "",
            "info",
            "every order has items",  # 775 have none, all but 8 cancelled or unavailable
        ),
        (
            *("orders", "order_id", "order_payments"),
            "",
            "info",
            "every order has a payment",  # one has none
        ),
        (
            *("customers", "customer_id", "orders"),
            "",
            "warning",
            "every customer has an order",
        ),
        (*("products", "product_id", "order_items"), "", "info", "every product was sold"),
        (*("sellers", "seller_id", "order_items"), "", "info", "every seller sold something"),
    ]
    unpaid = (
        "order_status = 'delivered' AND order_id NOT IN "
        "(SELECT order_id FROM candidate.history_order_payments)"
    )
    return [
        *(
            rows(
                f"staging.{parent}",
                f"{status}_in_{child}" if status else f"in_{child}",
                without.format(
                    child=child,
                    column=column,
                    where=f" AND parent.order_status = '{status}'" if status else "",
                ),
                reason,
                severity,
            )
            for parent, column, child, status, severity, reason in children
        ),
        share(
            "staging.orders",
            "delivered_orders_paid",
            unpaid,
            1,
            "at most 1 % of the delivered orders have no payment",
            "critical",
        ),
    ]
