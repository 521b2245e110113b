-- audit.reconciliation
-- Purpose:   What the files held, what staging holds and what is published, side by side: both
--            totals of a row must be equal, to the cent
-- Grain:     measure
-- Load rule: a view over staging, audit.loads and analytics

CREATE OR REPLACE VIEW audit.reconciliation AS
WITH items AS (
    SELECT
        price,
        freight_value,
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS recency
    FROM staging.order_items
),

payments AS (
    SELECT
        payment_value,
        RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS recency
    FROM staging.order_payments
),

reviews AS (
    SELECT RANK() OVER (PARTITION BY order_id ORDER BY batch_date DESC) AS recency
    FROM staging.order_reviews
),

customers AS (
    SELECT
        customer_unique_id,
        RANK() OVER (PARTITION BY customer_id ORDER BY batch_date DESC) AS recency
    FROM staging.customers
),

item_totals AS (
    SELECT
        COUNT(*) AS row_count,
        SUM(price) AS price,
        SUM(freight_value) AS freight_value
    FROM items
    WHERE recency = 1
),

payment_totals AS (
    SELECT
        COUNT(*) AS row_count,
        SUM(payment_value) AS payment_value
    FROM payments
    WHERE recency = 1
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

-- every row that a file delivered is in staging, with its money
file_rows AS (
    SELECT
        SUM(rows_loaded) AS row_count,
        SUM(money_total) AS money
    FROM audit.loads
),

staging_rows AS (
    SELECT
        COUNT(*) AS row_count,
        0 AS money
    FROM staging.customers
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        0 AS money
    FROM staging.geolocation
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        0 AS money
    FROM staging.orders
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        COALESCE(SUM(price) + SUM(freight_value), 0) AS money
    FROM staging.order_items
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        COALESCE(SUM(payment_value), 0) AS money
    FROM staging.order_payments
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        0 AS money
    FROM staging.order_reviews
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        0 AS money
    FROM staging.products
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        0 AS money
    FROM staging.sellers
    UNION ALL
    SELECT
        COUNT(*) AS row_count,
        0 AS money
    FROM staging.category_translation
),

staging_totals AS (
    SELECT
        SUM(row_count) AS row_count,
        SUM(money) AS money
    FROM staging_rows
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
        CAST((SELECT COUNT(*) FROM reviews WHERE recency = 1) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT COUNT(*) FROM analytics.fact_review) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'persons: staging = single_customer_view' AS measure,
        CAST(
            (SELECT COUNT(DISTINCT customer_unique_id) FROM customers WHERE recency = 1)
            AS DECIMAL(18, 2)
        ) AS source_total,
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

-- nothing sold is a total of zero, on either side
SELECT
    measure,
    COALESCE(source_total, 0) AS source_total,
    COALESCE(published_total, 0) AS published_total
FROM totals;
