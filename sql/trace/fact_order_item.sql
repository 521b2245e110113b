-- trace/fact_order_item
-- Purpose:   Staging tables and batches that one row of analytics.fact_order_item is derived from
-- Grain:     table_name, batch_date
-- Key:       order_id VARCHAR(32), order_item_id SMALLINT
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

WITH customer AS (
    SELECT orders.customer_id
    FROM staging.orders
    INNER JOIN traced_key ON orders.order_id = traced_key.order_id
),

item AS (
    SELECT
        order_items.product_id,
        order_items.seller_id
    FROM staging.order_items
    INNER JOIN traced_key
        ON
            order_items.order_id = traced_key.order_id
            AND order_items.order_item_id = traced_key.order_item_id
)

SELECT
    'orders' AS table_name,
    MAX(orders.batch_date) AS batch_date
FROM staging.orders
INNER JOIN traced_key ON orders.order_id = traced_key.order_id
GROUP BY orders.order_id
UNION
SELECT
    'order_items' AS table_name,
    MAX(order_items.batch_date) AS batch_date
FROM staging.order_items
INNER JOIN traced_key ON order_items.order_id = traced_key.order_id
GROUP BY order_items.order_id
UNION
SELECT
    'customers' AS table_name,
    MAX(customers.batch_date) AS batch_date
FROM staging.customers
INNER JOIN customer ON customers.customer_id = customer.customer_id
GROUP BY customers.customer_id
UNION
SELECT
    'products' AS table_name,
    products.batch_date
FROM staging.products
INNER JOIN item ON products.product_id = item.product_id
UNION
SELECT
    'sellers' AS table_name,
    sellers.batch_date
FROM staging.sellers
INNER JOIN item ON sellers.seller_id = item.seller_id;
