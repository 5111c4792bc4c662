-- What the plugin saw change. It adds rows at the end of a request; the daemon
-- reads them in order and deletes those that it has handled.

CREATE TABLE IF NOT EXISTS {p}loyalty_dirty (
  seq       BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id BIGINT UNSIGNED NOT NULL,
  noted_at  DATETIME(6) NOT NULL,
  PRIMARY KEY (seq)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- How daemon and plugin stand to each other: one row.

CREATE TABLE IF NOT EXISTS {p}loyalty_pairing (
  id              TINYINT UNSIGNED NOT NULL,
  rotate_asked_at DATETIME(6) NULL,
  key_id          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  key_problem     VARCHAR(1024) NOT NULL DEFAULT '',
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

INSERT INTO {p}loyalty_pairing (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id;
