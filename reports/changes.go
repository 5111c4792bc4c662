package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"
)

// slot is a row of the table of what each customer did in each period.
type slot struct {
	span, source string
	user         int64
}

// tally is what the row says.
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
	c.total.add(&sum.entries, amount.entries)
	c.total.add(&sum.postings, amount.postings)
	c.slots[to] = sum
}

// applyUsers bounds the length of the statements below: a user has some dozen
// slots.
const applyUsers = 200

// apply adds the changes to the table and counts the customers that appeared
// and vanished. The caller holds the state's row, so nobody else changes the
// table between reading and writing.
func (u *update) apply(ctx context.Context, c *changes, counts customers) error {
	byUser := map[int64][]slot{}
	for s := range c.slots {
		byUser[s.user] = append(byUser[s.user], s)
	}
	for users := range slices.Chunk(slices.Sorted(maps.Keys(byUser)), applyUsers) {
		var slots []slot
		for _, user := range users {
			slots = append(slots, byUser[user]...)
		}
		slices.SortFunc(slots, func(a, b slot) int {
			return cmp.Or(cmp.Compare(a.span, b.span), cmp.Compare(a.source, b.source), cmp.Compare(a.user, b.user))
		})
		if err := u.applySlots(ctx, c, users, slots, counts); err != nil {
			return err
		}
	}
	return nil
}

func (u *update) applySlots(ctx context.Context, c *changes, users []int64, slots []slot, counts customers) error {
	current, err := u.readSlots(ctx, users, slots)
	if err != nil {
		return err
	}
	var write []any
	empty := map[[2]string][]int64{}
	for _, s := range slots {
		was, existed := current[s]
		now, change := was, c.slots[s]
		c.total.add(&now.points, change.points)
		c.total.add(&now.entries, change.entries)
		c.total.add(&now.postings, change.postings)
		if u.moved != nil && s.source == "" {
			if u.moved[s.span] == nil {
				u.moved[s.span] = map[int64]tally{}
			}
			u.moved[s.span][s.user] = now
		}
		switch {
		case c.total.overflow:
			return fmt.Errorf("the points of user %d in %s do not fit into 64 bits", s.user, s.span)
		case now.postings < 0 || now.postings == 0 && now != (tally{}):
			return fmt.Errorf("what user %d did in %s does not add up: run `loyaltyd verify --repair`", s.user, s.span)
		case now.postings == 0 && !existed || now == was:
		case now.postings == 0:
			empty[[2]string{s.span, s.source}] = append(empty[[2]string{s.span, s.source}], s.user)
			counts.add(s.span, s.source, -1)
		default:
			write = append(write, s.span, s.source, s.user, now.points, now.entries, now.postings)
			if !existed {
				counts.add(s.span, s.source, 1)
			}
		}
	}
	if err := u.writeSlots(ctx, write); err != nil {
		return err
	}
	for key, gone := range empty {
		query, args, err := sqlx.In(u.sql(`
			DELETE FROM {p}loyalty_period_accounts WHERE span = ? AND source = ? AND user_id IN (?)`), key[0], key[1], gone)
		if err != nil {
			return fmt.Errorf("drop customers of %s: %w", key[0], err)
		}
		if _, err := u.tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("drop customers of %s: %w", key[0], err)
		}
	}
	return nil
}

// readSlots returns the rows of the users in the spans and sources of slots.
func (u *update) readSlots(ctx context.Context, users []int64, slots []slot) (map[slot]tally, error) {
	spanNames, sources := map[string]bool{}, map[string]bool{}
	for _, s := range slots {
		spanNames[s.span] = true
		sources[s.source] = true
	}
	query, args, err := sqlx.In(u.sql(`
		SELECT span, source, user_id, points, entries, postings FROM {p}loyalty_period_accounts
		WHERE span IN (?) AND source IN (?) AND user_id IN (?)`),
		slices.Sorted(maps.Keys(spanNames)), slices.Sorted(maps.Keys(sources)), users)
	if err != nil {
		return nil, fmt.Errorf("read what customers did: %w", err)
	}
	return scanSlots(ctx, u.tx, query, args)
}

func scanSlots(ctx context.Context, q sqlx.QueryerContext, query string, args []any) (map[slot]tally, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read what customers did: %w", err)
	}
	defer func() { _ = rows.Close() }()
	current := map[slot]tally{}
	for rows.Next() {
		var s slot
		var t tally
		if err := rows.Scan(&s.span, &s.source, &s.user, &t.points, &t.entries, &t.postings); err != nil {
			return nil, fmt.Errorf("read what customers did: %w", err)
		}
		current[s] = t
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read what customers did: %w", err)
	}
	return current, nil
}

func (u *update) writeSlots(ctx context.Context, args []any) error {
	const columns, most = 6, 6 * 1000
	for chunk := range slices.Chunk(args, most) {
		_, err := u.tx.ExecContext(ctx, u.sql(`
			INSERT INTO {p}loyalty_period_accounts (span, source, user_id, points, entries, postings)
			VALUES `+values(columns, len(chunk)/columns)+`
			ON DUPLICATE KEY UPDATE points = VALUES(points), entries = VALUES(entries), postings = VALUES(postings)`), chunk...)
		if err != nil {
			return fmt.Errorf("write what customers did: %w", err)
		}
	}
	return nil
}

func (r *Reports) readCustomers(ctx context.Context, q sqlx.QueryerContext) (customers, error) {
	var rows []struct {
		Span      string `db:"span"`
		Source    string `db:"source"`
		Customers int64  `db:"customers"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, r.sql(`SELECT span, source, customers FROM {p}loyalty_period_customers`))
	if err != nil {
		return nil, fmt.Errorf("read the numbers of customers: %w", err)
	}
	counts := customers{}
	for _, row := range rows {
		counts.add(row.Span, row.Source, row.Customers)
	}
	return counts, nil
}

// saveCustomers writes what changed between two readings of the numbers.
func (u *update) saveCustomers(ctx context.Context, before, after customers) error {
	var write []any
	for name, sources := range after {
		for source, n := range sources {
			if was, existed := before[name][source]; !existed || was != n {
				write = append(write, name, source, n)
			}
		}
	}
	for name, sources := range before {
		if after[name] != nil {
			for source := range sources {
				if _, still := after[name][source]; !still {
					write = append(write, name, source, 0)
				}
			}
			continue
		}
		_, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_period_customers WHERE span = ?`), name)
		if err != nil {
			return fmt.Errorf("drop the numbers of customers of %s: %w", name, err)
		}
	}
	if len(write) == 0 {
		return nil
	}
	_, err := u.tx.ExecContext(ctx, u.sql(`
		INSERT INTO {p}loyalty_period_customers (span, source, customers) VALUES `+values(3, len(write)/3)+`
		ON DUPLICATE KEY UPDATE customers = VALUES(customers)`), write...)
	if err != nil {
		return fmt.Errorf("write the numbers of customers: %w", err)
	}
	return nil
}
