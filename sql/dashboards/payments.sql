-- Purpose: payments by month of purchase, customer's state and payment type.
-- Grain:   sales_month, state, payment_type
-- Inputs:  analytics.fact_payment, analytics.fact_order, analytics.dim_customer
SELECT
    CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) AS sales_month,
    COALESCE(dim_customer.state, '??') AS state,
    fact_payment.payment_type,
    COUNT(*) AS payment_count,
    -- differs from sales because of instalment interest, vouchers and orders without a payment
    SUM(fact_payment.payment_value) AS payment_value
FROM analytics.fact_payment
INNER JOIN analytics.fact_order ON fact_payment.order_id = fact_order.order_id
INNER JOIN analytics.dim_customer ON fact_order.customer_key = dim_customer.customer_key
GROUP BY
    CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE),
    COALESCE(dim_customer.state, '??'),
    fact_payment.payment_type;
