-- trace/dim_customer
-- Purpose:   Staging tables and batches that one row of analytics.dim_customer is derived from
-- Grain:     table_name, batch_date
-- Key:       customer_unique_id VARCHAR(32)
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

WITH customer AS (
    SELECT customers.customer_id
    FROM staging.customers
    INNER JOIN traced_key ON customers.customer_unique_id = traced_key.customer_unique_id
),

ordered AS (
    SELECT orders.order_id
    FROM staging.orders
    INNER JOIN customer ON orders.customer_id = customer.customer_id
    GROUP BY orders.order_id
)

SELECT
    'customers' AS table_name,
    MAX(customers.batch_date) AS batch_date
FROM staging.customers
INNER JOIN customer ON customers.customer_id = customer.customer_id
GROUP BY customers.customer_id
UNION
SELECT
    'orders' AS table_name,
    MAX(orders.batch_date) AS batch_date
FROM staging.orders
INNER JOIN ordered ON orders.order_id = ordered.order_id
GROUP BY orders.order_id;
