-- analytics.dim_customer
-- Purpose:   Persons and their delivery addresses, one row per address version (SCD2)
-- Grain:     customer_unique_id, valid_from (plus one unknown member, customer_key = -1)
-- Load rule: replaces the affected persons, recomputed from all batches in staging
-- Layout:    distributed and sorted by customer_unique_id, the key by which affected persons are replaced,
--            and joined with customer_totals

CREATE TABLE IF NOT EXISTS analytics.dim_customer (
    customer_key BIGINT NOT NULL, -- Surrogate key; -1 = unknown member
    customer_unique_id VARCHAR(32), -- Person id
    zip_code_prefix VARCHAR(5), -- First five digits of the zip code
    city VARCHAR(128) NOT NULL, -- City of the address: lower case, without accents
    state VARCHAR(2), -- Brazilian state, two letters
    geography_key BIGINT NOT NULL, -- Location of the address: dim_geography
    valid_from TIMESTAMP NOT NULL, -- Time of first order to this address; first address: 1900-01-01
    valid_to TIMESTAMP NOT NULL, -- Time of first order to next address; last address: 9999-12-31
    is_current BOOLEAN NOT NULL, -- True for the person's last address
    PRIMARY KEY (customer_key)
)
DISTSTYLE KEY
DISTKEY (customer_unique_id)
SORTKEY (customer_unique_id);

INSERT INTO candidate.dim_customer
WITH addresses AS (
    SELECT
        latest_customers.customer_unique_id,
        latest_customers.customer_zip_code_prefix AS zip_code_prefix,
        analytics.f_city(latest_customers.customer_city) AS city,
        latest_customers.customer_state AS state,
        -- a customer_id belongs to one order, so its address was in use when that order was placed
        COALESCE(latest_orders.order_purchase_timestamp, CAST('1900-01-01' AS TIMESTAMP)) AS used_at,
        ROW_NUMBER() OVER (
            PARTITION BY
                latest_customers.customer_unique_id,
                COALESCE(latest_orders.order_purchase_timestamp, CAST('1900-01-01' AS TIMESTAMP))
            ORDER BY latest_customers.customer_id DESC
        ) AS row_num
    FROM candidate.latest_customers
    LEFT JOIN candidate.latest_orders
        ON latest_customers.customer_id = latest_orders.customer_id
),

with_previous AS (
    SELECT
        customer_unique_id,
        zip_code_prefix,
        city,
        state,
        used_at,
        zip_code_prefix || '|' || city || '|' || state AS address,
        LAG(zip_code_prefix || '|' || city || '|' || state) OVER (
            PARTITION BY customer_unique_id
            ORDER BY used_at
        ) AS previous_address
    FROM addresses
    WHERE row_num = 1
),

versions AS (
    SELECT
        customer_unique_id,
        zip_code_prefix,
        city,
        state,
        -- the first address starts at 1900-01-01, so every timestamp matches a version
        CASE
            WHEN previous_address IS NULL THEN CAST('1900-01-01' AS TIMESTAMP)
            ELSE used_at
        END AS valid_from
    FROM with_previous
    WHERE previous_address IS NULL OR address <> previous_address
),

intervals AS (
    SELECT
        versions.*,
        LEAD(valid_from) OVER (
            PARTITION BY customer_unique_id
            ORDER BY valid_from
        ) AS next_valid_from
    FROM versions
)

SELECT
    analytics.f_surrogate_key(
        customer_unique_id || '|' || TO_CHAR(valid_from, 'YYYY-MM-DD HH24:MI:SS')
    ) AS customer_key,
    customer_unique_id,
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
    -1 AS customer_key,
    NULL AS customer_unique_id,
    NULL AS zip_code_prefix,
    'unknown' AS city,
    NULL AS state,
    -1 AS geography_key,
    CAST('1900-01-01' AS TIMESTAMP) AS valid_from,
    CAST('9999-12-31' AS TIMESTAMP) AS valid_to,
    TRUE AS is_current;

DELETE FROM analytics.dim_customer
WHERE
    customer_key = -1
    OR customer_unique_id IN (
        SELECT affected_person.customer_unique_id FROM candidate.affected_person
    );
