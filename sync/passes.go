package sync

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// passes is how far the sweeps by the schedule have come with what they
// compare in slices, and what they know of lines.
type passes struct {
	Storage store.Storage
	Digests int
	Order   int64              // the next id of an order or refund
	Comment int64              // the next id of a comment
	Line    int64              // the next id of the items' meta
	Lines   map[int64]contents // by number of the slice; those from Line on are of the pass before
	Moved   time.Time          // when they last got on, by the database's clock
}

// A sweep compares as many ids as bring a pass to its end in this time, and so
// many at least. What changes just after a pass went by is found by the next:
// within a day.
const (
	passTime      = 12 * time.Hour
	leastOrders   = 4 * sweepSpan
	leastComments = 4 * sweepSpan
	leastContents = 4 * contentSlice
)

// sliceOf returns how many of the ids up to last are due.
func (r *run) sliceOf(pass *passes, last, least int64) int64 {
	since := r.clock.Sub(pass.Moved)
	if since >= passTime {
		return last
	}
	return max(least, (last/int64(passTime/time.Second)+1)*int64(since/time.Second+1))
}

// loadPasses returns how far the passes have come. A sweep of everything
// begins them anew.
func (r *run) loadPasses(ctx context.Context) (*passes, error) {
	fresh := &passes{Storage: r.settings.Storage, Digests: store.DigestVersion, Lines: map[int64]contents{}, Moved: r.clock}
	var text string
	err := r.ledger.DB().GetContext(ctx, &text, r.sql(`SELECT value FROM {p}loyalty_checkpoints WHERE name = 'sweep'`))
	if errors.Is(err, sql.ErrNoRows) {
		return fresh, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how far the sweeps have come: %w", err)
	}
	var pass passes
	if err := json.Unmarshal([]byte(text), &pass); err != nil {
		return nil, fmt.Errorf("how far the sweeps have come is not readable: %w", err)
	}
	if pass.Storage != fresh.Storage || pass.Digests != fresh.Digests || pass.Lines == nil {
		return fresh, nil
	}
	if !r.slices {
		fresh.Lines = pass.Lines
		return fresh, nil
	}
	return &pass, nil
}

func (r *run) keepPasses(ctx context.Context, pass *passes) error {
	pass.Moved = r.clock
	text, err := json.Marshal(pass)
	if err != nil {
		return fmt.Errorf("encode how far the sweeps have come: %w", err)
	}
	return r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		_, err := tx.ExecContext(ctx, r.sql(`INSERT INTO {p}loyalty_checkpoints (name, value) VALUES ('sweep', ?)
			ON DUPLICATE KEY UPDATE value = VALUES(value)`), string(text))
		if err != nil {
			return fmt.Errorf("save how far the sweeps have come: %w", err)
		}
		return nil
	})
}
