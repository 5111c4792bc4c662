package reports

import (
	"context"
	"fmt"
	"maps"

	"github.com/jmoiron/sqlx"
)

// counted says what is kept of each span.
type counted map[string]*spanCount

// spanCount says how many customers each source has in a span, the empty source
// those with any entry, and how far the list of its earners goes.
type spanCount struct {
	customers map[string]int64
	list      listing
}

// listing says how many customers a list of earners has, and the rank that it
// goes down to: all who reach it are on it.
type listing struct {
	length int64
	least  rank
}

// of returns the span's numbers, to be added to.
func (c counted) of(span string) *spanCount {
	if c[span] == nil {
		c[span] = &spanCount{customers: map[string]int64{}}
	}
	return c[span]
}

// customers returns the span's number of customers by source.
func (c counted) customers(span string) map[string]int64 {
	if c[span] == nil {
		return nil
	}
	return c[span].customers
}

func (c counted) clone() counted {
	cloned := counted{}
	for name, s := range c {
		cloned[name] = &spanCount{maps.Clone(s.customers), s.list}
	}
	return cloned
}

func (r *Reports) readCustomers(ctx context.Context, q sqlx.QueryerContext) (counted, error) {
	var rows []struct {
		Span      string `db:"span"`
		Source    string `db:"source"`
		Customers int64  `db:"customers"`
		Listed    int64  `db:"listed"`
		Points    int64  `db:"least_points"`
		User      int64  `db:"least_user"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, r.sql(`
		SELECT span, source, customers, listed, least_points, least_user FROM {p}loyalty_period_customers`))
	if err != nil {
		return nil, fmt.Errorf("read the numbers of customers: %w", err)
	}
	counts := counted{}
	for _, row := range rows {
		count := counts.of(row.Span)
		count.customers[row.Source] = row.Customers
		if row.Source == "" {
			count.list = listing{row.Listed, rank{row.Points, row.User}}
		}
	}
	return counts, nil
}

// saveCustomers writes what changed since the numbers were read.
func (u *update) saveCustomers(ctx context.Context) error {
	var write []any
	for name, now := range u.counts {
		was := u.stored.of(name)
		for source, n := range now.customers {
			before, existed := was.customers[source]
			var list listing
			if source == "" {
				list = now.list
			}
			if !existed || before != n || source == "" && was.list != list {
				write = append(write, name, source, n, list.length, list.least.points, list.least.user)
			}
		}
		for source := range was.customers {
			if _, still := now.customers[source]; !still {
				write = append(write, name, source, 0, 0, 0, 0)
			}
		}
	}
	for name := range u.stored {
		if u.counts[name] != nil {
			continue
		}
		_, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_period_customers WHERE span = ?`), name)
		if err != nil {
			return fmt.Errorf("drop the numbers of customers of %s: %w", name, err)
		}
	}
	if len(write) > 0 {
		_, err := u.tx.ExecContext(ctx, u.sql(`
			INSERT INTO {p}loyalty_period_customers (span, source, customers, listed, least_points, least_user)
			VALUES `+values(6, len(write)/6)+`
			ON DUPLICATE KEY UPDATE customers = VALUES(customers), listed = VALUES(listed), least_points = VALUES(least_points), least_user = VALUES(least_user)`), write...)
		if err != nil {
			return fmt.Errorf("write the numbers of customers: %w", err)
		}
	}
	u.stored = u.counts.clone()
	return nil
}
