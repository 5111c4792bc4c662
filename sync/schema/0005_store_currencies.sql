-- The currencies that the store had, as the daemon saw them change.

CREATE TABLE IF NOT EXISTS {p}loyalty_store_currencies (
  version      BIGINT UNSIGNED NOT NULL,
  currency     VARCHAR(64) NOT NULL,
  decimals     TINYINT UNSIGNED NOT NULL,
  former_until DATETIME(6) NULL,
  effective_at DATETIME(6) NULL,
  PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
