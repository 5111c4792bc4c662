package sync

import (
	"context"
	"errors"
	"time"

	"loyaltyd/ledger"
)

// apply withholds what the brake withholds and posts the rest.
func (p *orderPlan) apply(ctx context.Context, result *batchResult) error {
	r := p.run
	p.withhold(result)
	n, rows := 0, 0
	for _, c := range p.cases {
		n += len(c.postings)
		if c.record != nil {
			rows += len(c.record.Rows)
		}
	}
	postings := make([]ledger.Posting, 0, n)
	done := make([]int64, 0, len(p.cases))
	var settle, left []int64
	seen := make([]seenOrder, 0, rows)
	for _, c := range p.cases {
		if c.record != nil {
			result.problems = append(append(result.problems, c.record.Problems...), c.record.Dates...)
		}
		if c.failed != nil {
			result.failures = append(result.failures, c.failed.Error())
			continue
		}
		if result.isWithheld(c.id) {
			continue
		}
		postings = append(postings, c.postings...)
		if c.outside {
			continue
		}
		result.looked++
		if c.worth.Skipped != "" {
			result.skipped++
		}
		if problem := c.worth.Problem(c.id); problem != "" {
			result.problems = append(result.problems, problem)
		}
		done = append(done, c.id)
		first := len(seen)
		seen = c.appendSeen(seen)
		for _, row := range seen[first:] {
			// A refund that was another order's leaves that one.
			if before := p.seen[row.ID]; before != nil && before.Parent != 0 && before.Parent != row.Parent {
				left = append(left, before.Parent)
			}
		}
		if c.record != nil && (p.batch.settle || p.inTheMaking(c)) {
			settle = append(settle, c.id)
		}
	}
	entries, err := p.tx.Post(ctx, inOrder(postings))
	if err != nil {
		return err
	}
	result.countEntries(entries)
	if err := r.saveSeenOrders(ctx, p.tx, seen); err != nil {
		return err
	}
	if err := r.forgetOrders(ctx, p.tx, p.goneRows(done)); err != nil {
		return err
	}
	if err := errors.Join(p.saveKept(ctx, result), p.saveReused(ctx, result)); err != nil {
		return err
	}
	if err := p.saveFirstOrders(ctx, result); err != nil {
		return err
	}
	if err := p.noteUses(ctx, result); err != nil {
		return err
	}
	if err := p.reschedule(ctx, result); err != nil {
		return err
	}
	if r.mayHaveTodos {
		if err := r.doneTodos(ctx, p.tx, kindOrder, done); err != nil {
			return err
		}
	}
	if err := r.addTodos(ctx, p.tx, kindOrder, causeSettling, settle); err != nil {
		return err
	}
	if err := r.addTodos(ctx, p.tx, kindOrder, causeUnrefunded, left); err != nil {
		return err
	}
	if p.batch.done != nil {
		return p.batch.done(ctx, p.tx)
	}
	return nil
}

// inTheMaking reports whether an order changed so lately that the request which
// changes it may not have come to its end.
func (p *orderPlan) inTheMaking(c *orderCase) bool {
	const longestRequest = time.Minute // twice what PHP gives one by default
	return c.record.Order.Modified.After(p.run.clock.Add(-longestRequest))
}

// goneRows returns the ids to forget: those of orders that were dealt with. A
// withheld one has to be found again.
func (p *orderPlan) goneRows(done []int64) []int64 {
	dealt := make(map[int64]bool, len(done))
	for _, id := range done {
		dealt[id] = true
	}
	var ids []int64
	for _, row := range p.batch.gone {
		if dealt[row.order] {
			ids = append(ids, row.id)
		}
	}
	for _, c := range p.cases {
		if c.record == nil && dealt[c.id] {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// appendSeen appends what to remember of the order and its refunds.
func (c *orderCase) appendSeen(rows []seenOrder) []seenOrder {
	if c.record == nil {
		return rows
	}
	for _, row := range c.record.Rows {
		seen := seenOrder{ID: row.ID, Parent: row.Parent, Head: row.Head, Body: row.Body}
		if row.ID == c.id {
			order := &c.record.Order
			seen.User, seen.EarnsAt = c.counts, nullTime(c.earnsAt)
			if c.owner != 0 {
				seen.Purchase = c.worth.Of(ledger.Purchase)
			}
			if order.Customer == 0 {
				seen.EmailKey = emailKey(order.ContactEmail())
			}
		}
		rows = append(rows, seen)
	}
	return rows
}

// reschedule moves the end of holdings whose earning time has moved.
func (p *orderPlan) reschedule(ctx context.Context, result *batchResult) error {
	for _, c := range p.cases {
		if c.program == nil || c.seen == nil || c.record == nil || c.outside || result.isWithheld(c.id) {
			continue
		}
		ends, held := c.program.HoldEnds(c.earnsAt)
		if !held || !c.seen.EarnsAt.Valid || c.seen.EarnsAt.Time.Equal(c.earnsAt) {
			continue
		}
		for _, source := range orderSources {
			if err := p.tx.Reschedule(ctx, source, c.id, ends); err != nil {
				return err
			}
		}
	}
	return nil
}
