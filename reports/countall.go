package reports

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// countAll counts spans from the entries through the given one: one pass, for
// which the server sorts the entries by customer, so that the figures of one
// customer are held at a time.
func (u *update) countAll(ctx context.Context, spans []span, through int64) error {
	if len(spans) == 0 {
		return nil
	}
	all := Range{MaxDay, MinDay}
	for _, s := range spans {
		all.From, all.To = min(all.From, s.From), max(all.To, s.To)
		if err := u.dropSpan(ctx, s.name); err != nil {
			return err
		}
	}
	during, args := all.instants("occurred_at", u.settings.Zone)
	rows, err := u.tx.QueryContext(ctx, u.sql(`
		SELECT user_id, occurred_at, type, source, points FROM {entries} IGNORE INDEX FOR ORDER BY (account_seq)
		WHERE {id} <= ? AND `+during+` ORDER BY user_id`), append([]any{through}, args...)...)
	if err != nil {
		return fmt.Errorf("count the customers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	census := newCensus(spans, u.settings.Zone, u.listed)
	for rows.Next() {
		var user, points int64
		var at time.Time
		var kind, source sql.RawBytes
		if err := rows.Scan(&user, &at, &kind, &source, &points); err != nil {
			return fmt.Errorf("count the customers: %w", err)
		}
		census.add(user, at, earns(string(kind)), source, points)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("count the customers: %w", err)
	}
	census.flush()
	if census.total.overflow {
		return tooMuch("of a customer")
	}
	var earners []any
	for i, s := range spans {
		count := u.counts.of(s.name)
		for source, id := range census.sources {
			if n := census.customers[i][id]; n > 0 {
				count.customers[source] = n
			}
		}
		var list []Earner
		list, count.list.least = census.lists[i].close()
		count.list.length = int64(len(list))
		for _, e := range list {
			earners = append(earners, e.User, s.name, e.Earned, e.Entries)
		}
	}
	return u.writeEarning(ctx, earners)
}

// census counts entries that come sorted by customer.
type census struct {
	borders   []time.Time    // where spans begin or have ended
	within    [][]int        // the spans that contain what lies before each border, and after the last
	sources   map[string]int // their numbers; that of the empty source, which is all entries, is 0
	lists     []earnerList   // by span
	total     adder
	user      int64
	tallies   [][]tally // of the user, by span and source
	used      []bool    // spans in which the user has any entry
	customers [][]int64 // by span and source
}

func newCensus(spans []span, zone *time.Location, listed int) *census {
	c := &census{
		sources: map[string]int{"": 0}, lists: make([]earnerList, len(spans)), tallies: make([][]tally, len(spans)),
		used: make([]bool, len(spans)), customers: make([][]int64, len(spans)),
	}
	var days []Day
	for i, s := range spans {
		days = append(days, s.From, s.To+1)
		c.lists[i].most = listed
		c.tallies[i], c.customers[i] = make([]tally, 1), make([]int64, 1)
	}
	slices.Sort(days)
	days = slices.DeleteFunc(slices.Compact(days), func(d Day) bool { return d <= MinDay || d > MaxDay })
	c.within = make([][]int, len(days)+1)
	for n := range c.within {
		day := MinDay
		if n > 0 {
			day = days[n-1]
			c.borders = append(c.borders, day.Starts(zone))
		}
		for i, s := range spans {
			if s.Contains(day) {
				c.within[n] = append(c.within[n], i)
			}
		}
	}
	return c
}

func (c *census) add(user int64, at time.Time, earns bool, source []byte, points int64) {
	if user != c.user {
		c.flush()
		c.user = user
	}
	n := len(c.borders)
	for n > 0 && at.Before(c.borders[n-1]) {
		n--
	}
	id, known := 0, false
	if earns {
		if id, known = c.sources[string(source)]; !known {
			id = len(c.sources)
			c.sources[string(source)] = id
			for i := range c.tallies {
				c.tallies[i] = append(c.tallies[i], tally{})
				c.customers[i] = append(c.customers[i], 0)
			}
		}
	}
	for _, i := range c.within[n] {
		c.used[i] = true
		sum := &c.tallies[i][0]
		sum.postings++
		if earns {
			c.total.add(&sum.points, points)
			sum.entries++
			c.tallies[i][id].postings++
		}
	}
}

// flush counts the customer whose entries have all been added.
func (c *census) flush() {
	for i, used := range c.used {
		if !used {
			continue
		}
		sum := c.tallies[i][0]
		c.lists[i].add(Earner{User: c.user, Earned: sum.points, Entries: sum.entries})
		for id, t := range c.tallies[i] {
			if t.postings > 0 {
				c.customers[i][id]++
			}
		}
		clear(c.tallies[i])
		c.used[i] = false
	}
}

// earnerList keeps so many of those who earned most.
type earnerList struct {
	most  int
	list  []Earner
	least rank
}

func (l *earnerList) add(e Earner) {
	if !l.least.reaches(e) {
		return
	}
	const slack = 4
	l.list = append(l.list, e)
	if len(l.list) > slack*l.most {
		l.cut()
	}
}

func (l *earnerList) cut() {
	slices.SortFunc(l.list, compareEarners)
	if len(l.list) > l.most {
		l.list = l.list[:l.most]
		l.least = rank{l.list[l.most-1].Earned, l.list[l.most-1].User}
	}
}

// close returns the list, the best first, and the rank that it goes down to.
func (l *earnerList) close() ([]Earner, rank) {
	l.cut()
	return l.list, l.least
}
