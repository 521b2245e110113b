-- audit.reconciliation
-- Purpose:   Totals of source files, staging and published tables side by side: the source total of
--            a row is the published total and what is in quarantine, to the cent
-- Grain:     measure
-- Load rule: a view over audit.staging_totals, audit.control_totals, audit.loads and analytics

CREATE OR REPLACE VIEW audit.reconciliation AS
WITH staged AS (
    -- one row with the row count of each staging table, and one for each of its money columns
    SELECT
        table_name,
        measure,
        total
    FROM audit.staging_totals
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

-- rows and money of the files as they came. Loads of an earlier version have no control totals of
-- money: what they loaded stands for what they read
file_totals AS (
    SELECT
        table_name,
        SUM(rows_read) AS row_count,
        SUM(rows_quarantined) AS quarantined_rows,
        SUM(COALESCE(money_read, money_total)) AS money,
        SUM(COALESCE(money_quarantined, 0)) AS quarantined_money,
        SUM(COALESCE(amounts_unreadable, 0)) AS unreadable_rows
    FROM audit.loads
    -- rows of a file that repeats another are in staging once
    WHERE same_as IS NULL
    GROUP BY table_name
),

quarantine AS (
    SELECT
        'rows: files = staging + quarantine' AS measure,
        CAST(SUM(quarantined_rows) AS DECIMAL(18, 2)) AS total,
        CAST(0 AS BIGINT) AS unreadable_rows
    FROM file_totals
    UNION ALL
    SELECT
        'R$ ' || table_name || ': files = staging + quarantine' AS measure,
        CAST(quarantined_money AS DECIMAL(18, 2)) AS total,
        CAST(unreadable_rows AS BIGINT) AS unreadable_rows
    FROM file_totals
),

staged_money AS (
    SELECT
        table_name,
        SUM(total) AS money
    FROM staged
    WHERE measure <> 'rows'
    GROUP BY table_name
),

-- running totals of the rows in force (of each key, those of its latest batch), the input of the facts
running AS (
    SELECT
        table_name || '.' || measure AS table_measure,
        change
    FROM audit.control_totals
),

in_force AS (
    SELECT
        SUM(CASE WHEN table_measure = 'orders.rows' THEN change END) AS orders,
        SUM(CASE WHEN table_measure = 'order_items.rows' THEN change END) AS items,
        SUM(CASE WHEN table_measure = 'order_payments.rows' THEN change END) AS payments,
        SUM(CASE WHEN table_measure = 'order_reviews.rows' THEN change END) AS reviews,
        SUM(CASE WHEN table_measure = 'customers.persons' THEN change END) AS persons,
        SUM(CASE WHEN table_measure = 'order_items.price' THEN change END) AS price,
        SUM(CASE WHEN table_measure = 'order_items.freight_value' THEN change END) AS freight_value,
        SUM(CASE WHEN table_measure = 'order_payments.payment_value' THEN change END) AS payment_value
    FROM running
),

totals AS (
    SELECT
        'rows: files = staging + quarantine' AS measure,
        'rows' AS unit,
        CAST((SELECT SUM(row_count) FROM file_totals) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT SUM(total) FROM staged WHERE measure = 'rows') AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    -- one row for each source table with amounts
    SELECT
        'R$ ' || staged_money.table_name || ': files = staging + quarantine' AS measure,
        'R$' AS unit,
        CAST(file_totals.money AS DECIMAL(18, 2)) AS source_total,
        CAST(staged_money.money AS DECIMAL(18, 2)) AS published_total
    FROM staged_money
    LEFT JOIN file_totals ON staged_money.table_name = file_totals.table_name
    UNION ALL
    SELECT
        'orders: staging = fact_order' AS measure,
        'rows' AS unit,
        CAST((SELECT orders FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT COUNT(*) FROM analytics.fact_order) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'items: staging = fact_order_item' AS measure,
        'rows' AS unit,
        CAST((SELECT items FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT row_count FROM fact_item_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'payments: staging = fact_payment' AS measure,
        'rows' AS unit,
        CAST((SELECT payments FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT row_count FROM fact_payment_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'reviews: staging = fact_review' AS measure,
        'rows' AS unit,
        CAST((SELECT reviews FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT COUNT(*) FROM analytics.fact_review) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'persons: staging = single_customer_view' AS measure,
        'rows' AS unit,
        CAST((SELECT persons FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT COUNT(*) FROM analytics.single_customer_view) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ price: staging = fact_order_item' AS measure,
        'R$' AS unit,
        CAST((SELECT price FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT price FROM fact_item_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ freight: staging = fact_order_item' AS measure,
        'R$' AS unit,
        CAST((SELECT freight_value FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT freight_value FROM fact_item_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ payments: staging = fact_payment' AS measure,
        'R$' AS unit,
        CAST((SELECT payment_value FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT payment_value FROM fact_payment_totals) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ price + freight: staging = fact_order' AS measure,
        'R$' AS unit,
        CAST((SELECT price + freight_value FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST((SELECT SUM(order_value) FROM analytics.fact_order) AS DECIMAL(18, 2)) AS published_total
    UNION ALL
    SELECT
        'R$ price + freight: staging = single_customer_view' AS measure,
        'R$' AS unit,
        CAST((SELECT price + freight_value FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST(
            (SELECT SUM(total_value) FROM analytics.single_customer_view) AS DECIMAL(18, 2)
        ) AS published_total
    UNION ALL
    SELECT
        'R$ price + freight: staging = sales_overview' AS measure,
        'R$' AS unit,
        CAST((SELECT price + freight_value FROM in_force) AS DECIMAL(18, 2)) AS source_total,
        CAST(
            (SELECT SUM(total_value) FROM analytics.sales_overview) AS DECIMAL(18, 2)
        ) AS published_total
)

-- a SUM over no rows is NULL: treat it as zero
SELECT
    totals.measure,
    totals.unit,
    COALESCE(totals.source_total, 0) AS source_total,
    COALESCE(quarantine.total, 0) AS quarantined_total,
    COALESCE(totals.published_total, 0) AS published_total,
    COALESCE(quarantine.unreadable_rows, 0) AS unreadable_rows
FROM totals
LEFT JOIN quarantine ON totals.measure = quarantine.measure;
