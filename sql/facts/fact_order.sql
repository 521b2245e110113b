-- analytics.fact_order
-- Purpose:   Life cycle of an order: status, timestamps, delivery, value, payment and review (accumulating
--            snapshot). Values are in R$
-- Grain:     order_id
-- Load rule: replaces the affected orders, recomputed from all batches in staging
-- Exported by: purchase_month, the month of purchased_at
-- Layout:    distributed by order_id, so that all facts of an order join on one slice, and affected orders
--            are deleted there; sorted by purchased_at, so that a query or an export of months reads only
--            their blocks

CREATE TABLE IF NOT EXISTS analytics.fact_order (
    order_id VARCHAR(32) NOT NULL, -- Order id
    customer_unique_id VARCHAR(32), -- Person who placed the order
    customer_key BIGINT NOT NULL, -- Person's address at purchase: dim_customer
    geography_key BIGINT NOT NULL, -- Delivery location: dim_geography
    purchase_date_key INTEGER NOT NULL, -- Day of purchase: dim_date
    delivered_date_key INTEGER NOT NULL, -- Day of delivery: dim_date; -1 = not delivered
    estimated_date_key INTEGER NOT NULL, -- Estimated day of delivery: dim_date
    order_status VARCHAR(16) NOT NULL, -- Order status from the source
    is_cancelled BOOLEAN NOT NULL, -- True for status canceled or unavailable; excluded from net values
    purchased_at TIMESTAMP NOT NULL, -- Time of purchase [São Paulo time]
    approved_at TIMESTAMP, -- Time of payment approval [São Paulo time]
    shipped_at TIMESTAMP, -- Time of handover to the carrier [São Paulo time]
    delivered_at TIMESTAMP, -- Time of delivery to the customer [São Paulo time]
    estimated_delivery_at TIMESTAMP NOT NULL, -- Delivery estimate given to the customer [São Paulo time]
    delivery_days INTEGER, -- Days from purchase to delivery; empty before delivery [days]
    is_late BOOLEAN, -- True if delivered after the estimated day; empty before delivery
    item_count INTEGER NOT NULL, -- Number of items
    product_value DECIMAL(18, 2) NOT NULL, -- Sum of item prices [R$]
    freight_value DECIMAL(18, 2) NOT NULL, -- Sum of item freight [R$]
    order_value DECIMAL(18, 2) NOT NULL, -- Order value: item prices + freight [R$]
    payment_value DECIMAL(18, 2) NOT NULL, -- Sum of payments, including instalment interest [R$]
    review_count INTEGER NOT NULL, -- Number of reviews
    review_score SMALLINT, -- Score of the review answered last, 1 to 5
    PRIMARY KEY (order_id)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (purchased_at);

INSERT INTO candidate.fact_order
WITH items AS (
    -- aggregate items per order before any join: joining reviews or payments first would multiply them
    SELECT
        order_id,
        COUNT(*) AS item_count,
        SUM(price) AS product_value,
        SUM(freight_value) AS freight_value
    FROM candidate.latest_order_items
    GROUP BY order_id
),

payments AS (
    SELECT
        order_id,
        SUM(payment_value) AS payment_value
    FROM candidate.latest_order_payments
    GROUP BY order_id
),

ranked_reviews AS (
    SELECT
        order_id,
        review_score,
        COUNT(*) OVER (PARTITION BY order_id) AS review_count,
        -- one score per order: the review answered last; a review without an answer time counts as earliest
        ROW_NUMBER() OVER (
            PARTITION BY order_id
            ORDER BY
                COALESCE(review_answer_timestamp, CAST('1900-01-01' AS TIMESTAMP)) DESC,
                COALESCE(review_creation_date, CAST('1900-01-01' AS TIMESTAMP)) DESC,
                review_id DESC
        ) AS row_num
    FROM candidate.latest_order_reviews
)

SELECT
    orders.order_id,
    customers.customer_unique_id,
    COALESCE(dim_customer.customer_key, -1) AS customer_key,
    COALESCE(analytics.f_surrogate_key(customers.customer_zip_code_prefix), -1) AS geography_key,
    CAST(TO_CHAR(orders.order_purchase_timestamp, 'YYYYMMDD') AS INTEGER) AS purchase_date_key,
    COALESCE(
        CAST(TO_CHAR(orders.order_delivered_customer_date, 'YYYYMMDD') AS INTEGER), -1
    ) AS delivered_date_key,
    CAST(TO_CHAR(orders.order_estimated_delivery_date, 'YYYYMMDD') AS INTEGER) AS estimated_date_key,
    orders.order_status,
    orders.order_status IN ('canceled', 'unavailable') AS is_cancelled,
    orders.order_purchase_timestamp AS purchased_at,
    orders.order_approved_at AS approved_at,
    orders.order_delivered_carrier_date AS shipped_at,
    orders.order_delivered_customer_date AS delivered_at,
    orders.order_estimated_delivery_date AS estimated_delivery_at,
    -- counts midnights, not full 24-hour days
    DATEDIFF(
        DAY, orders.order_purchase_timestamp, orders.order_delivered_customer_date
    ) AS delivery_days,
    -- the estimate is a day, stored as its midnight: a delivery on that day is on time
    CAST(orders.order_delivered_customer_date AS DATE)
    > CAST(orders.order_estimated_delivery_date AS DATE) AS is_late,
    COALESCE(items.item_count, 0) AS item_count,
    COALESCE(items.product_value, 0) AS product_value,
    COALESCE(items.freight_value, 0) AS freight_value,
    -- order value: item prices + freight; payments and interest do not count
    COALESCE(items.product_value, 0) + COALESCE(items.freight_value, 0) AS order_value,
    COALESCE(payments.payment_value, 0) AS payment_value,
    COALESCE(ranked_reviews.review_count, 0) AS review_count,
    ranked_reviews.review_score
FROM candidate.latest_orders AS orders
LEFT JOIN candidate.latest_customers AS customers
    ON orders.customer_id = customers.customer_id
LEFT JOIN candidate.dim_customer
    ON
        customers.customer_unique_id = dim_customer.customer_unique_id
        AND orders.order_purchase_timestamp >= dim_customer.valid_from
        AND orders.order_purchase_timestamp < dim_customer.valid_to
LEFT JOIN items ON orders.order_id = items.order_id
LEFT JOIN payments ON orders.order_id = payments.order_id
LEFT JOIN ranked_reviews
    ON orders.order_id = ranked_reviews.order_id AND ranked_reviews.row_num = 1;

DELETE FROM analytics.fact_order
WHERE order_id IN (SELECT affected_order.order_id FROM candidate.affected_order);
