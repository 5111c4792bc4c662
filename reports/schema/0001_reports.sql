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

-- How many customers have earnings or deductions of a source in a span, a
-- stretch of days that periods count; the empty source counts those with any
-- entry. In its row: how many customers of the span the table below lists, and
-- the rank that this list goes down to. Customers who earned less, or as much
-- with a higher id, are not on it.

CREATE TABLE IF NOT EXISTS {p}loyalty_period_customers (
  span         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customers    BIGINT NOT NULL,
  listed       BIGINT NOT NULL DEFAULT 0,
  least_points BIGINT NOT NULL DEFAULT 0,
  least_user   BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (span, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Who earned most in each span: some hundred customers, so that who follows is
-- known when one of the top earners falls.

CREATE TABLE IF NOT EXISTS {p}loyalty_period_earners (
  user_id BIGINT UNSIGNED NOT NULL,
  span    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points  BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (user_id, span),
  KEY earners (span, points, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
