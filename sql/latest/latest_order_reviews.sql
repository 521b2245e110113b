-- candidate.latest_order_reviews
-- Purpose:   Reviews of affected orders, from the latest batch that contains reviews of each order
-- Grain:     review_id, order_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.latest_order_reviews AS
WITH versions AS (
    SELECT history_order_reviews.*
    FROM candidate.history_order_reviews
    INNER JOIN candidate.affected_order ON history_order_reviews.order_id = affected_order.order_id
),

ranked AS (
    SELECT
        versions.*,
        -- the latest batch that contains reviews of the order wins
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS batch_rank
    FROM versions
)

SELECT *
FROM ranked
WHERE batch_rank = 1;
