package sync_test

import (
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// A run that finds nothing takes four statements on either server, and none of
// what an increment notices is taken for nothing.
func TestFindingNothingTakesFourStatements(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
			t.Run(storage.String(), func(t *testing.T) {
				m := newMetered(t, db.Fresh(t), storage)
				ann := m.customer("ann")
				order := m.order(ann, "completed", "10.00")
				pending := m.order(ann, "pending", "30.00")
				want := map[int64]int64{1: 7, ann: 7 + 10 + 50}
				check := func(what string) {
					t.Helper()
					m.run(sync.Increment)
					m.wantBalances(what, want)
					m.run(sync.Increment) // what settles
					if c := m.costOf(func() { m.run(sync.Increment) }); c.statements > 4 {
						t.Errorf("%s: finding nothing takes %+v", what, c)
					}
				}
				m.run(sync.Full)
				check("at first")

				m.on(1)
				want[ann] += 5
				m.order(ann, "completed", "5.00")
				check("a new order")

				want[ann] += 30
				m.do(m.SetStatus(m.ctx, pending, "completed"))
				check("an order is paid")

				want[ann] -= 4
				m.refund(order, "4.00")
				check("a refund")

				want[m.customer("bob")] = 7
				check("a new user")

				want[ann] += 3
				must(m.AddComment(m.ctx, testshop.Comment{User: ann, Post: m.product, Content: "good"}))
				check("a new review")

				programme := configured(t, `earn: {first_order: {points: 50}, signup: {points: 8}, product_review: {points: 3}}`)
				m.engine.Programme = programme
				if s := m.run(sync.Increment); s.Program != 2 || len(s.Notes) == 0 {
					t.Errorf("new rules: %+v", s)
				}
				check("new rules")
				m.sound()
			})
		}
	})
}

// In legacy storage an order's date of change may be its only trace. An
// increment asks the newest posts for it; further back it is the sweep that
// notices.
func TestAnOrderWithOnlyAnotherDate(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.Legacy, ``)
	ann, bob := s.customer("ann"), s.customer("bob")
	old := s.order(ann, "completed", "10.00")
	s.many(100_000, 2100)
	recent := s.order(bob, "completed", "10.00")
	s.run(sync.Full)
	s.run(sync.Increment)
	s.do(s.Exec(s.ctx, `UPDATE {p}posts SET post_status = 'wc-cancelled', post_modified_gmt = UTC_TIMESTAMP() WHERE ID IN (?, ?)`, old, recent))
	s.run(sync.Increment)
	if points := s.balances(); points[ann] != 10 || points[bob] != 0 {
		t.Errorf("after an increment %d points for the old order and %d for the recent one", points[ann], points[bob])
	}
	s.run(sync.Sweep)
	if points := s.balances()[ann]; points != 0 {
		t.Errorf("after a sweep %d points for the old order", points)
	}
}
