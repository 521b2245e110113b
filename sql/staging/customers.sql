-- staging.customers
-- Purpose:   Customers per order: every order has its own customer_id; customer_unique_id identifies
--            the person
-- Grain:     customer_id, batch_date
-- Source:    olist_customers_dataset.csv
-- Latest by: customer_id (the latest batch that contains a customer wins)
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Compared by: customer_id (a batch that repeats the row in force changes nothing)
-- Layout:    distributed as Redshift chooses (AUTO): joined by customer_id once a run, for affected customers
--            only; sorted by batch_date, so that a run reads only the blocks of its batches

CREATE TABLE IF NOT EXISTS staging.customers (
    customer_id VARCHAR(32) NOT NULL,
    customer_unique_id VARCHAR(32) NOT NULL, -- sensitive: identifies a person
    customer_zip_code_prefix VARCHAR(5) NOT NULL, -- sensitive: part of a person's address
    customer_city VARCHAR(128) NOT NULL,
    customer_state VARCHAR(2) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (customer_id, batch_date)
)
DISTSTYLE AUTO
SORTKEY (batch_date);
