-- Purpose: data of the page "Regional Sales & Performance Trends": orders by month of purchase and
--          the customer's state and city.
-- Grain:   sales_month, state, city
-- Inputs:  analytics.fact_order, analytics.dim_customer
SELECT
    CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) AS sales_month,
    COALESCE(dim_customer.state, '??') AS state,
    dim_customer.city,
    COUNT(*) AS order_count,
    -- includes cancelled orders
    SUM(fact_order.order_value) AS total_value,
    -- sums and counts, not averages: sums can be added up over months and cities
    COUNT(fact_order.delivery_days) AS delivered_count,
    COALESCE(SUM(fact_order.delivery_days), 0) AS delivery_days,
    COUNT(fact_order.is_late) AS judged_count,
    SUM(CASE WHEN fact_order.is_late THEN 1 ELSE 0 END) AS late_count,
    COUNT(fact_order.review_score) AS review_count,
    COALESCE(SUM(fact_order.review_score), 0) AS review_sum
FROM analytics.fact_order
INNER JOIN analytics.dim_customer ON fact_order.customer_key = dim_customer.customer_key
GROUP BY
    CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE),
    COALESCE(dim_customer.state, '??'),
    dim_customer.city;
