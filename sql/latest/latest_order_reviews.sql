-- candidate.latest_order_reviews
-- Purpose:   What is known last of the order reviews of touched orders
-- Grain:     review_id, order_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.latest_order_reviews AS
WITH versions AS (
    SELECT history_order_reviews.*
    FROM candidate.history_order_reviews
    INNER JOIN candidate.touched_order ON history_order_reviews.order_id = touched_order.order_id
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
