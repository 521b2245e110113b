-- candidate.affected_person
-- Purpose:   Persons whose orders, address or coordinates the batch may have changed
-- Grain:     customer_unique_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.affected_person AS
WITH customers AS (
    -- all versions of the order row: if an order changes its customer, both customers are affected
    SELECT history_orders.customer_id
    FROM candidate.history_orders
    INNER JOIN candidate.directly_affected_order ON history_orders.order_id = directly_affected_order.order_id
    UNION
    SELECT changed_orders.customer_id
    FROM candidate.changed_orders
    UNION
    SELECT altered_customers.customer_id
    FROM candidate.altered_customers
    UNION
    SELECT history_customers.customer_id
    FROM candidate.history_customers
    WHERE
        history_customers.customer_zip_code_prefix IN (
            SELECT altered_geolocation.geolocation_zip_code_prefix FROM candidate.altered_geolocation
        )
)

SELECT history_customers.customer_unique_id
FROM candidate.history_customers
INNER JOIN customers ON history_customers.customer_id = customers.customer_id
UNION
-- all versions of the customer row: if a customer becomes another person, both are affected
SELECT changed_customers.customer_unique_id
FROM candidate.changed_customers
INNER JOIN candidate.altered_customers ON changed_customers.customer_id = altered_customers.customer_id
UNION
-- persons of the published versions of the directly affected orders
SELECT fact_order.customer_unique_id
FROM analytics.fact_order
INNER JOIN candidate.directly_affected_order ON fact_order.order_id = directly_affected_order.order_id
WHERE fact_order.customer_unique_id IS NOT NULL
UNION
-- a rebuild or restore also removes published rows that staging does not contain
SELECT dim_customer.customer_unique_id
FROM analytics.dim_customer
WHERE
    dim_customer.customer_unique_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'))
UNION
SELECT customer_totals.customer_unique_id
FROM analytics.customer_totals
WHERE EXISTS (SELECT 1 FROM audit.open_batch WHERE open_batch.action IN ('rebuild', 'restore'));
