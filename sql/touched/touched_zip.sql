-- candidate.touched_zip
-- Purpose:   Zip code prefixes that any row of the batch names
-- Grain:     zip_code_prefix
-- Load rule: made anew for every publish

CREATE TABLE candidate.touched_zip AS
SELECT geolocation.geolocation_zip_code_prefix AS zip_code_prefix
FROM staging.geolocation
WHERE geolocation.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT customers.customer_zip_code_prefix AS zip_code_prefix
FROM staging.customers
WHERE customers.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT sellers.seller_zip_code_prefix AS zip_code_prefix
FROM staging.sellers
WHERE sellers.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT withdrawn.key_value AS zip_code_prefix
FROM audit.withdrawn
WHERE withdrawn.column_name = 'zip_code_prefix';
