-- candidate.latest_order_items
-- Purpose:   Items of affected orders, from the latest batch that contains items of each order
-- Grain:     order_id, order_item_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.latest_order_items AS
WITH versions AS (
    SELECT history_order_items.*
    FROM candidate.history_order_items
    INNER JOIN candidate.affected_order ON history_order_items.order_id = affected_order.order_id
),

ranked AS (
    SELECT
        versions.*,
        -- the latest batch that contains items of the order wins
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS batch_rank
    FROM versions
)

SELECT *
FROM ranked
WHERE batch_rank = 1;
