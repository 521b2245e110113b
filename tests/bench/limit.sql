-- The limit: the same CSV files and the same models in one DuckDB script, without S3, driver,
-- orchestration, gates or history, and in memory. $source is replaced by the folder.
SET preserve_insertion_order = false;

CREATE TABLE customers AS SELECT * FROM read_csv('$source/olist_customers_dataset.csv', all_varchar = true);
CREATE TABLE geolocation AS
SELECT geolocation_zip_code_prefix AS zip, geolocation_lat AS lat, geolocation_lng AS lng,
    geolocation_city AS city, geolocation_state AS state
FROM read_csv('$source/olist_geolocation_dataset.csv', types = {'geolocation_zip_code_prefix': 'VARCHAR'});
CREATE TABLE orders AS
SELECT order_id, customer_id, order_status, order_purchase_timestamp AS purchased_at,
    order_approved_at AS approved_at, order_delivered_carrier_date AS shipped_at,
    order_delivered_customer_date AS delivered_at, order_estimated_delivery_date AS estimated_at
FROM read_csv('$source/olist_orders_dataset.csv');
CREATE TABLE items AS
SELECT order_id, order_item_id::SMALLINT AS order_item_id, product_id, seller_id,
    shipping_limit_date::TIMESTAMP AS shipping_limit_at, price::DECIMAL(12, 2) AS price,
    freight_value::DECIMAL(12, 2) AS freight_value
FROM read_csv('$source/olist_order_items_dataset.csv', all_varchar = true);
CREATE TABLE payments AS
SELECT order_id, payment_sequential::SMALLINT AS payment_sequential, payment_type,
    payment_installments::SMALLINT AS installments, payment_value::DECIMAL(12, 2) AS payment_value
FROM read_csv('$source/olist_order_payments_dataset.csv', all_varchar = true);
CREATE TABLE reviews AS
SELECT review_id, order_id, review_score::SMALLINT AS review_score, review_comment_title, review_comment_message,
    review_creation_date::TIMESTAMP AS created_at, review_answer_timestamp::TIMESTAMP AS answered_at
FROM read_csv('$source/olist_order_reviews_dataset.csv', all_varchar = true, quote = '"', escape = '"');
CREATE TABLE products AS
SELECT product_id, product_category_name, COLUMNS('lenght|qty|_g|_cm')::INTEGER
FROM read_csv('$source/olist_products_dataset.csv', all_varchar = true);
CREATE TABLE sellers AS SELECT * FROM read_csv('$source/olist_sellers_dataset.csv', all_varchar = true);
CREATE TABLE translations AS SELECT * FROM read_csv('$source/product_category_name_translation.csv', all_varchar = true);

CREATE TABLE dim_date AS
SELECT strftime(d, '%Y%m%d')::INTEGER AS date_key, d::DATE AS calendar_date, year(d) AS y, quarter(d) AS q, month(d) AS m
FROM generate_series(TIMESTAMP '2016-01-01', TIMESTAMP '2020-12-31', INTERVAL 1 DAY) AS t(d);
CREATE TABLE dim_geography AS
WITH points AS (
    SELECT zip, median(lat) AS lat, median(lng) AS lng, count(*) AS n
    FROM geolocation WHERE lat BETWEEN -33.8 AND 5.3 AND lng BETWEEN -74 AND -32.3 GROUP BY zip
),
spellings AS (SELECT zip, city, state, count(*) AS n FROM geolocation GROUP BY zip, city, state),
normal AS (
    SELECT zip, regexp_replace(trim(lower(strip_accents(city))), ' +', ' ', 'g') AS city, state, sum(n) AS n
    FROM spellings GROUP BY ALL
),
names AS (SELECT *, row_number() OVER (PARTITION BY zip ORDER BY n DESC, city, state) AS place FROM normal)
SELECT md5_number(zip) AS geography_key, zip, city, state, lat, lng, points.n
FROM names LEFT JOIN points USING (zip) WHERE place = 1;
CREATE TABLE dim_customer AS
WITH used AS (
    SELECT customer_unique_id, customer_zip_code_prefix AS zip, customer_city AS city, customer_state AS state, purchased_at,
        lag(customer_zip_code_prefix || customer_city) OVER w AS before
    FROM customers JOIN orders USING (customer_id) WINDOW w AS (PARTITION BY customer_unique_id ORDER BY purchased_at)
),
versions AS (
    SELECT *, if(before IS NULL, TIMESTAMP '1900-01-01', purchased_at) AS valid_from
    FROM used WHERE before IS NULL OR before <> zip || city
)
SELECT md5_number(customer_unique_id || valid_from::VARCHAR) AS customer_key, customer_unique_id, zip, city, state, valid_from,
    coalesce(lead(valid_from) OVER (PARTITION BY customer_unique_id ORDER BY valid_from), TIMESTAMP '9999-12-31') AS valid_to
FROM versions;
CREATE TABLE dim_product AS
SELECT md5_number(product_id) AS product_key, products.*,
    coalesce(product_category_name_english, product_category_name, 'unknown') AS category
FROM products LEFT JOIN translations USING (product_category_name);
CREATE TABLE dim_seller AS SELECT md5_number(seller_id) AS seller_key, * FROM sellers;
CREATE TABLE fact_order AS
WITH i AS (SELECT order_id, count(*) AS item_count, sum(price) AS product_value, sum(freight_value) AS freight_value FROM items GROUP BY order_id),
p AS (SELECT order_id, sum(payment_value) AS payment_value FROM payments GROUP BY order_id),
r AS (SELECT order_id, arg_max(review_score, answered_at) AS review_score FROM reviews GROUP BY order_id)
SELECT orders.*, c.customer_unique_id, d.customer_key, d.state, d.city, d.zip,
    strftime(purchased_at, '%Y%m%d')::INTEGER AS purchase_date_key,
    order_status IN ('canceled', 'unavailable') AS is_cancelled,
    date_diff('day', purchased_at, delivered_at) AS delivery_days, delivered_at::DATE > estimated_at::DATE AS is_late,
    coalesce(item_count, 0) AS item_count, coalesce(product_value, 0) AS product_value,
    coalesce(freight_value, 0) AS freight_value, coalesce(product_value + freight_value, 0) AS order_value,
    coalesce(payment_value, 0) AS payment_value, review_score
FROM orders JOIN customers AS c USING (customer_id)
JOIN dim_customer AS d ON c.customer_unique_id = d.customer_unique_id AND purchased_at >= valid_from AND purchased_at < valid_to
LEFT JOIN i USING (order_id) LEFT JOIN p USING (order_id) LEFT JOIN r USING (order_id);
CREATE TABLE fact_order_item AS
SELECT items.*, product_key, seller_key, customer_key, purchase_date_key
FROM items JOIN fact_order USING (order_id) LEFT JOIN dim_product USING (product_id) LEFT JOIN dim_seller USING (seller_id);
CREATE TABLE fact_payment AS SELECT payments.*, customer_key, purchase_date_key FROM payments JOIN fact_order USING (order_id);
CREATE TABLE fact_review AS SELECT reviews.*, customer_key FROM reviews JOIN fact_order USING (order_id);
CREATE TABLE sales_overview AS
SELECT date_trunc('month', purchased_at) AS sales_month, state, city, count(*) AS order_count,
    count(DISTINCT customer_unique_id) AS customer_count, sum(item_count) AS item_count, sum(order_value) AS total_value,
    sum(order_value) FILTER (NOT is_cancelled) AS net_value, avg(is_late::INT) AS late_share, avg(review_score) AS score
FROM fact_order GROUP BY ALL;
CREATE TABLE single_customer_view AS
WITH o AS (
    SELECT customer_unique_id, min(purchased_at) AS first_order_at, max(purchased_at) AS last_order_at, count(*) AS order_count,
        sum(item_count) AS item_count, sum(order_value) AS total_value, sum(order_value) FILTER (NOT is_cancelled) AS net_value,
        sum(payment_value) AS payment_value, avg(review_score) AS score, avg(delivery_days) AS delivery_days
    FROM fact_order GROUP BY customer_unique_id
),
t AS (
    SELECT customer_unique_id, arg_max(payment_type, n) AS payment_type
    FROM (SELECT customer_unique_id, payment_type, count(*) AS n FROM fact_payment JOIN fact_order USING (order_id) GROUP BY ALL) GROUP BY ALL
),
g AS (
    SELECT customer_unique_id, arg_max(category, n) AS category
    FROM (SELECT customer_unique_id, category, count(*) AS n FROM fact_order_item JOIN fact_order USING (order_id) JOIN dim_product USING (product_key) GROUP BY ALL) GROUP BY ALL
)
SELECT d.customer_unique_id, d.zip, d.city, d.state, lat, lng, o.* EXCLUDE (customer_unique_id), payment_type, category
FROM dim_customer AS d LEFT JOIN o USING (customer_unique_id) LEFT JOIN t USING (customer_unique_id)
LEFT JOIN g USING (customer_unique_id) LEFT JOIN dim_geography AS p ON d.zip = p.zip
WHERE valid_to > TIMESTAMP '9999-01-01';
