-- audit.reconciliation
-- Purpose:   Totals of source files, staging and published tables side by side: both totals of a row
--            must be equal, to the cent
-- Grain:     measure
-- Load rule: a view over staging, audit.staging_totals, audit.loads and analytics

CREATE OR REPLACE VIEW audit.reconciliation AS
WITH latest_items AS (
    -- GROUP BY and join instead of a window function: this reads the whole history every day
    SELECT
        order_id,
        MAX(batch_date) AS batch_date
    FROM staging.order_items
    GROUP BY order_id
),

latest_payments AS (
    SELECT
        order_id,
        MAX(batch_date) AS batch_date
    FROM staging.order_payments
    GROUP BY order_id
),

latest_reviews AS (
    SELECT
        order_id,
        MAX(batch_date) AS batch_date
    FROM staging.order_reviews
    GROUP BY order_id
),

latest_customers AS (
    SELECT
        customer_id,
        MAX(batch_date) AS batch_date
    FROM staging.customers
    GROUP BY customer_id
),

item_totals AS (
    SELECT
        COUNT(*) AS row_count,
        SUM(order_items.price) AS price,
        SUM(order_items.freight_value) AS freight_value
    FROM staging.order_items
    INNER JOIN latest_items
        ON
            order_items.order_id = latest_items.order_id
            AND order_items.batch_date = latest_items.batch_date
),

payment_totals AS (
    SELECT
        COUNT(*) AS row_count,
        SUM(order_payments.payment_value) AS payment_value
    FROM staging.order_payments
    INNER JOIN latest_payments
        ON
            order_payments.order_id = latest_payments.order_id
            AND order_payments.batch_date = latest_payments.batch_date
),

review_totals AS (
    SELECT COUNT(*) AS row_count
    FROM staging.order_reviews
    INNER JOIN latest_reviews
        ON
            order_reviews.order_id = latest_reviews.order_id
            AND order_reviews.batch_date = latest_reviews.batch_date
),

person_totals AS (
    SELECT COUNT(DISTINCT customers.customer_unique_id) AS row_count
    FROM staging.customers
    INNER JOIN latest_customers
        ON
            customers.customer_id = latest_customers.customer_id
            AND customers.batch_date = latest_customers.batch_date
),

fact_item_totals AS (
    SELECT
        COUNT(*) AS row_count,
        SUM(price) AS price,
        SUM(freight_value) AS freight_value
    FROM analytics.fact_order_item
),

fact_payment_totals AS (
    SELECT
        COUNT(*) AS row_count,
        SUM(payment_value) AS payment_value
    FROM analytics.fact_payment
),

-- rows and money loaded from the files; staging must contain the same
file_rows AS (
    SELECT
        SUM(rows_loaded) AS row_count,
        SUM(money_total) AS money
    FROM audit.loads
),

-- audit.staging_totals has one row for each file under sql/staging
staging_totals AS (
    SELECT
        SUM(row_count) AS row_count,
        SUM(money_total) AS money
    FROM audit.staging_totals
),

totals AS (
    SELECT
        'rows: files = staging' AS measure,
        CAST((SELECT row_count FROM file_rows) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT row_count FROM staging_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$: files = staging' AS measure,
        CAST((SELECT money FROM file_rows) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT money FROM staging_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'orders: staging = fact_order' AS measure,
        CAST((SELECT COUNT(DISTINCT order_id) FROM staging.orders) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT COUNT(*) FROM analytics.fact_order) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'items: staging = fact_order_item' AS measure,
        CAST((SELECT row_count FROM item_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT row_count FROM fact_item_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'payments: staging = fact_payment' AS measure,
        CAST((SELECT row_count FROM payment_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT row_count FROM fact_payment_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'reviews: staging = fact_review' AS measure,
        CAST((SELECT row_count FROM review_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT COUNT(*) FROM analytics.fact_review) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'persons: staging = single_customer_view' AS measure,
        CAST((SELECT row_count FROM person_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT COUNT(*) FROM analytics.single_customer_view) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ price: staging = fact_order_item' AS measure,
        CAST((SELECT price FROM item_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT price FROM fact_item_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ freight: staging = fact_order_item' AS measure,
        CAST((SELECT freight_value FROM item_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT freight_value FROM fact_item_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ payments: staging = fact_payment' AS measure,
        CAST((SELECT payment_value FROM payment_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT payment_value FROM fact_payment_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ price + freight: staging = fact_order' AS measure,
        CAST((SELECT price + freight_value FROM item_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT SUM(order_value) FROM analytics.fact_order) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ price + freight: staging = single_customer_view' AS measure,
        CAST((SELECT price + freight_value FROM item_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST(
            (SELECT SUM(total_value) FROM analytics.single_customer_view) AS DECIMAL(18, 2)
        ) AS published_total
    UNION ALL
    SELECT
        'R$ price + freight: staging = sales_overview' AS measure,
        CAST((SELECT price + freight_value FROM item_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST(
            (SELECT SUM(total_value) FROM analytics.sales_overview) AS DECIMAL(18, 2)
        ) AS published_total
)

-- a SUM over no rows is NULL: treat it as zero on both sides
SELECT
    measure,
    COALESCE(source_total, 0) AS source_total,
    COALESCE(published_total, 0) AS published_total
FROM totals;
