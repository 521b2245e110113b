-- candidate.directly_affected_order
-- Purpose:   Orders with a changed row, or with an affected product or seller
-- Grain:     order_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.directly_affected_order AS
SELECT changed_orders.order_id
FROM candidate.changed_orders
UNION
SELECT changed_order_items.order_id
FROM candidate.changed_order_items
UNION
SELECT changed_order_payments.order_id
FROM candidate.changed_order_payments
UNION
SELECT changed_order_reviews.order_id
FROM candidate.changed_order_reviews
UNION
SELECT history_order_items.order_id
FROM candidate.history_order_items
WHERE
    history_order_items.product_id IN (
        SELECT affected_product.product_id FROM candidate.affected_product
    )
UNION
SELECT history_order_items.order_id
FROM candidate.history_order_items
WHERE
    history_order_items.seller_id IN (
        SELECT affected_seller.seller_id FROM candidate.affected_seller
    )
UNION
-- a rebuild or restore also removes published rows that staging does not contain
SELECT fact_order.order_id
FROM analytics.fact_order
WHERE EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
