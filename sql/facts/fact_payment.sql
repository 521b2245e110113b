-- analytics.fact_payment
-- Purpose:   Payments of orders: payment type, instalments and value in R$
-- Grain:     order_id, payment_sequential
-- Load rule: replaces the affected orders, recomputed from all batches in staging
-- Exported by: purchase_month, the month of purchase_date_key
-- Layout:    distributed by order_id, as the other facts; sorted by purchase_date_key, so that a query or an
--            export of months reads only their blocks

CREATE TABLE IF NOT EXISTS analytics.fact_payment (
    order_id VARCHAR(32) NOT NULL, -- Order id
    payment_sequential SMALLINT NOT NULL, -- Payment number within the order
    customer_key BIGINT NOT NULL, -- Buyer's address at purchase: dim_customer
    purchase_date_key INTEGER NOT NULL, -- Day of purchase: dim_date
    payment_type VARCHAR(16) NOT NULL, -- Payment type: credit_card, boleto, voucher, debit_card, not_defined
    installments SMALLINT NOT NULL, -- Number of instalments
    payment_value DECIMAL(12, 2) NOT NULL, -- Payment value [R$]
    PRIMARY KEY (order_id, payment_sequential)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (purchase_date_key);

INSERT INTO candidate.fact_payment
SELECT
    payments.order_id,
    payments.payment_sequential,
    fact_order.customer_key,
    fact_order.purchase_date_key,
    payments.payment_type,
    payments.payment_installments AS installments,
    payments.payment_value
FROM candidate.latest_order_payments AS payments
INNER JOIN candidate.fact_order ON payments.order_id = fact_order.order_id;

DELETE FROM analytics.fact_payment
WHERE order_id IN (SELECT affected_order.order_id FROM candidate.affected_order);
