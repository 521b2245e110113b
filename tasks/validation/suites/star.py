"""Star gate: grain, foreign keys and totals of the candidate dimensions and facts."""

import great_expectations.expectations as gxe

from infra.ddl import tables
from tasks.validation.check import Check, Extent, Layer, Scope, check, columns, grain, rows, total
from tasks.warehouse.data_dictionary import links

_VERSIONED = [
    ("dim_customer", "customer_unique_id"),
    ("dim_product", "product_id"),
    ("dim_seller", "seller_id"),
]
_FACTS = [
    ("fact_order", "orders", []),
    ("fact_order_item", "order_items", ["price", "freight_value"]),
    ("fact_payment", "order_payments", ["payment_value"]),
    ("fact_review", "order_reviews", []),
]


def layer(scope: Scope) -> Layer:
    """The gate between transform and publish, for dimensions and facts."""
    del scope  # candidate tables contain only what this run computed
    # keys and references come from the DDL: PRIMARY KEY, and comments that end in `: dim_x`
    grains = {
        name: list(table.key)
        for folder in ("dimensions", "facts")
        for name, table in tables(folder).items()
    }
    checks = [
        grain(f"candidate.{model}", key, f"one row for each {', '.join(key)}")
        for model, key in grains.items()
    ]
    checks += [columns(f"candidate.{model}") for model in grains]
    checks += [_resolves(*reference) for reference in links()]
    checks += [
        c for model, key in _VERSIONED for c in (_intervals(model, key), _current(model, key))
    ]
    checks += [c for fact in _FACTS for c in _adds_up(*fact)]
    datasets: dict[str, Extent] = {f"candidate.{name}": "table" for name in grains}
    return Layer("star", datasets, checks + _values())


def _resolves(fact: str, column: str, dimension: str) -> Check:
    key = f"{dimension.removeprefix('dim_')}_key"
    return rows(
        f"candidate.{fact}",
        f"{column}_in_{dimension}",
        f"""
        SELECT fact.{column}
        FROM {{batch}} AS fact
        LEFT JOIN candidate.merged_{dimension} AS dimension ON fact.{column} = dimension.{key}
        WHERE dimension.{key} IS NULL
        UNION ALL
        SELECT staying.{column}
        FROM candidate.merged_{fact} AS staying
        INNER JOIN candidate.removed_{dimension} AS removed ON staying.{column} = removed.{key}
        """,
        f"every {column} of {fact} is in {dimension} after the publish",
    )


def _intervals(model: str, key: str) -> Check:
    return rows(
        f"candidate.{model}",
        "version_intervals",
        f"""
        SELECT versions.{key}, versions.valid_from, versions.valid_to
        FROM (
            SELECT {key}, valid_from, valid_to, is_current,
                LEAD(valid_from) OVER (PARTITION BY {key} ORDER BY valid_from) AS next_valid_from
            FROM {{batch}}
        ) AS versions
        WHERE COALESCE(versions.next_valid_from, CAST('9999-12-31' AS TIMESTAMP))
            <> versions.valid_to
            OR versions.valid_from >= versions.valid_to
        """,
        f"the versions of a {key} neither overlap nor leave a gap",
    )


def _current(model: str, key: str) -> Check:
    return rows(
        f"candidate.{model}",
        "one_current_version",
        f"""
        SELECT {key}, SUM(CASE WHEN is_current THEN 1 ELSE 0 END) AS current_versions
        FROM {{batch}}
        GROUP BY {key}
        HAVING SUM(CASE WHEN is_current THEN 1 ELSE 0 END) <> 1
        """,
        f"one version of a {key} is the current one",
    )


def _adds_up(fact: str, source: str, money: list[str]) -> list[Check]:
    measures = [("COUNT(*)", "rows"), *((f"SUM({name})", name) for name in money)]
    return [
        total(
            f"candidate.{fact}",
            f"{what}_as_staged",
            f"{measure}",
            f"SELECT {measure} FROM candidate.latest_{source}",
            f"{what} of {fact} are those of staging.{source}: no join multiplies or loses them",
        )
        for measure, what in measures
    ]


def _values() -> list[Check]:
    fact = "candidate.fact_order"
    return [
        *(
            rows(
                f"candidate.{part}",
                "order_id_in_fact_order",
                """
                SELECT part.order_id FROM {batch} AS part
                LEFT JOIN candidate.fact_order AS orders ON part.order_id = orders.order_id
                WHERE orders.order_id IS NULL
                """,
                f"every order_id of {part} is in fact_order",
            )
            for part in ("fact_order_item", "fact_payment", "fact_review")
        ),
        total(
            fact,
            "item_count_total",
            "SUM(item_count)",
            "SELECT COUNT(*) FROM candidate.fact_order_item",
            "item counts of orders add up to the number of items",
        ),
        total(
            fact,
            "payment_total",
            "SUM(payment_value)",
            "SELECT SUM(payment_value) FROM candidate.fact_payment",
            "payment values of orders add up to the payments, to the cent",
        ),
        rows(
            fact,
            "is_late_definition",
            """
            SELECT order_id, purchased_at, delivered_at, estimated_delivery_at, delivery_days,
                is_late
            FROM {batch}
            WHERE (delivered_at IS NULL AND (delivery_days IS NOT NULL OR is_late IS NOT NULL))
                OR delivery_days <> DATEDIFF(DAY, purchased_at, delivered_at)
                OR is_late <> (CAST(delivered_at AS DATE) > CAST(estimated_delivery_at AS DATE))
            """,
            "an order is late if it was delivered after the estimated day",
            owner="analytics",
        ),
        rows(
            fact,
            "order_value_definition",
            "SELECT order_id FROM {batch} WHERE order_value <> product_value + freight_value",
            "the value of an order is price plus freight of its items",
        ),
        total(
            fact,
            "order_value_total",
            "SUM(order_value)",
            "SELECT SUM(price) + SUM(freight_value) FROM candidate.fact_order_item",
            "orders and their items have the same value, to the cent",
        ),
        rows(
            fact,
            "review_score_of_a_review",
            """
            SELECT scored.order_id, scored.review_score
            FROM {batch} AS scored
            LEFT JOIN candidate.fact_review AS reviews
                ON scored.order_id = reviews.order_id
                AND scored.review_score = reviews.review_score
            WHERE scored.review_score IS NOT NULL AND reviews.order_id IS NULL
            """,
            "the review score of an order is that of one of its reviews",
        ),
        check(
            "candidate.dim_geography",
            "latitude_range",
            gxe.ExpectColumnValuesToBeBetween,
            "the location of a zip code prefix is inside Brazil",
            column="latitude",
            min_value=-33.8,
            max_value=5.3,
        ),
        check(
            "candidate.dim_geography",
            "longitude_range",
            gxe.ExpectColumnValuesToBeBetween,
            "the location of a zip code prefix is inside Brazil",
            column="longitude",
            min_value=-74.0,
            max_value=-32.3,
        ),
    ]
