package sync

import (
	"context"
	"fmt"

	"loyaltyd/ledger"
)

// reusedRow says that an order has the number of another one, which was gone
// when it came. Entries up to the last one are that one's.
type reusedRow struct {
	Order int64 `db:"order_id"`
	Last  int64 `db:"last_entry"`
}

// readReused finds out which orders have the numbers of others that are gone. As
// long as nothing was posted for them they are judged by the rules of their own
// time.
func (p *orderPlan) readReused(ctx context.Context, cases []*orderCase) error {
	last := map[int64]int64{}
	var ids []int64
	for _, c := range cases {
		for _, posted := range c.posted {
			for _, standing := range posted.Accounts {
				last[c.id] = max(last[c.id], standing.Last)
			}
		}
		if last[c.id] != 0 {
			ids = append(ids, c.id)
		}
	}
	known := map[int64]int64{}
	if p.run.anyReused {
		rows, err := selectIn[reusedRow](ctx, p.tx, p.run.sql(`SELECT order_id, last_entry FROM {p}loyalty_reused_orders WHERE order_id IN (?)`), ids)
		if err != nil {
			return fmt.Errorf("read which numbers were given out again: %w", err)
		}
		for _, row := range rows {
			known[row.Order] = row.Last
		}
	}
	for _, c := range cases {
		switch {
		case c.record != nil && c.seen == nil && last[c.id] != 0:
			c.former, c.newly = last[c.id], true
		case c.seen != nil:
			c.former = known[c.id]
		}
		c.unpinned = c.former != 0 && last[c.id] <= c.former
	}
	return nil
}

// valuedBy returns by which version what is posted under a source was valued,
// and at what time. The first entry tells, unless it may be another order's.
func (c *orderCase) valuedBy(source ledger.Source) ledger.Valued {
	posted := c.posted[source]
	switch {
	case c.unpinned:
		return ledger.Valued{}
	case c.former != 0:
		return posted.Latest
	}
	return ledger.Valued{Program: posted.Program, FactAt: posted.FactAt}
}

// saveReused remembers which orders have the numbers of others, until they are
// gone too.
func (p *orderPlan) saveReused(ctx context.Context, result *batchResult) error {
	var gone []int64
	for _, c := range p.cases {
		switch {
		case c.failed != nil || result.isWithheld(c.id):
		case c.record == nil && !c.outside && c.former != 0:
			gone = append(gone, c.id)
		case c.newly:
			if err := p.noteReused(ctx, reusedRow{c.id, c.former}); err != nil {
				return err
			}
		}
	}
	if err := execIn(ctx, p.tx, p.run.sql(`DELETE FROM {p}loyalty_reused_orders WHERE order_id IN (?)`), gone); err != nil {
		return fmt.Errorf("forget which numbers were given out again: %w", err)
	}
	return nil
}

func (p *orderPlan) noteReused(ctx context.Context, row reusedRow) error {
	p.run.anyReused = true
	_, err := p.tx.ExecContext(ctx, p.run.sql(`INSERT INTO {p}loyalty_reused_orders (order_id, last_entry) VALUES (?, ?)
		ON DUPLICATE KEY UPDATE last_entry = VALUES(last_entry)`), row.Order, row.Last)
	if err != nil {
		return fmt.Errorf("note that the number %d was given out again: %w", row.Order, err)
	}
	return nil
}
