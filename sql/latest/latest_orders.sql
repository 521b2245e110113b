-- candidate.latest_orders
-- Purpose:   Affected orders, from the latest batch that contains each order
-- Grain:     order_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.latest_orders AS
WITH versions AS (
    SELECT history_orders.*
    FROM candidate.history_orders
    INNER JOIN candidate.affected_order ON history_orders.order_id = affected_order.order_id
),

ranked AS (
    SELECT
        versions.*,
        -- the latest batch that contains the order wins
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS batch_rank
    FROM versions
)

SELECT *
FROM ranked
WHERE batch_rank = 1;
