package sync

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// tailRows bounds what is compared of the end of each table; where there is
// more, a run goes through it page by page.
const tailRows = 1000

// standing is what the ledger says about whether there is anything to do.
type standing struct {
	Clock   time.Time       `db:"clock"`
	Zone    string          `db:"zone"`
	State   string          `db:"state"`
	Program int64           `db:"program"`
	Hash    []byte          `db:"hash"`
	From    ledger.NullTime `db:"effective_at"`
	Due     bool            `db:"due"`
}

// idle returns what an increment would tell if it found nothing to do, or nil
// if it may find something. It looks where an increment looks, in four
// statements and without the lease, and changes nothing: most runs end here.
func (e *Engine) idle(ctx context.Context) (*Summary, error) {
	started := e.Now()
	settings, err := e.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{Engine: e, settings: settings, exclusion: e.Programme.Exclusion}
	found, quiet, err := r.standing(ctx)
	if err != nil || !quiet {
		return nil, err
	}
	tail, err := e.Store.Tail(ctx, settings.Storage, r.tailFrom(), tailRows)
	if err != nil {
		return nil, err
	}
	if !r.within(tail, found.Clock) {
		return nil, nil
	}
	same, err := r.asSeen(ctx, tail)
	if err != nil || !same {
		return nil, err
	}
	summary := newSummary(Increment)
	summary.Program, summary.Complete, summary.Took = found.Program, true, e.Now().Sub(started)
	return summary, nil
}

// standing reads what the ledger has to do by itself; quiet says that it is
// nothing, and that settings and rules are those of the last run.
func (r *run) standing(ctx context.Context) (found standing, quiet bool, err error) {
	err = r.LedgerDB.GetContext(ctx, &found, r.sql(`
		SELECT UTC_TIMESTAMP(6) AS clock, w.zone, COALESCE(c.value, '') AS state, p.id AS program, p.hash, p.effective_at,
		  EXISTS (SELECT 1 FROM {p}loyalty_todo)
		  OR EXISTS (SELECT 1 FROM {p}loyalty_redemptions
		             WHERE state = 'reserved' AND changed_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND)
		  OR EXISTS (SELECT 1 FROM {p}loyalty_holds h JOIN {p}loyalty_accounts a ON a.user_id = h.user_id
		             WHERE h.release_at <= UTC_TIMESTAMP(6) AND a.frozen = 0) AS due
		FROM {p}loyalty_writer w
		JOIN {p}loyalty_programs p ON p.id = (SELECT MAX(id) FROM {p}loyalty_programs)
		LEFT JOIN {p}loyalty_checkpoints c ON c.name = 'sync'
		WHERE w.id = 1`), int(program.MakingCoupon.Seconds()))
	if errors.Is(err, sql.ErrNoRows) {
		return standing{}, false, nil
	}
	if err != nil {
		return standing{}, false, fmt.Errorf("read how the ledger stands: %w", err)
	}
	if found.Due || found.State == "" {
		return found, false, nil
	}
	if r.state, err = readState(found.State); err != nil {
		return standing{}, false, err
	}
	if err := r.readSite(); err != nil {
		return standing{}, false, err
	}
	if err := r.noteGiveBack(); err != nil {
		return standing{}, false, err
	}
	hash := r.Programme.stored().Hash
	return found, r.state.Done && r.state.Brake == nil && !r.state.Changing &&
		r.state.Site == r.site && !r.recheckRedemptions &&
		(found.Zone == "" || found.Zone == r.settings.Zone.String()) && bytes.Equal(found.Hash, hash[:]) &&
		(!found.From.Valid || found.From.Time.Before(found.Clock)), nil
}

// tailFrom returns where that begins which an increment looks at.
func (r *run) tailFrom() store.TailFrom {
	return store.TailFrom{
		Orders: r.state.Orders.Back(r.settings.Storage, overlapTime, overlapIDs),
		Users:  max(0, r.state.Users-overlapIDs), Comments: max(0, r.state.Comments-overlapIDs),
		LastNote: r.state.Comments,
		Modified: r.state.Scanned.Add(-modifiedSlack), Newest: r.state.newestFrom(),
	}
}

// within reports whether the tail lies within what was read before, so that no
// cursor has to move.
func (r *run) within(tail store.Tail, clock time.Time) bool {
	at := r.state.Orders
	if len(tail.Orders) >= tailRows || tail.Users.Count >= tailRows || tail.Comments.Count >= tailRows || tail.LastNote > r.state.Comments {
		return false
	}
	if r.settings.Storage == store.Legacy {
		return tail.End.Post <= at.Post && tail.End.Comment <= at.Comment && tail.End.Meta <= at.Meta
	}
	return !slices.ContainsFunc(tail.Orders, func(row store.Row) bool {
		return row.Modified.After(at.Updated) && !row.Modified.After(clock)
	})
}

// once is snapshot for work that is a single statement.
func (r *run) once(work func(*store.Snapshot) error) error {
	err := r.Store.Once(work)
	if database.Retryable(err) {
		return r.Store.Once(work)
	}
	return err
}

// asSeen reports whether the tail is as it was last seen.
func (r *run) asSeen(ctx context.Context, tail store.Tail) (bool, error) {
	heads := make(map[int64]uint64, len(tail.Orders))
	ids := []int64{0} // a list must not be empty
	for _, row := range tail.Orders {
		heads[row.ID] = row.Head
		ids = append(ids, row.ID)
	}
	query, args, err := sqlx.In(r.sql(`
		SELECT 'users' AS kind, COUNT(*) AS n, COALESCE(BIT_XOR(digest), 0) AS sum FROM {p}loyalty_seen_users WHERE id > ? AND gone = 0
		UNION ALL SELECT 'comments', COUNT(*), COALESCE(BIT_XOR(digest), 0) FROM {p}loyalty_seen_comments WHERE id > ?
		UNION ALL SELECT 'order', id, head FROM {p}loyalty_seen_orders WHERE id IN (?)`),
		max(0, r.state.Users-overlapIDs), max(0, r.state.Comments-overlapIDs), ids)
	if err != nil {
		return false, fmt.Errorf("read what was seen last: %w", err)
	}
	var seen []struct {
		Kind string `db:"kind"`
		N    int64  `db:"n"`
		Sum  uint64 `db:"sum"`
	}
	if err := r.LedgerDB.SelectContext(ctx, &seen, query, args...); err != nil {
		return false, fmt.Errorf("read what was seen last: %w", err)
	}
	orders := 0
	for _, row := range seen {
		var same bool
		switch row.Kind {
		case "users":
			same = row.N == tail.Users.Count && row.Sum == tail.Users.Sum
		case "comments":
			same = row.N == tail.Comments.Count && row.Sum == tail.Comments.Sum
		default:
			same = heads[row.N] == row.Sum
			orders++
		}
		if !same {
			return false, nil
		}
	}
	return orders == len(heads), nil
}
