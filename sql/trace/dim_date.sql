-- trace/dim_date
-- Purpose:   Staging tables and batches that one row of analytics.dim_date is derived from
-- Grain:     table_name, batch_date
-- Key:       date_key INTEGER
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

-- a day exists because orders span its year, from purchase to estimated delivery
SELECT
    'orders' AS table_name,
    orders.batch_date
FROM staging.orders
INNER JOIN traced_key
    ON
        EXTRACT(YEAR FROM orders.order_purchase_timestamp) <= traced_key.date_key / 10000
        AND EXTRACT(YEAR FROM orders.order_estimated_delivery_date) >= traced_key.date_key / 10000;
