-- candidate.latest_orders
-- Purpose:   What is known last of the orders of touched orders
-- Grain:     order_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_orders AS
WITH ranked AS (
    SELECT
        orders.*,
        -- the latest batch that delivered the order wins
        RANK() OVER (PARTITION BY orders.order_id ORDER BY orders.batch_date DESC) AS recency
    FROM staging.orders
    WHERE orders.order_id IN (SELECT touched_order.order_id FROM candidate.touched_order)
)

SELECT *
FROM ranked
WHERE recency = 1;
