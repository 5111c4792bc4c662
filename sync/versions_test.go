package sync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// The rule that awarded is the rule that takes back.
func TestRulesThatChangeLeaveThePastAlone(t *testing.T) {
	storages(t, `earn: {purchase: {points_per_unit: 2}, signup: {points: 7}, product_review: {points: 10}, high_spend: [{amount: 50, points: 5}]}`,
		func(t *testing.T, s *stage) {
			ann, bob := s.customer("ann"), s.customer("bob")
			old := s.on(1).order(ann, "completed", "100.00")
			unpaid := s.on(1).order(bob, "pending", "30.00")
			review := must(s.on(1).AddComment(s.ctx, testshop.Comment{User: bob, Post: s.product}))
			s.run(sync.Increment)
			s.wantBalances("first version", map[int64]int64{1: 7, ann: 212, bob: 17})
			before := s.ledgerText("TRUE")

			s.engine.Programme = configured(t, `earn: {purchase: {points_per_unit: 3}, signup: {points: 9}, product_review: {points: 20}}`)
			if summary := s.run(sync.Full); summary.Entries != 0 || summary.Program != 2 ||
				len(summary.Notes) != 1 || !strings.HasPrefix(summary.Notes[0], "the rules changed: version 2 counts for what happens from 20") {
				t.Errorf("changing the rules: %+v", summary)
			}
			if summary := s.run(sync.Increment); len(summary.Notes) != 0 {
				t.Errorf("the rules did not change again: %q", summary.Notes)
			}
			if after := s.ledgerText("TRUE"); after != before {
				t.Errorf("the past changed:\n%s\nbecame\n%s", before, after)
			}
			s.now = time.Now().UTC().Add(time.Minute) // after the rules took effect
			s.refund(old, "60.00")
			s.do(s.Pay(s.ctx, unpaid))
			cid := s.customer("cid")
			s.order(cid, "completed", "10.00")
			must(s.AddComment(s.ctx, testshop.Comment{User: cid, Post: s.product}))
			s.do(s.SetCommentStatus(s.ctx, review, "hold"))
			backdated := s.place(testshop.Order{Customer: cid, Status: "completed", Created: day(2), Paid: day(2)}, "1.00")
			s.run(sync.Sweep)
			s.wantBalances("second version", map[int64]int64{
				1:   7,
				ann: 7 + 80,          // 40.00 are left under the first version; it no longer reaches 50.00
				bob: 7 + 90,          // paid under the second version
				cid: 9 + 30 + 20 + 2, // what is dated before the change is worth what it was worth then
			})
			s.sound()

			// A fact keeps the version it was first posted under, also when its date moves.
			s.do(s.SetDates(s.ctx, backdated, testshop.Dates{Paid: s.now}))
			s.do(s.SetCommentStatus(s.ctx, review, "approve"))
			s.do(s.SetStatus(s.ctx, old, "cancelled"))
			s.run(sync.Sweep)
			s.wantBalances("back and forth", map[int64]int64{1: 7, ann: 7, bob: 107, cid: 61})
			s.sound()

			// The first rules again are a third version, from now on.
			s.engine.Programme = configured(t, `earn: {purchase: {points_per_unit: 2}}`)
			if summary := s.run(sync.Full); summary.Entries != 0 || summary.Program != 3 {
				t.Errorf("changing the rules: %+v", summary)
			}
		})
}

// ledgerText returns all entries that meet a condition.
func (b *bench) ledgerText(condition string) string {
	b.t.Helper()
	var rows []string
	err := b.db.Select(&rows, `SELECT CONCAT_WS(' ', id, user_id, seq, type, source, object_id, revision, points, program, HEX(hash))
		FROM wp_loyalty_entries WHERE `+condition+` ORDER BY id`)
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprint(rows)
}

// Products are in the categories that they were in at the order's time, as far
// as the daemon saw them change.
func TestCategoriesHaveVersionsToo(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		plain, double := must(s.AddCategory(s.ctx, "Plain", 0)), must(s.AddCategory(s.ctx, "Double", 0))
		s.engine.Programme = configured(t, fmt.Sprintf(`earn: {purchase: {categories: {%d: {points_per_unit: 2}, %d: {points_per_unit: 5}}}}`, plain, double))
		s.do(s.SetCategories(s.ctx, s.product, plain))
		ann, bob, cid := s.customer("ann"), s.customer("bob"), s.customer("cid")
		old := s.on(1).order(ann, "completed", "100.00")
		unpaid := s.order(bob, "pending", "10.00")
		s.run(sync.Increment)

		s.do(s.SetCategories(s.ctx, s.product, double))
		s.run(sync.Sweep)
		s.now = time.Now().UTC().Add(time.Minute)
		s.refund(old, "50.00")
		s.do(s.Pay(s.ctx, unpaid))
		s.place(testshop.Order{Customer: cid, Status: "completed", Created: day(1), Paid: day(1)}, "1.00")
		s.run(sync.Sweep)
		want := map[int64]int64{ann: 100, bob: 50, cid: 2}
		s.wantBalances("moved to another category", want)

		// A deleted product keeps its last categories.
		s.do(s.DeleteProduct(s.ctx, s.product))
		s.run(sync.Sweep)
		s.wantBalances("deleted", want)
		s.order(bob, "completed", "3.00")
		s.refund(old, "10.00")
		s.run(sync.Sweep)
		s.wantBalances("ordered when it was deleted", map[int64]int64{ann: 80, bob: 65, cid: 2})
		s.sound()
	})
}

// So are they below the categories that they were below then.
func TestTheTreeOfCategoriesHasVersionsToo(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		clothes, sale := must(s.AddCategory(s.ctx, "Clothes", 0)), must(s.AddCategory(s.ctx, "Sale", 0))
		shirts := must(s.AddCategory(s.ctx, "Shirts", clothes))
		linen := must(s.AddCategory(s.ctx, "Linen shirts", shirts))
		s.engine.Programme = configured(t, fmt.Sprintf(`earn: {purchase: {categories: {%d: {points_per_unit: 3}, %d: {points_per_unit: 0.5}}}}`, clothes, sale))
		s.do(s.SetCategories(s.ctx, s.product, linen))
		ann, bob, cid := s.customer("ann"), s.customer("bob"), s.customer("cid")
		old := s.on(1).order(ann, "completed", "100.00")
		unpaid := s.order(bob, "pending", "10.00")
		s.run(sync.Increment)
		s.wantBalances("two below the rule", map[int64]int64{ann: 300})

		s.do(s.MoveCategory(s.ctx, shirts, sale))
		s.run(sync.Sweep)
		s.now = time.Now().UTC().Add(time.Minute)
		s.refund(old, "50.00")
		s.do(s.Pay(s.ctx, unpaid))
		s.place(testshop.Order{Customer: cid, Status: "completed", Created: day(1), Paid: day(1)}, "1.00")
		s.run(sync.Sweep)
		s.wantBalances("moved below another", map[int64]int64{ann: 150, bob: 5, cid: 3})
		s.sound()
	})
}

// The bonus for a first order follows the customer's earliest order, each
// under its own version, in one transaction.
func TestTheFirstOrderBonusMoves(t *testing.T) {
	storages(t, `earn: {first_order: {points: 50}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		second := s.on(5).order(ann, "completed", "10.00")
		s.run(sync.Increment)
		s.engine.Programme = configured(t, `earn: {first_order: {points: 80}}`)
		s.run(sync.Increment)
		first := s.place(testshop.Order{Customer: ann, Status: "pending", Created: day(2)}, "20.00")
		s.run(sync.Increment)
		s.wantEntries("pending", ann, 2)
		// Paid at a time when the first version was in force.
		s.on(6).do(s.SetStatus(s.ctx, first, "completed"))
		s.do(s.SetDates(s.ctx, first, testshop.Dates{Paid: day(2)}))
		s.run(sync.Sweep)
		s.wantEntries("an earlier order", ann, 2, "earn 20 purchase, day 2: earned", "earn 50 first_order, day 2: earned",
			"revoke -50 first_order, now: first order changed")
		s.oneTransaction("earlier", second, 1)
		explained := must(s.engine.Explain(s.ctx, ann))
		for _, fact := range explained.Facts {
			said := slices.Contains(fact.Lines, "And it is the customer's first order: 50 points more.")
			if isFirst := fact.ID == first; fact.Kind == "order" && said != isFirst {
				t.Errorf("order %d, first %t: %q", fact.ID, isFirst, fact.Lines)
			}
		}
		s.on(7).do(s.SetStatus(s.ctx, first, "failed"))
		s.run(sync.Sweep)
		s.wantEntries("back to the second", ann, 5, "revoke -20 purchase, day 7: status failed",
			"revoke -50 first_order, day 7: status failed", "earn 50 first_order, now: first order changed")
		s.sound()
		// An order of today is the first one if all others are gone: its own version.
		s.now = time.Now().UTC().Add(time.Minute)
		third := s.order(ann, "completed", "5.00")
		s.do(s.SetStatus(s.ctx, second, "cancelled"))
		s.run(sync.Sweep)
		if got := s.balances()[ann]; got != 85 {
			t.Errorf("balance %d", got)
		}
		s.oneTransaction("third", third, 2)
		s.sound()
	})
}
