-- staging.geolocation
-- Purpose:   Points (latitude, longitude) seen for a zip code prefix; exact duplicates and
--            points outside Brazil occur
-- Grain:     none: a point may be delivered many times
-- Source:    olist_geolocation_dataset.csv
-- Load rule: publishing a batch replaces its rows; those of all other batches are kept

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
