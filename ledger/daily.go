package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// total is a line of the daily roll-up.
type total struct {
	Day     string `db:"day"`
	Type    Type   `db:"type"`
	Source  Source `db:"source"`
	Points  int64  `db:"points"`
	Pending int64  `db:"pending"`
	Entries int64  `db:"entries"`
}

type dayKey struct {
	day    string
	kind   Type
	source Source
}

// totals adds up entries by day, type and source.
type totals struct {
	zone *time.Location
	sums map[dayKey]*total
}

func newTotals(zone *time.Location) *totals {
	return &totals{zone: zone, sums: map[dayKey]*total{}}
}

func (s *totals) add(e *Entry) error {
	k := dayKey{e.OccurredAt.In(s.zone).Format(time.DateOnly), e.Type, e.Source}
	t, ok := s.sums[k]
	if !ok {
		t = &total{Day: k.day, Type: e.Type, Source: e.Source}
		s.sums[k] = t
	}
	points, pending := t.Points+e.Points, t.Pending+e.Pending
	if (points > t.Points) != (e.Points > 0) && e.Points != 0 || (pending > t.Pending) != (e.Pending > 0) && e.Pending != 0 {
		return &OverflowError{User: e.User, What: fmt.Sprintf("the sum of %s for %s on %s", e.Type, e.Source, k.day)}
	}
	t.Points, t.Pending = points, pending
	t.Entries++
	return nil
}

// lines returns the sums in the order of the table's key, so that concurrent
// readers and writers meet its rows in one order.
func (s *totals) lines() []*total {
	lines := make([]*total, 0, len(s.sums))
	for _, t := range s.sums {
		lines = append(lines, t)
	}
	slices.SortFunc(lines, func(a, b *total) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Source, b.Source))
	})
	return lines
}

// rollUp adds the entries to the daily roll-up.
func (t *Tx) rollUp(ctx context.Context, entries []Entry) error {
	sums := newTotals(t.ledger.zone)
	for i := range entries {
		if err := sums.add(&entries[i]); err != nil {
			return err
		}
	}
	return addTotals(ctx, t.Tx, t.ledger, sums.lines())
}

func addTotals(ctx context.Context, tx *sqlx.Tx, l *Ledger, lines []*total) error {
	for chunk := range slices.Chunk(lines, maxInList) {
		args := make([]any, 0, len(chunk)*6)
		for _, line := range chunk {
			args = append(args, line.Day, line.Type, line.Source, line.Points, line.Pending, line.Entries)
		}
		_, err := tx.ExecContext(ctx, l.sql(`
			INSERT INTO {p}loyalty_points_daily (day, type, source, points, pending, entries) VALUES `)+rows(6, len(chunk))+`
			ON DUPLICATE KEY UPDATE points = points + VALUES(points), pending = pending + VALUES(pending),
			  entries = entries + VALUES(entries)`, args...)
		if err != nil {
			return fmt.Errorf("add to the daily roll-up: %w", err)
		}
	}
	return nil
}

// SetZone makes the daily roll-up count the days of the ledger's zone. When it
// counted those of another one, it is built anew from the entries; rebuilt
// says so. A roll-up that never counted any takes the zone of its first entry.
func (l *Ledger) SetZone(ctx context.Context, lease *Lease) (rebuilt bool, err error) {
	var zone string
	if err := l.db.GetContext(ctx, &zone, l.sql(`SELECT zone FROM {p}loyalty_writer WHERE id = 1`)); err != nil {
		return false, fmt.Errorf("read the zone of the daily roll-up: %w", err)
	}
	if zone == "" || zone == l.zone.String() {
		return false, nil
	}
	return true, l.RebuildDaily(ctx, lease)
}

// RebuildDaily makes the daily roll-up anew from the entries, in the ledger's
// zone.
func (l *Ledger) RebuildDaily(ctx context.Context, lease *Lease) error {
	return l.fenced(ctx, lease, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, l.sql(`UPDATE {p}loyalty_writer SET zone = ? WHERE id = 1`), l.zone.String()); err != nil {
			return fmt.Errorf("change the zone of the daily roll-up: %w", err)
		}
		if _, err := tx.ExecContext(ctx, l.sql(`DELETE FROM {p}loyalty_points_daily`)); err != nil {
			return fmt.Errorf("empty the daily roll-up: %w", err)
		}
		sums := newTotals(l.zone)
		if err := l.eachEntry(ctx, tx, sums.add); err != nil {
			return err
		}
		return addTotals(ctx, tx, l, sums.lines())
	})
}

// eachEntry calls work for all entries by id, holding one batch at a time.
func (l *Ledger) eachEntry(ctx context.Context, q sqlx.QueryerContext, work func(*Entry) error) error {
	const batch = 5000
	var after int64
	for {
		var entries []Entry
		err := sqlx.SelectContext(ctx, q, &entries, l.sql(`
			SELECT `+entryColumns+` FROM {p}loyalty_entries WHERE id > ? ORDER BY id LIMIT ?`), after, batch)
		if err != nil {
			return fmt.Errorf("read entries after %d: %w", after, err)
		}
		for i := range entries {
			if err := work(&entries[i]); err != nil {
				return err
			}
		}
		if len(entries) < batch {
			return nil
		}
		after = entries[len(entries)-1].ID
	}
}

// Outstanding returns the sum of all balances, in points, at most what an
// int64 holds. It reads the daily roll-up, which has a few rows a day.
func (l *Ledger) Outstanding(ctx context.Context) (int64, error) {
	var sum int64
	err := l.db.GetContext(ctx, &sum, l.sql(`
		SELECT COALESCE(LEAST(GREATEST(SUM(points), -9223372036854775807), 9223372036854775807), 0)
		FROM {p}loyalty_points_daily`))
	if err != nil {
		return 0, fmt.Errorf("sum up the outstanding points: %w", err)
	}
	return sum, nil
}

// EntryCount returns how many entries there are, from the daily roll-up.
func (l *Ledger) EntryCount(ctx context.Context) (int64, error) {
	var n int64
	if err := l.db.GetContext(ctx, &n, l.sql(`SELECT COALESCE(SUM(entries), 0) FROM {p}loyalty_points_daily`)); err != nil {
		return 0, fmt.Errorf("count the entries: %w", err)
	}
	return n, nil
}
