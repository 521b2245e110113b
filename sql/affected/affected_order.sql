-- candidate.affected_order
-- Purpose:   Orders to recompute: the changed orders and all other orders of the same persons, so that
--            a person's totals can be computed from the candidate rows alone
-- Grain:     order_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.affected_order AS
SELECT history_orders.order_id
FROM candidate.history_orders
INNER JOIN candidate.affected_customer
    ON history_orders.customer_id = affected_customer.customer_id
UNION
SELECT directly_affected_order.order_id
FROM candidate.directly_affected_order;
