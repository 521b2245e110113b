-- trace/sales_overview
-- Purpose:   Staging tables and batches that one row of analytics.sales_overview is derived from
-- Grain:     table_name, batch_date
-- Key:       sales_month DATE, state VARCHAR(2), city VARCHAR(128)
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

WITH ordered AS (
    SELECT fact_order.order_id
    FROM analytics.fact_order
    INNER JOIN analytics.dim_customer ON fact_order.customer_key = dim_customer.customer_key
    INNER JOIN traced_key
        ON
            CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) = traced_key.sales_month
            AND COALESCE(dim_customer.state, '??') = traced_key.state
            AND dim_customer.city = traced_key.city
),

customer AS (
    SELECT orders.customer_id
    FROM staging.orders
    INNER JOIN ordered ON orders.order_id = ordered.order_id
)

SELECT
    'orders' AS table_name,
    MAX(orders.batch_date) AS batch_date
FROM staging.orders
INNER JOIN ordered ON orders.order_id = ordered.order_id
GROUP BY orders.order_id
UNION
SELECT
    'order_items' AS table_name,
    MAX(order_items.batch_date) AS batch_date
FROM staging.order_items
INNER JOIN ordered ON order_items.order_id = ordered.order_id
GROUP BY order_items.order_id
UNION
SELECT
    'order_reviews' AS table_name,
    MAX(order_reviews.batch_date) AS batch_date
FROM staging.order_reviews
INNER JOIN ordered ON order_reviews.order_id = ordered.order_id
GROUP BY order_reviews.order_id
UNION
SELECT
    'customers' AS table_name,
    MAX(customers.batch_date) AS batch_date
FROM staging.customers
INNER JOIN customer ON customers.customer_id = customer.customer_id
GROUP BY customers.customer_id;
