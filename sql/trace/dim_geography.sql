-- trace/dim_geography
-- Purpose:   Staging tables and batches that one row of analytics.dim_geography is derived from
-- Grain:     table_name, batch_date
-- Key:       zip_code_prefix VARCHAR(5)
-- Load rule: none; `olist trace` runs this query with the key in the temporary table traced_key

SELECT
    'geolocation' AS table_name,
    MAX(geolocation.batch_date) AS batch_date
FROM staging.geolocation
INNER JOIN traced_key ON geolocation.geolocation_zip_code_prefix = traced_key.zip_code_prefix
GROUP BY geolocation.geolocation_zip_code_prefix
UNION
SELECT
    'customers' AS table_name,
    customers.batch_date
FROM staging.customers
INNER JOIN traced_key ON customers.customer_zip_code_prefix = traced_key.zip_code_prefix
UNION
SELECT
    'sellers' AS table_name,
    sellers.batch_date
FROM staging.sellers
INNER JOIN traced_key ON sellers.seller_zip_code_prefix = traced_key.zip_code_prefix;
