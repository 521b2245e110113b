-- analytics.dim_product
-- Purpose:   Products with their English category, one row per version (SCD2)
-- Grain:     product_id, valid_from (plus one unknown member, product_key = -1)
-- Load rule: replaces the affected products, recomputed from all batches in staging
-- Layout:    a copy on each node (ALL), because every fact joins it; sorted by its key, for merge joins

CREATE TABLE IF NOT EXISTS analytics.dim_product (
    product_key BIGINT NOT NULL, -- Surrogate key of a product version; -1 = unknown member
    product_id VARCHAR(32), -- Product id
    category VARCHAR(64) NOT NULL, -- English category; Portuguese if untranslated; unknown if missing
    category_portuguese VARCHAR(64), -- Portuguese category from the source
    name_length INTEGER, -- Length of the product name [characters]
    description_length INTEGER, -- Length of the product description [characters]
    photo_count INTEGER, -- Number of product photos
    weight_g INTEGER, -- Weight [g]
    length_cm INTEGER, -- Length [cm]
    height_cm INTEGER, -- Height [cm]
    width_cm INTEGER, -- Width [cm]
    valid_from TIMESTAMP NOT NULL, -- Valid from the batch date of the change; first version: 1900-01-01
    valid_to TIMESTAMP NOT NULL, -- Valid until the start of the next version; last version: 9999-12-31
    is_current BOOLEAN NOT NULL, -- True for the last version
    PRIMARY KEY (product_key)
)
DISTSTYLE ALL
SORTKEY (product_key);

INSERT INTO candidate.dim_product
WITH deliveries AS (
    SELECT
        products.*,
        -- all attributes in one value, so that one comparison detects a change
        COALESCE(product_category_name, '') || '|'
        || COALESCE(CAST(product_name_lenght AS VARCHAR(12)), '') || '|'
        || COALESCE(CAST(product_description_lenght AS VARCHAR(12)), '') || '|'
        || COALESCE(CAST(product_photos_qty AS VARCHAR(12)), '') || '|'
        || COALESCE(CAST(product_weight_g AS VARCHAR(12)), '') || '|'
        || COALESCE(CAST(product_length_cm AS VARCHAR(12)), '') || '|'
        || COALESCE(CAST(product_height_cm AS VARCHAR(12)), '') || '|'
        || COALESCE(CAST(product_width_cm AS VARCHAR(12)), '') AS attributes
    FROM candidate.history_products AS products
    WHERE product_id IN (SELECT affected_product.product_id FROM candidate.affected_product)
),

with_previous AS (
    SELECT
        deliveries.*,
        LAG(attributes) OVER (
            PARTITION BY product_id
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
            PARTITION BY product_id
            ORDER BY valid_from
        ) AS next_valid_from
    FROM versions
),

translations AS (
    SELECT
        product_category_name,
        product_category_name_english,
        ROW_NUMBER() OVER (
            PARTITION BY product_category_name
            ORDER BY batch_date DESC
        ) AS row_num
    FROM candidate.history_category_translation
)

SELECT
    analytics.f_surrogate_key(
        intervals.product_id || '|' || TO_CHAR(intervals.valid_from, 'YYYY-MM-DD HH24:MI:SS')
    ) AS product_key,
    intervals.product_id,
    -- two categories of the real data have no translation, 610 products have no category
    COALESCE(
        translations.product_category_name_english, intervals.product_category_name, 'unknown'
    ) AS category,
    intervals.product_category_name AS category_portuguese,
    intervals.product_name_lenght AS name_length,
    intervals.product_description_lenght AS description_length,
    intervals.product_photos_qty AS photo_count,
    intervals.product_weight_g AS weight_g,
    intervals.product_length_cm AS length_cm,
    intervals.product_height_cm AS height_cm,
    intervals.product_width_cm AS width_cm,
    intervals.valid_from,
    COALESCE(intervals.next_valid_from, CAST('9999-12-31' AS TIMESTAMP)) AS valid_to,
    intervals.next_valid_from IS NULL AS is_current
FROM intervals
LEFT JOIN translations
    ON
        intervals.product_category_name = translations.product_category_name
        AND translations.row_num = 1
UNION ALL
SELECT
    -1 AS product_key,
    NULL AS product_id,
    'unknown' AS category,
    NULL AS category_portuguese,
    NULL AS name_length,
    NULL AS description_length,
    NULL AS photo_count,
    NULL AS weight_g,
    NULL AS length_cm,
    NULL AS height_cm,
    NULL AS width_cm,
    CAST('1900-01-01' AS TIMESTAMP) AS valid_from,
    CAST('9999-12-31' AS TIMESTAMP) AS valid_to,
    TRUE AS is_current;

DELETE FROM analytics.dim_product
WHERE
    product_key = -1
    OR product_id IN (SELECT affected_product.product_id FROM candidate.affected_product);
