package sync_test

import (
	"fmt"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

const keepProgram = `{deleted_orders: keep, earn: {first_order: {points: 50}, high_spend: [{amount: 60, points: 7}]}}`

// A shop that clears out its old orders leaves its customers their points.
func TestDeletedOrdersThatAreKept(t *testing.T) {
	storages(t, keepProgram, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		first, second := s.on(1).order(ann, "completed", "80.00"), s.on(2).order(ann, "completed", "20.00")
		gone, binned := s.on(1).order(bob, "completed", "9.00"), s.on(2).order(bob, "completed", "11.00")
		s.run(sync.Increment)
		want := map[int64]int64{ann: 157, bob: 70}
		s.wantBalances("at first", want)
		s.do(s.Delete(s.ctx, first), s.DeleteUser(s.ctx, bob))
		s.run(sync.Sweep)
		s.do(s.Delete(s.ctx, gone))
		s.run(sync.Sweep)
		s.wantBalances("deleted", want)
		s.sound()

		// There is one first order for each customer, and that was it.
		s.on(3).order(ann, "completed", "5.00")
		s.run(sync.Sweep)
		want[ann] += 5
		s.wantBalances("another order", want)
		s.sound()

		// The trash is not for good; what was taken back before stays so.
		s.do(s.Trash(s.ctx, second), s.Trash(s.ctx, binned))
		s.run(sync.Sweep)
		want[ann] -= 20
		s.wantBalances("in the trash", want)
		s.do(s.Delete(s.ctx, second))
		s.run(sync.Sweep)
		s.wantBalances("emptied", want)
		s.sound()
		explained, err := s.engine.Explain(s.ctx, ann)
		if err != nil || len(explained.Facts) != 3 {
			t.Fatalf("%+v, %v", explained, err)
		}
		s.wantLastLine(explained.Facts[0], "The order is no longer in the store: it keeps the points that it had (program.deleted_orders).")
		s.wantLastLine(explained.Facts[1], "The order is no longer in the store: it is worth nothing.")

		// Taking back again concerns what is deleted from now on.
		s.engine.Programme.KeepDeleted = false
		third := s.on(4).order(ann, "completed", "30.00")
		s.run(sync.Sweep)
		s.do(s.Delete(s.ctx, third))
		s.run(sync.Full)
		s.wantBalances("taken back", want)
		s.sound()
	})
}

// The number of a kept order, given out again, is another order: what was kept
// stays, and its worth comes on top.
func TestTheNumberOfAKeptOrderIsGivenOutAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		remove bool // the first customer
		to     string
	}{{"to another", false, "bob"}, {"to the same", false, "ann"}, {"after the first was deleted", true, "bob"}, {"to a guest who is matched", true, ""}} {
		t.Run(c.name, func(t *testing.T) {
			storages(t, `{guests: match_email, deleted_orders: keep, earn: {first_order: {points: 50}}}`, func(t *testing.T, s *stage) {
				users := map[string]int64{"ann": s.customer("ann"), "bob": s.customer("bob")}
				number := s.on(1).order(users["ann"], "completed", "80.00")
				s.run(sync.Increment)
				s.do(s.Delete(s.ctx, number))
				if c.remove {
					s.do(s.DeleteUser(s.ctx, users["ann"]))
				}
				s.run(sync.Sweep)
				o := testshop.Order{Number: number, Customer: users[c.to], Status: "completed"}
				owner := users[c.to]
				if owner == 0 {
					o.Email, owner = "bob@example.com", users["bob"]
				}
				s.on(60).place(o, "33.00")
				s.run(sync.Sweep)
				want := map[int64]int64{users["ann"]: 130}
				want[owner] += 33
				if owner != users["ann"] {
					want[owner] += 50
				}
				s.wantBalances("given out again", want)
				s.sound()
				s.on(61).refund(number, "3.00")
				s.run(sync.Increment)
				want[owner] -= 3
				s.wantBalances("refunded", want)
				s.sound()
				s.do(s.SetStatus(s.ctx, number, "cancelled"))
				s.run(sync.Increment)
				want = map[int64]int64{users["ann"]: 130}
				s.wantBalances("cancelled", want)
				s.do(s.SetStatus(s.ctx, number, "completed"))
				s.run(sync.Increment)
				kept := s.balances()
				s.do(s.Delete(s.ctx, number))
				s.run(sync.Sweep)
				s.wantBalances("kept as well", kept)
				s.sound()
			})
		})
	}
}

// An order that comes back, as from a backup, is the one that it was.
func TestAKeptOrderThatComesBackIsItself(t *testing.T) {
	storages(t, keepProgram, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		order := s.on(1).order(ann, "completed", "80.00")
		s.on(2).order(ann, "completed", "1.00")
		s.run(sync.Increment)
		s.wantBalances("at first", map[int64]int64{ann: 138})
		table, id := "wc_orders", "id"
		if s.Storage == testshop.Legacy {
			table, id = "posts", "ID"
		}
		s.do(s.Exec(s.ctx, fmt.Sprintf(`CREATE TABLE {p}backup SELECT * FROM {p}%s WHERE %s = %d`, table, id, order)))
		s.do(s.Exec(s.ctx, fmt.Sprintf(`DELETE FROM {p}%s WHERE %s = %d`, table, id, order)))
		s.run(sync.Sweep)
		s.wantBalances("gone", map[int64]int64{ann: 138})
		s.sound()
		s.do(s.Exec(s.ctx, fmt.Sprintf(`INSERT INTO {p}%s SELECT * FROM {p}backup`, table)))
		s.run(sync.Sweep)
		s.wantBalances("back", map[int64]int64{ann: 138})
		s.sound()
		s.do(s.SetStatus(s.ctx, order, "cancelled"))
		s.run(sync.Sweep)
		s.wantBalances("cancelled", map[int64]int64{ann: 51})
		s.sound()
	})
}

// What was pending of a kept order becomes available when its time comes.
func TestHeldPointsOfAKeptOrder(t *testing.T) {
	storages(t, `{deleted_orders: keep, hold_days: 14, earn: {}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		s.Now = time.Now
		order := s.order(ann, "completed", "40.00")
		s.run(sync.Increment)
		s.do(s.Delete(s.ctx, order))
		s.run(sync.Sweep)
		s.equal("pending", s.pending(), map[int64]int64{ann: 40})
		s.sound()
		s.do(s.Exec(s.ctx, `UPDATE {p}loyalty_holds SET release_at = '2025-04-01'`))
		s.run(sync.Increment)
		s.wantBalances("released", map[int64]int64{ann: 40})
		s.sound()
	})
}
