package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"
)

// For each span the customers who earned most are listed, more of them than
// people see: down to the rank that is kept with the list everybody is on it,
// so that it need not be made anew when one of the top earners falls. A list
// that grew to twice listedEarners is cut.
const listedEarners = 500

// rank is a place in the order of earners: by points, of equal ones the lower
// user id first.
type rank struct{ points, user int64 }

// reaches says whether someone earned points and ranks there or higher.
func (r rank) reaches(e Earner) bool {
	return e.Earned > 0 && (e.Earned > r.points || e.Earned == r.points && e.User <= r.user)
}

func compareEarners(a, b Earner) int {
	return cmp.Or(cmp.Compare(b.Earned, a.Earned), cmp.Compare(a.User, b.User))
}

// readEarning returns what the customers have in the spans on whose lists they
// are.
func (u *update) readEarning(ctx context.Context, users []int64) (map[slot]Earner, error) {
	listed := map[slot]Earner{}
	for some := range slices.Chunk(users, applyUsers) {
		query, args, err := sqlx.In(u.sql(`
			SELECT user_id, span AS period, points AS earned, entries FROM {p}loyalty_period_earners WHERE user_id IN (?)`), some)
		if err != nil {
			return nil, fmt.Errorf("read the lists of earners: %w", err)
		}
		var rows []Earner
		if err := u.tx.SelectContext(ctx, &rows, query, args...); err != nil {
			return nil, fmt.Errorf("read the lists of earners: %w", err)
		}
		for _, row := range rows {
			listed[slot{row.Period, "", row.User}] = row
		}
	}
	return listed, nil
}

// writeEarning writes rows of user, span, points and entries.
func (u *update) writeEarning(ctx context.Context, rows []any) error {
	const columns, most = 4, 4 * 1000
	for chunk := range slices.Chunk(rows, most) {
		_, err := u.tx.ExecContext(ctx, u.sql(`
			INSERT INTO {p}loyalty_period_earners (user_id, span, points, entries) VALUES `+values(columns, len(chunk)/columns)+`
			ON DUPLICATE KEY UPDATE points = VALUES(points), entries = VALUES(entries)`), chunk...)
		if err != nil {
			return fmt.Errorf("write the lists of earners: %w", err)
		}
	}
	return nil
}

func (u *update) dropEarning(ctx context.Context, span string, users []int64) error {
	query, args, err := sqlx.In(u.sql(`DELETE FROM {p}loyalty_period_earners WHERE span = ? AND user_id IN (?)`), span, users)
	if err == nil {
		_, err = u.tx.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return fmt.Errorf("shorten the list of earners of %s: %w", span, err)
	}
	return nil
}

// cutEarning shortens the lists of the spans that have grown too long.
func (u *update) cutEarning(ctx context.Context, grown map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(grown)) {
		kept := &u.counts.of(name).list
		if kept.length <= 2*int64(u.listed) {
			continue
		}
		list, err := u.listEarning(ctx, name, kept.length)
		if err != nil {
			return err
		}
		last := list[u.listed-1]
		*kept = listing{int64(u.listed), rank{last.Earned, last.User}}
		var gone []int64
		for _, e := range list[u.listed:] {
			gone = append(gone, e.User)
		}
		if err := u.dropEarning(ctx, name, gone); err != nil {
			return err
		}
	}
	return nil
}

// listEarning returns the first of a span's list.
func (u *update) listEarning(ctx context.Context, span string, limit int64) ([]Earner, error) {
	var list []Earner
	err := u.tx.SelectContext(ctx, &list, u.sql(`
		SELECT user_id, points AS earned, entries FROM {p}loyalty_period_earners
		WHERE span = ? ORDER BY points DESC, user_id LIMIT ?`), span, limit)
	if err != nil {
		return nil, fmt.Errorf("read the top earners of %s: %w", span, err)
	}
	return list, nil
}

// topEarners returns the places of a period, without balances. A list that
// became too short is made anew from the entries through the given one.
func (u *update) topEarners(ctx context.Context, period Period, through int64) ([]Earner, error) {
	name := period.span()
	top, err := u.listEarning(ctx, name, Places)
	if err != nil {
		return nil, err
	}
	if len(top) < Places && u.counts.of(name).list.least != (rank{}) {
		if err := u.countAll(ctx, []span{{name, period.Range}}, through); err != nil {
			return nil, err
		}
		if top, err = u.listEarning(ctx, name, Places); err != nil {
			return nil, err
		}
	}
	for i := range top {
		top[i].Period, top[i].Place = period.Name, i+1
	}
	return top, nil
}
