-- analytics.single_customer_view
-- Purpose:   All that is known of a person on one row: place, orders, value, payment, taste,
--            delivery experience and RFM segment. Values are in R$
-- Grain:     customer_unique_id
-- Load rule: a view: recency counts to the last purchase known, so every batch moves it for
--            everybody, and nothing needs to be rewritten for that

CREATE OR REPLACE VIEW analytics.single_customer_view AS
WITH as_of AS (
    -- not to today: the same data, the same score
    SELECT MAX(purchased_at) AS last_purchase_at
    FROM analytics.fact_order
),

persons AS (
    SELECT
        customer_totals.*,
        DATEDIFF(
            DAY, customer_totals.last_order_at, as_of.last_purchase_at
        ) AS recency_days -- since the last order, to the last purchase of all [days]
    FROM analytics.customer_totals
    CROSS JOIN as_of
),

-- fixed steps, not quintiles: 97 of 100 persons order once, and a person's score should change
-- when the person does, not when others do
scored AS (
    SELECT
        persons.*,
        CASE
            WHEN recency_days IS NULL THEN NULL
            WHEN recency_days <= 30 THEN 5
            WHEN recency_days <= 90 THEN 4
            WHEN recency_days <= 180 THEN 3
            WHEN recency_days <= 365 THEN 2
            ELSE 1
        END AS recency_score, -- 5 within 30 days of the last purchase of all, 1 over a year
        CASE
            WHEN order_count = 0 THEN NULL
            WHEN order_count < 5 THEN order_count
            ELSE 5
        END AS frequency_score, -- orders, 5 at most
        CASE
            WHEN order_count = 0 THEN NULL
            WHEN net_value >= 500 THEN 5
            WHEN net_value >= 200 THEN 4
            WHEN net_value >= 100 THEN 3
            WHEN net_value >= 50 THEN 2
            ELSE 1
        END AS monetary_score -- 5 from R$ 500 of net value, 1 below R$ 50
    FROM persons
)

SELECT
    scored.*,
    CASE
        WHEN order_count = 0 THEN 'no orders'
        WHEN frequency_score >= 2 AND recency_score >= 3 THEN 'loyal'
        WHEN frequency_score >= 2 THEN 'at risk'
        WHEN monetary_score >= 4 AND recency_score >= 3 THEN 'big spender'
        WHEN recency_score >= 4 THEN 'new'
        WHEN recency_score = 3 THEN 'promising'
        ELSE 'lapsed'
    END AS segment -- RFM segment: loyal, at risk, big spender, new, promising, lapsed, no orders
FROM scored;
