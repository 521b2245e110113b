-- Purpose: how cities are spelt with their accents: geolocation has them, customers' addresses do not.
-- Grain:   spelling of a city that is not plain ASCII
-- Inputs:  staging.geolocation
SELECT
    TRIM(geolocation_city) AS spelling,
    COUNT(*) AS mentions
FROM staging.geolocation
WHERE
    TRANSLATE(geolocation_city, 'áàâãäéèêëíìîïóòôõöúùûüç', 'aaaaaeeeeiiiiooooouuuuc') <> geolocation_city
GROUP BY TRIM(geolocation_city);
