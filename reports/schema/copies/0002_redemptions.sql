-- The copy of the redemptions.

CREATE TABLE IF NOT EXISTS {p}loyalty_redemptions (
  id          BIGINT UNSIGNED NOT NULL,
  user_id     BIGINT UNSIGNED NOT NULL,
  points      BIGINT NOT NULL,
  returned    BIGINT NOT NULL DEFAULT 0,
  amount      DECIMAL(26,8) NOT NULL,
  currency    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  coupon_id   BIGINT UNSIGNED NULL,
  order_id    BIGINT UNSIGNED NULL,
  state       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reserved_at DATETIME(6) NOT NULL,
  changed_at  DATETIME(6) NOT NULL,
  expires_on  DATE NULL,
  PRIMARY KEY (id),
  KEY code (code),
  KEY user_redemptions (user_id, id),
  KEY changed (changed_at, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
