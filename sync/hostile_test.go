package sync_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

func TestUnreadableAmountsAreNamed(t *testing.T) {
	storages(t, ``, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		good := s.on(1).order(ann, "completed", "10.00")
		bad := s.on(1).order(ann, "completed", "20.00")
		line := must(s.Items(s.ctx, bad, "line_item"))[0]
		s.do(s.EditItem(s.ctx, line, "_line_total", "12,50 €"))
		summary := s.run(sync.Increment)
		want := fmt.Sprintf(`order %d: line %d: _line_total "12,50 €"`, bad, line)
		if !slices.Contains(summary.Problems, want) {
			t.Errorf("problems %q, want %q", summary.Problems, want)
		}
		s.wantEntries("the readable one", ann, 0, "earn 10 purchase, day 1: earned")
		s.sound()
		if good == bad {
			t.Fatal("one order")
		}
	})
}

// What nobody means counts as 0 and is named; everybody else's points go on.
func TestAbsurdOrdersBlockNobody(t *testing.T) {
	storages(t, `earn: {purchase: {points_per_unit: 10}, first_order: {points: 50}, high_spend: [{amount: 1, points: 5}]}`, func(t *testing.T, s *stage) {
		ann, bob, cid, dee := s.customer("ann"), s.customer("bob"), s.customer("cid"), s.customer("dee")
		line := func(order int64) int64 { return must(s.Items(s.ctx, order, "line_item"))[0] }
		slip := s.on(1).order(bob, "completed", "999999999999999.99")
		typed := s.order(cid, "completed", "10.00")
		s.do(s.EditItem(s.ctx, line(typed), "_line_total", "1e30"), s.EditItem(s.ctx, line(typed), "_line_subtotal", "2000000000000000000"))
		refunded := s.order(dee, "completed", "20.00")
		s.do(s.EditItem(s.ctx, line(refunded), "_line_tax", "-1000000000000000000.01"))
		most := s.order(ann, "completed", "99999999999999")
		s.order(ann, "completed", "10.00")
		wantProblems := func(what string, summary *sync.Summary, want ...string) {
			t.Helper()
			if got := slices.Sorted(slices.Values(summary.Problems)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Errorf("%s:\n got %q\nwant %q", what, got, want)
			}
		}
		wantProblems("at first", s.run(sync.Increment),
			fmt.Sprintf("order %d: worth more than 1000000000000000 points", slip),
			fmt.Sprintf(`order %d: line %d: _line_total "1e30"`, typed, line(typed)),
			fmt.Sprintf(`order %d: line %d: _line_subtotal "2000000000000000000"`, typed, line(typed)),
			fmt.Sprintf(`order %d: line %d: _line_tax "-1000000000000000000.01"`, refunded, line(refunded)),
		)
		want := map[int64]int64{ann: 999999999999990 + 100 + 50 + 10, dee: 200 + 50 + 5}
		s.wantBalances("at first", want)

		// What was posted is taken back, with the place as the first order.
		s.on(2).do(s.EditItem(s.ctx, line(most), "_line_total", "1e15"), s.Save(s.ctx, most))
		wantProblems("edited", s.run(sync.Sweep), fmt.Sprintf("order %d: worth more than 1000000000000000 points", most))
		want[ann] = 100 + 50 + 5
		s.wantBalances("edited", want)

		// And mended, it earns again.
		for _, order := range []int64{slip, typed, most} {
			s.on(3).do(s.EditItem(s.ctx, line(order), "_line_total", "30"), s.EditItem(s.ctx, line(order), "_line_subtotal", "30"), s.Save(s.ctx, order))
		}
		wantProblems("mended", s.run(sync.Sweep))
		s.wantBalances("mended", map[int64]int64{ann: 300 + 100 + 50 + 10, bob: 355, cid: 355, dee: 255})
		s.sound()
	})
}

// Points that do not fit an account, because of what is there by hand, are
// named and left out; all others are posted.
func TestAccountsThatAreFull(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db, testshop.HPOS, `earn: {purchase: {points_per_unit: 10}}`)
		ann, bob, cid := s.customer("ann"), s.customer("bob"), s.customer("cid")
		s.run(sync.Increment)
		s.adjust(bob, math.MaxInt64-150)
		s.on(1).order(ann, "completed", "1.00")
		fits := s.order(bob, "completed", "10.00")
		full := s.order(bob, "completed", "20.00")
		s.order(cid, "completed", "2.00")
		summary, err := s.runError(sync.Options{})
		wrong, ok := errors.AsType[*sync.FactsError](err)
		if !ok || wrong.Count != 1 || len(summary.Failures) != 1 || !strings.Contains(summary.Failures[0], fmt.Sprintf("orders %d:", full)) {
			t.Fatalf("%v; failures %q", err, summary.Failures)
		}
		s.wantBalances("all others", map[int64]int64{ann: 10, bob: math.MaxInt64 - 50, cid: 20})
		// Later runs are not held up either, and room mends it.
		s.on(2).order(ann, "completed", "3.00")
		if _, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Sweep}); err == nil {
			t.Error("a sweep ends well though an order does not fit")
		}
		s.do(s.SetStatus(s.ctx, fits, "cancelled"), s.EditItem(s.ctx, must(s.Items(s.ctx, full, "line_item"))[0], "_line_total", "15"))
		s.run(sync.Sweep)
		s.wantBalances("mended", map[int64]int64{ann: 40, bob: math.MaxInt64, cid: 20})
	})
}

// Ids may be given out at will, up to the largest that fits.
func TestIdsAtTheEdge(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
			t.Run(storage.String(), func(t *testing.T) {
				s := newStage(t, db.Fresh(t), storage, `earn: {signup: {points: 7}, product_review: {points: 3}, first_order: {points: 50}}`)
				ann := s.customer("ann")
				s.on(1).order(ann, "completed", "10.00")
				const far = math.MaxInt64 - 1000
				for _, table := range []string{"users", "posts", "comments"} {
					s.do(s.Exec(s.ctx, fmt.Sprintf(`ALTER TABLE {p}%s AUTO_INCREMENT = %d`, table, int64(far))))
				}
				bob := s.customer("bob")
				order := s.order(bob, "completed", "20.00")
				review := must(s.AddComment(s.ctx, testshop.Comment{User: bob, Post: s.product}))
				if bob < far || order < far || review < far {
					t.Fatalf("ids %d, %d, %d", bob, order, review)
				}
				s.run(sync.Increment)
				want := map[int64]int64{1: 7, ann: 67, bob: 80}
				s.wantBalances("at first", want)
				s.on(2).refund(order, "5.00")
				s.run(sync.Increment)
				want[bob] -= 5
				s.wantBalances("an increment", want)
				s.do(s.EditItem(s.ctx, must(s.Items(s.ctx, order, "line_item"))[0], "_line_total", "18.00"))
				s.do(s.SetCommentStatus(s.ctx, review, "hold"), s.DeleteUser(s.ctx, ann))
				s.run(sync.Sweep)
				want[bob] -= 3
				if got := s.balances()[bob]; got != want[bob]-1 && got != want[bob]-2 {
					t.Errorf("a sweep: %d", got)
				}
				s.sound()
			})
		}
	})
}

// Text of any kind stops nothing and nobody.
func TestHostileTexts(t *testing.T) {
	storages(t, `{guests: match_email, earn: {}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		s.on(1).order(ann, "completed", "10.00")
		texts := []string{
			"", " ", "\x00", "ann@example.com\x00", "🎁", "<script>alert(1)</script>", "'; DROP TABLE wp_users; --", `\`, "%", "_",
			strings.Repeat("é", 150), "İ@example.com", "ſ@example.com",
		}
		for i, text := range texts {
			order := s.on(2).place(testshop.Order{Email: "guest@example.com", Status: "completed"}, "1.00")
			status := "wc-" + text
			for column, value := range map[string]string{"status": status[:min(len(status), 20)], "currency": text[:min(len(text), 3)], "billing_email": text} {
				s.plant(order, column, value)
			}
			if i%2 == 0 {
				s.do(s.SetEmail(s.ctx, s.customer(fmt.Sprint("user", i)), text))
			}
		}
		// 64 KiB of an e-mail fit only where meta rows hold it.
		if s.Storage == testshop.Legacy {
			order := s.on(2).place(testshop.Order{Email: "guest@example.com", Status: "completed"}, "1.00")
			s.plant(order, "billing_email", strings.Repeat("a@", 32<<10))
			s.plant(order, "currency", strings.Repeat("X", 64<<10))
		}
		if len(s.balances()) != 0 {
			t.Fatal("nothing was synced yet")
		}
		s.run(sync.Increment)
		s.wantEntries("the ordinary order", ann, 0, "earn 10 purchase, day 1: earned")
		s.run(sync.Sweep)
		s.sound()
	})
}

// plant writes a value of an order as no plugin should.
func (s *stage) plant(order int64, column, value string) {
	s.t.Helper()
	if s.Storage == testshop.HPOS {
		s.do(s.Exec(s.ctx, `UPDATE {p}wc_orders SET `+column+` = ? WHERE id = ?`, value, order))
		return
	}
	if column == "status" {
		s.do(s.Exec(s.ctx, `UPDATE {p}posts SET post_status = ? WHERE ID = ?`, value, order))
		return
	}
	key := map[string]string{"currency": "_order_currency", "billing_email": "_billing_email"}[column]
	s.do(s.Exec(s.ctx, `UPDATE {p}postmeta SET meta_value = ? WHERE post_id = ? AND meta_key = ?`, value, order, key))
}

// Rows without the rows that they belong to are nobody's.
func TestHalfDeletedOrders(t *testing.T) {
	storages(t, ``, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		whole := s.on(1).order(ann, "completed", "10.00")
		half := s.on(1).order(ann, "completed", "20.00")
		refund := s.on(2).refund(half, "5.00")
		s.run(sync.Increment)
		s.wantBalances("at first", map[int64]int64{ann: 25})
		table, id := "wc_orders", "id"
		if s.Storage == testshop.Legacy {
			table, id = "posts", "ID"
		}
		// The order's own row is gone; its lines, meta rows and refund are not.
		s.do(s.Exec(s.ctx, `DELETE FROM {p}`+table+` WHERE `+id+` = ?`, half))
		s.run(sync.Sweep)
		s.wantBalances("without its row", map[int64]int64{ann: 10})
		// The lines of one are gone, its row is not.
		s.do(s.Exec(s.ctx, `DELETE FROM {p}woocommerce_order_items WHERE order_id = ?`, whole))
		s.run(sync.Sweep)
		s.wantBalances("without its lines", map[int64]int64{})
		s.sound()
		// A refund that is given to another order leaves the first.
		other := s.on(3).order(ann, "completed", "40.00")
		third := s.on(3).order(ann, "completed", "60.00")
		moving := s.on(4).refund(other, "15.00")
		s.run(sync.Sweep)
		s.run(sync.Sweep)
		s.wantBalances("refunded", map[int64]int64{ann: 85})
		column := "parent_order_id"
		if s.Storage == testshop.Legacy {
			column = "post_parent"
		}
		s.do(s.Exec(s.ctx, `UPDATE {p}`+table+` SET `+column+` = ? WHERE `+id+` = ?`, third, moving))
		s.run(sync.Sweep)
		s.run(sync.Increment) // the order that lost it is looked at again
		s.sound()
		if refund == 0 || s.sources()[string(ledger.Purchase)] != 85 {
			t.Errorf("sources %v", s.sources())
		}
	})
}

// Codes on orders are strangers' texts; ours are found whatever their case, and
// however often an order carries one.
func TestHostileCodesOnOrders(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		r, _ := d.redeem(100)
		order := d.pays(r, "processing", "80")
		for _, code := range []string{"<script>alert(1)</script>", "💥", "\xff\xfe", "", strings.ToUpper(r.Code), strings.Repeat("points-", 25), "points-%", r.Code + " "} {
			d.do(d.Exec(d.ctx, `INSERT INTO {p}woocommerce_order_items (order_item_name, order_item_type, order_id) VALUES (?, 'coupon', ?)`, code, order))
		}
		stranger := d.place(testshop.Order{Customer: d.ann, Status: "processing", Coupon: "points-of-somebody"}, "5")
		d.run(sync.Increment)
		d.want("used", r, ledger.Used, order, 0)
		d.look(marks(sync.MarkOrder, order, stranger)...)
		d.do(d.RemoveCoupon(d.ctx, order, r.Code), d.Save(d.ctx, order))
		d.look(marks(sync.MarkOrder, order)...)
		d.want("taken off the order", r, ledger.Confirmed, 0, 0)
		d.sound()
	})
}
