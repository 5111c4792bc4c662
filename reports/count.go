package reports

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// span is a stretch of days that customers are counted in.
type span struct {
	name string
	Range
}

// spans returns those that the periods of a day need. The days that are not
// over yet, or not begun, are left out of all but the last.
func spans(today Day, startOfWeek time.Weekday) []span {
	var all []span
	for _, p := range periodsOn(today, startOfWeek) {
		all = append(all, span{p.span(), p.Range})
	}
	return all
}

// count brings the numbers of customers and the lists of earners up to date
// with the entries through the given one.
func (u *update) count(ctx context.Context, was state, through int64, anew bool) error {
	wanted := spans(u.today, u.settings.StartOfWeek)
	if err := u.loadCustomers(ctx); err != nil {
		return err
	}
	if anew {
		for name := range u.counts {
			if err := u.dropSpan(ctx, name); err != nil {
				return err
			}
		}
		return u.countAll(ctx, wanted, through)
	}
	old := spans(was.Day.V, u.settings.StartOfWeek)
	kept, begun, err := u.turn(ctx, old, wanted)
	if err != nil {
		return err
	}
	if err := u.countAll(ctx, begun, through); err != nil {
		return err
	}
	if err := u.countArrived(ctx, old, kept, was); err != nil {
		return err
	}
	return u.countNew(ctx, kept, was.Through, through)
}

func (u *update) loadCustomers(ctx context.Context) error {
	stored, err := u.readCustomers(ctx, u.tx)
	if err != nil {
		return err
	}
	u.stored, u.counts = stored, stored.clone()
	return nil
}

// turn drops the spans that no period needs any more. It returns those that
// are still the same and those that have to be counted: the ones that are new,
// and the one that slides, which is as short as its days.
func (u *update) turn(ctx context.Context, old, wanted []span) (kept, begun []span, err error) {
	for _, s := range old {
		if !slices.ContainsFunc(wanted, func(now span) bool { return now.name == s.name }) {
			if err := u.dropSpan(ctx, s.name); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, s := range wanted {
		if slices.ContainsFunc(old, func(was span) bool { return was.name == s.name && was.From == s.From }) {
			kept = append(kept, s)
		} else {
			begun = append(begun, s)
		}
	}
	return kept, begun, nil
}

func (u *update) dropSpan(ctx context.Context, name string) error {
	if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_period_earners WHERE span = ?`), name); err != nil {
		return fmt.Errorf("drop the earners of %s: %w", name, err)
	}
	delete(u.counts, name)
	return nil
}

// posted is as much of an entry as counting needs.
type posted struct {
	ID         int64     `db:"id"`
	User       int64     `db:"user_id"`
	Seq        int64     `db:"seq"`
	OccurredAt time.Time `db:"occurred_at"`
	Type       string    `db:"type"`
	Source     string    `db:"source"`
	Points     int64     `db:"points"`
}

const postedColumns = `{id} AS id, user_id, seq, occurred_at, type, source, points`

const countBatch = 2000

// countArrived adds the entries that were dated ahead and whose day has come.
// Spans without an end have them already.
func (u *update) countArrived(ctx context.Context, old, kept []span, was state) error {
	arrived := Range{was.Day.V + 1, u.today}
	if arrived.From > arrived.To {
		return nil
	}
	endless := func(s span) bool { return s.To == MaxDay }
	old, kept = slices.DeleteFunc(old, endless), slices.DeleteFunc(slices.Clone(kept), endless)
	during, args := arrived.instants("occurred_at", u.settings.Zone)
	var entries []posted
	err := u.tx.SelectContext(ctx, &entries, u.sql(`
		SELECT `+postedColumns+` FROM {entries} WHERE `+during+` AND {id} <= ?`), append(args, was.Through)...)
	if err != nil {
		return fmt.Errorf("read the entries whose day has come: %w", err)
	}
	return u.addEntries(ctx, entries, kept, old, was.Through)
}

// countNew adds the entries after one and through another.
func (u *update) countNew(ctx context.Context, kept []span, after, through int64) error {
	for after < through {
		var entries []posted
		err := u.tx.SelectContext(ctx, &entries, u.sql(`
			SELECT `+postedColumns+` FROM {entries} WHERE {id} > ? AND {id} <= ? ORDER BY {id} LIMIT ?`), after, through, countBatch)
		if err != nil {
			return fmt.Errorf("read entries after %d: %w", after, err)
		}
		if len(entries) == 0 {
			return nil
		}
		if err := u.addEntries(ctx, entries, kept, kept, after); err != nil {
			return err
		}
		u.added += int64(len(entries))
		after = entries[len(entries)-1].ID
	}
	return nil
}
