-- candidate.touched_product
-- Purpose:   Products that the batch delivered, or whose category it translated
-- Grain:     product_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.touched_product AS
SELECT delta_products.product_id
FROM candidate.delta_products
UNION
SELECT history_products.product_id
FROM candidate.history_products
INNER JOIN candidate.delta_category_translation
    ON history_products.product_category_name = delta_category_translation.product_category_name
UNION
-- a rebuild also removes what staging does not account for
SELECT dim_product.product_id
FROM analytics.dim_product
WHERE
    dim_product.product_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
