-- analytics.fact_review
-- Purpose:   What customers said of their orders; scores from 1 to 5
-- Grain:     review_id, order_id (one review may cover several orders)
-- Load rule: orders that the batch touches, recomputed from all of staging

CREATE TABLE IF NOT EXISTS analytics.fact_review (
    review_id VARCHAR(32) NOT NULL, -- the review; one may be about several orders
    order_id VARCHAR(32) NOT NULL, -- the order
    customer_key BIGINT NOT NULL, -- who wrote it: dim_customer
    created_date_key INTEGER NOT NULL, -- day that it was asked for: dim_date
    review_score SMALLINT NOT NULL, -- 1 to 5
    comment_title VARCHAR(256), -- title of the comment, free text of a person
    comment_message VARCHAR(2048), -- the comment, free text of a person
    created_at TIMESTAMP, -- asked for [São Paulo time]
    answered_at TIMESTAMP, -- answered [São Paulo time]
    PRIMARY KEY (review_id, order_id)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (created_date_key);

INSERT INTO candidate.fact_review
SELECT
    reviews.review_id,
    reviews.order_id,
    fact_order.customer_key,
    COALESCE(
        CAST(TO_CHAR(reviews.review_creation_date, 'YYYYMMDD') AS INTEGER), -1
    ) AS created_date_key,
    reviews.review_score,
    reviews.review_comment_title AS comment_title,
    reviews.review_comment_message AS comment_message,
    reviews.review_creation_date AS created_at,
    reviews.review_answer_timestamp AS answered_at
FROM candidate.latest_order_reviews AS reviews
INNER JOIN candidate.fact_order ON reviews.order_id = fact_order.order_id;

DELETE FROM analytics.fact_review
WHERE order_id IN (SELECT affected_order.order_id FROM candidate.affected_order);
