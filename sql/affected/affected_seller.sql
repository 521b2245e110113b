-- candidate.affected_seller
-- Purpose:   Sellers that the batch delivered
-- Grain:     seller_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.affected_seller AS
SELECT changed_sellers.seller_id
FROM candidate.changed_sellers
UNION
-- a rebuild also removes what staging does not account for
SELECT dim_seller.seller_id
FROM analytics.dim_seller
WHERE
    dim_seller.seller_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
