-- Purpose: retention: persons by month of first order, and the months since then in which they ordered.
-- Grain:   cohort_month, months_since, state (where the person lives now)
-- Inputs:  analytics.fact_order, analytics.single_customer_view
WITH months AS (
    SELECT
        persons.state,
        persons.customer_unique_id,
        CAST(DATE_TRUNC('month', persons.first_order_at) AS DATE) AS cohort_month,
        CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) AS order_month
    FROM analytics.fact_order
    INNER JOIN analytics.single_customer_view AS persons
        ON fact_order.customer_unique_id = persons.customer_unique_id
)

SELECT
    cohort_month,
    state,
    DATEDIFF(MONTH, cohort_month, order_month) AS months_since,
    COUNT(DISTINCT customer_unique_id) AS customer_count
FROM months
GROUP BY
    cohort_month,
    state,
    DATEDIFF(MONTH, cohort_month, order_month);
