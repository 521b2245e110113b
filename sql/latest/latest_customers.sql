-- candidate.latest_customers
-- Purpose:   Customers of affected persons, from the latest batch that contains each customer
-- Grain:     customer_id
-- Load rule: recreated for every publish

CREATE TABLE candidate.latest_customers AS
WITH ranked AS (
    SELECT
        customers.*,
        -- the latest batch that contains the customer wins
        RANK() OVER (
            PARTITION BY customers.customer_id
            ORDER BY customers.batch_date DESC
        ) AS batch_rank
    FROM candidate.history_customers AS customers
    WHERE customers.customer_id IN (
        SELECT versions.customer_id
        FROM candidate.history_customers AS versions
        INNER JOIN candidate.affected_person
            ON versions.customer_unique_id = affected_person.customer_unique_id
    )
)

SELECT
    customer_id,
    customer_unique_id,
    customer_zip_code_prefix AS zip_code_prefix,
    -- one spelling per city: lower case, no accents, single spaces
    REGEXP_REPLACE(
        TRIM(TRANSLATE(
            LOWER(customer_city), 'áàâãäéèêëíìîïóòôõöúùûüç', 'aaaaaeeeeiiiiooooouuuuc'
        )), ' +', ' '
    ) AS city,
    customer_state AS state
FROM ranked
WHERE batch_rank = 1;
