-- candidate.affected_customer
-- Purpose:   All customers of affected persons
-- Grain:     customer_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.affected_customer AS
SELECT DISTINCT history_customers.customer_id
FROM candidate.history_customers
INNER JOIN candidate.affected_person
    ON history_customers.customer_unique_id = affected_person.customer_unique_id;
