-- analytics.fact_order_item
-- Purpose:   Items sold: product, seller, price and freight of each item, in R$
-- Grain:     order_id, order_item_id
-- Load rule: replaces the affected orders, recomputed from all batches in staging
-- Exported by: purchase_month, the month of purchase_date_key
-- Layout:    distributed by order_id, as the other facts; sorted by purchase_date_key, so that a query or an
--            export of months reads only their blocks

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
SELECT
    items.order_id,
    items.order_item_id,
    COALESCE(dim_product.product_key, -1) AS product_key,
    COALESCE(dim_seller.seller_key, -1) AS seller_key,
    fact_order.customer_key,
    fact_order.geography_key AS customer_geography_key,
    COALESCE(dim_seller.geography_key, -1) AS seller_geography_key,
    fact_order.purchase_date_key,
    items.shipping_limit_date AS shipping_limit_at,
    items.price,
    items.freight_value
FROM candidate.latest_order_items AS items
INNER JOIN candidate.fact_order ON items.order_id = fact_order.order_id
-- join the version that was valid at the time of purchase
LEFT JOIN candidate.merged_dim_product AS dim_product
    ON
        items.product_id = dim_product.product_id
        AND fact_order.purchased_at >= dim_product.valid_from
        AND fact_order.purchased_at < dim_product.valid_to
LEFT JOIN candidate.merged_dim_seller AS dim_seller
    ON
        items.seller_id = dim_seller.seller_id
        AND fact_order.purchased_at >= dim_seller.valid_from
        AND fact_order.purchased_at < dim_seller.valid_to;

DELETE FROM analytics.fact_order_item
WHERE order_id IN (SELECT affected_order.order_id FROM candidate.affected_order);
