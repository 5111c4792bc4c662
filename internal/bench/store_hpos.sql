-- The orders in WooCommerce's order tables, with a placeholder post for each.

INSERT INTO {p}posts (ID, post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status, to_ping, pinged, post_modified, post_modified_gmt, post_content_filtered, post_type)
SELECT id, 1, made, made, '', '', '', 'draft', '', '', made, made, '', 'shop_order_placehold' FROM bench_orders ORDER BY n;

INSERT INTO {p}wc_orders (id, status, currency, type, tax_amount, total_amount, customer_id, billing_email, date_created_gmt, date_updated_gmt, parent_order_id, payment_method)
SELECT id, CONCAT('wc-', status), 'USD', 'shop_order', ROUND(total * 0.16, 2), total, user_id, IF(user_id = 0, CONCAT('guest', n, '@example.test'), CONCAT('customer', user_id - 1000, '@example.test')),
  made, made + INTERVAL 2 DAY, 0, 'cod' FROM bench_orders ORDER BY n;

INSERT INTO {p}wc_orders (id, status, currency, type, total_amount, date_created_gmt, date_updated_gmt, parent_order_id)
SELECT o.refund, 'wc-completed', 'USD', 'shop_order_refund', IF(o.status = 'refunded', -o.total, l.total + ROUND(l.total * 0.19, 2)), o.made + INTERVAL 2 DAY, o.made + INTERVAL 2 DAY, o.id
FROM bench_orders o JOIN bench_lines l ON l.item = ({orders} DIV 4 + 1) * 10 + o.n WHERE o.refund > 0 ORDER BY o.n;

INSERT INTO {p}wc_order_operational_data (order_id, created_via, date_paid_gmt, date_completed_gmt, shipping_tax_amount, shipping_total_amount, discount_tax_amount, discount_total_amount)
SELECT id, 'checkout', IF(status IN ('completed', 'processing', 'refunded'), made + INTERVAL 1 HOUR, NULL), IF(status IN ('completed', 'refunded'), made + INTERVAL 1 DAY, NULL), 0, 4.90, 0, 0
FROM bench_orders ORDER BY n;

INSERT INTO {p}wc_order_operational_data (order_id, shipping_tax_amount, shipping_total_amount)
SELECT refund, 0, 0 FROM bench_orders WHERE refund > 0 ORDER BY n;

INSERT INTO {p}wc_orders_meta (order_id, meta_key, meta_value)
SELECT o.refund, '_refund_amount', ABS(IF(o.status = 'refunded', ROUND(o.total, 2), ROUND(l.total + ROUND(l.total * 0.19, 2), 2)))
FROM bench_orders o JOIN bench_lines l ON l.item = ({orders} DIV 4 + 1) * 10 + o.n WHERE o.refund > 0 ORDER BY o.n;
