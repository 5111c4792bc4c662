package reports

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Daemon is what the daemon says of itself to the site.
type Daemon struct {
	Address     string // of its endpoint
	Version     string
	LeaseHolder string
	Fence       int64
	Heartbeat   time.Time // UTC, by the site's database clock; zero: never
	LastRun     Run
}

// Run is one run of the daemon's work.
type Run struct {
	Kind              string // "" when there was none yet
	Started, Finished time.Time
	OK                bool
	Message           string // for people; what went wrong or what to do
	Figures           map[string]int64
	Findings          []string // of a verification
}

// StateRuns is the state that holds the last run of each kind.
const StateRuns = "runs"

// runForm is a run as the state "runs" has it. Times are RFC 3339, UTC, with
// microseconds.
type runForm struct {
	Started  string           `json:"started"`
	Finished string           `json:"finished"`
	OK       bool             `json:"ok"`
	Message  string           `json:"message"`
	Figures  map[string]int64 `json:"figures"`
	Findings []string         `json:"findings,omitempty"`
}

// MarshalJSON writes the run as the state "runs" has it.
func (r Run) MarshalJSON() ([]byte, error) {
	const form = "2006-01-02T15:04:05.000000Z"
	figures := r.Figures
	if figures == nil {
		figures = map[string]int64{}
	}
	return json.Marshal(runForm{
		Started: r.Started.UTC().Format(form), Finished: r.Finished.UTC().Format(form), OK: r.OK, Message: r.Message,
		Figures: figures, Findings: r.Findings,
	})
}

// Heartbeat records that the daemon is alive now, by the database's clock, and
// where it can be reached. Only its fields before Heartbeat are used.
func (r *Reports) Heartbeat(ctx context.Context, d Daemon) error {
	_, err := r.db.ExecContext(ctx, r.sql(`
		UPDATE {p}loyalty_daemon
		SET address = ?, version = ?, lease_holder = ?, fence = ?, heartbeat = UTC_TIMESTAMP(6) WHERE id = 1`),
		d.Address, cut(d.Version, 64), cut(d.LeaseHolder, 191), d.Fence)
	if err != nil {
		return fmt.Errorf("record the heartbeat: %w", err)
	}
	return nil
}

// RecordRun records a run of sync that has ended as the last one, and as the
// last one of its kind in the state "runs".
func (r *Reports) RecordRun(ctx context.Context, run Run) error {
	figures, err := json.Marshal(run.Figures)
	if err != nil {
		return fmt.Errorf("record the run: %w", err)
	}
	return r.recordRun(ctx, run, `
		UPDATE {p}loyalty_daemon
		SET run_kind = ?, run_started = ?, run_finished = ?, run_ok = ?, run_message = ?, run_figures = ? WHERE id = 1`,
		run.Kind, run.Started.UTC(), run.Finished.UTC(), run.OK, cut(run.Message, 1024), string(figures))
}

// RecordProof records a verification in the state "runs" only.
func (r *Reports) RecordProof(ctx context.Context, run Run) error {
	return r.recordRun(ctx, run, `SELECT id FROM {p}loyalty_daemon WHERE id = 1 FOR UPDATE`)
}

// recordRun records a run in the state "runs". The statement locks the
// daemon's row, which keeps others who record a run waiting.
func (r *Reports) recordRun(ctx context.Context, run Run, statement string, values ...any) error {
	err := database.Transact(ctx, r.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, r.sql(statement), values...); err != nil {
			return err
		}
		before, _, err := readDaemonState(ctx, tx, r, StateRuns)
		if err != nil {
			return err
		}
		runs := map[string]any{}
		var others map[string]json.RawMessage
		if json.Unmarshal(before, &others) == nil { // what cannot be read is replaced
			for kind, other := range others {
				runs[kind] = other
			}
		}
		runs[run.Kind] = run
		return writeDaemonState(ctx, tx, r, StateRuns, runs)
	})
	if err != nil {
		return fmt.Errorf("record the run: %w", err)
	}
	return nil
}

// Daemon returns what the daemon last recorded.
func (r *Reports) Daemon(ctx context.Context) (Daemon, error) {
	var d Daemon
	var heartbeat, started, finished sql.NullTime
	var figures sql.NullString
	err := r.db.QueryRowContext(ctx, r.sql(`
		SELECT address, version, lease_holder, fence, heartbeat, run_kind, run_started, run_finished, run_ok, run_message, run_figures
		FROM {p}loyalty_daemon WHERE id = 1`)).Scan(&d.Address, &d.Version, &d.LeaseHolder, &d.Fence, &heartbeat,
		&d.LastRun.Kind, &started, &finished, &d.LastRun.OK, &d.LastRun.Message, &figures)
	if err != nil {
		return Daemon{}, fmt.Errorf("read what the daemon recorded: %w", err)
	}
	d.Heartbeat, d.LastRun.Started, d.LastRun.Finished = heartbeat.Time, started.Time, finished.Time
	if figures.Valid {
		if err := json.Unmarshal([]byte(figures.String), &d.LastRun.Figures); err != nil {
			return Daemon{}, fmt.Errorf("read the figures of the last run: %w", err)
		}
	}
	return d, nil
}

// cut returns at most n characters of text, all of them valid.
func cut(text string, n int) string {
	var kept []rune
	for _, c := range text {
		if len(kept) == n {
			break
		}
		if c != utf8.RuneError {
			kept = append(kept, c)
		}
	}
	return string(kept)
}
