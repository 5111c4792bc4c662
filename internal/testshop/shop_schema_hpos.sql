-- The order tables of WooCommerce 10.9.1 (high-performance order storage).

CREATE TABLE {p}wc_orders (
  id BIGINT UNSIGNED NOT NULL,
  status VARCHAR(20) DEFAULT NULL,
  currency VARCHAR(10) DEFAULT NULL,
  type VARCHAR(20) DEFAULT NULL,
  tax_amount DECIMAL(26,8) DEFAULT NULL,
  total_amount DECIMAL(26,8) DEFAULT NULL,
  customer_id BIGINT UNSIGNED DEFAULT NULL,
  billing_email VARCHAR(320) DEFAULT NULL,
  date_created_gmt DATETIME DEFAULT NULL,
  date_updated_gmt DATETIME DEFAULT NULL,
  parent_order_id BIGINT UNSIGNED DEFAULT NULL,
  payment_method VARCHAR(100) DEFAULT NULL,
  payment_method_title TEXT,
  transaction_id VARCHAR(100) DEFAULT NULL,
  ip_address VARCHAR(100) DEFAULT NULL,
  user_agent TEXT,
  customer_note TEXT,
  PRIMARY KEY (id),
  KEY status (status),
  KEY date_created (date_created_gmt),
  KEY customer_id_billing_email (customer_id, billing_email(171)),
  KEY customer_id_status (customer_id, status),
  KEY billing_email (billing_email(191)),
  KEY transaction_id (transaction_id(20)),
  KEY type_status_date (type, status, date_created_gmt),
  KEY parent_order_id (parent_order_id),
  KEY date_updated (date_updated_gmt)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;

CREATE TABLE {p}wc_orders_meta (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  order_id BIGINT UNSIGNED DEFAULT NULL,
  meta_key VARCHAR(255) DEFAULT NULL,
  meta_value TEXT,
  PRIMARY KEY (id),
  KEY meta_key_value (meta_key(50), meta_value(20)),
  KEY order_id_meta_key_meta_value (order_id, meta_key(100), meta_value(82))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;

CREATE TABLE {p}wc_order_operational_data (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  order_id BIGINT UNSIGNED DEFAULT NULL,
  created_via VARCHAR(100) DEFAULT NULL,
  woocommerce_version VARCHAR(20) DEFAULT NULL,
  prices_include_tax TINYINT(1) DEFAULT NULL,
  coupon_usages_are_counted TINYINT(1) DEFAULT NULL,
  download_permission_granted TINYINT(1) DEFAULT NULL,
  cart_hash VARCHAR(100) DEFAULT NULL,
  new_order_email_sent TINYINT(1) DEFAULT NULL,
  order_key VARCHAR(100) DEFAULT NULL,
  order_stock_reduced TINYINT(1) DEFAULT NULL,
  date_paid_gmt DATETIME DEFAULT NULL,
  date_completed_gmt DATETIME DEFAULT NULL,
  shipping_tax_amount DECIMAL(26,8) DEFAULT NULL,
  shipping_total_amount DECIMAL(26,8) DEFAULT NULL,
  discount_tax_amount DECIMAL(26,8) DEFAULT NULL,
  discount_total_amount DECIMAL(26,8) DEFAULT NULL,
  recorded_sales TINYINT(1) DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY order_id (order_id),
  KEY order_key (order_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;

CREATE TABLE {p}wc_order_addresses (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  order_id BIGINT UNSIGNED NOT NULL,
  address_type VARCHAR(20) DEFAULT NULL,
  first_name TEXT,
  last_name TEXT,
  company TEXT,
  address_1 TEXT,
  address_2 TEXT,
  city TEXT,
  state TEXT,
  postcode TEXT,
  country TEXT,
  email VARCHAR(320) DEFAULT NULL,
  phone VARCHAR(100) DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY address_type_order_id (address_type, order_id),
  KEY order_id (order_id),
  KEY email (email(191)),
  KEY phone (phone)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
