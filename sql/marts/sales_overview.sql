-- analytics.sales_overview
-- Purpose:   Sales by month of purchase and the customer's state and city. Values are in R$
-- Grain:     sales_month, state, city
-- Load rule: rows of the months of affected orders are replaced
-- Layout:    a copy on each node (ALL), because it is small; sorted by sales_month, by which affected months
--            are replaced

CREATE TABLE IF NOT EXISTS analytics.sales_overview (
    sales_month DATE NOT NULL, -- First day of the month of purchase
    state VARCHAR(2) NOT NULL, -- Customer's state, two letters; ?? = unknown
    city VARCHAR(128) NOT NULL, -- Customer's city
    order_count INTEGER NOT NULL, -- Number of orders
    customer_count INTEGER NOT NULL, -- Number of distinct persons
    item_count INTEGER NOT NULL, -- Number of items
    product_value DECIMAL(18, 2) NOT NULL, -- Sum of item prices [R$]
    freight_value DECIMAL(18, 2) NOT NULL, -- Sum of item freight [R$]
    total_value DECIMAL(18, 2) NOT NULL, -- Item prices + freight of all orders, cancelled ones included [R$]
    net_value DECIMAL(18, 2) NOT NULL, -- Total value without cancelled and unavailable orders [R$]
    average_order_value DECIMAL(18, 2) NOT NULL, -- Total value divided by the number of orders [R$]
    delivered_order_count INTEGER NOT NULL, -- Number of orders with a delivery time
    late_share DOUBLE PRECISION, -- Share of delivered orders that arrived after the estimated day, 0 to 1
    average_review_score DOUBLE PRECISION, -- Average review score, 1 to 5
    PRIMARY KEY (sales_month, state, city)
)
DISTSTYLE ALL
SORTKEY (sales_month);

INSERT INTO candidate.sales_overview
WITH orders AS (
    SELECT
        fact_order.customer_unique_id,
        fact_order.purchased_at,
        fact_order.delivered_at,
        fact_order.is_cancelled,
        fact_order.is_late,
        fact_order.item_count,
        fact_order.product_value,
        fact_order.freight_value,
        fact_order.order_value,
        fact_order.review_score,
        dim_customer.state,
        dim_customer.city
    FROM candidate.merged_fact_order AS fact_order
    INNER JOIN candidate.merged_dim_customer AS dim_customer
        ON fact_order.customer_key = dim_customer.customer_key
    WHERE
        CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) IN (
            SELECT affected_month.sales_month FROM candidate.affected_month
        )
)

SELECT
    CAST(DATE_TRUNC('month', purchased_at) AS DATE) AS sales_month,
    COALESCE(state, '??') AS state,
    city,
    COUNT(*) AS order_count,
    COUNT(DISTINCT customer_unique_id) AS customer_count,
    SUM(item_count) AS item_count,
    SUM(product_value) AS product_value,
    SUM(freight_value) AS freight_value,
    -- total_value includes all orders; net_value excludes cancelled and unavailable ones
    SUM(order_value) AS total_value,
    SUM(CASE WHEN is_cancelled THEN 0 ELSE order_value END) AS net_value,
    ROUND(
        CAST(SUM(order_value) AS DECIMAL(18, 2)) / CAST(COUNT(*) AS DECIMAL(10, 0)), 2
    ) AS average_order_value,
    COUNT(delivered_at) AS delivered_order_count,
    CAST(SUM(CASE WHEN is_late THEN 1 ELSE 0 END) AS DOUBLE PRECISION)
    / NULLIF(COUNT(is_late), 0) AS late_share,
    CAST(SUM(review_score) AS DOUBLE PRECISION)
    / NULLIF(COUNT(review_score), 0) AS average_review_score
FROM orders
GROUP BY
    CAST(DATE_TRUNC('month', purchased_at) AS DATE),
    COALESCE(state, '??'),
    city;

DELETE FROM analytics.sales_overview
WHERE sales_month IN (
    SELECT affected_month.sales_month FROM candidate.affected_month
);
