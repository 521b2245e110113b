-- staging.sellers
-- Purpose:   Sellers and the address they ship from
-- Grain:     seller_id, batch_date
-- Source:    olist_sellers_dataset.csv
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Compared by: seller_id (a batch that repeats the version in force changes nothing)
-- Layout:    distributed as Redshift chooses (AUTO): small, so that it becomes ALL; sorted by batch_date, so
--            that a run reads only the blocks of its batches

CREATE TABLE IF NOT EXISTS staging.sellers (
    seller_id VARCHAR(32) NOT NULL,
    seller_zip_code_prefix VARCHAR(5) NOT NULL,
    seller_city VARCHAR(128) NOT NULL,
    seller_state VARCHAR(2) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (seller_id, batch_date)
)
DISTSTYLE AUTO
SORTKEY (batch_date);
