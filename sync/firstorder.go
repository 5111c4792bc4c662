package sync

import (
	"context"
	"database/sql"
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
	candidates, err := p.elsewhere(ctx, users, holders)
	if err != nil {
		return err
	}
	for _, c := range p.cases {
		if c.owner != 0 {
			candidates[c.owner] = append(candidates[c.owner], program.Candidate{ID: c.id, EarnsAt: c.earnsAt, Purchase: c.worth.Purchase})
		}
	}
	p.first = make(map[int64]int64)
	outside := map[int64]int64{} // order → customer
	for _, user := range users {
		winner, holder := program.FirstOrder(candidates[user]), holders[user].ID
		if winner != holder {
			p.first[user] = winner
		}
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

// firstOrders returns the customers' first orders as they were saved.
func (p *orderPlan) firstOrders(ctx context.Context, users []int64) (map[int64]program.Candidate, error) {
	type row struct {
		User     int64           `db:"user_id"`
		Order    int64           `db:"order_id"`
		EarnsAt  ledger.NullTime `db:"earns_at"`
		Purchase sql.NullInt64   `db:"purchase"`
	}
	rows, err := selectIn[row](ctx, p.tx, p.run.sql(`
		SELECT f.user_id, f.order_id, o.earns_at, o.purchase FROM {p}loyalty_first_orders f
		LEFT JOIN {p}loyalty_seen_orders o ON o.id = f.order_id WHERE f.user_id IN (?)`), users)
	if err != nil {
		return nil, fmt.Errorf("read first orders: %w", err)
	}
	holders := make(map[int64]program.Candidate, len(rows))
	for _, row := range rows {
		holders[row.User] = program.Candidate{ID: row.Order, EarnsAt: row.EarnsAt.Time, Purchase: row.Purchase.Int64}
	}
	return holders, nil
}

// elsewhere returns each customer's earliest order with points that is not in
// this batch.
func (p *orderPlan) elsewhere(ctx context.Context, users []int64, holders map[int64]program.Candidate) (map[int64][]program.Candidate, error) {
	if !p.run.empty || p.run.unplaced {
		return p.earliestElsewhere(ctx, users)
	}
	// This run saw all orders that were seen, and placed every one: the holder
	// is the earliest of all. Only if it is in this batch another one may be.
	var contested []int64
	for _, user := range users {
		if holder := holders[user]; p.byID[holder.ID] != nil {
			contested = append(contested, user)
		}
	}
	earliest, err := p.earliestElsewhere(ctx, contested)
	if err != nil {
		return nil, err
	}
	for _, user := range users {
		if holder := holders[user]; holder.ID != 0 && p.byID[holder.ID] == nil {
			earliest[user] = []program.Candidate{holder}
		}
	}
	return earliest, nil
}

// earliestElsewhere finds them among all orders that were seen: one index
// look-up a customer, however many orders he has.
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

// saveFirstOrders remembers who took or lost the first place.
func (p *orderPlan) saveFirstOrders(ctx context.Context, result *batchResult) error {
	var won, lost []int64
	for user, order := range p.first {
		switch {
		case result.userWithheld(user):
		case order == 0:
			lost = append(lost, user)
		default:
			won = append(won, user)
		}
	}
	slices.Sort(won)
	for chunk := range slices.Chunk(won, maxRows) {
		args := make([]any, 0, 2*len(chunk))
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
