-- What sync last saw of the store, and how far it has come. All of it could be
-- made again by a full sweep; it is what makes a sync cheap.

CREATE TABLE IF NOT EXISTS {p}loyalty_seen_orders (
  id        BIGINT UNSIGNED NOT NULL,
  parent_id BIGINT UNSIGNED NOT NULL,
  user_id   BIGINT UNSIGNED NOT NULL,
  email_key BIGINT UNSIGNED NOT NULL,
  earns_at  DATETIME(6) NULL,
  purchase  BIGINT NOT NULL,
  head      BIGINT UNSIGNED NOT NULL,
  body      BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY customer (user_id, earns_at, id),
  KEY guest (email_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_seen_comments (
  id      BIGINT UNSIGNED NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  post_id BIGINT UNSIGNED NOT NULL,
  digest  BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY author (user_id, post_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_seen_users (
  id        BIGINT UNSIGNED NOT NULL,
  email_key BIGINT UNSIGNED NOT NULL,
  frozen    TINYINT NOT NULL,
  gone      TINYINT NOT NULL,
  digest    BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY email (email_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_first_orders (
  user_id  BIGINT UNSIGNED NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_product_categories (
  product_id   BIGINT UNSIGNED NOT NULL,
  version      BIGINT UNSIGNED NOT NULL,
  effective_at DATETIME(6) NULL,
  categories   TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (product_id, version)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_todo (
  kind  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id    BIGINT UNSIGNED NOT NULL,
  cause VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (kind, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS {p}loyalty_checkpoints (
  name  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value LONGTEXT NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
