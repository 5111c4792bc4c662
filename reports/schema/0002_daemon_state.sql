-- What the daemon shows of itself beside its row, each thing as JSON by name.

CREATE TABLE IF NOT EXISTS {p}loyalty_daemon_state (
  name       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value      LONGTEXT NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
