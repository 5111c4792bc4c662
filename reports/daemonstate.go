package reports

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// State returns what was last recorded under name as JSON, and when (UTC, by
// the site's database clock); nil when nothing was.
func (r *Reports) State(ctx context.Context, name string) (json.RawMessage, time.Time, error) {
	return readDaemonState(ctx, r.db, r, name)
}

func readDaemonState(ctx context.Context, q sqlx.QueryerContext, r *Reports, name string) (json.RawMessage, time.Time, error) {
	var row struct {
		Value     string    `db:"value"`
		UpdatedAt time.Time `db:"updated_at"`
	}
	err := sqlx.GetContext(ctx, q, &row, r.sql(`SELECT value, updated_at FROM {p}loyalty_daemon_state WHERE name = ?`), name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, time.Time{}, nil
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("read the daemon's state %q: %w", name, err)
	}
	return json.RawMessage(row.Value), row.UpdatedAt, nil
}

// States returns everything that State knows, by name.
func (r *Reports) States(ctx context.Context) (map[string]json.RawMessage, error) {
	var rows []struct {
		Name  string `db:"name"`
		Value string `db:"value"`
	}
	if err := r.db.SelectContext(ctx, &rows, r.sql(`SELECT name, value FROM {p}loyalty_daemon_state`)); err != nil {
		return nil, fmt.Errorf("read the daemon's states: %w", err)
	}
	all := make(map[string]json.RawMessage, len(rows))
	for _, row := range rows {
		all[row.Name] = json.RawMessage(row.Value)
	}
	return all, nil
}

// SetState records value, as JSON, under name, a word of at most 32 ASCII
// characters.
func (r *Reports) SetState(ctx context.Context, name string, value any) error {
	return writeDaemonState(ctx, r.db, r, name, value)
}

func writeDaemonState(ctx context.Context, q sqlx.ExecerContext, r *Reports, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("record the daemon's state %q: %w", name, err)
	}
	_, err = q.ExecContext(ctx, r.sql(`
		INSERT INTO {p}loyalty_daemon_state (name, value, updated_at) VALUES (?, ?, UTC_TIMESTAMP(6))
		ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)`), name, string(text))
	if err != nil {
		return fmt.Errorf("record the daemon's state %q: %w", name, err)
	}
	return nil
}
