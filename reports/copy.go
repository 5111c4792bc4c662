package reports

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
)

// copyBatch bounds what one statement copies.
const copyBatch = 1000

// copy brings the site's copies of the ledger up to its last entry. To make
// them anew, the history must be complete through the entry mended; the rest
// of it is copied and all else is made from it.
func (u *update) copy(ctx context.Context, through, mended, last int64, anew bool) error {
	if anew {
		through = mended
	}
	for through < last {
		entries, err := u.readLedger(ctx, u.ledgerReader(), through, last, copyBatch)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			break
		}
		if err := u.insertHistory(ctx, u.tx, entries); err != nil {
			return err
		}
		if !anew {
			if err := u.addToAccounts(ctx, entries); err != nil {
				return err
			}
			if err := u.addToDaily(ctx, entries); err != nil {
				return err
			}
		}
		through = entries[len(entries)-1].ID
	}
	if !anew {
		return nil
	}
	if err := u.remakeAccounts(ctx, last); err != nil {
		return err
	}
	return u.remakeDaily(ctx, last)
}

// readLedger returns up to limit entries with after < id <= last, with their
// notes.
func (r *Reports) readLedger(ctx context.Context, q sqlx.QueryerContext, after, last int64, limit int) ([]Entry, error) {
	var entries []Entry
	err := sqlx.SelectContext(ctx, q, &entries, r.ledger.Prefix.SQL(`
		SELECT e.id AS entry_id, e.user_id, e.seq, e.occurred_at, e.recorded_at, e.type, e.source, e.object_id,
		  e.points, e.pending, e.balance, n.note
		FROM {p}loyalty_entries e LEFT JOIN {p}loyalty_entry_notes n ON n.entry_id = e.id
		WHERE e.id > ? AND e.id <= ? ORDER BY e.id LIMIT ?`), after, last, limit)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's entries after %d: %w", after, err)
	}
	return entries, nil
}

// insertHistory copies entries; those that are there already stay.
func (r *Reports) insertHistory(ctx context.Context, tx *sqlx.Tx, entries []Entry) error {
	args := make([]any, 0, len(entries)*12)
	for _, e := range entries {
		args = append(args, e.ID, e.User, e.Seq, e.OccurredAt, e.RecordedAt, e.Type, e.Source, e.Object,
			e.Points, e.Pending, e.Balance, e.Note)
	}
	_, err := tx.ExecContext(ctx, r.sql(`
		INSERT INTO {p}loyalty_points_history (`+historyColumns+`) VALUES `+values(12, len(entries))+`
		ON DUPLICATE KEY UPDATE entry_id = entry_id`), args...)
	if err != nil {
		return fmt.Errorf("copy %d entries: %w", len(entries), err)
	}
	return nil
}

func (u *update) addToAccounts(ctx context.Context, entries []Entry) error {
	accounts, err := sumAccounts(entries)
	if err != nil {
		return err
	}
	args := make([]any, 0, len(accounts)*10)
	for _, user := range slices.Sorted(maps.Keys(accounts)) {
		a := accounts[user]
		args = append(args, a.User, a.Balance, a.Pending, a.Earned, a.Redeemed, a.Expired, a.Revoked, a.Adjusted, a.Entries, a.LastEntryAt)
	}
	_, err = u.tx.ExecContext(ctx, u.sql(`
		INSERT INTO {p}loyalty_accounts (`+accountColumns+`) VALUES `+values(10, len(accounts))+`
		ON DUPLICATE KEY UPDATE balance = VALUES(balance), seq = VALUES(seq), last_entry_at = VALUES(last_entry_at),
		  pending = pending + VALUES(pending), earned = earned + VALUES(earned), redeemed = redeemed + VALUES(redeemed),
		  expired = expired + VALUES(expired), revoked = revoked + VALUES(revoked), adjusted = adjusted + VALUES(adjusted)`), args...)
	if err != nil {
		return fmt.Errorf("copy %d accounts: %w", len(accounts), err)
	}
	return nil
}

// sumAccounts returns what the entries, which are in the order of recording,
// add to their accounts, and the balances after them.
func sumAccounts(entries []Entry) (map[int64]*Account, error) {
	accounts := map[int64]*Account{}
	var total adder
	for _, e := range entries {
		a, ok := accounts[e.User]
		if !ok {
			a = &Account{User: e.User}
			accounts[e.User] = a
		}
		a.Balance, a.Entries = e.Balance, e.Seq
		a.LastEntryAt = sql.NullTime{Time: e.RecordedAt, Valid: true}
		total.add(&a.Pending, e.Pending)
		row := ledger.Type(e.Type).Info()
		if row.Earned {
			total.add(&a.Earned, e.Points)
		}
		total.count(a.figure(row.Figure), row.Counts, e.Points)
	}
	if total.overflow {
		return nil, tooMuch("of entries through %d", entries[len(entries)-1].ID)
	}
	return accounts, nil
}

// figure returns where an account has a figure; nil: nowhere.
func (a *Account) figure(f ledger.Figure) *int64 {
	switch f {
	case ledger.Redeemed:
		return &a.Redeemed
	case ledger.Expired:
		return &a.Expired
	case ledger.Revoked:
		return &a.Revoked
	case ledger.Adjusted:
		return &a.Adjusted
	default:
		return nil
	}
}

// figureSum returns the sum, in SQL, of the entries that count in a figure.
func figureSum(f ledger.Figure) string {
	types := ledger.TypesOf(f)
	sum := sumOfTypes(types)
	if types[0].Info().Counts < 0 {
		sum = "-" + sum
	}
	return sum
}

func sumOfTypes(types []ledger.Type) string {
	return `SUM(CASE WHEN type IN (` + ledger.Quoted(types...) + `) THEN points ELSE 0 END)`
}

func (u *update) remakeAccounts(ctx context.Context, last int64) error {
	if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_accounts`)); err != nil {
		return fmt.Errorf("empty the copy of the accounts: %w", err)
	}
	_, err := u.tx.ExecContext(ctx, u.sql(`
		INSERT INTO {p}loyalty_accounts (`+accountColumns+`)
		SELECT s.user_id, h.balance, s.pending, s.earned, s.redeemed, s.expired, s.revoked, s.adjusted, s.seq, h.recorded_at
		FROM (
		  SELECT user_id, SUM(pending) AS pending,
		    `+sumOfTypes(earnedTypes)+` AS earned, `+figureSum(ledger.Redeemed)+` AS redeemed,
		    `+figureSum(ledger.Expired)+` AS expired, `+figureSum(ledger.Revoked)+` AS revoked,
		    `+figureSum(ledger.Adjusted)+` AS adjusted, MAX(seq) AS seq
		  FROM {p}loyalty_points_history WHERE entry_id <= ? GROUP BY user_id) s
		JOIN {p}loyalty_points_history h ON h.user_id = s.user_id AND h.seq = s.seq`), last)
	if err != nil {
		return fmt.Errorf("make the copy of the accounts anew: %w", err)
	}
	return nil
}

// dayLine is a line of the daily sums.
type dayLine struct {
	Day    Day    `db:"day"`
	Type   string `db:"type"`
	Source string `db:"source"`
}

type daySum struct {
	Points  int64 `db:"points"`
	Pending int64 `db:"pending"`
	Entries int64 `db:"entries"`
}

// daily adds up entries by day, type and source.
type daily struct {
	zone  *time.Location
	sums  map[dayLine]daySum
	total adder
}

func newDaily(zone *time.Location) *daily { return &daily{zone: zone, sums: map[dayLine]daySum{}} }

func (d *daily) add(at time.Time, kind, source string, points, pending int64) {
	line := dayLine{DayOf(at, d.zone), kind, source}
	sum := d.sums[line]
	d.total.add(&sum.Points, points)
	d.total.add(&sum.Pending, pending)
	sum.Entries++
	d.sums[line] = sum
}

func (d *daily) lines() []dayLine {
	return slices.SortedFunc(maps.Keys(d.sums), func(a, b dayLine) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Source, b.Source))
	})
}

func (u *update) addToDaily(ctx context.Context, entries []Entry) error {
	sums := newDaily(u.settings.Zone)
	for _, e := range entries {
		sums.add(e.OccurredAt, e.Type, e.Source, e.Points, e.Pending)
	}
	return u.insertDaily(ctx, sums)
}

func (u *update) insertDaily(ctx context.Context, sums *daily) error {
	if sums.total.overflow {
		return tooMuch("of a day")
	}
	for lines := range slices.Chunk(sums.lines(), copyBatch) {
		args := make([]any, 0, len(lines)*6)
		for _, line := range lines {
			sum := sums.sums[line]
			args = append(args, line.Day, line.Type, line.Source, sum.Points, sum.Pending, sum.Entries)
		}
		_, err := u.tx.ExecContext(ctx, u.sql(`
			INSERT INTO {p}loyalty_points_daily (day, type, source, points, pending, entries) VALUES `+values(6, len(lines))+`
			ON DUPLICATE KEY UPDATE points = points + VALUES(points), pending = pending + VALUES(pending),
			  entries = entries + VALUES(entries)`), args...)
		if err != nil {
			return fmt.Errorf("copy the daily sums: %w", err)
		}
	}
	return nil
}

// remakeDaily makes the daily sums anew from the copied history. The days are
// found here and not in the server, which may not know the zone.
func (u *update) remakeDaily(ctx context.Context, last int64) error {
	if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_points_daily`)); err != nil {
		return fmt.Errorf("empty the copy of the daily sums: %w", err)
	}
	sums := newDaily(u.settings.Zone)
	for after := int64(0); ; {
		const batch = 10_000
		var entries []Entry
		err := u.tx.SelectContext(ctx, &entries, u.sql(`
			SELECT entry_id, occurred_at, type, source, points, pending FROM {p}loyalty_points_history
			WHERE entry_id > ? AND entry_id <= ? ORDER BY entry_id LIMIT ?`), after, last, batch)
		if err != nil {
			return fmt.Errorf("read the copied history after %d: %w", after, err)
		}
		for _, e := range entries {
			sums.add(e.OccurredAt, e.Type, e.Source, e.Points, e.Pending)
		}
		if len(entries) < batch {
			return u.insertDaily(ctx, sums)
		}
		after = entries[len(entries)-1].ID
	}
}
