package reports

import (
	"cmp"
	"context"
	"fmt"
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

// list gives customers their places on the list of a span: it takes off the
// list who does not belong there any more, and returns the rows to write. A list
// that would become too long is cut.
func (u *update) list(ctx context.Context, span string, earners []Earner, listed map[slot]Earner) ([]any, error) {
	kept := &u.counts.of(span).list
	length := kept.length
	for _, e := range earners {
		if _, on := listed[slot{span, "", e.User}]; !on && kept.least.reaches(e) {
			length++
		}
	}
	var gone []int64
	if length > 2*int64(u.listed) {
		var err error
		if gone, err = u.cut(ctx, span, earners); err != nil {
			return nil, err
		}
	}
	var write []any
	for _, e := range earners {
		was, on := listed[slot{span, "", e.User}]
		belongs := kept.least.reaches(e)
		switch {
		case belongs && (!on || was != e):
			write = append(write, e.User, span, e.Earned, e.Entries)
			if !on {
				kept.length++
			}
		case on && !belongs:
			gone = append(gone, e.User)
		}
		u.move(e, belongs)
	}
	kept.length -= int64(len(gone))
	if len(gone) == 0 {
		return write, nil
	}
	return write, u.dropEarning(ctx, span, gone)
}

// cut raises the rank that a list goes down to, and returns those who have to
// leave it, besides the earners.
func (u *update) cut(ctx context.Context, span string, earners []Earner) (gone []int64, err error) {
	kept := &u.counts.of(span).list
	stored, err := u.listEarning(ctx, span, kept.length)
	if err != nil {
		return nil, err
	}
	changed := map[int64]bool{}
	for _, e := range earners {
		changed[e.User] = true
	}
	others := slices.DeleteFunc(stored, func(e Earner) bool { return changed[e.User] })
	list := earnerList{most: u.listed}
	for _, e := range slices.Concat(others, earners) {
		list.add(e)
	}
	_, kept.least = list.close()
	for _, e := range others {
		if !kept.least.reaches(e) {
			gone = append(gone, e.User)
		}
	}
	return gone, nil
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
