-- trace/fact_payment
-- Purpose:   Staging tables and batches that one row of analytics.fact_payment is derived from
-- Grain:     table_name, batch_date
-- Key:       order_id VARCHAR(32), payment_sequential SMALLINT
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

WITH customer AS (
    SELECT orders.customer_id
    FROM staging.orders
    INNER JOIN traced_key ON orders.order_id = traced_key.order_id
)

SELECT
    'orders' AS table_name,
    MAX(orders.batch_date) AS batch_date
FROM staging.orders
INNER JOIN traced_key ON orders.order_id = traced_key.order_id
GROUP BY orders.order_id
UNION
SELECT
    'order_payments' AS table_name,
    MAX(order_payments.batch_date) AS batch_date
FROM staging.order_payments
INNER JOIN traced_key ON order_payments.order_id = traced_key.order_id
GROUP BY order_payments.order_id
UNION
SELECT
    'customers' AS table_name,
    MAX(customers.batch_date) AS batch_date
FROM staging.customers
INNER JOIN customer ON customers.customer_id = customer.customer_id
GROUP BY customers.customer_id;
