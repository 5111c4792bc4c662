-- The ledger is in another database: copies of what the site reads.

CREATE TABLE IF NOT EXISTS {p}loyalty_points_history (
  entry_id    BIGINT UNSIGNED NOT NULL,
  user_id     BIGINT UNSIGNED NOT NULL,
  seq         BIGINT UNSIGNED NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  recorded_at DATETIME(6) NOT NULL,
  type        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id   BIGINT UNSIGNED NOT NULL,
  points      BIGINT NOT NULL,
  pending     BIGINT NOT NULL,
  balance     BIGINT NOT NULL,
  note        TEXT NULL,
  PRIMARY KEY (entry_id),
  UNIQUE KEY account_seq (user_id, seq),
  KEY occurred (occurred_at, entry_id),
  KEY source_occurred (source, occurred_at, entry_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_accounts (
  user_id       BIGINT UNSIGNED NOT NULL,
  balance       BIGINT NOT NULL,
  pending       BIGINT NOT NULL,
  earned        BIGINT NOT NULL,
  redeemed      BIGINT NOT NULL,
  expired       BIGINT NOT NULL,
  revoked       BIGINT NOT NULL,
  adjusted      BIGINT NOT NULL,
  seq           BIGINT UNSIGNED NOT NULL,
  last_entry_at DATETIME(6) NULL,
  PRIMARY KEY (user_id),
  KEY earned (earned, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_points_daily (
  day     DATE NOT NULL,
  type    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points  BIGINT NOT NULL,
  pending BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (day, type, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
