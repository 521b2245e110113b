-- Purpose: spellings of cities with accents, from geolocation; customer addresses have no accents.
-- Grain:   spelling of a city that is not plain ASCII
-- Inputs:  staging.geolocation
WITH spelt AS (
    -- group first: there are a thousand times more points than spellings to fold
    SELECT
        geolocation_city,
        COUNT(*) AS mentions
    FROM staging.geolocation
    GROUP BY geolocation_city
)

SELECT
    TRIM(geolocation_city) AS spelling,
    SUM(mentions) AS mentions
FROM spelt
WHERE
    analytics.f_fold_accents(geolocation_city) <> geolocation_city
GROUP BY TRIM(geolocation_city);
