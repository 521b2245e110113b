-- Purpose: persons by state and city, and how many of them belong to the top 5 % by total value.
-- Grain:   state, city
-- Inputs:  analytics.single_customer_view
WITH ranked AS (
    SELECT
        state,
        city,
        latitude,
        longitude,
        total_value,
        ROW_NUMBER() OVER (ORDER BY total_value DESC, customer_unique_id ASC) AS place_in_line,
        COUNT(*) OVER () AS customer_count
    FROM analytics.single_customer_view
)

SELECT
    state,
    city,
    AVG(latitude) AS latitude,
    AVG(longitude) AS longitude,
    COUNT(*) AS customer_count,
    SUM(total_value) AS total_value,
    -- the top 5 % of all persons, rounded up
    SUM(CASE WHEN 20 * (place_in_line - 1) < customer_count THEN 1 ELSE 0 END) AS top_customer_count,
    SUM(CASE WHEN 20 * (place_in_line - 1) < customer_count THEN total_value ELSE 0 END) AS top_total_value
FROM ranked
GROUP BY
    state,
    city;
