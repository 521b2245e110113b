-- staging.category_translation
-- Purpose:   English names of the product categories; two categories of the real data have none
-- Grain:     product_category_name, in each batch that delivered it
-- Source:    product_category_name_translation.csv
-- Load rule: publishing a batch replaces its rows; those of all other batches are kept

CREATE TABLE IF NOT EXISTS staging.category_translation (
    product_category_name VARCHAR(64) NOT NULL,
    product_category_name_english VARCHAR(64) NOT NULL,
    batch_date DATE NOT NULL,
    PRIMARY KEY (product_category_name, batch_date)
)
DISTSTYLE AUTO
SORTKEY (batch_date);
