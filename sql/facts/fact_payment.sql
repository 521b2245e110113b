-- analytics.fact_payment
-- Purpose:   How orders were paid: means, instalments and value in R$
-- Grain:     order_id, payment_sequential
-- Load rule: orders that the batch touches, recomputed from all of staging

CREATE TABLE IF NOT EXISTS analytics.fact_payment (
    order_id VARCHAR(32) NOT NULL, -- the order
    payment_sequential SMALLINT NOT NULL, -- number of the payment in its order
    customer_key BIGINT NOT NULL, -- who paid: dim_customer
    purchase_date_key INTEGER NOT NULL, -- day of purchase: dim_date
    payment_type VARCHAR(16) NOT NULL, -- means: credit_card, boleto, voucher, debit_card, not_defined
    installments SMALLINT NOT NULL, -- instalments
    payment_value DECIMAL(12, 2) NOT NULL, -- paid [R$]
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
