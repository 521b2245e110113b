-- Purpose: review score by days between the estimated and the actual delivery.
-- Grain:   state, delay_days (whole days; negative = early; clipped at 14 days early and 21 days late)
-- Inputs:  analytics.fact_order, analytics.dim_customer
SELECT
    COALESCE(dim_customer.state, '??') AS state,
    GREATEST(
        -14,
        LEAST(21, DATEDIFF(DAY, fact_order.estimated_delivery_at, fact_order.delivered_at))
    ) AS delay_days,
    COUNT(*) AS order_count,
    SUM(fact_order.review_score) AS review_sum
FROM analytics.fact_order
INNER JOIN analytics.dim_customer ON fact_order.customer_key = dim_customer.customer_key
WHERE
    fact_order.delivered_at IS NOT NULL
    AND fact_order.review_score IS NOT NULL
GROUP BY
    COALESCE(dim_customer.state, '??'),
    GREATEST(
        -14,
        LEAST(21, DATEDIFF(DAY, fact_order.estimated_delivery_at, fact_order.delivered_at))
    );
