-- staging.products
-- Purpose:   Products; weight in grams, lengths in centimetres. The source misspells "length" as
--            "lenght" in two column names
-- Grain:     product_id, batch_date
-- Source:    olist_products_dataset.csv
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Compared by: product_id (a batch that repeats the version in force changes nothing)
-- Layout:    distributed as Redshift chooses (AUTO): small, so that it becomes ALL; sorted by batch_date, so
--            that a run reads only the blocks of its batches

CREATE TABLE IF NOT EXISTS staging.products (
    product_id VARCHAR(32) NOT NULL,
    product_category_name VARCHAR(64), -- Category, in Portuguese: category_translation
    product_name_lenght INTEGER,
    product_description_lenght INTEGER,
    product_photos_qty INTEGER,
    product_weight_g INTEGER,
    product_length_cm INTEGER,
    product_height_cm INTEGER,
    product_width_cm INTEGER,
    batch_date DATE NOT NULL,
    PRIMARY KEY (product_id, batch_date)
)
DISTSTYLE AUTO
SORTKEY (batch_date);
