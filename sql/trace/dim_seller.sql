-- trace/dim_seller
-- Purpose:   Staging tables and batches that one row of analytics.dim_seller is derived from
-- Grain:     table_name, batch_date
-- Key:       seller_id VARCHAR(32)
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

SELECT
    'sellers' AS table_name,
    sellers.batch_date
FROM staging.sellers
INNER JOIN traced_key ON sellers.seller_id = traced_key.seller_id;
