-- staging.geolocation
-- Purpose:   Points (latitude, longitude) of a zip code prefix; contains exact duplicates and points
--            outside Brazil
-- Grain:     none: the same point may occur several times
-- Source:    olist_geolocation_dataset.csv
-- Load rule: publishing a batch replaces its own rows; rows of other batches are kept
-- Compared by: geolocation_zip_code_prefix (a batch that repeats a prefix as it is changes nothing)
-- Layout:    distributed as Redshift chooses (AUTO); sorted by batch_date, so that a run reads only the
--            blocks of its batches

CREATE TABLE IF NOT EXISTS staging.geolocation (
    geolocation_zip_code_prefix VARCHAR(5) NOT NULL,
    geolocation_lat DOUBLE PRECISION NOT NULL,
    geolocation_lng DOUBLE PRECISION NOT NULL,
    geolocation_city VARCHAR(128) NOT NULL,
    geolocation_state VARCHAR(2) NOT NULL,
    batch_date DATE NOT NULL
)
DISTSTYLE AUTO
SORTKEY (batch_date);
