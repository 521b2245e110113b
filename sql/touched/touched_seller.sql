-- candidate.touched_seller
-- Purpose:   Sellers that the batch delivered
-- Grain:     seller_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.touched_seller AS
SELECT sellers.seller_id
FROM staging.sellers
WHERE sellers.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT withdrawn.key_value AS seller_id
FROM audit.withdrawn
WHERE withdrawn.column_name = 'seller_id';
