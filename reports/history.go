package reports

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Entry is a line of the points history.
type Entry struct {
	ID         int64          `db:"entry_id"`
	User       int64          `db:"user_id"`
	Seq        int64          `db:"seq"`
	OccurredAt time.Time      `db:"occurred_at"` // UTC
	RecordedAt time.Time      `db:"recorded_at"` // UTC
	Type       string         `db:"type"`
	Source     string         `db:"source"`
	Object     int64          `db:"object_id"`
	Points     int64          `db:"points"`
	Pending    int64          `db:"pending"`
	Balance    int64          `db:"balance"` // of the customer after it
	Note       sql.NullString `db:"note"`
}

const historyColumns = `entry_id, user_id, seq, occurred_at, recorded_at, type, source, object_id, points, pending, balance, note`

// Filter chooses lines of the history. Zero fields choose all.
type Filter struct {
	User   int64
	Source string
	Type   string
	Range  *Range
	Zone   *time.Location // of the range's days
	Before *Entry         // only what comes after this one in the list: the last of the page before
	Limit  int
}

// History returns the newest entries first: those of one customer in the order
// of recording, along which his balance runs, else by the time they are dated.
// The last entry of a page, as Before, gives the next one.
func (r *Reports) History(ctx context.Context, f Filter) ([]Entry, error) {
	query := `SELECT ` + historyColumns + ` FROM {p}loyalty_points_history WHERE 1 = 1`
	var args []any
	and := func(condition string, values ...any) {
		query += " AND " + condition
		args = append(args, values...)
	}
	if f.Source != "" {
		and("source = ?", f.Source)
	}
	if f.Type != "" {
		and("type = ?", f.Type)
	}
	if f.Range != nil {
		during, instants := f.Range.instants("occurred_at", f.Zone)
		and(during, instants...)
	}
	if f.Type != "" && f.User == 0 {
		on, sources, err := r.daysOf(ctx, f)
		if err != nil {
			return nil, err
		}
		if on != "" {
			and(on, sources...)
		}
	}
	order := " ORDER BY occurred_at DESC, entry_id DESC LIMIT ?"
	if f.User != 0 {
		and("user_id = ?", f.User)
		order = " ORDER BY seq DESC LIMIT ?"
	}
	switch {
	case f.Before != nil && f.User != 0:
		and("seq < ?", f.Before.Seq)
	case f.Before != nil:
		// The first condition lets the index be used, which a comparison of
		// rows would not.
		at := f.Before.OccurredAt
		and("occurred_at <= ? AND (occurred_at < ? OR entry_id < ?)", at, at, f.Before.ID)
	}
	var entries []Entry
	if err := r.db.SelectContext(ctx, &entries, r.sql(query+order), append(args, f.Limit)...); err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	return entries, nil
}

// daysOf returns a condition that holds for the entries of a page of one type,
// and its arguments: on which days they are and what their sources are. No
// index has the type, so that an entry of a rare one is looked for on its day
// only. There is no condition when the daily sums are not of the filter's days.
func (r *Reports) daysOf(ctx context.Context, f Filter) (condition string, args []any, err error) {
	was, err := r.readState(ctx, r.db, "")
	if err != nil {
		return "", nil, err
	}
	if f.Zone == nil || was.Zone != f.Zone.String() {
		return "", nil, nil
	}
	last := MaxDay
	if f.Before != nil {
		last = DayOf(f.Before.OccurredAt, f.Zone)
	}
	within := AllTime
	if f.Range != nil {
		within = *f.Range
	}
	var rows []struct {
		Day     Day    `db:"day"`
		Source  string `db:"source"`
		Entries int    `db:"entries"`
	}
	err = r.db.SelectContext(ctx, &rows, r.sql(`
		SELECT day, source, entries FROM {p}loyalty_points_daily
		WHERE type = ? AND ? IN ('', source) AND day <= ? AND day >= ? AND entries > 0 ORDER BY day DESC`),
		f.Type, f.Source, min(last, within.To), within.From)
	if err != nil {
		return "", nil, fmt.Errorf("read the days of the history: %w", err)
	}
	var days []Day
	sources := map[string]bool{}
	found := 0
	for _, row := range rows {
		if len(days) == 0 || days[len(days)-1] != row.Day {
			if found >= f.Limit {
				break
			}
			days = append(days, row.Day)
		}
		sources[row.Source] = true
		if row.Day != last { // of that day some are on the page before
			found += row.Entries
		}
	}
	if len(days) == 0 {
		return "1 = 0", nil, nil
	}
	var on []string
	for _, day := range days {
		on = append(on, "occurred_at >= ? AND occurred_at < ?")
		args = append(args, day.Starts(f.Zone), (day + 1).Starts(f.Zone))
	}
	condition = "(" + strings.Join(on, " OR ") + ")"
	if len(days) > 1 {
		condition += " AND source IN (?" + strings.Repeat(", ?", len(sources)-1) + ")"
		for _, source := range slices.Sorted(maps.Keys(sources)) {
			args = append(args, source)
		}
	}
	return condition, args, nil
}
