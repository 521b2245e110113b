-- staging.order_items
-- Purpose:   Items of an order, one row per piece; price and freight_value in R$
-- Grain:     order_id, order_item_id, batch_date
-- Source:    olist_order_items_dataset.csv
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept

CREATE TABLE IF NOT EXISTS staging.order_items (
    order_id VARCHAR(32) NOT NULL,
    order_item_id SMALLINT NOT NULL,
    product_id VARCHAR(32) NOT NULL,
    seller_id VARCHAR(32) NOT NULL,
    shipping_limit_date TIMESTAMP NOT NULL,
    price DECIMAL(12, 2) NOT NULL,
    freight_value DECIMAL(12, 2) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (order_id, order_item_id, batch_date)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (batch_date);
