-- analytics.dim_seller
-- Purpose:   Sellers and the address they ship from, one row per version (SCD2)
-- Grain:     seller_id, valid_from (plus one unknown member, seller_key = -1)
-- Load rule: replaces the affected sellers, recomputed from all batches in staging
-- Layout:    a copy on each node (ALL), because every fact joins it; sorted by its key, for merge joins

CREATE TABLE IF NOT EXISTS analytics.dim_seller (
    seller_key BIGINT NOT NULL, -- Surrogate key of a seller version; -1 = unknown member
    seller_id VARCHAR(32), -- Seller id
    zip_code_prefix VARCHAR(5), -- First five digits of the zip code
    city VARCHAR(128) NOT NULL, -- City of the seller: lower case, without accents
    state VARCHAR(2), -- Brazilian state, two letters
    geography_key BIGINT NOT NULL, -- Location of the seller: dim_geography
    valid_from TIMESTAMP NOT NULL, -- Valid from the batch date of the change; first version: 1900-01-01
    valid_to TIMESTAMP NOT NULL, -- Valid until the start of the next version; last version: 9999-12-31
    is_current BOOLEAN NOT NULL, -- True for the last version
    PRIMARY KEY (seller_key)
)
DISTSTYLE ALL
SORTKEY (seller_key);

INSERT INTO candidate.dim_seller
WITH deliveries AS (
    SELECT
        seller_id,
        seller_zip_code_prefix AS zip_code_prefix,
        analytics.f_city(seller_city) AS city,
        seller_state AS state,
        batch_date,
        seller_zip_code_prefix || '|' || seller_city || '|' || seller_state AS attributes
    FROM candidate.history_sellers
    WHERE seller_id IN (SELECT affected_seller.seller_id FROM candidate.affected_seller)
),

with_previous AS (
    SELECT
        deliveries.*,
        LAG(attributes) OVER (
            PARTITION BY seller_id
            ORDER BY batch_date
        ) AS previous_attributes
    FROM deliveries
),

versions AS (
    SELECT
        with_previous.*,
        -- the first version starts at 1900-01-01, so every sale matches a version
        CASE
            WHEN previous_attributes IS NULL THEN CAST('1900-01-01' AS TIMESTAMP)
            ELSE CAST(batch_date AS TIMESTAMP)
        END AS valid_from
    FROM with_previous
    WHERE previous_attributes IS NULL OR attributes <> previous_attributes
),

intervals AS (
    SELECT
        versions.*,
        LEAD(valid_from) OVER (
            PARTITION BY seller_id
            ORDER BY valid_from
        ) AS next_valid_from
    FROM versions
)

SELECT
    analytics.f_surrogate_key(
        seller_id || '|' || TO_CHAR(valid_from, 'YYYY-MM-DD HH24:MI:SS')
    ) AS seller_key,
    seller_id,
    zip_code_prefix,
    city,
    state,
    analytics.f_surrogate_key(zip_code_prefix) AS geography_key,
    valid_from,
    COALESCE(next_valid_from, CAST('9999-12-31' AS TIMESTAMP)) AS valid_to,
    next_valid_from IS NULL AS is_current
FROM intervals
UNION ALL
SELECT
    -1 AS seller_key,
    NULL AS seller_id,
    NULL AS zip_code_prefix,
    'unknown' AS city,
    NULL AS state,
    -1 AS geography_key,
    CAST('1900-01-01' AS TIMESTAMP) AS valid_from,
    CAST('9999-12-31' AS TIMESTAMP) AS valid_to,
    TRUE AS is_current;

DELETE FROM analytics.dim_seller
WHERE
    seller_key = -1
    OR seller_id IN (SELECT affected_seller.seller_id FROM candidate.affected_seller);
