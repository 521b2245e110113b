-- analytics.fact_review
-- Purpose:   Customer reviews of orders; scores from 1 to 5
-- Grain:     review_id, order_id (one review may cover several orders)
-- Load rule: replaces the affected orders, recomputed from all batches in staging
-- Exported by: created_month, the month of created_date_key
-- Layout:    distributed by order_id, as the other facts; sorted by created_date_key, so that a query or an
--            export of months reads only their blocks

CREATE TABLE IF NOT EXISTS analytics.fact_review (
    review_id VARCHAR(32) NOT NULL, -- Review id; one review may cover several orders
    order_id VARCHAR(32) NOT NULL, -- Order id
    customer_key BIGINT NOT NULL, -- Reviewer's address at purchase: dim_customer
    created_date_key INTEGER NOT NULL, -- Day of the review request: dim_date; -1 = unknown
    review_score SMALLINT NOT NULL, -- Review score, 1 to 5
    comment_title VARCHAR(256), -- Title of the comment; free text written by a person
    comment_message VARCHAR(2048), -- Text of the comment; free text written by a person
    created_at TIMESTAMP, -- Time of the review request [São Paulo time]
    answered_at TIMESTAMP, -- Time of the answer [São Paulo time]
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
