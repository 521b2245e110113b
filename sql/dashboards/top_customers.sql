-- Purpose: the ten persons with the highest total value per state; they include the overall top ten.
-- Grain:   customer_unique_id
-- Inputs:  analytics.single_customer_view
WITH ranked AS (
    SELECT
        customer_unique_id,
        state,
        city,
        order_count,
        product_value,
        freight_value,
        total_value,
        average_review_score,
        segment,
        ROW_NUMBER() OVER (
            PARTITION BY state
            ORDER BY total_value DESC, customer_unique_id ASC
        ) AS place_in_state
    FROM analytics.single_customer_view
)

SELECT
    customer_unique_id,
    state,
    city,
    order_count,
    product_value,
    freight_value,
    total_value,
    average_review_score,
    segment
FROM ranked
WHERE place_in_state <= 10
ORDER BY
    total_value DESC,
    customer_unique_id ASC;
