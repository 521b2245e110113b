-- candidate.latest_order_payments
-- Purpose:   Payments of affected orders, from the latest batch that contains payments of each order
-- Grain:     order_id, payment_sequential
-- Load rule: recreated for every publish

CREATE TABLE candidate.latest_order_payments AS
WITH versions AS (
    SELECT history_order_payments.*
    FROM candidate.history_order_payments
    INNER JOIN candidate.affected_order ON history_order_payments.order_id = affected_order.order_id
),

ranked AS (
    SELECT
        versions.*,
        -- the latest batch that contains payments of the order wins
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS batch_rank
    FROM versions
)

SELECT *
FROM ranked
WHERE batch_rank = 1;
