-- A WooCommerce store of a given size, by set-based SQL: for each order 2.5
-- lines with nine meta rows a line and an order note, for every twentieth
-- completed one a refund, for every fifth no customer, 0.3 reviews. {orders} is
-- replaced by the number. Nothing is random: the same size gives the same
-- store. Which order has which customer, which status and a refund does not hang
-- together: of a customer's five orders at most one earns nothing.

-- Ids: products 101 to 300, customers from 1001, orders from 10,000,001 (in
-- WordPress they share one sequence with the posts), refunds after them.
CREATE TABLE bench_orders (
  n BIGINT UNSIGNED NOT NULL PRIMARY KEY, id BIGINT UNSIGNED NOT NULL, user_id BIGINT UNSIGNED NOT NULL,
  status VARCHAR(20) NOT NULL, made DATETIME NOT NULL, lines_from BIGINT UNSIGNED NOT NULL, pieces INT NOT NULL,
  total DECIMAL(26,8) NOT NULL, refund BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB;

INSERT INTO bench_orders
SELECT seq, 10000000 + seq, IF(seq % 5 = 0, 0, 1001 + (seq * 7919) % GREATEST({orders} DIV 5, 1)),
  ELT(1 + (seq * 31 + seq DIV GREATEST({orders} DIV 5, 1) * 10) % 50, 'processing', 'processing', 'on-hold', 'pending', 'cancelled', 'cancelled', 'failed', 'failed', 'refunded',
    'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed',
    'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed',
    'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed',
    'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed'),
  '2025-10-31 00:00:00' - INTERVAL 3 YEAR + INTERVAL ((seq * 94000000) DIV {orders}) SECOND,
  ((seq - 1) DIV 4) * 10 + ELT(1 + (seq - 1) % 4, 1, 2, 4, 7), 1 + (seq - 1) % 4, 0, 0
FROM seq_1_to_{orders};

-- A line costs between 5.00 and 104.90, by order and place.
CREATE TABLE bench_lines (
  item BIGINT UNSIGNED NOT NULL PRIMARY KEY, order_id BIGINT UNSIGNED NOT NULL, product BIGINT UNSIGNED NOT NULL,
  quantity INT NOT NULL, subtotal DECIMAL(26,8) NOT NULL, total DECIMAL(26,8) NOT NULL, refunds BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB;

INSERT INTO bench_lines
SELECT o.lines_from + p.seq, o.id, 101 + (o.n * 13 + p.seq * 17) % 200, 1 + (o.n + p.seq) % 3,
  (500 + (o.n * 37 + p.seq * 101) % 1000 * 10) / 100, ROUND((500 + (o.n * 37 + p.seq * 101) % 1000 * 10) * IF(o.n % 7 = 0, 90, 100) / 10000, 2), 0
FROM bench_orders o JOIN seq_0_to_3 p ON p.seq < o.pieces;

UPDATE bench_orders o JOIN (SELECT order_id, SUM(total) AS total FROM bench_lines GROUP BY order_id) l ON l.order_id = o.id
SET o.total = l.total + ROUND(l.total * 0.19, 2) + 4.90;

UPDATE bench_orders SET refund = 10000000 + {orders} + n WHERE n % 20 = 7 AND status = 'completed' OR status = 'refunded';

INSERT INTO bench_lines
SELECT ({orders} DIV 4 + 1) * 10 + o.n, o.refund, l.product, -l.quantity, -l.subtotal, -l.total, l.item
FROM bench_orders o JOIN bench_lines l ON l.item = o.lines_from WHERE o.refund > 0;

INSERT INTO {p}woocommerce_order_items (order_item_id, order_item_name, order_item_type, order_id)
SELECT item, CONCAT('Product ', product), 'line_item', order_id FROM bench_lines;

INSERT INTO {p}woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)
SELECT l.item, k.name, CASE k.name
  WHEN '_product_id' THEN l.product WHEN '_variation_id' THEN 0 WHEN '_qty' THEN l.quantity WHEN '_tax_class' THEN ''
  WHEN '_line_subtotal' THEN TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM l.subtotal)) WHEN '_line_total' THEN TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM l.total))
  WHEN '_line_subtotal_tax' THEN ROUND(l.subtotal * 0.19, 2) WHEN '_line_tax' THEN ROUND(l.total * 0.19, 2)
  WHEN '_line_tax_data' THEN CONCAT('a:2:{s:5:"total";a:1:{i:1;s:4:"', ROUND(l.total * 0.19, 2), '";}s:8:"subtotal";a:1:{i:1;s:4:"', ROUND(l.subtotal * 0.19, 2), '";}}')
  ELSE l.refunds END
FROM bench_lines l JOIN (
  SELECT 1 AS place, '_product_id' AS name UNION ALL SELECT 2, '_variation_id' UNION ALL SELECT 3, '_qty' UNION ALL SELECT 4, '_tax_class'
  UNION ALL SELECT 5, '_line_subtotal' UNION ALL SELECT 6, '_line_subtotal_tax' UNION ALL SELECT 7, '_line_total' UNION ALL SELECT 8, '_line_tax'
  UNION ALL SELECT 9, '_line_tax_data' UNION ALL SELECT 10, '_refunded_item_id') k
WHERE k.place < 10 OR l.refunds > 0 ORDER BY l.item, k.place;

INSERT INTO {u}users (ID, user_login, user_pass, user_nicename, user_email, user_registered, display_name)
SELECT 1000 + seq, CONCAT('customer', seq), '', CONCAT('customer', seq), CONCAT('customer', seq, '@example.test'), '2022-10-01 00:00:00', CONCAT('Customer ', seq)
FROM seq_1_to_{customers};

INSERT INTO {u}usermeta (user_id, meta_key, meta_value)
SELECT 1000 + seq, '{p}capabilities', 'a:1:{s:8:"customer";b:1;}' FROM seq_1_to_{customers};

INSERT INTO {p}posts (ID, post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status, post_name, to_ping, pinged, post_modified, post_modified_gmt, post_content_filtered, post_type)
SELECT 100 + seq, 1, '2022-01-01', '2022-01-01', '', CONCAT('Product ', 100 + seq), '', 'publish', CONCAT('product-', 100 + seq), '', '', '2022-01-01', '2022-01-01', '', 'product'
FROM seq_1_to_200;

INSERT INTO {p}term_relationships (object_id, term_taxonomy_id)
SELECT 100 + seq, (SELECT MIN(term_taxonomy_id) FROM {p}term_taxonomy WHERE taxonomy = 'product_cat') FROM seq_1_to_200;

INSERT INTO {p}comments (comment_post_ID, comment_author, comment_date, comment_date_gmt, comment_content, comment_approved, comment_type, user_id)
SELECT id, 'WooCommerce', made, made, 'Order status changed from Processing to Completed.', '1', 'order_note', 0 FROM bench_orders ORDER BY n;

INSERT INTO {p}comments (comment_post_ID, comment_author, comment_date, comment_date_gmt, comment_content, comment_approved, comment_type, user_id)
SELECT 101 + (n * 29 + n DIV GREATEST({orders} DIV 5, 1)) % 200, 'Customer', made, made, 'As described, quickly delivered.', IF(n % 33 = 0, '0', '1'), 'review', user_id
FROM bench_orders WHERE n % 10 IN (1, 4, 7) ORDER BY n;
