-- candidate.touched_person
-- Purpose:   Persons whose orders, address or place on the map the batch may have changed
-- Grain:     customer_unique_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.touched_person AS
WITH changed_customers AS (
    -- every version of the order row: an order that was moved to another customer touches both
    SELECT orders.customer_id
    FROM staging.orders
    INNER JOIN candidate.changed_order ON orders.order_id = changed_order.order_id
    UNION
    SELECT customers.customer_id
    FROM staging.customers
    WHERE customers.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
    UNION
    SELECT customers.customer_id
    FROM staging.customers
    INNER JOIN staging.geolocation
        ON customers.customer_zip_code_prefix = geolocation.geolocation_zip_code_prefix
    WHERE geolocation.batch_date IN (SELECT open_batch.batch_date FROM audit.open_batch)
    UNION
    SELECT customers.customer_id
    FROM staging.customers
    INNER JOIN audit.withdrawn ON customers.customer_zip_code_prefix = withdrawn.key_value
    WHERE withdrawn.column_name = 'zip_code_prefix'
)

SELECT customers.customer_unique_id
FROM staging.customers
WHERE customers.customer_id IN (SELECT changed_customers.customer_id FROM changed_customers)
UNION
-- whoever the changed orders were published for
SELECT fact_order.customer_unique_id
FROM analytics.fact_order
INNER JOIN candidate.changed_order ON fact_order.order_id = changed_order.order_id
UNION
SELECT withdrawn.key_value AS customer_unique_id
FROM audit.withdrawn
WHERE withdrawn.column_name = 'customer_unique_id';
