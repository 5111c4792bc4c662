-- Rules by product and category, as the configuration's versions have them.

CREATE TABLE IF NOT EXISTS {p}loyalty_product_rules (
  kind      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id BIGINT UNSIGNED NOT NULL,
  program   BIGINT UNSIGNED NOT NULL,
  gives     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount    VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (kind, object_id, program)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
