package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// keptRow is what an account keeps of an order that was deleted for good,
// pending points included. Nothing takes it back: should the order's number be
// given out again, that is another order, whose worth comes on top.
type keptRow struct {
	Order   int64           `db:"order_id"`
	Source  ledger.Source   `db:"source"`
	User    int64           `db:"user_id"`
	Points  int64           `db:"points"`
	Counted int64           `db:"counted_for"` // for whom the order counted
	EarnsAt ledger.NullTime `db:"earns_at"`    // its earning time
}

const keptColumns = `order_id, source, user_id, points, counted_for, earns_at`

// readKept finds out what is kept of orders, and leaves it out of what is
// posted for them.
func (p *orderPlan) readKept(ctx context.Context, cases []*orderCase) error {
	byID := map[int64]*orderCase{}
	var ids []int64
	for _, c := range cases {
		if len(c.posted) > 0 {
			byID[c.id] = c
			ids = append(ids, c.id)
		}
	}
	kept := map[int64][]keptRow{}
	if p.run.anyKept {
		rows, err := selectIn[keptRow](ctx, p.tx, p.run.sql(`SELECT `+keptColumns+` FROM {p}loyalty_kept_orders WHERE order_id IN (?)`), ids)
		if err != nil {
			return fmt.Errorf("read what is kept of orders: %w", err)
		}
		for _, row := range rows {
			kept[row.Order] = append(kept[row.Order], row)
		}
	}
	for id, c := range byID {
		switch rows := kept[id]; {
		case len(rows) > 0 && c.record != nil && c.isBack(&rows[0]):
			c.back, c.former, c.newly, c.unpinned = true, 0, false, false
		case c.record == nil && c.seen != nil && !c.outside && p.run.Programme.KeepDeleted:
			c.keep = c.posts()
			c.leaveOut(c.keep)
		case len(rows) > 0:
			c.leaveOut(rows)
		}
	}
	return nil
}

// isBack reports whether the store has an order again that was gone, as from a
// backup, and not another one with its number.
func (c *orderCase) isBack(kept *keptRow) bool {
	order := &c.record.Order
	return kept.EarnsAt == nullTime(program.EarnsAt(order)) && (order.Customer == 0 || order.Customer == kept.Counted)
}

// posts returns all that is posted for an order that is gone, as it is kept.
func (c *orderCase) posts() (rows []keptRow) {
	for _, source := range orderSources {
		for _, standing := range c.posted[source].Accounts {
			if points := standing.Points + standing.Pending; points != 0 {
				rows = append(rows, keptRow{c.id, source, standing.User, points, c.seen.User, c.seen.EarnsAt})
			}
		}
	}
	return rows
}

// leaveOut takes what is kept out of what is posted: it belongs to an order that
// is no more.
func (c *orderCase) leaveOut(kept []keptRow) {
	posted := make(map[ledger.Source]ledger.Posted, len(c.posted))
	for source, before := range c.posted {
		now := ledger.Posted{Program: before.Program, FactAt: before.FactAt, Latest: before.Latest}
		for _, standing := range before.Accounts {
			for _, row := range kept {
				if row.Source == source && row.User == standing.User {
					available := min(standing.Points, row.Points)
					standing.Points -= available
					standing.Pending -= row.Points - available
				}
			}
			if standing.Points != 0 || standing.Pending != 0 {
				now.Accounts = append(now.Accounts, standing)
			}
		}
		posted[source] = now
	}
	c.posted = posted
}

// saveKept remembers what is kept from now on, and forgets it of orders that
// are back.
func (p *orderPlan) saveKept(ctx context.Context, result *batchResult) error {
	var rows database.Rows
	var forget []int64
	some := false
	for _, c := range p.cases {
		if c.failed != nil || result.isWithheld(c.id) || !c.back && c.keep == nil {
			continue
		}
		forget = append(forget, c.id)
		for _, row := range c.keep {
			some = true
			rows.Int(row.Order)
			rows.Text(string(row.Source))
			rows.Int(row.User)
			rows.Int(row.Points)
			rows.Int(row.Counted)
			rows.NullTime(row.EarnsAt)
			rows.End()
		}
	}
	if err := execIn(ctx, p.tx, p.run.sql(`DELETE FROM {p}loyalty_kept_orders WHERE order_id IN (?)`), forget); err != nil {
		return fmt.Errorf("forget what was kept of orders: %w", err)
	}
	if !some {
		return nil
	}
	p.run.anyKept = true
	into := database.Table{Name: p.run.sql("{p}loyalty_kept_orders"), Columns: strings.Split(keptColumns, ", ")}
	if err := p.tx.Write(ctx, into, &rows); err != nil {
		return fmt.Errorf("save what is kept of orders: %w", err)
	}
	return nil
}

// keepFirst returns those of the users who keep the bonus for a first order:
// there is none to be had any more.
func (p *orderPlan) keepFirst(ctx context.Context, users []int64) (map[int64]bool, error) {
	keep := map[int64]bool{}
	back := []int64{0} // a list must not be empty
	for _, c := range p.cases {
		if c.back {
			back = append(back, c.id)
		}
		for _, row := range c.keep {
			if row.Source == ledger.FirstOrder {
				keep[row.User] = true
			}
		}
	}
	if !p.run.anyKept {
		return keep, nil
	}
	for chunk := range slices.Chunk(users, maxRows) {
		query, args, err := sqlx.In(p.run.sql(`
			SELECT user_id FROM {p}loyalty_kept_orders
			WHERE user_id IN (?) AND source = ? AND points > 0 AND order_id NOT IN (?)`), chunk, ledger.FirstOrder, back)
		if err != nil {
			return nil, fmt.Errorf("look for first orders that are kept: %w", err)
		}
		var found []int64
		if err := p.tx.SelectContext(ctx, &found, query, args...); err != nil {
			return nil, fmt.Errorf("look for first orders that are kept: %w", err)
		}
		for _, user := range found {
			keep[user] = true
		}
	}
	return keep, nil
}

// keptOf returns which of the orders a user keeps points of.
func (r *run) keptOf(ctx context.Context, user int64, orders []int64) (map[int64]bool, error) {
	rows, err := selectIn[keptRow](ctx, r.ledger.DB(), r.sql(`SELECT `+keptColumns+` FROM {p}loyalty_kept_orders WHERE order_id IN (?)`), orders)
	if err != nil {
		return nil, fmt.Errorf("read what is kept of orders: %w", err)
	}
	kept := map[int64]bool{}
	for _, row := range rows {
		if row.User == user {
			kept[row.Order] = true
		}
	}
	return kept, nil
}
