-- candidate.batch_metrics
-- Purpose:   Metrics of the open batches: row counts, rows per order, missing values, shares, means,
--            freshness; later batches are compared with them
-- Grain:     batch_date, metric
-- Inputs:    candidate.batch_<table>, audit.open_batch
-- Load rule: replaced after each copy; publishing a batch copies its rows to audit.metrics

CREATE TABLE IF NOT EXISTS candidate.batch_metrics (LIKE audit.metrics);

INSERT INTO candidate.batch_metrics (batch_date, metric, kind, value, row_count)
WITH orders AS (
    SELECT
        batch_date,
        COUNT(*) AS row_count,
        SUM(CASE WHEN order_approved_at IS NULL THEN 1 ELSE 0 END) AS not_approved,
        SUM(CASE WHEN order_delivered_customer_date IS NULL THEN 1 ELSE 0 END) AS not_delivered,
        SUM(CASE WHEN order_status IN ('canceled', 'unavailable') THEN 1 ELSE 0 END) AS cancelled,
        -- few orders are placed at night: a high share reveals timestamps of another time zone
        SUM(CASE WHEN DATE_PART(HOUR, order_purchase_timestamp) BETWEEN 1 AND 6 THEN 1 ELSE 0 END)
            AS at_night,
        DATEDIFF(HOUR, MAX(order_purchase_timestamp), DATEADD(DAY, 1, batch_date)) AS hours_old
    FROM candidate.batch_orders
    GROUP BY batch_date
),

items AS (
    SELECT
        batch_date,
        COUNT(*) AS row_count,
        COUNT(DISTINCT order_id) AS orders,
        SUM(price) AS price,
        SUM(freight_value) AS freight_value
    FROM candidate.batch_order_items
    GROUP BY batch_date
),

payments AS (
    SELECT
        batch_date,
        COUNT(*) AS row_count,
        SUM(payment_value) AS payment_value,
        SUM(payment_installments) AS installments,
        SUM(CASE WHEN payment_type = 'credit_card' THEN 1 ELSE 0 END) AS by_credit_card
    FROM candidate.batch_order_payments
    GROUP BY batch_date
),

reviews AS (
    SELECT
        batch_date,
        COUNT(*) AS row_count,
        SUM(review_score) AS score,
        SUM(CASE WHEN review_comment_message IS NULL THEN 1 ELSE 0 END) AS without_comment
    FROM candidate.batch_order_reviews
    GROUP BY batch_date
),

customers AS (
    SELECT
        batch_date,
        COUNT(*) AS row_count,
        SUM(CASE WHEN customer_state = 'SP' THEN 1 ELSE 0 END) AS in_sao_paulo
    FROM candidate.batch_customers
    GROUP BY batch_date
),

products AS (
    SELECT
        batch_date,
        COUNT(*) AS row_count,
        SUM(CASE WHEN product_category_name IS NULL THEN 1 ELSE 0 END) AS without_category
    FROM candidate.batch_products
    GROUP BY batch_date
),

-- numerator and denominator of each metric, so that the division is written once
parts AS (
    SELECT
        open_batch.batch_date,
        'rows of orders' AS metric,
        'rows' AS kind,
        COALESCE(orders.row_count, 0) AS part,
        1 AS whole,
        COALESCE(orders.row_count, 0) AS measured
    FROM audit.open_batch
    LEFT JOIN orders ON open_batch.batch_date = orders.batch_date
    UNION ALL
    SELECT
        open_batch.batch_date,
        'rows of order_items' AS metric,
        'rows' AS kind,
        COALESCE(items.row_count, 0) AS part,
        1 AS whole,
        COALESCE(items.row_count, 0) AS measured
    FROM audit.open_batch
    LEFT JOIN items ON open_batch.batch_date = items.batch_date
    UNION ALL
    SELECT
        open_batch.batch_date,
        'rows of order_payments' AS metric,
        'rows' AS kind,
        COALESCE(payments.row_count, 0) AS part,
        1 AS whole,
        COALESCE(payments.row_count, 0) AS measured
    FROM audit.open_batch
    LEFT JOIN payments ON open_batch.batch_date = payments.batch_date
    UNION ALL
    SELECT
        open_batch.batch_date,
        'rows of order_reviews' AS metric,
        'rows' AS kind,
        COALESCE(reviews.row_count, 0) AS part,
        1 AS whole,
        COALESCE(reviews.row_count, 0) AS measured
    FROM audit.open_batch
    LEFT JOIN reviews ON open_batch.batch_date = reviews.batch_date
    UNION ALL
    SELECT
        orders.batch_date,
        'order_items per order' AS metric,
        'ratio' AS kind,
        COALESCE(items.row_count, 0) AS part,
        orders.row_count AS whole,
        orders.row_count AS measured
    FROM orders
    LEFT JOIN items ON orders.batch_date = items.batch_date
    UNION ALL
    SELECT
        orders.batch_date,
        'order_payments per order' AS metric,
        'ratio' AS kind,
        COALESCE(payments.row_count, 0) AS part,
        orders.row_count AS whole,
        orders.row_count AS measured
    FROM orders
    LEFT JOIN payments ON orders.batch_date = payments.batch_date
    UNION ALL
    SELECT
        orders.batch_date,
        'order_reviews per order' AS metric,
        'ratio' AS kind,
        COALESCE(reviews.row_count, 0) AS part,
        orders.row_count AS whole,
        orders.row_count AS measured
    FROM orders
    LEFT JOIN reviews ON orders.batch_date = reviews.batch_date
    UNION ALL
    SELECT
        batch_date,
        'orders without order_approved_at' AS metric,
        'missing' AS kind,
        not_approved AS part,
        row_count AS whole,
        row_count AS measured
    FROM orders
    UNION ALL
    SELECT
        batch_date,
        'orders without order_delivered_customer_date' AS metric,
        'missing' AS kind,
        not_delivered AS part,
        row_count AS whole,
        row_count AS measured
    FROM orders
    UNION ALL
    SELECT
        batch_date,
        'reviews without a comment' AS metric,
        'missing' AS kind,
        without_comment AS part,
        row_count AS whole,
        row_count AS measured
    FROM reviews
    UNION ALL
    SELECT
        batch_date,
        'products without a category' AS metric,
        'missing' AS kind,
        without_category AS part,
        row_count AS whole,
        row_count AS measured
    FROM products
    UNION ALL
    SELECT
        batch_date,
        'orders cancelled or unavailable' AS metric,
        'share' AS kind,
        cancelled AS part,
        row_count AS whole,
        row_count AS measured
    FROM orders
    UNION ALL
    SELECT
        batch_date,
        'orders placed from 1 to 7 in the morning' AS metric,
        'share' AS kind,
        at_night AS part,
        row_count AS whole,
        row_count AS measured
    FROM orders
    UNION ALL
    SELECT
        batch_date,
        'payments by credit card' AS metric,
        'share' AS kind,
        by_credit_card AS part,
        row_count AS whole,
        row_count AS measured
    FROM payments
    UNION ALL
    SELECT
        batch_date,
        'customers in São Paulo (SP)' AS metric,
        'share' AS kind,
        in_sao_paulo AS part,
        row_count AS whole,
        row_count AS measured
    FROM customers
    UNION ALL
    SELECT
        batch_date,
        'R$ price of an item' AS metric,
        'mean' AS kind,
        price AS part,
        row_count AS whole,
        row_count AS measured
    FROM items
    UNION ALL
    SELECT
        batch_date,
        'R$ freight of an item' AS metric,
        'mean' AS kind,
        freight_value AS part,
        row_count AS whole,
        row_count AS measured
    FROM items
    UNION ALL
    SELECT
        batch_date,
        'items of an order' AS metric,
        'mean' AS kind,
        row_count AS part,
        orders AS whole,
        row_count AS measured
    FROM items
    UNION ALL
    SELECT
        batch_date,
        'R$ of a payment' AS metric,
        'mean' AS kind,
        payment_value AS part,
        row_count AS whole,
        row_count AS measured
    FROM payments
    UNION ALL
    SELECT
        batch_date,
        'instalments of a payment' AS metric,
        'mean' AS kind,
        installments AS part,
        row_count AS whole,
        row_count AS measured
    FROM payments
    UNION ALL
    SELECT
        batch_date,
        'score of a review' AS metric,
        'mean' AS kind,
        score AS part,
        row_count AS whole,
        row_count AS measured
    FROM reviews
    UNION ALL
    SELECT
        batch_date,
        'hours since the last purchase at the end of the day' AS metric,
        'hours' AS kind,
        hours_old AS part,
        1 AS whole,
        row_count AS measured
    FROM orders
)

SELECT
    batch_date,
    metric,
    kind,
    CAST(part AS DOUBLE PRECISION) / whole AS value,
    measured AS row_count
FROM parts;
