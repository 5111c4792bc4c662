-- A ledger of a given size, without a store behind it and without true hashes:
-- {entries} entries over three years of {customers} customers, every eighth a
-- deduction, every twenty-fifth a redemption, and every {rare}th expired; the
-- first customer has {own} more. With the accounts that belong to them.

INSERT INTO {p}loyalty_entries (id, user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash)
SELECT seq, 1001 + (seq - 1) % {customers}, 1 + (seq - 1) DIV {customers},
  UTC_TIMESTAMP() - INTERVAL 3 YEAR + INTERVAL ((seq * 94600000) DIV {entries}) SECOND, UTC_TIMESTAMP(6),
  IF(seq % {rare} = 0, 'expire', IF(seq % 25 = 0, 'redeem', IF(seq % 8 = 0, 'revoke', 'earn'))),
  IF(seq % {rare} = 0, 'expiry', IF(seq % 25 = 0, 'coupon', ELT(1 + seq % 5, 'purchase', 'purchase', 'purchase', 'product_review', {bonus}))),
  seq, 0, IF(seq % {rare} = 0, -5, IF(seq % 25 = 0, -100, IF(seq % 8 = 0, -20, 10 + seq % 90))), 0, 0, UNHEX(SHA2(seq, 256))
FROM seq_1_to_{entries};

INSERT INTO {p}loyalty_entries (id, user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash)
SELECT {entries} + seq, 1001, (SELECT MAX(f.seq) FROM {p}loyalty_entries f WHERE f.user_id = 1001) + seq,
  UTC_TIMESTAMP() - INTERVAL 3 YEAR + INTERVAL ((seq * 94600000) DIV {own}) SECOND, UTC_TIMESTAMP(6),
  'earn', 'purchase', {entries} + seq, 0, 10, 0, 0, UNHEX(SHA2({entries} + seq, 256))
FROM seq_1_to_{own};

UPDATE {p}loyalty_entries e JOIN (
  SELECT id, SUM(points) OVER (PARTITION BY user_id ORDER BY seq) AS balance FROM {p}loyalty_entries
) b ON b.id = e.id SET e.balance = b.balance;

INSERT INTO {p}loyalty_accounts (user_id, balance, pending, earned, redeemed, expired, revoked, adjusted, seq, last_entry_at, head)
SELECT user_id, SUM(points), 0, SUM(IF(type IN ('redeem', 'expire'), 0, points)), -SUM(IF(type = 'redeem', points, 0)), -SUM(IF(type = 'expire', points, 0)), -SUM(IF(type = 'revoke', points, 0)), 0,
  MAX(seq), MAX(occurred_at), UNHEX(SHA2(user_id, 256)) FROM {p}loyalty_entries GROUP BY user_id;

INSERT INTO {u}users (ID, user_login, user_pass, user_nicename, user_email, user_registered, display_name)
SELECT 1000 + seq, CONCAT('customer', seq), '', CONCAT('customer', seq), CONCAT('customer', seq, '@example.test'), '2022-10-01 00:00:00', CONCAT('Customer ', seq)
FROM seq_1_to_{customers};
