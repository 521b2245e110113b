-- candidate.affected_month
-- Purpose:   Months of purchase of the affected orders, before and after the open batches
-- Grain:     sales_month
-- Load rule: recreated for every publish

CREATE TABLE candidate.affected_month AS
SELECT CAST(DATE_TRUNC('month', latest_orders.order_purchase_timestamp) AS DATE) AS sales_month
FROM candidate.latest_orders
WHERE latest_orders.order_purchase_timestamp IS NOT NULL
UNION
SELECT CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) AS sales_month
FROM analytics.fact_order
INNER JOIN candidate.affected_order ON fact_order.order_id = affected_order.order_id
WHERE fact_order.purchased_at IS NOT NULL
UNION
-- a rebuild or restore also removes published rows that staging does not contain
SELECT sales_overview.sales_month
FROM analytics.sales_overview
WHERE EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
