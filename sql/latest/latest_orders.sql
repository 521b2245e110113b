-- candidate.latest_orders
-- Purpose:   What is known last of the orders of touched orders
-- Grain:     order_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_orders AS
WITH versions AS (
    SELECT history_orders.*
    FROM candidate.history_orders
    INNER JOIN candidate.touched_order ON history_orders.order_id = touched_order.order_id
),

ranked AS (
    SELECT
        versions.*,
        -- the latest batch that delivered the order wins
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS recency
    FROM versions
)

SELECT *
FROM ranked
WHERE recency = 1;
