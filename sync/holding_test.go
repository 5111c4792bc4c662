package sync_test

import (
	"fmt"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// Points of orders that are held are pending; what is over at first sight is
// told as if it had never been held, but later.
func TestHolding(t *testing.T) {
	storages(t, `{hold_days: 10, exclude: {roles: [wholesale]}, earn: {first_order: {points: 50}, signup: {points: 7}, product_review: {points: 3}}}`, func(t *testing.T, s *stage) {
		s.now = time.Now().UTC().Truncate(time.Second).Add(-5 * 24 * time.Hour)
		paid := s.now // five days ago: held for five more
		held, cut, moved, frozen, over := s.customer("held"), s.customer("cut"), s.customer("moved"), s.customer("frozen"), s.customer("over")
		must(s.AddComment(s.ctx, testshop.Comment{User: held, Post: s.product}))
		s.order(held, "completed", "100.00")
		partly := s.order(cut, "completed", "100.00")
		later := s.order(moved, "completed", "100.00")
		s.order(frozen, "completed", "100.00")
		// Over when first seen; one refund before the end of the holding, one after.
		told := s.on(1).order(over, "completed", "100.00")
		early, late := s.on(3).refund(told, "10.00"), s.on(15).refund(told, "20.00")
		s.run(sync.Increment)

		at := paid.Format(time.DateTime)
		s.wantEntries("held", held, 0,
			fmt.Sprintf("earn 7 signup, %s: registered", at), fmt.Sprintf("hold 100 purchase, %s: earned", at),
			fmt.Sprintf("hold 50 first_order, %s: earned", at), fmt.Sprintf("earn 3 product_review, %s: earned", at))
		s.wantEntries("first seen when it was over", over, 1, "earn 90 purchase, day 11: earned",
			"earn 50 first_order, day 11: earned", fmt.Sprintf("revoke -20 purchase, day 15: refund %d", late))
		s.equal("pending", s.pending(), map[int64]int64{held: 150, cut: 150, moved: 150, frozen: 150})
		s.wantBalances("held", map[int64]int64{1: 7, held: 10, cut: 7, moved: 7, frozen: 7, over: 127})
		if early == late {
			t.Fatal("one refund")
		}
		s.sound()

		// A refund while held cancels a part, dated at its creation.
		s.now = paid.Add(24 * time.Hour)
		refund := s.refund(partly, "30.00")
		s.do(s.SetRoles(s.ctx, frozen, "wholesale"))
		// The earning time moves: it is held until a minute ago.
		s.do(s.SetDates(s.ctx, later, testshop.Dates{Paid: time.Now().UTC().Add(-10*24*time.Hour - time.Minute)}))
		s.run(sync.Sweep)
		s.wantEntries("a refund while held", cut, 3,
			fmt.Sprintf("cancel_hold -30 purchase, %s: refund %d", s.now.Format(time.DateTime), refund))
		s.equal("pending", s.pending(), map[int64]int64{held: 150, cut: 120, frozen: 150})
		s.wantBalances("moved", map[int64]int64{1: 7, held: 10, cut: 7, moved: 157, frozen: 7, over: 127})
		s.sound()

		// The end of the holding: released and earned at that end. A frozen
		// account waits.
		end := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
		s.do(s.Exec(s.ctx, `UPDATE {p}loyalty_holds SET release_at = ?`, end))
		summary := s.run(sync.Increment)
		if summary.Released != 4 {
			t.Errorf("released %d", summary.Released)
		}
		ended := end.Format(time.DateTime)
		s.wantEntries("released", cut, 4,
			fmt.Sprintf("release -50 first_order, %s: held time over", ended), fmt.Sprintf("earn 50 first_order, %s: held time over", ended),
			fmt.Sprintf("release -70 purchase, %s: held time over", ended), fmt.Sprintf("earn 70 purchase, %s: held time over", ended))
		s.equal("pending", s.pending(), map[int64]int64{frozen: 150})
		s.wantBalances("released", map[int64]int64{1: 7, held: 160, cut: 127, moved: 157, frozen: 7, over: 127})

		// After the release a refund is a deduction.
		s.now = time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
		refund = s.refund(partly, "10.00")
		s.do(s.SetRoles(s.ctx, frozen, "customer"))
		s.run(sync.Sweep)
		s.wantEntries("a refund after the end", cut, 8,
			fmt.Sprintf("revoke -10 purchase, %s: refund %d", s.now.Format(time.DateTime), refund))
		s.wantBalances("live again", map[int64]int64{1: 7, held: 160, cut: 117, moved: 157, frozen: 157, over: 127})
		s.sound()
	})
}
