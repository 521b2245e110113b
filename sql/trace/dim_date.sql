-- trace/dim_date
-- Purpose:   The staging rows that one row of analytics.dim_date follows from, by table and batch
-- Grain:     table_name, batch_date
-- Key:       date_key INTEGER
-- Load rule: a query of `olist trace`, which puts the key into the temporary table wanted

-- a day is there because the orders of its year are, or those around it
SELECT
    'orders' AS table_name,
    orders.batch_date
FROM staging.orders
INNER JOIN wanted
    ON
        EXTRACT(YEAR FROM orders.order_purchase_timestamp) <= wanted.date_key / 10000
        AND EXTRACT(YEAR FROM orders.order_estimated_delivery_date) >= wanted.date_key / 10000;
