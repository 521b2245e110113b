-- candidate.changed_order
-- Purpose:   Orders with a changed row, or with a product or seller that changed
-- Grain:     order_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.changed_order AS
SELECT orders.order_id
FROM staging.orders
WHERE orders.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT order_items.order_id
FROM staging.order_items
WHERE order_items.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT order_payments.order_id
FROM staging.order_payments
WHERE order_payments.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT order_reviews.order_id
FROM staging.order_reviews
WHERE order_reviews.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
UNION
SELECT order_items.order_id
FROM staging.order_items
WHERE order_items.product_id IN (SELECT touched_product.product_id FROM candidate.touched_product)
UNION
SELECT order_items.order_id
FROM staging.order_items
WHERE order_items.seller_id IN (SELECT touched_seller.seller_id FROM candidate.touched_seller)
UNION
SELECT withdrawn.key_value AS order_id
FROM audit.withdrawn
WHERE withdrawn.column_name = 'order_id';
