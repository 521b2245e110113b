-- staging.category_translation
-- Purpose:   English names of product categories; two categories of the real data have no translation
-- Grain:     product_category_name, batch_date
-- Source:    product_category_name_translation.csv
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Compared by: product_category_name (a batch that repeats the row in force changes nothing)
-- Layout:    distributed as Redshift chooses (AUTO): small, so that it becomes ALL; sorted by batch_date, so
--            that a run reads only the blocks of its batches

CREATE TABLE IF NOT EXISTS staging.category_translation (
    product_category_name VARCHAR(64) NOT NULL,
    product_category_name_english VARCHAR(64) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (product_category_name, batch_date)
)
DISTSTYLE AUTO
SORTKEY (batch_date);
