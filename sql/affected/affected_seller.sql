-- candidate.affected_seller
-- Purpose:   Sellers with an altered row
-- Grain:     seller_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.affected_seller AS
SELECT altered_sellers.seller_id
FROM candidate.altered_sellers
UNION
-- a rebuild or restore also removes published rows that staging does not contain
SELECT dim_seller.seller_id
FROM analytics.dim_seller
WHERE
    dim_seller.seller_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
