package sync_test

import (
	"fmt"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// By the schedule the lines are compared a slice at a time. An edit that left
// no trace shows when the pass ends that began after it; a sweep that is asked
// for sees it at once.
func TestLinesAreComparedInSlices(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		var orders, users []int64
		for i := range 4 {
			user := s.customer(fmt.Sprint("customer", i))
			users, orders = append(users, user), append(orders, s.on(i).order(user, "completed", "100.00"))
		}
		// The rows of the last two lie in slices of their own.
		for i, order := range orders[2:] {
			s.do(s.Exec(s.ctx, `UPDATE {p}woocommerce_order_itemmeta SET meta_id = meta_id + ? WHERE order_item_id IN
				(SELECT order_item_id FROM {p}woocommerce_order_items WHERE order_id = ?)`, int64(i+1)*1_000_000_000, order))
		}
		s.run(sync.Increment)
		s.run(sync.Increment) // what settled
		edit := func(i int, total string) {
			s.do(s.EditItem(s.ctx, must(s.Items(s.ctx, orders[i], "line_item"))[0], "_line_total", total))
		}
		slice := func() *sync.Summary {
			t.Helper()
			summary, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Sweep, Slices: true})
			s.do(err)
			return summary
		}
		want := map[int64]int64{users[0]: 100, users[1]: 100, users[2]: 100, users[3]: 100}

		edit(0, "90.00")
		slice()
		s.wantBalances("after the first slice", want)
		edit(1, "80.00") // its slice was read
		edit(3, "70.00") // its slice will be read
		slice()
		s.wantBalances("after the second slice", want)
		// One that is noticed in time, in the middle of a pass.
		edit(2, "60.00")
		s.do(s.SetStatus(s.ctx, orders[2], "processing"))
		s.run(sync.Increment)
		want[users[2]] = 60
		s.wantBalances("after a change with a date", want)
		slice()
		want[users[0]], want[users[3]] = 90, 70
		// The pass looks into what differs, and its neighbours.
		want[users[1]] = 80
		s.wantBalances("after the pass", want)

		edit(1, "50.00")
		for range 2 {
			slice()
			s.wantBalances("in the next pass", want)
		}
		if summary := slice(); summary.Orders != 1 {
			t.Errorf("%d orders were looked at for one edit", summary.Orders)
		}
		want[users[1]] = 50
		s.wantBalances("after the next pass", want)
		s.run(sync.Increment) // what settled
		for range 3 {
			if summary := slice(); summary.Orders != 0 {
				t.Errorf("%d orders were looked at without an edit", summary.Orders)
			}
		}

		slice()
		edit(0, "10.00")
		s.run(sync.Sweep)
		want[users[0]] = 10
		s.wantBalances("after a sweep of everything", want)
		s.sound()
	})
}

// Wherever a pass over the lines is interrupted, by a restart or by a switch
// of the storage, edits are noticed in the end.
func TestSlicesAfterASwitchOfTheStorage(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.Synced, `{}`)
	ann := s.customer("ann")
	order := s.on(1).order(ann, "completed", "100.00")
	s.do(s.Exec(s.ctx, `UPDATE {p}woocommerce_order_itemmeta SET meta_id = meta_id + 1000000000 WHERE meta_key = '_qty'`))
	s.run(sync.Increment)
	slice := func() {
		t.Helper()
		_, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Sweep, Slices: true})
		s.do(err)
	}
	slice()
	s.do(s.SwitchStorage(s.ctx, testshop.Legacy))
	s.run(sync.Increment)
	s.do(s.EditItem(s.ctx, must(s.Items(s.ctx, order, "line_item"))[0], "_line_total", "40.00"))
	slice()
	slice()
	s.wantBalances("after a pass", map[int64]int64{ann: 40})
	s.sound()
}
