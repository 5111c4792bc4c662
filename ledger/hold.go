package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// saveHolds keeps one row for each object that has pending points, so that
// what falls due is found without looking at the entries.
func (t *Tx) saveHolds(ctx context.Context, postings []Posting) error {
	for chunk := range slices.Chunk(slices.DeleteFunc(slices.Clone(postings), func(p Posting) bool { return p.Pending == 0 }), maxInList) {
		args := make([]any, 0, len(chunk)*5)
		for _, p := range chunk {
			// Only a Hold knows when; the others meet a row that has it.
			at := p.ReleaseAt
			if at.IsZero() {
				at = p.OccurredAt
			}
			args = append(args, p.Source, p.Object, p.User, p.Pending, Instant(at))
		}
		_, err := t.ExecContext(ctx, t.ledger.sql(`
			INSERT INTO {p}loyalty_holds (source, object_id, user_id, pending, release_at) VALUES `)+rows(5, len(chunk))+`
			ON DUPLICATE KEY UPDATE pending = pending + VALUES(pending),
			  release_at = CASE WHEN VALUES(pending) > 0 THEN VALUES(release_at) ELSE release_at END`, args...)
		if err != nil {
			return fmt.Errorf("save holds: %w", err)
		}
		for source, objects := range objectsBySource(chunk) {
			if err := t.endHolds(ctx, source, objects); err != nil {
				return err
			}
		}
	}
	return nil
}

// endHolds drops the rows of objects that have nothing pending any more and
// refuses those that would have less than nothing.
func (t *Tx) endHolds(ctx context.Context, source Source, objects []int64) error {
	query, args, err := sqlx.In(t.ledger.sql(`
		SELECT object_id, user_id, pending, release_at FROM {p}loyalty_holds
		WHERE source = ? AND object_id IN (?) AND pending <= 0`), source, objects)
	if err != nil {
		return fmt.Errorf("read ended holds: %w", err)
	}
	var ended []DueHold
	if err := t.SelectContext(ctx, &ended, query, args...); err != nil {
		return fmt.Errorf("read ended holds: %w", err)
	}
	if len(ended) == 0 {
		return nil
	}
	for _, hold := range ended {
		if hold.Pending < 0 {
			return fmt.Errorf("%s %d in account %d, by %d: %w", source, hold.Object, hold.User, -hold.Pending, ErrNotHeld)
		}
	}
	query, args, err = sqlx.In(t.ledger.sql(`
		DELETE FROM {p}loyalty_holds WHERE source = ? AND object_id IN (?) AND pending = 0`), source, objects)
	if err != nil {
		return fmt.Errorf("end holds: %w", err)
	}
	if _, err := t.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("end holds: %w", err)
	}
	return nil
}

func objectsBySource(postings []Posting) map[Source][]int64 {
	objects := map[Source][]int64{}
	for _, p := range postings {
		objects[p.Source] = append(objects[p.Source], p.Object)
	}
	return objects
}

// Reschedule moves the end of the holding of an object's pending points.
func (t *Tx) Reschedule(ctx context.Context, source Source, object int64, releaseAt time.Time) error {
	_, err := t.ExecContext(ctx, t.ledger.sql(`
		UPDATE {p}loyalty_holds SET release_at = ? WHERE source = ? AND object_id = ?`), Instant(releaseAt), source, object)
	if err != nil {
		return fmt.Errorf("reschedule the hold of %s %d: %w", source, object, err)
	}
	return nil
}

// DueHold is a hold whose end has come.
type DueHold struct {
	Source    Source    `db:"source"`
	Object    int64     `db:"object_id"`
	User      int64     `db:"user_id"`
	Pending   int64     `db:"pending"`
	ReleaseAt time.Time `db:"release_at"`
}

// ReleaseDue releases up to limit holds of live accounts that are due by the
// database's clock and returns how many it released: each becomes a Release
// and an Earn, both dated at the end of the holding.
func (l *Ledger) ReleaseDue(ctx context.Context, lease *Lease, limit int) (int, error) {
	// Most runs find nothing due: look before the fence is taken.
	var due bool
	err := l.db.GetContext(ctx, &due, l.sql(`
		SELECT EXISTS (SELECT 1 FROM {p}loyalty_holds h JOIN {p}loyalty_accounts a ON a.user_id = h.user_id
		               WHERE h.release_at <= UTC_TIMESTAMP(6) AND a.frozen = 0)`))
	if err != nil {
		return 0, fmt.Errorf("look for holds that are due: %w", err)
	}
	if !due {
		return 0, nil
	}
	released := 0
	err = l.Update(ctx, lease, func(tx *Tx) error {
		var holds []DueHold
		err := tx.SelectContext(ctx, &holds, l.sql(`
			SELECT h.source, h.object_id, h.user_id, h.pending, h.release_at
			FROM {p}loyalty_holds h JOIN {p}loyalty_accounts a ON a.user_id = h.user_id
			WHERE h.release_at <= ? AND a.frozen = 0
			ORDER BY h.release_at, h.user_id, h.object_id, h.source LIMIT ?`), tx.Now, limit)
		if err != nil {
			return fmt.Errorf("read holds that are due: %w", err)
		}
		released = len(holds)
		postings, err := tx.release(ctx, holds)
		if err != nil {
			return err
		}
		_, err = tx.Post(ctx, postings)
		return err
	})
	return released, err
}

func (t *Tx) release(ctx context.Context, holds []DueHold) ([]Posting, error) {
	objects := map[Source][]int64{}
	for _, hold := range holds {
		objects[hold.Source] = append(objects[hold.Source], hold.Object)
	}
	posted := map[Source]map[int64]Posted{}
	for source, ids := range objects {
		var err error
		if posted[source], err = t.Posted(ctx, source, ids); err != nil {
			return nil, err
		}
	}
	postings := make([]Posting, 0, len(holds)*2)
	for _, hold := range holds {
		first := posted[hold.Source][hold.Object]
		postings = append(postings, ReleasePostings(hold, first.Program, first.FactAt)...)
	}
	return postings, nil
}

// ReleasePostings returns the two postings that make a hold's points
// available.
func ReleasePostings(hold DueHold, program int64, factAt time.Time) []Posting {
	release := Posting{
		User: hold.User, Type: Release, Source: hold.Source, Object: hold.Object, Pending: -hold.Pending,
		OccurredAt: hold.ReleaseAt, FactAt: factAt, Program: program, Cause: "held time over",
	}
	earn := release
	earn.Type, earn.Pending, earn.Points = Earn, 0, hold.Pending
	return []Posting{release, earn}
}
