package reports

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
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

// RecordRun records a run that has ended as the last one.
func (r *Reports) RecordRun(ctx context.Context, run Run) error {
	figures, err := json.Marshal(run.Figures)
	if err != nil {
		return fmt.Errorf("record the run: %w", err)
	}
	_, err = r.db.ExecContext(ctx, r.sql(`
		UPDATE {p}loyalty_daemon
		SET run_kind = ?, run_started = ?, run_finished = ?, run_ok = ?, run_message = ?, run_figures = ? WHERE id = 1`),
		run.Kind, run.Started.UTC(), run.Finished.UTC(), run.OK, cut(run.Message, 1024), string(figures))
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
