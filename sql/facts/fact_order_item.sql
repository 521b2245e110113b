-- analytics.fact_order_item
-- Purpose:   Items sold: product, seller, price and freight of each item, in R$
-- Grain:     order_id, order_item_id
-- Load rule: replaces the affected orders, recomputed from all batches in staging

CREATE TABLE IF NOT EXISTS analytics.fact_order_item (
    order_id VARCHAR(32) NOT NULL, -- Order id
    order_item_id SMALLINT NOT NULL, -- Item number within the order
    product_key BIGINT NOT NULL, -- Product version at purchase: dim_product
    seller_key BIGINT NOT NULL, -- Seller version at purchase: dim_seller
    customer_key BIGINT NOT NULL, -- Buyer's address at purchase: dim_customer
    customer_geography_key BIGINT NOT NULL, -- Delivery location: dim_geography
    seller_geography_key BIGINT NOT NULL, -- Seller's location: dim_geography
    purchase_date_key INTEGER NOT NULL, -- Day of purchase: dim_date
    shipping_limit_at TIMESTAMP NOT NULL, -- Seller's shipping deadline [São Paulo time]
    price DECIMAL(12, 2) NOT NULL, -- Item price [R$]
    freight_value DECIMAL(12, 2) NOT NULL, -- Item freight [R$]
    PRIMARY KEY (order_id, order_item_id)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (purchase_date_key);

INSERT INTO candidate.fact_order_item
WITH product_versions AS (
    SELECT
        product_id,
        product_key,
        valid_from,
        valid_to
    FROM candidate.dim_product
    UNION ALL
    SELECT
        product_id,
        product_key,
        valid_from,
        valid_to
    FROM analytics.dim_product
    WHERE product_id NOT IN (SELECT affected_product.product_id FROM candidate.affected_product)
),

seller_versions AS (
    SELECT
        seller_id,
        seller_key,
        geography_key,
        valid_from,
        valid_to
    FROM candidate.dim_seller
    UNION ALL
    SELECT
        seller_id,
        seller_key,
        geography_key,
        valid_from,
        valid_to
    FROM analytics.dim_seller
    WHERE seller_id NOT IN (SELECT affected_seller.seller_id FROM candidate.affected_seller)
)

SELECT
    items.order_id,
    items.order_item_id,
    COALESCE(product_versions.product_key, -1) AS product_key,
    COALESCE(seller_versions.seller_key, -1) AS seller_key,
    fact_order.customer_key,
    fact_order.geography_key AS customer_geography_key,
    COALESCE(seller_versions.geography_key, -1) AS seller_geography_key,
    fact_order.purchase_date_key,
    items.shipping_limit_date AS shipping_limit_at,
    items.price,
    items.freight_value
FROM candidate.latest_order_items AS items
INNER JOIN candidate.fact_order ON items.order_id = fact_order.order_id
-- join the version that was valid at the time of purchase
LEFT JOIN product_versions
    ON
        items.product_id = product_versions.product_id
        AND fact_order.purchased_at >= product_versions.valid_from
        AND fact_order.purchased_at < product_versions.valid_to
LEFT JOIN seller_versions
    ON
        items.seller_id = seller_versions.seller_id
        AND fact_order.purchased_at >= seller_versions.valid_from
        AND fact_order.purchased_at < seller_versions.valid_to;

DELETE FROM analytics.fact_order_item
WHERE order_id IN (SELECT affected_order.order_id FROM candidate.affected_order);
