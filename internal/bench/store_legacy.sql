-- The orders as posts.

INSERT INTO {p}posts (ID, post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status, to_ping, pinged, post_modified, post_modified_gmt, post_content_filtered, post_type)
SELECT id, 1, made, made, '', 'Order', '', CONCAT('wc-', status), '', '', made + INTERVAL 2 DAY, made + INTERVAL 2 DAY, '', 'shop_order' FROM bench_orders ORDER BY n;

INSERT INTO {p}posts (ID, post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status, to_ping, pinged, post_modified, post_modified_gmt, post_content_filtered, post_parent, post_type)
SELECT refund, 1, made + INTERVAL 2 DAY, made + INTERVAL 2 DAY, '', 'Refund', '', 'wc-completed', '', '', made + INTERVAL 2 DAY, made + INTERVAL 2 DAY, '', id, 'shop_order_refund'
FROM bench_orders WHERE refund > 0 ORDER BY n;

INSERT INTO {p}postmeta (post_id, meta_key, meta_value)
SELECT o.id, k.name, CASE k.name
  WHEN '_customer_user' THEN o.user_id WHEN '_billing_email' THEN IF(o.user_id = 0, CONCAT('guest', o.n, '@example.test'), CONCAT('customer', o.user_id - 1000, '@example.test'))
  WHEN '_order_currency' THEN 'USD' WHEN '_order_total' THEN ROUND(o.total, 2) WHEN '_order_shipping' THEN '4.90' WHEN '_order_shipping_tax' THEN '0'
  WHEN '_order_tax' THEN ROUND(o.total * 0.16, 2) WHEN '_cart_discount' THEN '0' WHEN '_payment_method' THEN 'cod'
  WHEN '_date_paid' THEN IF(o.status IN ('completed', 'processing', 'refunded'), UNIX_TIMESTAMP(o.made + INTERVAL 1 HOUR), '')
  ELSE IF(o.status IN ('completed', 'refunded'), UNIX_TIMESTAMP(o.made + INTERVAL 1 DAY), '') END
FROM bench_orders o JOIN (
  SELECT 1 AS place, '_customer_user' AS name UNION ALL SELECT 2, '_billing_email' UNION ALL SELECT 3, '_order_currency' UNION ALL SELECT 4, '_order_total'
  UNION ALL SELECT 5, '_order_shipping' UNION ALL SELECT 6, '_order_shipping_tax' UNION ALL SELECT 7, '_order_tax' UNION ALL SELECT 8, '_cart_discount'
  UNION ALL SELECT 9, '_payment_method' UNION ALL SELECT 10, '_date_paid' UNION ALL SELECT 11, '_date_completed') k ORDER BY o.n, k.place;

INSERT INTO {p}postmeta (post_id, meta_key, meta_value)
SELECT o.refund, k.name, CASE k.name
  WHEN '_refund_amount' THEN ABS(IF(o.status = 'refunded', ROUND(o.total, 2), ROUND(l.total + ROUND(l.total * 0.19, 2), 2)))
  WHEN '_order_total' THEN IF(o.status = 'refunded', -ROUND(o.total, 2), ROUND(l.total + ROUND(l.total * 0.19, 2), 2))
  WHEN '_order_currency' THEN 'USD' ELSE '0' END
FROM bench_orders o JOIN bench_lines l ON l.item = ({orders} DIV 4 + 1) * 10 + o.n JOIN (
  SELECT 1 AS place, '_refund_amount' AS name UNION ALL SELECT 2, '_order_total' UNION ALL SELECT 3, '_order_currency'
  UNION ALL SELECT 4, '_order_shipping' UNION ALL SELECT 5, '_order_shipping_tax') k
WHERE o.refund > 0 ORDER BY o.n, k.place;
