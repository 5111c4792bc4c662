package sync

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// The bonus for a customer's first order belongs to the customer with all his
// orders: when an order of this batch takes or loses the first place, an order
// outside the batch may have to give it up or receive it.
func (p *orderPlan) chooseFirstOrders(ctx context.Context) error {
	if !p.run.anyFirstOrder {
		return nil
	}
	users := p.contestants()
	if len(users) == 0 {
		return nil
	}
	var err error
	if p.held, err = p.firstOrders(ctx, users); err != nil {
		return err
	}
	candidates, err := p.elsewhere(ctx, users)
	if err != nil {
		return err
	}
	for _, c := range p.cases {
		if c.owner != 0 {
			candidates[c.owner] = append(candidates[c.owner], program.Candidate{ID: c.id, EarnsAt: c.earnsAt, Purchase: c.worth.Of(ledger.Purchase)})
		}
	}
	kept, err := p.keepFirst(ctx, users)
	if err != nil {
		return err
	}
	p.first = make(map[int64]int64, len(users))
	outside := map[int64]int64{} // order → customer
	for _, user := range users {
		winner, holder := int64(0), p.held[user]
		if !kept[user] {
			winner = program.FirstOrder(candidates[user])
		}
		p.first[user] = winner
		if c := p.byID[winner]; c != nil {
			c.program.AddFirstOrder(&c.worth)
		} else if winner != 0 && winner != holder {
			outside[winner] = user
		}
		if holder != winner && holder != 0 && p.byID[holder] == nil {
			outside[holder] = user
		}
	}
	return p.addOutside(ctx, outside)
}

// contestants returns the live customers whose first place this batch may
// change.
func (p *orderPlan) contestants() []int64 {
	ask := map[int64]bool{}
	for _, c := range p.cases {
		if c.owner != 0 {
			ask[c.owner] = true
		}
		if c.seen != nil {
			ask[c.seen.User] = true
		}
		for _, user := range c.accounts() {
			ask[user] = true
		}
	}
	for _, c := range p.cases {
		if c.failed != nil { // its worth is unknown, so its customer's first place is
			p.run.unplaced = true
			delete(ask, c.owner)
			if c.seen != nil {
				delete(ask, c.seen.User)
			}
		}
	}
	var users []int64
	for user := range ask {
		if p.live[user] {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return users
}

func (p *orderPlan) firstOrders(ctx context.Context, users []int64) (map[int64]int64, error) {
	type row struct {
		User  int64 `db:"user_id"`
		Order int64 `db:"order_id"`
	}
	rows, err := selectIn[row](ctx, p.tx, p.run.sql(`SELECT user_id, order_id FROM {p}loyalty_first_orders WHERE user_id IN (?)`), users)
	if err != nil {
		return nil, fmt.Errorf("read first orders: %w", err)
	}
	holders := make(map[int64]int64, len(rows))
	for _, row := range rows {
		holders[row.User] = row.Order
	}
	return holders, nil
}

// elsewhere returns each customer's earliest order with points that is not in
// this batch.
func (p *orderPlan) elsewhere(ctx context.Context, users []int64) (map[int64][]program.Candidate, error) {
	var orders []int64
	ask := users
	if p.run.empty && !p.run.unplaced {
		// This run placed all orders that were seen, so who holds the first place
		// is the earliest of all. Only if it is in this batch another may be.
		ask = nil
		for _, user := range users {
			if holder := p.held[user]; p.byID[holder] != nil {
				ask = append(ask, user)
			} else if holder != 0 {
				orders = append(orders, holder)
			}
		}
	}
	found, err := p.earliestElsewhere(ctx, ask)
	if err != nil {
		return nil, err
	}
	seen, err := p.run.seenOrders(ctx, p.tx, append(orders, found...))
	if err != nil {
		return nil, err
	}
	earliest := make(map[int64][]program.Candidate, len(users))
	for _, row := range seen {
		earliest[row.User] = []program.Candidate{{ID: row.ID, EarnsAt: row.EarnsAt.Time, Purchase: row.Purchase}}
	}
	return earliest, nil
}

// earliestElsewhere finds these orders among all that were seen. One index
// look-up a customer, however many orders he has: whoever has an order with
// points has an account.
func (p *orderPlan) earliestElsewhere(ctx context.Context, users []int64) (orders []int64, err error) {
	here := []int64{0} // a list must not be empty
	for _, c := range p.cases {
		if c.seen != nil && c.seen.Purchase > 0 {
			here = append(here, c.id)
		}
	}
	for chunk := range slices.Chunk(users, maxRows) {
		query, args, err := sqlx.In(p.run.sql(`
			SELECT (SELECT s.id FROM {p}loyalty_seen_orders s
			        WHERE s.user_id = a.user_id AND s.purchase > 0 AND s.id NOT IN (?) ORDER BY s.earns_at, s.id LIMIT 1)
			FROM {p}loyalty_accounts a WHERE a.user_id IN (?)`), here, chunk)
		if err != nil {
			return nil, fmt.Errorf("look for first orders: %w", err)
		}
		var found []sql.NullInt64
		if err := p.tx.SelectContext(ctx, &found, query, args...); err != nil {
			return nil, fmt.Errorf("look for first orders: %w", err)
		}
		for _, order := range found {
			if order.Valid {
				orders = append(orders, order.Int64)
			}
		}
	}
	return orders, nil
}

// addOutside adds the orders whose first-order bonus changes although nothing
// else about them did.
func (p *orderPlan) addOutside(ctx context.Context, customers map[int64]int64) error {
	if len(customers) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(customers))
	for id := range customers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	seen, err := p.run.seenOrders(ctx, p.tx, ids)
	if err != nil {
		return err
	}
	posted, err := p.tx.PostedUnder(ctx, []ledger.Source{ledger.Purchase, ledger.FirstOrder}, ids)
	if err != nil {
		return err
	}
	purchases, bonuses := posted[ledger.Purchase], posted[ledger.FirstOrder]
	var outside []*orderCase
	for _, id := range ids {
		c := &orderCase{
			id: id, outside: true, seen: seen[id], owner: customers[id], counts: customers[id],
			posted: map[ledger.Source]ledger.Posted{}, change: p.tx.Now, cause: causeFirstOrder,
		}
		if purchase, ok := purchases[id]; ok {
			c.posted[ledger.Purchase] = purchase
		}
		if bonus, ok := bonuses[id]; ok {
			c.posted[ledger.FirstOrder] = bonus
		}
		outside = append(outside, c)
	}
	if err := errors.Join(p.readReused(ctx, outside), p.readKept(ctx, outside)); err != nil {
		return err
	}
	for _, c := range outside {
		id := c.id
		for _, source := range []ledger.Source{ledger.Purchase, ledger.FirstOrder} {
			if c.version == 0 {
				by := c.valuedBy(source)
				c.version, c.factAt = by.Program, by.FactAt
			}
		}
		delete(c.posted, ledger.Purchase) // which is not at stake
		c.earnsAt = c.factAt
		if c.seen != nil && c.seen.EarnsAt.Valid {
			c.earnsAt = c.seen.EarnsAt.Time
		}
		if c.version == 0 {
			c.version, c.factAt = ledger.VersionAt(p.run.versions, c.earnsAt).ID, c.earnsAt
		}
		if c.program = p.run.programs[c.version]; c.program == nil {
			c.failed = &MissingVersionError{Fact: fmt.Sprintf("order %d", id), Version: c.version}
		} else if p.first[c.owner] == id {
			c.program.AddFirstOrder(&c.worth)
		}
		p.byID[id] = c
		p.cases = append(p.cases, c)
	}
	return nil
}

// saveFirstOrders remembers who holds the first place now. A frozen account
// gives up that of an order which leaves it; who is next is found when it is
// live again.
func (p *orderPlan) saveFirstOrders(ctx context.Context, result *batchResult) error {
	for _, c := range p.cases {
		if len(c.left) == 0 || !p.run.anyFirstOrder || c.failed != nil || result.isWithheld(c.id) {
			continue
		}
		if err := execIn(ctx, p.tx, p.run.sql(fmt.Sprintf(`DELETE FROM {p}loyalty_first_orders WHERE order_id = %d AND user_id IN (?)`, c.id)), c.left); err != nil {
			return fmt.Errorf("forget first orders: %w", err)
		}
	}
	var won, lost []int64 // customers
	for user, order := range p.first {
		switch {
		case order == p.held[user] || result.userWithheld(user):
		case order == 0:
			lost = append(lost, user)
		default:
			won = append(won, user)
		}
	}
	slices.Sort(won)
	for chunk := range slices.Chunk(won, maxRows) {
		args := make([]any, 0, len(chunk)*2)
		for _, user := range chunk {
			args = append(args, user, p.first[user])
		}
		_, err := p.tx.ExecContext(ctx, p.run.sql(`INSERT INTO {p}loyalty_first_orders (user_id, order_id) VALUES `)+placeholders(2, len(chunk))+`
			ON DUPLICATE KEY UPDATE order_id = VALUES(order_id)`, args...)
		if err != nil {
			return fmt.Errorf("save the first orders of %d customers: %w", len(chunk), err)
		}
	}
	slices.Sort(lost)
	if err := execIn(ctx, p.tx, p.run.sql(`DELETE FROM {p}loyalty_first_orders WHERE user_id IN (?)`), lost); err != nil {
		return fmt.Errorf("forget first orders: %w", err)
	}
	return nil
}
