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

// Orders whose points do not fit are named and left out; all others are posted.
func TestOrdersThatOverflow(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db, testshop.HPOS, `earn: {purchase: {points_per_unit: 1000000}, first_order: {points: 50}}`)
		ann, bob, cid := s.customer("ann"), s.customer("bob"), s.customer("cid")
		most := "9223372036854" // times a million just fits 64 bits
		alone := s.on(1).order(ann, "completed", "99999999999999999")
		fits := s.on(1).order(bob, "completed", most)
		both := s.on(1).order(bob, "completed", most)
		sameDay := s.on(1).order(cid, "completed", most) // fits its account, but not the day's total
		s.on(1).order(ann, "completed", "0.01")
		s.on(2).order(cid, "completed", "0.02")
		summary, err := s.runError(sync.Options{})
		wrong, ok := errors.AsType[*sync.FactsError](err)
		if !ok || wrong.Count != 3 || len(summary.Failures) != 3 {
			t.Fatalf("%v; failures %q", err, summary.Failures)
		}
		for _, order := range []int64{alone, both, sameDay} {
			if !slices.ContainsFunc(summary.Failures, func(failure string) bool {
				return strings.Contains(failure, fmt.Sprintf("order %d:", order)) || strings.Contains(failure, fmt.Sprintf("orders %d:", order))
			}) {
				t.Errorf("order %d is not named in %q", order, summary.Failures)
			}
		}
		s.wantBalances("all others", map[int64]int64{ann: 10050, bob: 9223372036854000000 + 50, cid: 20050})
		// Later runs are not held up either, and mending the orders mends all.
		s.on(3).order(ann, "completed", "0.03")
		if _, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Sweep}); err == nil {
			t.Error("a sweep ends well though orders do not fit")
		}
		for _, order := range []int64{alone, both, sameDay} {
			s.on(4).do(s.EditItem(s.ctx, must(s.Items(s.ctx, order, "line_item"))[0], "_line_total", "0.01"), s.Save(s.ctx, order))
		}
		s.do(s.SetStatus(s.ctx, fits, "cancelled"))
		s.run(sync.Sweep)
		s.wantBalances("mended", map[int64]int64{ann: 50 + 50000, bob: 10050, cid: 30050})
		s.sound()
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
