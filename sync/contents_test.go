package sync_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/apd/v3"

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

// A slice is compared again when the run ends before what it found was taken
// back.
func TestASliceThatWasNotSettledIsComparedAgain(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		near, far := s.on(1).order(ann, "completed", "100.00"), s.on(1).order(bob, "completed", "100.00")
		s.do(s.Exec(s.ctx, `UPDATE {p}woocommerce_order_itemmeta SET meta_id = meta_id + 1000000000 WHERE order_item_id IN
			(SELECT order_item_id FROM {p}woocommerce_order_items WHERE order_id = ?)`, far))
		s.run(sync.Increment)
		s.run(sync.Increment) // what settled
		s.do(s.EditItem(s.ctx, must(s.Items(s.ctx, near, "line_item"))[0], "_line_total", "90.00"))
		slice := func(ctx context.Context) error {
			_, err := s.engine.Run(ctx, sync.Options{Mode: sync.Sweep, Slices: true})
			return err
		}
		s.do(slice(s.ctx))
		ctx, cancel := context.WithCancel(s.ctx)
		s.engine.Progress = func(stage string, _, _ int64) {
			if stage == "comments" { // the lines are compared
				cancel()
			}
		}
		if err := slice(ctx); err == nil {
			t.Fatal("the run was not interrupted")
		}
		s.engine.Progress = nil
		s.wantBalances("after the interruption", map[int64]int64{ann: 100, bob: 100})
		s.do(slice(s.ctx))
		s.wantBalances("after the next slice", map[int64]int64{ann: 90, bob: 100})
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

// Each sweep by the schedule compares what orders there are and their
// statuses; what else is stored of an order has its turn once in a pass.
func TestStatesAreComparedInEachSweep(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		place := func(day int, status string, at int64) int64 {
			order := s.on(day).order(ann, status, "100.00")
			tables := map[string]string{"wc_orders": "id", "wc_order_operational_data": "order_id", "woocommerce_order_items": "order_id"}
			if s.Storage == testshop.Legacy {
				tables = map[string]string{"posts": "ID", "postmeta": "post_id", "woocommerce_order_items": "order_id"}
			}
			for table, id := range tables {
				s.do(s.Exec(s.ctx, `UPDATE {p}`+table+` SET `+id+` = ? WHERE `+id+` = ?`, at, order))
			}
			return at
		}
		first, far, last := place(1, "completed", 5_000), place(1, "completed", 100_000), place(1, "completed", 150_000)
		// What is newest is always compared: the three are not.
		place(9, "pending", 170_000)
		s.do(s.Exec(s.ctx, `INSERT INTO {p}postmeta (meta_id, meta_key) VALUES (1000000, 'x')`),
			s.Exec(s.ctx, `INSERT INTO {p}comments (comment_ID, comment_author, comment_content, comment_type) VALUES (1000000, '', '', 'order_note')`))
		s.run(sync.Increment)
		s.run(sync.Increment) // what settled
		set := func(order int64, status string) {
			if s.Storage == testshop.Legacy {
				s.do(s.Exec(s.ctx, `UPDATE {p}posts SET post_status = ? WHERE ID = ?`, status, order))
				return
			}
			s.do(s.Exec(s.ctx, `UPDATE {p}wc_orders SET status = ? WHERE id = ?`, status, order))
		}
		give := func(order, user int64) {
			if s.Storage == testshop.Legacy {
				s.do(s.Exec(s.ctx, `UPDATE {p}postmeta SET meta_value = ? WHERE post_id = ? AND meta_key = '_customer_user'`, user, order))
				return
			}
			s.do(s.Exec(s.ctx, `UPDATE {p}wc_orders SET customer_id = ? WHERE id = ?`, user, order))
		}
		slice := func(what string, anns, bobs int64) {
			t.Helper()
			_, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Sweep, Slices: true})
			s.do(err)
			want := map[int64]int64{ann: anns, bob: bobs}
			if bobs == 0 {
				delete(want, bob)
			}
			s.wantBalances(what, want)
		}
		set(far, "wc-cancelled")
		slice("cancelled out of turn", 200, 0)
		set(far, "wc-completed")
		set(first, "wc-cancelled")
		slice("two statuses that change places", 200, 0)
		set(first, "wc-completed")
		slice("all as before", 300, 0)

		s.run(sync.Sweep)
		slice("a pass begins", 300, 0)
		give(first, bob)
		give(last, bob)
		slice("the second slice", 300, 0)
		slice("the last slice", 200, 100)
		slice("the next pass", 100, 200)

		s.do(s.Delete(s.ctx, last))
		slice("deleted out of turn", 100, 100)

		// The brake shows the whole plan, whichever slice made it hold.
		s.run(sync.Sweep)
		s.engine.Programme.Brake = sync.BrakeLimits{Percent: *apd.New(5, 0)}
		give(first, 0)
		give(far, 0)
		held := s.held(sync.Options{Mode: sync.Sweep, Slices: true})
		if held.Points != 200 {
			t.Errorf("the plan takes %d points, want 200", held.Points)
		}
		_, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Increment, Accept: held.Plan})
		s.do(err)
		s.wantBalances("after the plan was accepted", map[int64]int64{})
		s.sound()
	})
}

// Each sweep by the schedule compares the rows of all comments; what else a
// comment's worth hangs on has its turn once in a pass.
func TestRowsOfCommentsAreComparedInEachSweep(t *testing.T) {
	storages(t, `earn: {product_review: {points: 10}}`, func(t *testing.T, s *stage) {
		const far = 100_000
		ann := s.customer("ann")
		review := must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product, Content: "good"}))
		s.do(s.Exec(s.ctx, `UPDATE {p}comments SET comment_ID = ? WHERE comment_ID = ?`, far, review),
			s.Exec(s.ctx, `UPDATE {p}commentmeta SET comment_id = ? WHERE comment_id = ?`, far, review))
		s.run(sync.Increment)
		s.run(sync.Increment) // what settled
		slice := func(what string, want map[int64]int64) {
			t.Helper()
			_, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Sweep, Slices: true})
			s.do(err)
			s.wantBalances(what, want)
		}
		earned, none := map[int64]int64{ann: 10}, map[int64]int64{}
		slice("at first", earned)
		s.do(s.SetCommentStatus(s.ctx, far, "hold"))
		slice("held", none)
		s.do(s.SetCommentStatus(s.ctx, far, "approve"))
		slice("approved", earned)

		s.run(sync.Sweep)
		s.do(s.Exec(s.ctx, `UPDATE {p}posts SET post_author = ? WHERE ID = ?`, ann, s.product))
		slice("before its turn", earned)
		slice("it is her own product", none)
		s.do(s.Exec(s.ctx, `UPDATE {p}posts SET post_author = 0 WHERE ID = ?`, s.product))
		s.run(sync.Sweep)
		s.wantBalances("after a sweep of everything", earned)
		s.sound()
	})
}
