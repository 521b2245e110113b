-- analytics.customer_totals
-- Purpose:   Totals of one person for the single customer view, independent of other persons: address,
--            orders, value, payment, preferences, delivery. Values are in R$
-- Grain:     customer_unique_id
-- Load rule: replaces the affected persons, recomputed from their candidate facts
-- Layout:    distributed and sorted by customer_unique_id, the key by which affected persons are replaced

CREATE TABLE IF NOT EXISTS analytics.customer_totals (
    customer_unique_id VARCHAR(32) NOT NULL, -- Person id
    zip_code_prefix VARCHAR(5) NOT NULL, -- First five digits of the current zip code
    city VARCHAR(128) NOT NULL, -- Current city
    state VARCHAR(2) NOT NULL, -- Current Brazilian state, two letters
    latitude DOUBLE PRECISION, -- Latitude of the zip code prefix [degrees]
    longitude DOUBLE PRECISION, -- Longitude of the zip code prefix [degrees]
    first_order_at TIMESTAMP, -- Time of the first purchase [São Paulo time]
    last_order_at TIMESTAMP, -- Time of the last purchase [São Paulo time]
    order_count INTEGER NOT NULL, -- Number of orders
    delivered_order_count INTEGER NOT NULL, -- Number of orders with status delivered
    cancelled_order_count INTEGER NOT NULL, -- Number of cancelled or unavailable orders
    item_count INTEGER NOT NULL, -- Number of items
    product_value DECIMAL(18, 2) NOT NULL, -- Sum of item prices [R$]
    freight_value DECIMAL(18, 2) NOT NULL, -- Sum of item freight [R$]
    total_value DECIMAL(18, 2) NOT NULL, -- Item prices + freight of all orders, cancelled ones included [R$]
    net_value DECIMAL(18, 2) NOT NULL, -- Total value without cancelled and unavailable orders [R$]
    average_order_value DECIMAL(18, 2), -- Total value divided by the number of orders [R$]
    payment_value DECIMAL(18, 2) NOT NULL, -- Sum of payments, including instalment interest [R$]
    preferred_payment_type VARCHAR(16), -- Most frequent payment type
    favourite_category VARCHAR(64), -- Most frequent category of items
    review_count INTEGER NOT NULL, -- Number of orders with a review
    average_review_score DOUBLE PRECISION, -- Average review score, 1 to 5
    last_review_score SMALLINT, -- Review score of the last order that has one, 1 to 5
    average_delivery_days DOUBLE PRECISION, -- Average time from purchase to delivery [days]
    late_order_count INTEGER NOT NULL, -- Number of orders delivered after the estimated day
    PRIMARY KEY (customer_unique_id)
)
DISTSTYLE KEY
DISTKEY (customer_unique_id)
SORTKEY (customer_unique_id);

INSERT INTO candidate.customer_totals
WITH orders AS (
    SELECT
        customer_unique_id,
        MIN(purchased_at) AS first_order_at,
        MAX(purchased_at) AS last_order_at,
        COUNT(*) AS order_count,
        SUM(CASE WHEN order_status = 'delivered' THEN 1 ELSE 0 END) AS delivered_order_count,
        SUM(CASE WHEN is_cancelled THEN 1 ELSE 0 END) AS cancelled_order_count,
        SUM(item_count) AS item_count,
        SUM(product_value) AS product_value,
        SUM(freight_value) AS freight_value,
        -- total_value includes all orders; net_value excludes cancelled and unavailable ones
        SUM(order_value) AS total_value,
        SUM(CASE WHEN is_cancelled THEN 0 ELSE order_value END) AS net_value,
        SUM(payment_value) AS payment_value,
        COUNT(review_score) AS review_count,
        SUM(review_score) AS review_score_sum,
        COUNT(delivery_days) AS deliveries,
        SUM(delivery_days) AS delivery_days_sum,
        SUM(CASE WHEN is_late THEN 1 ELSE 0 END) AS late_order_count
    FROM candidate.fact_order
    GROUP BY customer_unique_id
),

last_reviews AS (
    SELECT
        customer_unique_id,
        review_score,
        ROW_NUMBER() OVER (
            PARTITION BY customer_unique_id
            ORDER BY purchased_at DESC, order_id DESC
        ) AS row_num
    FROM candidate.fact_order
    WHERE review_score IS NOT NULL
),

payment_types AS (
    SELECT
        fact_order.customer_unique_id,
        fact_payment.payment_type,
        ROW_NUMBER() OVER (
            PARTITION BY fact_order.customer_unique_id
            ORDER BY
                COUNT(*) DESC,
                SUM(fact_payment.payment_value) DESC,
                fact_payment.payment_type
        ) AS row_num
    FROM candidate.fact_payment
    INNER JOIN candidate.fact_order ON fact_payment.order_id = fact_order.order_id
    GROUP BY
        fact_order.customer_unique_id,
        fact_payment.payment_type
),

categories AS (
    SELECT
        fact_order.customer_unique_id,
        dim_product.category,
        ROW_NUMBER() OVER (
            PARTITION BY fact_order.customer_unique_id
            ORDER BY
                COUNT(*) DESC,
                SUM(items.price) DESC,
                dim_product.category
        ) AS row_num
    FROM candidate.fact_order_item AS items
    INNER JOIN candidate.fact_order ON items.order_id = fact_order.order_id
    INNER JOIN candidate.merged_dim_product AS dim_product
        ON items.product_key = dim_product.product_key
    GROUP BY
        fact_order.customer_unique_id,
        dim_product.category
)

SELECT
    addresses.customer_unique_id,
    addresses.zip_code_prefix,
    addresses.city,
    addresses.state,
    places.latitude,
    places.longitude,
    orders.first_order_at,
    orders.last_order_at,
    COALESCE(orders.order_count, 0) AS order_count,
    COALESCE(orders.delivered_order_count, 0) AS delivered_order_count,
    COALESCE(orders.cancelled_order_count, 0) AS cancelled_order_count,
    COALESCE(orders.item_count, 0) AS item_count,
    COALESCE(orders.product_value, 0) AS product_value,
    COALESCE(orders.freight_value, 0) AS freight_value,
    COALESCE(orders.total_value, 0) AS total_value,
    COALESCE(orders.net_value, 0) AS net_value,
    ROUND(
        CAST(orders.total_value AS DECIMAL(18, 2)) / CAST(orders.order_count AS DECIMAL(10, 0)), 2
    ) AS average_order_value,
    COALESCE(orders.payment_value, 0) AS payment_value,
    payment_types.payment_type AS preferred_payment_type,
    categories.category AS favourite_category,
    COALESCE(orders.review_count, 0) AS review_count,
    CAST(orders.review_score_sum AS DOUBLE PRECISION)
    / NULLIF(orders.review_count, 0) AS average_review_score,
    last_reviews.review_score AS last_review_score,
    CAST(orders.delivery_days_sum AS DOUBLE PRECISION)
    / NULLIF(orders.deliveries, 0) AS average_delivery_days,
    COALESCE(orders.late_order_count, 0) AS late_order_count
FROM candidate.dim_customer AS addresses
LEFT JOIN candidate.merged_dim_geography AS places
    ON addresses.geography_key = places.geography_key
LEFT JOIN orders ON addresses.customer_unique_id = orders.customer_unique_id
LEFT JOIN last_reviews
    ON
        addresses.customer_unique_id = last_reviews.customer_unique_id
        AND last_reviews.row_num = 1
LEFT JOIN payment_types
    ON
        addresses.customer_unique_id = payment_types.customer_unique_id
        AND payment_types.row_num = 1
LEFT JOIN categories
    ON
        addresses.customer_unique_id = categories.customer_unique_id
        AND categories.row_num = 1
WHERE addresses.is_current AND addresses.customer_unique_id IS NOT NULL;

DELETE FROM analytics.customer_totals
WHERE customer_unique_id IN (
    SELECT affected_person.customer_unique_id FROM candidate.affected_person
);
