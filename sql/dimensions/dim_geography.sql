-- analytics.dim_geography
-- Purpose:   Location of a zip code prefix: median of its points inside Brazil, and its city
-- Grain:     zip_code_prefix (plus one unknown member, geography_key = -1)
-- Load rule: replaces the affected zip code prefixes, recomputed from all batches in staging
-- Layout:    a copy on each node (ALL), because every fact joins it; sorted by its key, for merge joins

CREATE TABLE IF NOT EXISTS analytics.dim_geography (
    geography_key BIGINT NOT NULL, -- Surrogate key; -1 = unknown member
    zip_code_prefix VARCHAR(5), -- First five digits of the zip code
    city VARCHAR(128) NOT NULL, -- Most frequent city of its points (else of its customers and sellers)
    state VARCHAR(2), -- Brazilian state, two letters
    latitude DOUBLE PRECISION, -- Median latitude of its points in Brazil [degrees]
    longitude DOUBLE PRECISION, -- Median longitude of its points in Brazil [degrees]
    point_count INTEGER NOT NULL, -- Number of its points in Brazil
    PRIMARY KEY (geography_key)
)
DISTSTYLE ALL
SORTKEY (geography_key);

INSERT INTO candidate.dim_geography
WITH latest_delivery AS (
    SELECT
        geolocation_zip_code_prefix AS zip_code_prefix,
        MAX(batch_date) AS batch_date
    FROM candidate.history_geolocation
    WHERE geolocation_zip_code_prefix IN (SELECT affected_zip.zip_code_prefix FROM candidate.affected_zip)
    GROUP BY geolocation_zip_code_prefix
),

points AS (
    SELECT
        latest_delivery.zip_code_prefix,
        geolocation.geolocation_lat AS latitude,
        geolocation.geolocation_lng AS longitude,
        -- Redshift ignores trailing blanks in comparisons, so GROUP BY would pick an arbitrary spelling
        TRIM(geolocation.geolocation_city) AS city,
        geolocation.geolocation_state AS state
    FROM candidate.history_geolocation AS geolocation
    INNER JOIN latest_delivery
        ON
            geolocation.geolocation_zip_code_prefix = latest_delivery.zip_code_prefix
            AND geolocation.batch_date = latest_delivery.batch_date
),

-- bounding box of Brazil, including Fernando de Noronha
points_in_brazil AS (
    SELECT
        zip_code_prefix,
        latitude,
        longitude
    FROM points
    WHERE
        latitude BETWEEN -33.8 AND 5.3
        AND longitude BETWEEN -74.0 AND -32.3
),

-- two CTEs: Redshift allows only one sort order for all MEDIANs of a SELECT
latitudes AS (
    SELECT
        zip_code_prefix,
        MEDIAN(latitude) AS latitude,
        COUNT(*) AS point_count
    FROM points_in_brazil
    GROUP BY zip_code_prefix
),

longitudes AS (
    SELECT
        zip_code_prefix,
        MEDIAN(longitude) AS longitude
    FROM points_in_brazil
    GROUP BY zip_code_prefix
),

-- source_rank: cities of customers and sellers count only for prefixes without a point
names AS (
    SELECT
        zip_code_prefix,
        city,
        state,
        1 AS source_rank,
        COUNT(*) AS mentions
    FROM points
    GROUP BY
        zip_code_prefix,
        city,
        state
    UNION ALL
    SELECT
        customer_zip_code_prefix AS zip_code_prefix,
        TRIM(customer_city) AS city,
        customer_state AS state,
        2 AS source_rank,
        COUNT(DISTINCT customer_id) AS mentions
    FROM candidate.history_customers
    WHERE customer_zip_code_prefix IN (SELECT affected_zip.zip_code_prefix FROM candidate.affected_zip)
    GROUP BY
        customer_zip_code_prefix,
        TRIM(customer_city),
        customer_state
    UNION ALL
    SELECT
        seller_zip_code_prefix AS zip_code_prefix,
        TRIM(seller_city) AS city,
        seller_state AS state,
        2 AS source_rank,
        COUNT(DISTINCT seller_id) AS mentions
    FROM candidate.history_sellers
    WHERE seller_zip_code_prefix IN (SELECT affected_zip.zip_code_prefix FROM candidate.affected_zip)
    GROUP BY
        seller_zip_code_prefix,
        TRIM(seller_city),
        seller_state
),

normalised_names AS (
    SELECT
        zip_code_prefix,
        analytics.f_city(city) AS city,
        state,
        source_rank,
        mentions
    FROM names
),

ranked_names AS (
    SELECT
        zip_code_prefix,
        city,
        state,
        ROW_NUMBER() OVER (
            PARTITION BY zip_code_prefix
            ORDER BY source_rank, SUM(mentions) DESC, city, state
        ) AS row_num
    FROM normalised_names
    GROUP BY
        zip_code_prefix,
        city,
        state,
        source_rank
)

SELECT
    analytics.f_surrogate_key(ranked_names.zip_code_prefix) AS geography_key,
    ranked_names.zip_code_prefix,
    ranked_names.city,
    ranked_names.state,
    latitudes.latitude,
    longitudes.longitude,
    COALESCE(latitudes.point_count, 0) AS point_count
FROM ranked_names
LEFT JOIN latitudes ON ranked_names.zip_code_prefix = latitudes.zip_code_prefix
LEFT JOIN longitudes ON ranked_names.zip_code_prefix = longitudes.zip_code_prefix
WHERE ranked_names.row_num = 1
UNION ALL
SELECT
    -1 AS geography_key,
    NULL AS zip_code_prefix,
    'unknown' AS city,
    NULL AS state,
    NULL AS latitude,
    NULL AS longitude,
    0 AS point_count;

DELETE FROM analytics.dim_geography
WHERE
    geography_key = -1
    OR zip_code_prefix IN (SELECT affected_zip.zip_code_prefix FROM candidate.affected_zip);
