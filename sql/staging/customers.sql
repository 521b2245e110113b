-- staging.customers
-- Purpose:   Customers as the shop knows them: a customer_id is made anew for every order,
--            the person is customer_unique_id
-- Grain:     customer_id, in each batch that delivered it
-- Source:    olist_customers_dataset.csv
-- Load rule: publishing a batch replaces its rows; those of all other batches are kept

CREATE TABLE IF NOT EXISTS staging.customers (
    customer_id VARCHAR(32) NOT NULL,
    customer_unique_id VARCHAR(32) NOT NULL, -- sensitive: names a person
    customer_zip_code_prefix VARCHAR(5) NOT NULL, -- sensitive: where a person lives
    customer_city VARCHAR(128) NOT NULL,
    customer_state VARCHAR(2) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (customer_id, batch_date)
)
DISTSTYLE AUTO
SORTKEY (batch_date);
