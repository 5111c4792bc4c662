package sync_test

import (
	"fmt"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// A first run into empty tables does not ask what it has seen or posted; one
// that is not the first to write into them asks, and comes to the same.
func TestAFirstRunDoesNotAskWhatItCannotHaveSeen(t *testing.T) {
	m := newMetered(t, testshop.New(t), testshop.HPOS)
	const orders = 8000
	m.many(100_000, orders)
	empty := m.costOf(func() { m.run(sync.Increment) })
	want := m.balances()
	m.sound()
	m.reset()
	m.do(m.Exec(m.ctx, `INSERT INTO {p}loyalty_seen_uses (order_id, redemption_id) VALUES (1, 1)`))
	asking := m.costOf(func() { m.run(sync.Increment) })
	m.wantBalances("asking", want)
	t.Logf("a first run: %+v; one that asks what was seen: %+v", empty, asking)
	const pages = 9 + 5 + 5 // of users, orders and comments
	if empty.statements+2*pages > asking.statements || empty.rows+4*orders > asking.rows {
		t.Errorf("a first run costs %+v, one that asks what was seen %+v", empty, asking)
	}
}

// A refund that moves, while a first run is under way, from an order that the
// run has dealt with to one that it comes to is missed at the first.
func TestARefundThatMovesWhileAFirstRunIsUnderWay(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, `earn: {}`)
	const orders = 5000
	s.many(100_000, orders)
	first, last := int64(100_000), int64(100_000+orders-1)
	s.do(s.Exec(s.ctx, `UPDATE {p}wc_orders SET parent_order_id = 0`))
	refund := s.refund(first, "4.00")
	moved := false
	s.engine.Progress = func(stage string, at, of int64) {
		if stage == "orders" && at < of && !moved {
			moved = true
			s.do(s.Exec(s.ctx, fmt.Sprintf(`UPDATE {p}wc_orders SET parent_order_id = %d WHERE id = %d`, last, refund)))
		}
	}
	s.run(sync.Increment)
	s.engine.Progress = nil
	balances := s.balances()
	for account, want := range map[int64]int64{first: 5 * 10, first + (last-first)%1000: 5*10 - 4} {
		if got := balances[account]; !moved || got != want {
			t.Errorf("moved: %v; account %d has %d points, want %d", moved, account, got, want)
		}
	}
	s.sound()
}

// Of a customer's reviews of a product the earliest earns, however far apart a
// first run comes to them.
func TestReviewsThatAFirstRunComesToFarApart(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, `earn: {purchase: {points_per_unit: 0}, product_review: {points: 3}}`)
	const comments = 5000
	s.many(100_000, comments)
	first, last := int64(100_000), int64(100_000+comments-1)
	s.do(s.Exec(s.ctx, fmt.Sprintf(`UPDATE {p}comments SET user_id = %d, comment_date_gmt = '2025-01-01' WHERE comment_ID = %d`, first, last)))
	s.run(sync.Increment)
	balances := s.balances()
	if len(balances) != comments-1 || balances[first] != 3 || balances[last] != 0 {
		t.Errorf("%d balances, %d and %d points", len(balances), balances[first], balances[last])
	}
	s.sound()
}
