-- analytics.single_customer_view
-- Purpose:   All known facts about a person in one row: address, orders, value, payment, preferences,
--            delivery and RFM segment. Values are in R$
-- Grain:     customer_unique_id
-- Load rule: a view: recency counts to the latest purchase in the data, so every batch changes it for
--            every person; a view needs no rewrite for that

CREATE OR REPLACE VIEW analytics.single_customer_view AS
WITH as_of AS (
    -- recency counts to the latest purchase, not to today, so the same data gives the same score
    SELECT MAX(purchased_at) AS last_purchase_at
    FROM analytics.fact_order
),

persons AS (
    SELECT
        customer_totals.*,
        DATEDIFF(
            DAY, customer_totals.last_order_at, as_of.last_purchase_at
        ) AS recency_days -- Time from the person's last order to the latest purchase of all persons [days]
    FROM analytics.customer_totals
    CROSS JOIN as_of
),

-- fixed thresholds, not quintiles: 97 % of persons order once, and a person's score must follow
-- that person's orders, not the orders of others
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
        END AS recency_score, -- Recency score: 5 = 30 days or less, 1 = more than 365 days
        CASE
            WHEN order_count = 0 THEN NULL
            WHEN order_count < 5 THEN order_count
            ELSE 5
        END AS frequency_score, -- Frequency score: number of orders, at most 5
        CASE
            WHEN order_count = 0 THEN NULL
            WHEN net_value >= 500 THEN 5
            WHEN net_value >= 200 THEN 4
            WHEN net_value >= 100 THEN 3
            WHEN net_value >= 50 THEN 2
            ELSE 1
        END AS monetary_score -- Monetary score: 5 = net value of R$ 500 or more, 1 = below R$ 50
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
