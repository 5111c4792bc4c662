package reports

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// state says what the report tables contain and what they were made with.
type state struct {
	Through       int64          `db:"through_entry"`
	Generation    int64          `db:"generation"`
	Zone          string         `db:"zone"`
	WeekStart     int            `db:"week_start"`
	Day           sql.Null[Day]  `db:"day"` // none: made of nothing yet, or being made anew
	Currency      string         `db:"currency"`
	PointsPerUnit sql.NullString `db:"points_per_unit"`
}

const stateColumns = `through_entry, generation, zone, week_start, day, currency, points_per_unit`

// lockState reads the state and keeps other refreshes waiting until the
// transaction ends.
func (r *Reports) lockState(ctx context.Context, tx *sqlx.Tx) (state, error) {
	return r.readState(ctx, tx, "FOR UPDATE")
}

func (r *Reports) readState(ctx context.Context, q sqlx.QueryerContext, lock string) (state, error) {
	var s state
	err := sqlx.GetContext(ctx, q, &s, r.sql(`SELECT `+stateColumns+` FROM {p}loyalty_report_state WHERE id = 1 `+lock))
	if err != nil {
		return state{}, fmt.Errorf("read the state of the reports: %w", err)
	}
	return s, nil
}

// next returns the state that a refresh under these settings leads to, as far
// as it is known before the entries are read.
func (s state) next(settings Settings, today Day) state {
	s.Zone = settings.Zone.String()
	s.WeekStart = int(settings.StartOfWeek)
	s.Day = sql.Null[Day]{V: today, Valid: true}
	s.Currency = settings.Currency
	s.PointsPerUnit = sql.NullString{String: settings.PointsPerUnit.Text('f'), Valid: true}
	return s
}

// outdated says that going from s to next takes counting all entries anew: the
// first time, when days or weeks mean something else, when the clock or the
// ledger was set back, and when there is very much to add.
func (s state) outdated(next state, last int64) bool {
	return !s.Day.Valid || s.Zone != next.Zone || s.WeekStart != next.WeekStart ||
		next.Day.V < s.Day.V || last < s.Through || last-s.Through > manyEntries
}

func (s state) refreshed() Refreshed {
	return Refreshed{Through: s.Through, Day: s.Day.V, Generation: s.Generation}
}

func (u *update) saveState(ctx context.Context, s state) error {
	_, err := u.tx.ExecContext(ctx, u.sql(`
		UPDATE {p}loyalty_report_state
		SET through_entry = ?, generation = ?, zone = ?, week_start = ?, day = ?, currency = ?, points_per_unit = ?,
		  refreshed_at = ?
		WHERE id = 1`),
		s.Through, s.Generation, s.Zone, s.WeekStart, s.Day, s.Currency, s.PointsPerUnit, u.settings.Now)
	if err != nil {
		return fmt.Errorf("save the state of the reports: %w", err)
	}
	return nil
}

// forgetDay marks the tables as to be made anew.
func (r *Reports) forgetDay(ctx context.Context, tx *sqlx.Tx) error {
	if _, err := r.lockState(ctx, tx); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, r.sql(`UPDATE {p}loyalty_report_state SET day = NULL WHERE id = 1`))
	if err != nil {
		return fmt.Errorf("mark the reports as incomplete: %w", err)
	}
	return nil
}
