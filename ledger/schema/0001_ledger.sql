-- The ledger: entries are only ever inserted; everything else follows from them.

CREATE TABLE IF NOT EXISTS {p}loyalty_entries (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id     BIGINT UNSIGNED NOT NULL,
  seq         BIGINT UNSIGNED NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  recorded_at DATETIME(6) NOT NULL,
  type        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id   BIGINT UNSIGNED NOT NULL,
  revision    BIGINT UNSIGNED NOT NULL,
  points      BIGINT NOT NULL,
  pending     BIGINT NOT NULL,
  balance     BIGINT NOT NULL,
  program     BIGINT UNSIGNED NOT NULL DEFAULT 0,
  fact_at     DATETIME(6) NULL,
  cause       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  note_hash   BINARY(32) NULL,
  hash        BINARY(32) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY account_seq (user_id, seq),
  UNIQUE KEY posted_once (source, object_id, revision),
  KEY occurred (occurred_at, id),
  KEY source_occurred (source, occurred_at, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_entry_notes (
  entry_id BIGINT UNSIGNED NOT NULL,
  note     TEXT NOT NULL,
  actor    VARCHAR(191) NOT NULL,
  salt     BINARY(16) NOT NULL,
  PRIMARY KEY (entry_id)
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
  frozen        TINYINT NOT NULL DEFAULT 0,
  head          BINARY(32) NOT NULL,
  PRIMARY KEY (user_id),
  KEY earned (earned, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_holds (
  source     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id  BIGINT UNSIGNED NOT NULL,
  user_id    BIGINT UNSIGNED NOT NULL,
  pending    BIGINT NOT NULL,
  release_at DATETIME(6) NOT NULL,
  PRIMARY KEY (source, object_id, user_id),
  KEY due (release_at)
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

CREATE TABLE IF NOT EXISTS {p}loyalty_programs (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  hash         BINARY(32) NOT NULL,
  rules        LONGTEXT NOT NULL,
  effective_at DATETIME(6) NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_requests (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  idem_key   VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body_hash  BINARY(32) NOT NULL,
  entry_id   BIGINT UNSIGNED NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY idem_key (idem_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_writer (
  id         TINYINT UNSIGNED NOT NULL,
  holder     VARCHAR(191) NOT NULL,
  fence      BIGINT UNSIGNED NOT NULL,
  n          BIGINT UNSIGNED NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  zone       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

INSERT INTO {p}loyalty_writer (id, holder, fence, n, expires_at)
VALUES (1, '', 0, 0, '2000-01-01 00:00:00') ON DUPLICATE KEY UPDATE id = id;
