package reports

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// customers says how many customers each source has in each span; the empty
// source counts those with any entry.
type customers map[string]map[string]int64

func (c customers) add(span, source string, n int64) {
	if c[span] == nil {
		c[span] = map[string]int64{}
	}
	c[span][source] += n
}

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

// count brings what each customer did in each period up to date with the
// entries through the given one, and returns the numbers of customers.
func (u *update) count(ctx context.Context, was state, through int64, anew bool) (customers, error) {
	wanted := spans(u.today, u.settings.StartOfWeek)
	if anew {
		for _, table := range []string{"{p}loyalty_period_accounts", "{p}loyalty_period_customers"} {
			if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM `+table)); err != nil {
				return nil, fmt.Errorf("empty %s: %w", u.sql(table), err)
			}
		}
		counts := customers{}
		for _, s := range wanted {
			if err := u.countSpan(ctx, s, through, counts); err != nil {
				return nil, err
			}
		}
		return counts, u.saveCustomers(ctx, nil, counts)
	}

	before, err := u.readCustomers(ctx, u.tx)
	if err != nil {
		return nil, err
	}
	counts := customers{}
	for name, sources := range before {
		for source, n := range sources {
			counts.add(name, source, n)
		}
	}
	old := spans(was.Day.V, u.settings.StartOfWeek)
	kept, err := u.turn(ctx, old, wanted, was.Through, through, counts)
	if err != nil {
		return nil, err
	}
	if err := u.countArrived(ctx, kept, was, counts); err != nil {
		return nil, err
	}
	if err := u.countNew(ctx, kept, was.Through, through, counts); err != nil {
		return nil, err
	}
	return counts, u.saveCustomers(ctx, before, counts)
}

// A span of days that slid further than this is counted anew.
const farSlide = 7

// turn drops the spans that no period needs any more, counts those that are
// new with the entries through the last one, takes the days that left out of
// the sliding one, and returns the spans that have only the entries counted
// before.
func (u *update) turn(ctx context.Context, old, wanted []span, counted, through int64, counts customers) ([]span, error) {
	former := map[string]span{}
	for _, s := range old {
		former[s.name] = s
	}
	current := map[string]bool{}
	for _, s := range wanted {
		current[s.name] = true
	}
	for _, s := range old {
		if !current[s.name] {
			if err := u.dropSpan(ctx, s.name, counts); err != nil {
				return nil, err
			}
		}
	}
	var kept []span
	for _, s := range wanted {
		was, ok := former[s.name]
		if ok && s.From-was.From > farSlide {
			if err := u.dropSpan(ctx, s.name, counts); err != nil {
				return nil, err
			}
			ok = false
		}
		if !ok {
			if err := u.countSpan(ctx, s, through, counts); err != nil {
				return nil, err
			}
			continue
		}
		if s.From > was.From {
			if err := u.uncount(ctx, s.name, Range{was.From, s.From - 1}, counted, counts); err != nil {
				return nil, err
			}
		}
		kept = append(kept, s)
	}
	return kept, nil
}

func (u *update) dropSpan(ctx context.Context, name string, counts customers) error {
	if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_period_accounts WHERE span = ?`), name); err != nil {
		return fmt.Errorf("drop what customers did in %s: %w", name, err)
	}
	delete(counts, name)
	return nil
}

// countSpan counts a whole span from the entries, in the server. It is told to
// sort them: a temporary table of many customers would outgrow its memory, and
// looking up each entry's row in it on disk takes far longer.
func (u *update) countSpan(ctx context.Context, s span, through int64, counts customers) error {
	during, days := s.instants("occurred_at", u.settings.Zone)
	args := append([]any{s.name, through}, days...)
	insert := `INSERT INTO {p}loyalty_period_accounts (span, source, user_id, points, entries, postings) `
	bySource := insert + `
		SELECT SQL_BIG_RESULT ?, source, user_id, SUM(points), COUNT(*), COUNT(*)
		FROM {entries} WHERE {id} <= ? AND ` + during + ` AND ` + earning + `
		GROUP BY source, user_id`
	overall := insert + `
		SELECT SQL_BIG_RESULT ?, '', user_id, SUM(CASE WHEN ` + earning + ` THEN points ELSE 0 END),
		  SUM(CASE WHEN ` + earning + ` THEN 1 ELSE 0 END), COUNT(*)
		FROM {entries} WHERE {id} <= ? AND ` + during + `
		GROUP BY user_id`
	for _, statement := range []string{bySource, overall} {
		if _, err := u.tx.ExecContext(ctx, u.sql(statement), args...); err != nil {
			return fmt.Errorf("count what customers did in %s: %w", s.name, err)
		}
	}
	var rows []struct {
		Source    string `db:"source"`
		Customers int64  `db:"customers"`
	}
	err := u.tx.SelectContext(ctx, &rows, u.sql(`
		SELECT source, COUNT(*) AS customers FROM {p}loyalty_period_accounts WHERE span = ? GROUP BY source`), s.name)
	if err != nil {
		return fmt.Errorf("count the customers of %s: %w", s.name, err)
	}
	for _, row := range rows {
		counts.add(s.name, row.Source, row.Customers)
	}
	return nil
}

// uncount takes days out of a span that contains the entries through counted.
func (u *update) uncount(ctx context.Context, name string, left Range, counted int64, counts customers) error {
	during, args := left.instants("occurred_at", u.settings.Zone)
	var lines []struct {
		User    int64  `db:"user_id"`
		Source  string `db:"source"`
		Points  int64  `db:"points"`
		Entries int64  `db:"entries"`
		Others  int64  `db:"others"`
	}
	err := u.tx.SelectContext(ctx, &lines, u.sql(`
		SELECT user_id, source, SUM(CASE WHEN `+earning+` THEN points ELSE 0 END) AS points,
		  SUM(CASE WHEN `+earning+` THEN 1 ELSE 0 END) AS entries,
		  SUM(CASE WHEN `+earning+` THEN 0 ELSE 1 END) AS others
		FROM {entries} WHERE `+during+` AND {id} <= ? GROUP BY user_id, source`), append(args, counted)...)
	if err != nil {
		return fmt.Errorf("read what left %s: %w", name, err)
	}
	changes := newChanges()
	for _, line := range lines {
		if line.Entries != 0 {
			changes.add(slot{name, line.Source, line.User}, tally{-line.Points, -line.Entries, -line.Entries})
		}
		changes.add(slot{name, "", line.User}, tally{-line.Points, -line.Entries, -line.Entries - line.Others})
	}
	return u.apply(ctx, changes, counts)
}

// posted is as much of an entry as counting needs.
type posted struct {
	ID         int64     `db:"id"`
	User       int64     `db:"user_id"`
	OccurredAt time.Time `db:"occurred_at"`
	Type       string    `db:"type"`
	Source     string    `db:"source"`
	Points     int64     `db:"points"`
}

const countBatch = 2000

// countArrived adds the entries that were dated ahead and whose day has come.
// Spans without an end have them already.
func (u *update) countArrived(ctx context.Context, kept []span, was state, counts customers) error {
	arrived := Range{was.Day.V + 1, u.today}
	if arrived.From > arrived.To {
		return nil
	}
	bounded := slices.DeleteFunc(slices.Clone(kept), func(s span) bool { return s.To == MaxDay })
	during, args := arrived.instants("occurred_at", u.settings.Zone)
	var entries []posted
	err := u.tx.SelectContext(ctx, &entries, u.sql(`
		SELECT {id} AS id, user_id, occurred_at, type, source, points FROM {entries}
		WHERE `+during+` AND {id} <= ?`), append(args, was.Through)...)
	if err != nil {
		return fmt.Errorf("read the entries whose day has come: %w", err)
	}
	for batch := range slices.Chunk(entries, countBatch) {
		if err := u.countEntries(ctx, bounded, batch, counts); err != nil {
			return err
		}
	}
	return nil
}

// countNew adds the entries after one and through another.
func (u *update) countNew(ctx context.Context, kept []span, after, through int64, counts customers) error {
	for after < through {
		var entries []posted
		err := u.tx.SelectContext(ctx, &entries, u.sql(`
			SELECT {id} AS id, user_id, occurred_at, type, source, points FROM {entries}
			WHERE {id} > ? AND {id} <= ? ORDER BY {id} LIMIT ?`), after, through, countBatch)
		if err != nil {
			return fmt.Errorf("read entries after %d: %w", after, err)
		}
		if len(entries) == 0 {
			return nil
		}
		if err := u.countEntries(ctx, kept, entries, counts); err != nil {
			return err
		}
		u.added += int64(len(entries))
		after = entries[len(entries)-1].ID
	}
	return nil
}

func (u *update) countEntries(ctx context.Context, in []span, entries []posted, counts customers) error {
	changes := newChanges()
	for _, e := range entries {
		changes.count(e, in, u.settings.Zone)
	}
	return u.apply(ctx, changes, counts)
}

// count adds an entry to the spans that contain its day.
func (c *changes) count(e posted, in []span, zone *time.Location) {
	day := DayOf(e.OccurredAt, zone)
	for _, s := range in {
		switch {
		case !s.Contains(day):
		case e.Type == earn || e.Type == revoke:
			c.add(slot{s.name, e.Source, e.User}, tally{e.Points, 1, 1})
			c.add(slot{s.name, "", e.User}, tally{e.Points, 1, 1})
		default:
			c.add(slot{s.name, "", e.User}, tally{0, 0, 1})
		}
	}
}
