-- candidate.calendar_year
-- Purpose:   Years in which a fact names a day: the years that the calendar and its holidays cover. One wrong
--            date adds its year; it can neither move nor stretch the calendar
-- Grain:     first_day
-- Load rule: recreated for every publish

CREATE TABLE candidate.calendar_year AS
WITH named AS (
    SELECT order_purchase_timestamp AS named_at
    FROM candidate.history_orders
    UNION ALL
    SELECT order_approved_at AS named_at
    FROM candidate.history_orders
    UNION ALL
    SELECT order_delivered_carrier_date AS named_at
    FROM candidate.history_orders
    UNION ALL
    SELECT order_delivered_customer_date AS named_at
    FROM candidate.history_orders
    UNION ALL
    SELECT order_estimated_delivery_date AS named_at
    FROM candidate.history_orders
    UNION ALL
    SELECT shipping_limit_date AS named_at
    FROM candidate.history_order_items
    UNION ALL
    SELECT review_creation_date AS named_at
    FROM candidate.history_order_reviews
    UNION ALL
    SELECT review_answer_timestamp AS named_at
    FROM candidate.history_order_reviews
)

SELECT DISTINCT CAST(DATE_TRUNC('year', named_at) AS DATE) AS first_day
FROM named
WHERE named_at IS NOT NULL;
