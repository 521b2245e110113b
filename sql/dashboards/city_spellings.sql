-- Purpose: spellings of cities with accents, from geolocation; customer addresses have no accents.
-- Grain:   spelling of a city that is not plain ASCII
-- Inputs:  staging.geolocation
SELECT
    TRIM(geolocation_city) AS spelling,
    COUNT(*) AS mentions
FROM staging.geolocation
WHERE
    analytics.f_fold_accents(geolocation_city) <> geolocation_city
GROUP BY TRIM(geolocation_city);
