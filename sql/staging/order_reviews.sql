-- staging.order_reviews
-- Purpose:   Reviews of orders; a review_id may cover several orders, an order may have several reviews
-- Grain:     review_id, order_id, batch_date
-- Source:    olist_order_reviews_dataset.csv
-- Latest by: order_id (the latest batch that contains reviews of an order wins)
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Layout:    distributed by order_id, so that the tables of an order join on one slice; sorted by batch_date,
--            so that a run reads only the blocks of its batches, and deletes from no others

CREATE TABLE IF NOT EXISTS staging.order_reviews (
    review_id VARCHAR(32) NOT NULL,
    order_id VARCHAR(32) NOT NULL, -- Order of the review: orders
    review_score SMALLINT NOT NULL,
    review_comment_title VARCHAR(256), -- sensitive: free text written by a person
    review_comment_message VARCHAR(2048), -- sensitive: free text written by a person
    review_creation_date TIMESTAMP,
    review_answer_timestamp TIMESTAMP,
    batch_date DATE NOT NULL,
    PRIMARY KEY (review_id, order_id, batch_date)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (batch_date);
