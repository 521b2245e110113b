-- candidate.latest_order_items
-- Purpose:   What is known last of the order items of touched orders
-- Grain:     order_id, order_item_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_order_items AS
WITH ranked AS (
    SELECT
        order_items.*,
        -- the latest batch that delivered the order wins
        RANK() OVER (PARTITION BY order_items.order_id ORDER BY order_items.batch_date DESC) AS recency
    FROM staging.order_items
    WHERE order_items.order_id IN (SELECT touched_order.order_id FROM candidate.touched_order)
)

SELECT *
FROM ranked
WHERE recency = 1;
