-- Purpose: items sold by month of purchase, customer's state and product category.
-- Grain:   sales_month, state, category
-- Inputs:  analytics.fact_order_item, analytics.fact_order, analytics.dim_product, analytics.dim_customer
SELECT
    CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) AS sales_month,
    COALESCE(dim_customer.state, '??') AS state,
    dim_product.category,
    COUNT(*) AS item_count,
    SUM(fact_order_item.price + fact_order_item.freight_value) AS total_value
FROM analytics.fact_order_item
INNER JOIN analytics.fact_order ON fact_order_item.order_id = fact_order.order_id
INNER JOIN analytics.dim_product ON fact_order_item.product_key = dim_product.product_key
INNER JOIN analytics.dim_customer ON fact_order.customer_key = dim_customer.customer_key
GROUP BY
    CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE),
    COALESCE(dim_customer.state, '??'),
    dim_product.category;
