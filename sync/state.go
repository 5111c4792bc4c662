package sync

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// state is how far sync has come. It is saved in the transactions that post.
type state struct {
	Done     bool         // a first run has come to its end
	Site     site         // settings that the last run went by
	GiveBack string       // likewise
	Changing bool         // these changed, and not all was looked at by the new ones
	Orders   store.Cursor // changes of orders are read up to here
	Scanned  time.Time    // legacy: dates of change are read up to here
	Looked   time.Time    // the clock of the last run that came to its end
	Users    int64        // highest user id seen
	Comments int64        // highest comment id seen
	First    *position    // of a first run that is under way
	Taken    []taken      // of the last day, for the brake
	Brake    *openBrake   // deductions that wait for a person
}

type site struct {
	Storage   store.Storage
	Zone      string
	Currency  string
	Decimals  int
	Exclusion string
	Digests   int // version of the digests in what was seen
}

// position is where a first run goes on after it was interrupted.
type position struct {
	Stage string
	After int64
}

// openBrake is a brake that holds until a sweep finds nothing to hold, or its
// plan is accepted.
type openBrake struct {
	Error BrakeError
	Mode  Mode // that finds the same deductions again
}

// loadState reads how far sync has come, the database's clock and the zone
// whose days the ledger counts.
func (r *run) loadState(ctx context.Context) (*state, error) {
	var row struct {
		Clock time.Time      `db:"clock"`
		Zone  string         `db:"zone"`
		Kept  bool           `db:"kept"`
		Again bool           `db:"again"`
		Value sql.NullString `db:"value"`
	}
	err := r.ledger.DB().GetContext(ctx, &row, r.sql(`
		SELECT UTC_TIMESTAMP(6) AS clock, zone, EXISTS (SELECT 1 FROM {p}loyalty_kept_orders) AS kept,
			EXISTS (SELECT 1 FROM {p}loyalty_reused_orders) AS again, (SELECT value FROM {p}loyalty_checkpoints WHERE name = 'sync') AS value
		FROM {p}loyalty_writer WHERE id = 1`))
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint: %w", err)
	}
	r.clock, r.rolledUpIn, r.anyKept, r.anyReused = row.Clock, row.Zone, row.Kept, row.Again
	if !row.Value.Valid {
		return &state{}, nil
	}
	return readState(row.Value.String)
}

func readState(text string) (*state, error) {
	var s state
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("the checkpoint of sync is not readable: %w", err)
	}
	return &s, nil
}

// saveState saves r.state with the transaction.
func (r *run) saveState(ctx context.Context, tx *ledger.Tx) error {
	text, err := json.Marshal(r.state)
	if err != nil {
		return fmt.Errorf("encode the checkpoint: %w", err)
	}
	_, err = tx.ExecContext(ctx, r.sql(`INSERT INTO {p}loyalty_checkpoints (name, value) VALUES ('sync', ?)
		ON DUPLICATE KEY UPDATE value = VALUES(value)`), string(text))
	if err != nil {
		return fmt.Errorf("save the checkpoint: %w", err)
	}
	return nil
}

// keepState saves r.state in a transaction of its own.
func (r *run) keepState(ctx context.Context) error {
	return r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error { return r.saveState(ctx, tx) })
}
