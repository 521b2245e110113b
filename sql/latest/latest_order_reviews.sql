-- candidate.latest_order_reviews
-- Purpose:   What is known last of the order reviews of touched orders
-- Grain:     review_id, order_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_order_reviews AS
WITH ranked AS (
    SELECT
        order_reviews.*,
        -- the latest batch that delivered the order wins
        RANK() OVER (PARTITION BY order_reviews.order_id ORDER BY order_reviews.batch_date DESC) AS recency
    FROM staging.order_reviews
    WHERE order_reviews.order_id IN (SELECT touched_order.order_id FROM candidate.touched_order)
)

SELECT *
FROM ranked
WHERE recency = 1;
