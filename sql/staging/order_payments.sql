-- staging.order_payments
-- Purpose:   Payments of an order, one row per payment; payment_value in R$
-- Grain:     order_id, payment_sequential, batch_date
-- Source:    olist_order_payments_dataset.csv
-- Latest by: order_id (the latest batch that contains payments of an order wins)
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Layout:    distributed by order_id, so that the tables of an order join on one slice; sorted by batch_date,
--            so that a run reads only the blocks of its batches, and deletes from no others

CREATE TABLE IF NOT EXISTS staging.order_payments (
    order_id VARCHAR(32) NOT NULL, -- Order of the payment: orders
    payment_sequential SMALLINT NOT NULL,
    payment_type VARCHAR(16) NOT NULL,
    payment_installments SMALLINT NOT NULL,
    payment_value DECIMAL(12, 2) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (order_id, payment_sequential, batch_date)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (batch_date);
