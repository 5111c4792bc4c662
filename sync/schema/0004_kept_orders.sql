-- What accounts keep of orders that were deleted for good, and orders that have
-- the number of one that was.

CREATE TABLE IF NOT EXISTS {p}loyalty_kept_orders (
  order_id    BIGINT UNSIGNED NOT NULL,
  source      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id     BIGINT UNSIGNED NOT NULL,
  points      BIGINT NOT NULL,
  counted_for BIGINT UNSIGNED NOT NULL,
  earns_at    DATETIME(6) NULL,
  PRIMARY KEY (order_id, source, user_id),
  KEY customer (user_id, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_reused_orders (
  order_id   BIGINT UNSIGNED NOT NULL,
  last_entry BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (order_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
