-- What sync last saw of the coupons of redemptions, and which orders carry
-- their codes.

CREATE TABLE IF NOT EXISTS {p}loyalty_seen_coupons (
  redemption_id BIGINT UNSIGNED NOT NULL,
  coupon_id     BIGINT UNSIGNED NOT NULL,
  digest        BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (redemption_id),
  KEY coupon (coupon_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_seen_uses (
  order_id      BIGINT UNSIGNED NOT NULL,
  redemption_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (order_id, redemption_id),
  KEY redemption (redemption_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
