-- What people read, one row or a few for each period.

CREATE TABLE IF NOT EXISTS {p}loyalty_points_status (
  period       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  from_day     DATE NULL,
  to_day       DATE NULL,
  opening      BIGINT NOT NULL,
  issued       BIGINT NOT NULL,
  redeemed     BIGINT NOT NULL,
  expired      BIGINT NOT NULL,
  revoked      BIGINT NOT NULL,
  adjusted     BIGINT NOT NULL,
  balance      BIGINT NOT NULL,
  pending      BIGINT NOT NULL,
  value        DECIMAL(26,8) NOT NULL,
  currency     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  participants BIGINT NOT NULL,
  refreshed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (period)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_points_sources (
  period    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points    BIGINT NOT NULL,
  entries   BIGINT NOT NULL,
  customers BIGINT NOT NULL,
  PRIMARY KEY (period, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_top_earners (
  period  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  place   SMALLINT UNSIGNED NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  earned  BIGINT NOT NULL,
  balance BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (period, place)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- The daemon that keeps these tables: one row.

CREATE TABLE IF NOT EXISTS {p}loyalty_daemon (
  id           TINYINT UNSIGNED NOT NULL,
  address      VARCHAR(255) NOT NULL DEFAULT '',
  version      VARCHAR(64) NOT NULL DEFAULT '',
  lease_holder VARCHAR(191) NOT NULL DEFAULT '',
  fence        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  heartbeat    DATETIME(6) NULL,
  run_kind     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  run_started  DATETIME(6) NULL,
  run_finished DATETIME(6) NULL,
  run_ok       TINYINT NOT NULL DEFAULT 1,
  run_message  VARCHAR(1024) NOT NULL DEFAULT '',
  run_figures  TEXT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

INSERT INTO {p}loyalty_daemon (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id;

-- How far the reports are. No day: they have to be built from the entries.

CREATE TABLE IF NOT EXISTS {p}loyalty_report_state (
  id              TINYINT UNSIGNED NOT NULL,
  through_entry   BIGINT UNSIGNED NOT NULL DEFAULT 0,
  generation      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  zone            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  week_start      TINYINT UNSIGNED NOT NULL DEFAULT 0,
  day             DATE NULL,
  currency        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  points_per_unit TEXT NULL,
  refreshed_at    DATETIME(6) NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

INSERT INTO {p}loyalty_report_state (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id;

-- What each customer did in each period, from which counts of customers and
-- the top earners follow. The row with an empty source is the customer's sum
-- over all sources. points and entries count earn and revoke, postings counts
-- entries of any type.

CREATE TABLE IF NOT EXISTS {p}loyalty_period_accounts (
  span     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source   VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id  BIGINT UNSIGNED NOT NULL,
  points   BIGINT NOT NULL,
  entries  BIGINT NOT NULL,
  postings BIGINT NOT NULL,
  PRIMARY KEY (span, source, user_id),
  KEY earners (span, source, points, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- The number of rows of the table above, by span and source.

CREATE TABLE IF NOT EXISTS {p}loyalty_period_customers (
  span      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customers BIGINT NOT NULL,
  PRIMARY KEY (span, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
