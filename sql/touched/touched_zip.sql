-- candidate.touched_zip
-- Purpose:   Zip code prefixes that any row of the batch names
-- Grain:     zip_code_prefix
-- Load rule: made anew for every publish

CREATE TABLE candidate.touched_zip AS
SELECT delta_geolocation.geolocation_zip_code_prefix AS zip_code_prefix
FROM candidate.delta_geolocation
UNION
SELECT delta_customers.customer_zip_code_prefix AS zip_code_prefix
FROM candidate.delta_customers
UNION
SELECT delta_sellers.seller_zip_code_prefix AS zip_code_prefix
FROM candidate.delta_sellers
UNION
-- a rebuild also removes what staging does not account for
SELECT dim_geography.zip_code_prefix
FROM analytics.dim_geography
WHERE
    dim_geography.zip_code_prefix IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
