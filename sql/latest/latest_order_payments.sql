-- candidate.latest_order_payments
-- Purpose:   What is known last of the order payments of touched orders
-- Grain:     order_id, payment_sequential
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_order_payments AS
WITH ranked AS (
    SELECT
        order_payments.*,
        -- the latest batch that delivered the order wins
        RANK() OVER (PARTITION BY order_payments.order_id ORDER BY order_payments.batch_date DESC) AS recency
    FROM staging.order_payments
    WHERE order_payments.order_id IN (SELECT touched_order.order_id FROM candidate.touched_order)
)

SELECT *
FROM ranked
WHERE recency = 1;
