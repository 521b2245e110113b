-- Purpose: persons by state and RFM segment (defined in sql/views/single_customer_view.sql).
-- Grain:   state, segment
-- Inputs:  analytics.single_customer_view
SELECT
    state,
    segment,
    COUNT(*) AS customer_count,
    SUM(total_value) AS total_value,
    SUM(CASE WHEN order_count > 1 THEN 1 ELSE 0 END) AS repeat_customer_count
FROM analytics.single_customer_view
GROUP BY
    state,
    segment;
