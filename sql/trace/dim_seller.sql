-- trace/dim_seller
-- Purpose:   The staging rows that one row of analytics.dim_seller follows from, by table and batch
-- Grain:     table_name, batch_date
-- Key:       seller_id VARCHAR(32)
-- Load rule: a query of `olist trace`, which puts the key into the temporary table wanted

SELECT
    'sellers' AS table_name,
    sellers.batch_date
FROM staging.sellers
INNER JOIN wanted ON sellers.seller_id = wanted.seller_id;
