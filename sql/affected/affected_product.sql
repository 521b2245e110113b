-- candidate.affected_product
-- Purpose:   Products with an altered row or an altered translation of their category
-- Grain:     product_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.affected_product AS
SELECT altered_products.product_id
FROM candidate.altered_products
UNION
SELECT history_products.product_id
FROM candidate.history_products
INNER JOIN candidate.altered_category_translation
    ON history_products.product_category_name = altered_category_translation.product_category_name
UNION
-- a rebuild or restore also removes published rows that staging does not contain
SELECT dim_product.product_id
FROM analytics.dim_product
WHERE
    dim_product.product_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
