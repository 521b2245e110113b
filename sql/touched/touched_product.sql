-- candidate.touched_product
-- Purpose:   Products that the batch delivered, or whose category it translated
-- Grain:     product_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.touched_product AS
SELECT products.product_id
FROM staging.products
WHERE products.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT products.product_id
FROM staging.products
INNER JOIN staging.category_translation
    ON products.product_category_name = category_translation.product_category_name
WHERE category_translation.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
-- the product's category had a translation that is gone
SELECT products.product_id
FROM staging.products
INNER JOIN audit.withdrawn ON products.product_category_name = withdrawn.key_value
WHERE withdrawn.column_name = 'product_category_name'
UNION
SELECT withdrawn.key_value AS product_id
FROM audit.withdrawn
WHERE withdrawn.column_name = 'product_id';
