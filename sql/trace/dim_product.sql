-- trace/dim_product
-- Purpose:   The staging rows that one row of analytics.dim_product follows from, by table and batch
-- Grain:     table_name, batch_date
-- Key:       product_id VARCHAR(32)
-- Load rule: a query of `olist trace`, which puts the key into the temporary table wanted

SELECT
    'products' AS table_name,
    products.batch_date
FROM staging.products
INNER JOIN wanted ON products.product_id = wanted.product_id;
