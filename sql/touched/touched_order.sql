-- candidate.touched_order
-- Purpose:   Orders to recompute: the changed ones and all others of the same persons, so that
--            a person can be summed up from the candidate rows alone
-- Grain:     order_id
-- Load rule: made anew for every publish

CREATE TABLE candidate.touched_order AS
SELECT history_orders.order_id
FROM candidate.history_orders
INNER JOIN candidate.history_customers
    ON history_orders.customer_id = history_customers.customer_id
INNER JOIN candidate.touched_person
    ON history_customers.customer_unique_id = touched_person.customer_unique_id
UNION
SELECT changed_order.order_id
FROM candidate.changed_order;
