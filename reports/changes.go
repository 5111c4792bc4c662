package reports

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// slot is what a customer did in a span under a source, the empty one for all
// entries.
type slot struct {
	span, source string
	user         int64
}

// tally is how much that was: points and entries count what was earned or
// taken back, postings counts entries of any type.
type tally struct {
	points, entries, postings int64
}

// changes are amounts to add to slots.
type changes struct {
	slots map[slot]tally
	total adder
}

func newChanges() *changes { return &changes{slots: map[slot]tally{}} }

func (c *changes) add(to slot, amount tally) {
	sum := c.slots[to]
	c.total.add(&sum.points, amount.points)
	sum.entries += amount.entries
	sum.postings += amount.postings
	c.slots[to] = sum
}

// count adds an entry to the spans that contain its day.
func (c *changes) count(e posted, in []span, zone *time.Location) {
	day := DayOf(e.OccurredAt, zone)
	for _, s := range in {
		switch {
		case !s.Contains(day):
		case earns(e.Type):
			c.add(slot{s.name, e.Source, e.User}, tally{e.Points, 1, 1})
			c.add(slot{s.name, "", e.User}, tally{e.Points, 1, 1})
		default:
			c.add(slot{s.name, "", e.User}, tally{0, 0, 1})
		}
	}
}

// addEntries adds entries to the spans that contain their days. What their
// customers did before in the spans, as these were then, is counted from their
// own entries through the one given.
func (u *update) addEntries(ctx context.Context, entries []posted, in, before []span, through int64) error {
	added := newChanges()
	numbers := map[int64]int64{}
	for _, e := range entries {
		added.count(e, in, u.settings.Zone)
		numbers[e.User] = max(numbers[e.User], e.Seq)
	}
	users := slices.Sorted(maps.Keys(numbers))
	listed, err := u.readEarning(ctx, users)
	if err != nil {
		return err
	}
	former := newChanges()
	enough := func(user int64, recent *changes) bool { return tells(recent, user, added, listed) }
	if err := u.countOwn(ctx, former, numbers, before, through, enough); err != nil {
		return err
	}
	earners := map[string][]Earner{}
	for s, change := range added.slots {
		was := former.slots[s]
		if was.postings == 0 {
			u.counts.of(s.span).customers[s.source]++
		}
		if s.source != "" {
			continue
		}
		now, on := listed[s]
		if !on && change.points <= 0 {
			continue // who was not on the list does not come onto it
		}
		if !on {
			now = Earner{Period: s.span, User: s.user, Earned: was.points, Entries: was.entries}
		}
		added.total.add(&now.Earned, change.points)
		now.Entries += change.entries
		earners[s.span] = append(earners[s.span], now)
	}
	if added.total.overflow || former.total.overflow {
		return tooMuch("of customers with entries after %d", through)
	}
	var write []any
	for _, name := range slices.Sorted(maps.Keys(earners)) {
		changed, err := u.list(ctx, name, earners[name], listed)
		if err != nil {
			return err
		}
		write = append(write, changed...)
	}
	return u.writeEarning(ctx, write)
}

// move notes that a customer's place in a span may be another one.
func (u *update) move(now Earner, listed bool) {
	if u.moved[now.Period] == nil {
		u.moved[now.Period] = map[int64]Earner{}
	}
	if !listed {
		now.Earned = 0
	}
	u.moved[now.Period][now.User] = now
}

const (
	// applyUsers bounds the customers whose entries are read at a time.
	applyUsers = 500
	// Of customers with more entries than this the last ones are looked at
	// first: they tell mostly all that there is to know.
	recentEntries = 1000
)

// countOwn adds what customers did in spans, by their own entries through the
// given one, to changes. numbers are the numbers that their entries have reached.
// enough says whether a customer's last entries will do.
func (u *update) countOwn(ctx context.Context, to *changes, numbers map[int64]int64, in []span, through int64, enough func(int64, *changes) bool) error {
	var few, many []int64
	for user, n := range numbers {
		if n > recentEntries {
			many = append(many, user)
		} else {
			few = append(few, user)
		}
	}
	slices.Sort(few)
	for users := range slices.Chunk(few, applyUsers) {
		query, args, err := sqlx.In(`user_id IN (?)`, users)
		if err != nil {
			return fmt.Errorf("read the entries of customers: %w", err)
		}
		if err := u.readOwn(ctx, to, in, through, query, args...); err != nil {
			return err
		}
	}
	slices.Sort(many)
	for _, user := range many {
		some := newChanges()
		if err := u.readOwn(ctx, some, in, through, `user_id = ? AND seq > ?`, user, numbers[user]-recentEntries); err != nil {
			return err
		}
		if !enough(user, some) {
			some = newChanges()
			if err := u.readOwn(ctx, some, in, through, `user_id = ?`, user); err != nil {
				return err
			}
		}
		for s, t := range some.slots {
			to.add(s, t)
		}
	}
	return nil
}

// readOwn counts the entries of customers through the given one.
func (u *update) readOwn(ctx context.Context, to *changes, in []span, through int64, condition string, args ...any) error {
	rows, err := u.tx.QueryContext(ctx, u.sql(`
		SELECT user_id, occurred_at, type, source, points FROM {entries} FORCE INDEX (account_seq)
		WHERE `+condition+` AND {id} <= ?`), append(args, through)...)
	if err != nil {
		return fmt.Errorf("read the entries of customers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	names := map[string]string{}
	name := func(text sql.RawBytes) string {
		if known, ok := names[string(text)]; ok {
			return known
		}
		names[string(text)] = string(text)
		return names[string(text)]
	}
	for rows.Next() {
		var e posted
		var kind, source sql.RawBytes
		if err := rows.Scan(&e.User, &e.OccurredAt, &kind, &source, &e.Points); err != nil {
			return fmt.Errorf("read the entries of customers: %w", err)
		}
		e.Type, e.Source = name(kind), name(source)
		to.count(e, in, u.settings.Zone)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the entries of customers: %w", err)
	}
	return nil
}

// tells says whether some of a customer's entries tell what adding others needs
// to know: that he is counted already, and what he has earned if that may bring
// him onto a list.
func tells(some *changes, user int64, added *changes, listed map[slot]Earner) bool {
	for s, change := range added.slots {
		if s.user != user {
			continue
		}
		if some.slots[s].postings == 0 {
			return false
		}
		if _, on := listed[s]; s.source == "" && !on && change.points > 0 {
			return false
		}
	}
	return true
}
