-- candidate.affected_zip
-- Purpose:   Zip code prefixes in altered rows of geolocation, customers or sellers
-- Grain:     zip_code_prefix
-- Load rule: recreated for every publish

CREATE TABLE candidate.affected_zip AS
SELECT altered_geolocation.geolocation_zip_code_prefix AS zip_code_prefix
FROM candidate.altered_geolocation
UNION
SELECT changed_customers.customer_zip_code_prefix AS zip_code_prefix
FROM candidate.changed_customers
INNER JOIN candidate.altered_customers ON changed_customers.customer_id = altered_customers.customer_id
UNION
SELECT changed_sellers.seller_zip_code_prefix AS zip_code_prefix
FROM candidate.changed_sellers
INNER JOIN candidate.altered_sellers ON changed_sellers.seller_id = altered_sellers.seller_id
UNION
-- a rebuild or restore also removes published rows that staging does not contain
SELECT dim_geography.zip_code_prefix
FROM analytics.dim_geography
WHERE
    dim_geography.zip_code_prefix IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
