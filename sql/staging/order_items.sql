-- staging.order_items
-- Purpose:   Items of an order, one row per piece; price and freight_value in R$
-- Grain:     order_id, order_item_id, batch_date
-- Source:    olist_order_items_dataset.csv
-- Latest by: order_id (the latest batch that contains items of an order wins)
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Layout:    distributed by order_id, so that the tables of an order join on one slice; sorted by batch_date,
--            so that a run reads only the blocks of its batches, and deletes from no others

CREATE TABLE IF NOT EXISTS staging.order_items (
    order_id VARCHAR(32) NOT NULL, -- Order of the item: orders
    order_item_id SMALLINT NOT NULL,
    product_id VARCHAR(32) NOT NULL, -- Product: products
    seller_id VARCHAR(32) NOT NULL, -- Seller: sellers
    shipping_limit_date TIMESTAMP NOT NULL,
    price DECIMAL(12, 2) NOT NULL,
    freight_value DECIMAL(12, 2) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (order_id, order_item_id, batch_date)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (batch_date);
