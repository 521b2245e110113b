-- candidate.latest_orders
-- Purpose:   The latest orders of affected orders
-- Grain:     order_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_orders AS
WITH versions AS (
    SELECT history_orders.*
    FROM candidate.history_orders
    INNER JOIN candidate.affected_order ON history_orders.order_id = affected_order.order_id
),

ranked AS (
    SELECT
        versions.*,
        -- the latest batch that delivered the order wins
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS batch_rank
    FROM versions
)

SELECT *
FROM ranked
WHERE batch_rank = 1;
