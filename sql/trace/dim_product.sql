-- trace/dim_product
-- Purpose:   Staging tables and batches that one row of analytics.dim_product is derived from
-- Grain:     table_name, batch_date
-- Key:       product_id VARCHAR(32)
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

SELECT
    'products' AS table_name,
    products.batch_date
FROM staging.products
INNER JOIN traced_key ON products.product_id = traced_key.product_id;
