-- candidate.latest_order_payments
-- Purpose:   What is known last of the order payments of touched orders
-- Grain:     order_id, payment_sequential
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_order_payments AS
WITH versions AS (
    SELECT history_order_payments.*
    FROM candidate.history_order_payments
    INNER JOIN candidate.touched_order ON history_order_payments.order_id = touched_order.order_id
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
