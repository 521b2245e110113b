-- staging.orders
-- Purpose:   Orders with their status and five timestamps; approval and delivery timestamps are NULL
--            until the event happens
-- Grain:     order_id, batch_date
-- Source:    olist_orders_dataset.csv
-- Latest by: order_id (the latest batch that contains an order wins)
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Layout:    distributed by order_id, so that the tables of an order join on one slice; sorted by batch_date,
--            so that a run reads only the blocks of its batches, and deletes from no others

CREATE TABLE IF NOT EXISTS staging.orders (
    order_id VARCHAR(32) NOT NULL,
    customer_id VARCHAR(32) NOT NULL, -- Customer of the order: customers
    order_status VARCHAR(16) NOT NULL,
    order_purchase_timestamp TIMESTAMP NOT NULL,
    order_approved_at TIMESTAMP,
    order_delivered_carrier_date TIMESTAMP,
    order_delivered_customer_date TIMESTAMP,
    order_estimated_delivery_date TIMESTAMP NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (order_id, batch_date)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (batch_date);
