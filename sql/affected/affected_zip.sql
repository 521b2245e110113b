-- candidate.affected_zip
-- Purpose:   Zip code prefixes that any row of the batch names
-- Grain:     zip_code_prefix
-- Load rule: made anew for every publish

CREATE TABLE candidate.affected_zip AS
SELECT changed_geolocation.geolocation_zip_code_prefix AS zip_code_prefix
FROM candidate.changed_geolocation
UNION
SELECT changed_customers.customer_zip_code_prefix AS zip_code_prefix
FROM candidate.changed_customers
UNION
SELECT changed_sellers.seller_zip_code_prefix AS zip_code_prefix
FROM candidate.changed_sellers
UNION
-- a rebuild also removes what staging does not account for
SELECT dim_geography.zip_code_prefix
FROM analytics.dim_geography
WHERE
    dim_geography.zip_code_prefix IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
