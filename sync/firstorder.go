package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	holders, err := p.firstOrders(ctx, users)
	if err != nil {
		return err
	}
	rivals, err := p.earliestElsewhere(ctx, users)
	if err != nil {
		return err
	}
	p.first = make(map[int64]int64, len(users))
	outside := map[int64]int64{} // order → customer
	for _, user := range users {
		candidates := rivals[user]
		for _, c := range p.cases {
			if c.owner == user {
				candidates = append(candidates, program.Candidate{ID: c.id, EarnsAt: c.earnsAt, Purchase: c.worth.Purchase})
			}
		}
		winner, holder := program.FirstOrder(candidates), holders[user]
		p.first[user] = winner
		if c := p.byID[winner]; c != nil {
			c.first = true
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

// earliestElsewhere returns each customer's earliest order with points that is
// not in this batch. One index look-up a customer, however many orders he has.
func (p *orderPlan) earliestElsewhere(ctx context.Context, users []int64) (map[int64][]program.Candidate, error) {
	mine := map[int64][]int64{}
	for _, c := range p.cases {
		if c.seen != nil {
			mine[c.seen.User] = append(mine[c.seen.User], c.id)
		}
	}
	earliest := make(map[int64][]program.Candidate, len(users))
	for chunk := range slices.Chunk(users, 100) {
		var parts []string
		var args []any
		for _, user := range chunk {
			not := ""
			args = append(args, user)
			if ids := mine[user]; len(ids) > 0 {
				not = " AND id NOT IN (" + strings.Repeat("?,", len(ids)-1) + "?)"
				for _, id := range ids {
					args = append(args, id)
				}
			}
			parts = append(parts, `(SELECT user_id, id, earns_at, purchase FROM {p}loyalty_seen_orders
				WHERE user_id = ? AND purchase > 0`+not+` ORDER BY earns_at, id LIMIT 1)`)
		}
		var rows []struct {
			User     int64           `db:"user_id"`
			ID       int64           `db:"id"`
			EarnsAt  ledger.NullTime `db:"earns_at"`
			Purchase int64           `db:"purchase"`
		}
		if err := p.tx.SelectContext(ctx, &rows, p.run.sql(strings.Join(parts, " UNION ALL ")), args...); err != nil {
			return nil, fmt.Errorf("look for first orders: %w", err)
		}
		for _, row := range rows {
			earliest[row.User] = []program.Candidate{{ID: row.ID, EarnsAt: row.EarnsAt.Time, Purchase: row.Purchase}}
		}
	}
	return earliest, nil
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
	purchases, err := p.tx.Posted(ctx, ledger.Purchase, ids)
	if err != nil {
		return err
	}
	bonuses, err := p.tx.Posted(ctx, ledger.FirstOrder, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		c := &orderCase{
			id: id, outside: true, seen: seen[id], owner: customers[id], counts: customers[id],
			posted: map[ledger.Source]ledger.Posted{}, change: p.tx.Now, cause: causeFirstOrder,
		}
		if bonus, ok := bonuses[id]; ok {
			c.posted[ledger.FirstOrder] = bonus
		}
		c.first = p.first[c.owner] == id
		c.version, c.factAt = purchases[id].Program, purchases[id].FactAt
		if c.version == 0 {
			c.version, c.factAt = bonuses[id].Program, bonuses[id].FactAt
		}
		c.earnsAt = c.factAt
		if c.seen != nil && c.seen.EarnsAt.Valid {
			c.earnsAt = c.seen.EarnsAt.Time
		}
		if c.version == 0 {
			c.version, c.factAt = ledger.VersionAt(p.run.versions, c.earnsAt).ID, c.earnsAt
		}
		if c.program = p.run.programs[c.version]; c.program == nil {
			c.failed = &MissingVersionError{Fact: fmt.Sprintf("order %d", id), Version: c.version}
		}
		p.byID[id] = c
		p.cases = append(p.cases, c)
	}
	return nil
}

// saveFirstOrders remembers who holds the first place now.
func (p *orderPlan) saveFirstOrders(ctx context.Context, result *batchResult) error {
	var lost []int64
	for user, order := range p.first {
		if result.userWithheld(user) {
			continue
		}
		if order == 0 {
			lost = append(lost, user)
			continue
		}
		_, err := p.tx.ExecContext(ctx, p.run.sql(`INSERT INTO {p}loyalty_first_orders (user_id, order_id) VALUES (?, ?)
			ON DUPLICATE KEY UPDATE order_id = VALUES(order_id)`), user, order)
		if err != nil {
			return fmt.Errorf("save the first order of customer %d: %w", user, err)
		}
	}
	slices.Sort(lost)
	if err := execIn(ctx, p.tx, p.run.sql(`DELETE FROM {p}loyalty_first_orders WHERE user_id IN (?)`), lost); err != nil {
		return fmt.Errorf("forget first orders: %w", err)
	}
	return nil
}
