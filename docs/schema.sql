-- The tables of loyaltyd, for a site whose table prefix is wp_. Normative: a
-- test compares this file with a migrated database, column by column and index
-- by index, on MariaDB and on MySQL.
--
-- Times are UTC. Points are whole. A day is a day in the site's time zone.

-- ===========================================================================
-- Public: what the plugin and other readers may rely on.
-- They are read, never written, by anybody but loyaltyd (loyalty_dirty excepted).
-- ===========================================================================

-- One row for each period: week_to_date, month_to_date, quarter_to_date,
-- year_to_date, last_week, last_month, last_quarter, last_year, last_30_days,
-- all_time. In every row
--   opening + issued - redeemed - expired - revoked + adjusted = balance.
CREATE TABLE wp_loyalty_points_status (
  period       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  from_day     DATE NULL,                -- first day; NULL for all_time
  to_day       DATE NULL,                -- last day; NULL for all_time
  opening      BIGINT NOT NULL,          -- sum of all balances before the first day
  issued       BIGINT NOT NULL,          -- sum of earn
  redeemed     BIGINT NOT NULL,          -- redeem less restore, positive
  expired      BIGINT NOT NULL,          -- positive
  revoked      BIGINT NOT NULL,          -- positive
  adjusted     BIGINT NOT NULL,          -- signed
  balance      BIGINT NOT NULL,          -- sum of all balances at the end of the last day
  pending      BIGINT NOT NULL,          -- held points at the end of the last day
  value        DECIMAL(26,8) NOT NULL,   -- balance / redeem.points_per_unit
  currency     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- of value
  participants BIGINT NOT NULL,          -- accounts with any entry in the period
  refreshed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (period)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Sources with any earn or revoke in the period.
CREATE TABLE wp_loyalty_points_sources (
  period    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points    BIGINT NOT NULL,             -- sum of earn and revoke, signed
  entries   BIGINT NOT NULL,             -- number of them
  customers BIGINT NOT NULL,             -- accounts that have any of them
  PRIMARY KEY (period, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- The 50 customers who earned most in the period, all above 0.
CREATE TABLE wp_loyalty_top_earners (
  period  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  place   SMALLINT UNSIGNED NOT NULL,    -- from 1; ties go to the lower user id
  user_id BIGINT UNSIGNED NOT NULL,
  earned  BIGINT NOT NULL,               -- earn less revoke
  balance BIGINT NOT NULL,               -- now
  entries BIGINT NOT NULL,               -- number of earn and revoke
  PRIMARY KEY (period, place)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Sums by day, type and source: any range of days is a sum over it.
CREATE TABLE wp_loyalty_points_daily (
  day     DATE NOT NULL,
  type    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points  BIGINT NOT NULL,               -- signed
  pending BIGINT NOT NULL,               -- signed: of hold, release, cancel_hold
  entries BIGINT NOT NULL,
  PRIMARY KEY (day, type, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Accounts. balance = earned - redeemed - expired + adjusted.
CREATE TABLE wp_loyalty_accounts (
  user_id       BIGINT UNSIGNED NOT NULL,
  balance       BIGINT NOT NULL,
  pending       BIGINT NOT NULL,         -- held, not in the balance
  earned        BIGINT NOT NULL,         -- earn less revoke
  redeemed      BIGINT NOT NULL,
  expired       BIGINT NOT NULL,
  revoked       BIGINT NOT NULL,
  adjusted      BIGINT NOT NULL,         -- signed
  seq           BIGINT UNSIGNED NOT NULL, -- number of entries
  last_entry_at DATETIME(6) NULL,        -- when the last one was recorded
  frozen        TINYINT NOT NULL DEFAULT 0, -- the user is excluded or gone
  head          BINARY(32) NOT NULL,     -- hash of the last entry
  PRIMARY KEY (user_id),
  KEY earned (earned, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Points spent on coupons. Its entries (source coupon, object id) sum up to
-- -points + returned. States: reserved (no coupon known yet), confirmed (the
-- coupon exists), used (by an order), closed (the coupon ended unused),
-- cancelled (given back before there was a coupon).
CREATE TABLE wp_loyalty_redemptions (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id     BIGINT UNSIGNED NOT NULL,
  points      BIGINT NOT NULL,           -- spent, above 0
  returned    BIGINT NOT NULL DEFAULT 0, -- of them, given back so far
  amount      DECIMAL(26,8) NOT NULL,    -- worth of the coupon
  currency    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- of amount
  code        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- of the coupon, lower case
  coupon_id   BIGINT UNSIGNED NULL,
  order_id    BIGINT UNSIGNED NULL,      -- that used it
  state       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reserved_at DATETIME(6) NOT NULL,
  changed_at  DATETIME(6) NOT NULL,
  expires_on  DATE NULL,                 -- the coupon's last day; NULL: never
  PRIMARY KEY (id),
  UNIQUE KEY code (code),
  KEY user_redemptions (user_id, id),
  KEY state_changed (state, changed_at),
  KEY changed (changed_at, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- The daemon, in one row (id 1).
CREATE TABLE wp_loyalty_daemon (
  id           TINYINT UNSIGNED NOT NULL,
  address      VARCHAR(255) NOT NULL DEFAULT '',   -- of its endpoint; empty: none
  version      VARCHAR(64) NOT NULL DEFAULT '',
  lease_holder VARCHAR(191) NOT NULL DEFAULT '',   -- empty: nobody is posting
  fence        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  heartbeat    DATETIME(6) NULL,
  run_kind     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  run_started  DATETIME(6) NULL,
  run_finished DATETIME(6) NULL,
  run_ok       TINYINT NOT NULL DEFAULT 1,
  run_message  VARCHAR(1024) NOT NULL DEFAULT '',
  run_figures  TEXT NULL,                          -- JSON
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- What the daemon shows of itself, as JSON: program, schedule, jobs, runs, store,
-- brake (null: nothing is withheld).
CREATE TABLE wp_loyalty_daemon_state (
  name       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value      LONGTEXT NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- What the plugin saw change (kind is order, comment, user, coupon or product).
-- The one table that others write: they insert, the daemon reads in the
-- order of seq and deletes what it has handled. Rows that say the same are fine.
CREATE TABLE wp_loyalty_dirty (
  seq       BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id BIGINT UNSIGNED NOT NULL,
  noted_at  DATETIME(6) NOT NULL,
  PRIMARY KEY (seq)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- How daemon and plugin are paired, in one row (id 1): the id of the last key
-- that the daemon accepted, why it accepts none (empty: it does), and since when
-- it asks for a new one.
CREATE TABLE wp_loyalty_pairing (
  id              TINYINT UNSIGNED NOT NULL,
  rotate_asked_at DATETIME(6) NULL,
  key_id          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  key_problem     VARCHAR(1024) NOT NULL DEFAULT '',
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- ===========================================================================
-- The daemon's own: they may change with any version.
-- ===========================================================================

-- The ledger itself. Rows are only ever inserted: revision counts the entries
-- of a source and object over all accounts, so that nothing is posted twice;
-- seq numbers an account's entries without gaps; hash is SHA-256 over the hash
-- before it and the fields. program is the version of the rules that valued it
-- (0: none), fact_at the time of the fact it was valued at, cause a short code
-- of what made it necessary, note_hash that of its note beside the chain.
CREATE TABLE wp_loyalty_entries (
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

-- Notes and who wrote them. They may be erased: the chain holds only a hash of
-- note, actor and salt.
CREATE TABLE wp_loyalty_entry_notes (
  entry_id BIGINT UNSIGNED NOT NULL,
  note     TEXT NOT NULL,
  actor    VARCHAR(191) NOT NULL,
  salt     BINARY(16) NOT NULL,
  PRIMARY KEY (entry_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- One row for each object with pending points, and when they are released.
CREATE TABLE wp_loyalty_holds (
  source     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id  BIGINT UNSIGNED NOT NULL,
  user_id    BIGINT UNSIGNED NOT NULL,
  pending    BIGINT NOT NULL,
  release_at DATETIME(6) NOT NULL,
  PRIMARY KEY (source, object_id, user_id),
  KEY due (release_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Versions of the rules. effective_at is when a run first saw them; NULL for the
-- first, which holds from the beginning of time. The rules by product and category
-- of a version are in loyalty_product_rules; the hash is over all of them.
CREATE TABLE wp_loyalty_programs (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  hash         BINARY(32) NOT NULL,
  rules        LONGTEXT NOT NULL,
  effective_at DATETIME(6) NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Requests of people, by the key that makes each one request.
CREATE TABLE wp_loyalty_requests (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  idem_key   VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body_hash  BINARY(32) NOT NULL,
  entry_id   BIGINT UNSIGNED NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY idem_key (idem_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Who may post: a lease by the database's clock, and the fence that every
-- posting transaction proves. zone is the time zone of points_daily. One row.
CREATE TABLE wp_loyalty_writer (
  id         TINYINT UNSIGNED NOT NULL,
  holder     VARCHAR(191) NOT NULL,
  fence      BIGINT UNSIGNED NOT NULL,
  n          BIGINT UNSIGNED NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  zone       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- What was last seen of each order and, with a parent, each refund. user_id is
-- whom it counts for, purchase its points there, email_key a digest of a guest's
-- e-mail (0: none), head and body digests of the stored rows.
CREATE TABLE wp_loyalty_seen_orders (
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

-- The same of each comment that can matter,
CREATE TABLE wp_loyalty_seen_comments (
  id      BIGINT UNSIGNED NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  post_id BIGINT UNSIGNED NOT NULL,
  digest  BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY author (user_id, post_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- and of each user; gone ones are kept.
CREATE TABLE wp_loyalty_seen_users (
  id        BIGINT UNSIGNED NOT NULL,
  email_key BIGINT UNSIGNED NOT NULL,
  frozen    TINYINT NOT NULL,
  gone      TINYINT NOT NULL,
  digest    BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY email (email_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Which order holds the first-order bonus of each customer.
CREATE TABLE wp_loyalty_first_orders (
  user_id  BIGINT UNSIGNED NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- What accounts keep of orders that were deleted for good (program.deleted_orders:
-- keep), by source, pending points included; for whom the order counted, and its
-- earning time, by which an order that is back is told from another one with its
-- number.
CREATE TABLE wp_loyalty_kept_orders (
  order_id    BIGINT UNSIGNED NOT NULL,
  source      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id     BIGINT UNSIGNED NOT NULL,
  points      BIGINT NOT NULL,
  counted_for BIGINT UNSIGNED NOT NULL,
  earns_at    DATETIME(6) NULL,
  PRIMARY KEY (order_id, source, user_id),
  KEY customer (user_id, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Orders that have the number of one that was gone when they came, and the last
-- entry of that one. They are judged by the rules of their own time.
CREATE TABLE wp_loyalty_reused_orders (
  order_id   BIGINT UNSIGNED NOT NULL,
  last_entry BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (order_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Direct categories of products over time: ids in ascending order, separated by
-- commas, each with those above it behind slashes, its parent first (12/7,15).
-- effective_at is NULL for the first version, which holds from the beginning of
-- time.
CREATE TABLE wp_loyalty_product_categories (
  product_id   BIGINT UNSIGNED NOT NULL,
  version      BIGINT UNSIGNED NOT NULL,
  effective_at DATETIME(6) NULL,
  categories   TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (product_id, version)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Rules by product and category, one row for each version of the programme that
-- changes one: what it gives from then on (exclude, points for each piece, or
-- points_per_unit; empty: there is no rule any more) and how much.
CREATE TABLE wp_loyalty_product_rules (
  kind      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_id BIGINT UNSIGNED NOT NULL,
  program   BIGINT UNSIGNED NOT NULL,
  gives     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount    VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (kind, object_id, program)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- The currencies that the store had, with the decimals of its prices. former_until is when a run last saw the one
-- before, effective_at when one first saw this one: in between both count. Both
-- are NULL for the first, which holds from the beginning of time.
CREATE TABLE wp_loyalty_store_currencies (
  version      BIGINT UNSIGNED NOT NULL,
  currency     VARCHAR(64) NOT NULL,
  decimals     TINYINT UNSIGNED NOT NULL,
  former_until DATETIME(6) NULL,
  effective_at DATETIME(6) NULL,
  PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Facts to be looked at again.
CREATE TABLE wp_loyalty_todo (
  kind  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id    BIGINT UNSIGNED NOT NULL,
  cause VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (kind, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- What sync last saw of the coupon of a redemption; a digest of 0 is to be
-- looked at again.
CREATE TABLE wp_loyalty_seen_coupons (
  redemption_id BIGINT UNSIGNED NOT NULL,
  coupon_id     BIGINT UNSIGNED NOT NULL,
  digest        BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (redemption_id),
  KEY coupon (coupon_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Orders that carry the code of a redemption.
CREATE TABLE wp_loyalty_seen_uses (
  order_id      BIGINT UNSIGNED NOT NULL,
  redemption_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (order_id, redemption_id),
  KEY redemption (redemption_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- How far sync has come, as JSON.
CREATE TABLE wp_loyalty_checkpoints (
  name  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value LONGTEXT NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- How far the reports are; no day: they have to be built from the entries.
-- One row.
CREATE TABLE wp_loyalty_report_state (
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

-- How many customers have earnings or deductions of a source in a stretch of
-- days (span); the empty source counts those with any entry. In its row: how many
-- customers of the span the table below lists, and the rank that this list goes
-- down to. Customers who earned less, or as much with a higher id, are not on it.
CREATE TABLE wp_loyalty_period_customers (
  span         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  customers    BIGINT NOT NULL,
  listed       BIGINT NOT NULL DEFAULT 0,
  least_points BIGINT NOT NULL DEFAULT 0,
  least_user   BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (span, source)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Who earned most in each stretch of days: some hundred customers, from which
-- the top earners follow.
CREATE TABLE wp_loyalty_period_earners (
  user_id BIGINT UNSIGNED NOT NULL,
  span    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points  BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (user_id, span),
  KEY earners (span, points, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Which migrations were applied.
CREATE TABLE wp_loyalty_migrations (
  component  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number     INT UNSIGNED NOT NULL,
  name       VARCHAR(191) NOT NULL,
  applied_at DATETIME(6) NOT NULL,
  PRIMARY KEY (component, number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Public again; it stands here because it reads tables of the daemon's.
-- Every entry of the ledger. A view where the ledger is in the store's own
-- database; a table with the same columns, NOT NULL but for note, where it is
-- elsewhere. One customer's pages are found by (user_id, seq), ranges of dates
-- by (occurred_at, entry_id), a source by (source, occurred_at, entry_id).
CREATE SQL SECURITY INVOKER VIEW wp_loyalty_points_history AS
SELECT e.id AS entry_id, e.user_id, e.seq, e.occurred_at, e.recorded_at, e.type, e.source, e.object_id,
  e.points, e.pending, e.balance, n.note
FROM wp_loyalty_entries e LEFT JOIN wp_loyalty_entry_notes n FORCE INDEX (PRIMARY) ON n.entry_id = e.id;
