-- The ledger is in this database: its entries, as people may see them.

CREATE OR REPLACE SQL SECURITY INVOKER VIEW {p}loyalty_points_history AS
SELECT e.id AS entry_id, e.user_id, e.seq, e.occurred_at, e.recorded_at, e.type, e.source, e.object_id,
  e.points, e.pending, e.balance, n.note
FROM {p}loyalty_entries e LEFT JOIN {p}loyalty_entry_notes n FORCE INDEX (PRIMARY) ON n.entry_id = e.id;
