package sync_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

func (b *bench) look(marks ...sync.Mark) *sync.Summary {
	b.t.Helper()
	summary, err := b.engine.Look(b.t.Context(), marks)
	if err != nil {
		b.t.Fatal(err)
	}
	return summary
}

func marks(kind string, ids ...int64) []sync.Mark {
	var all []sync.Mark
	for _, id := range ids {
		all = append(all, sync.Mark{Kind: kind, ID: id})
	}
	return all
}

// checkpoint returns where the next run begins.
func (b *bench) checkpoint() (text string) {
	b.t.Helper()
	if err := b.db.Get(&text, `SELECT value FROM wp_loyalty_checkpoints WHERE name = 'sync'`); err != nil {
		b.t.Fatal(err)
	}
	return text
}

func TestOnlyMarkedFactsAreLookedAt(t *testing.T) {
	storages(t, `earn: {purchase: {points_per_unit: 1}, signup: {points: 1000}, product_review: {points: 5}}`, func(t *testing.T, s *stage) {
		d := newRedeemer(t, s)
		s.run(sync.Sweep)
		before := s.checkpoint()

		order, other := s.order(d.ann, "completed", "30"), s.order(d.ann, "completed", "400")
		refunded := s.order(d.ann, "completed", "50")
		refund := s.refund(refunded, "20.00")
		review := must(s.AddComment(s.ctx, testshop.Comment{User: d.ann, Post: s.product, Approved: "1", Type: "review"}))
		bob := s.customer("bob")
		s.look(marks(sync.MarkOrder, order, order, refund)...)
		if got := s.balances()[d.ann]; got != 1060 {
			t.Errorf("after an order and a refund: %d", got)
		}
		s.look(append(marks(sync.MarkComment, review), marks(sync.MarkUser, bob)...)...)
		if got := s.balances(); got[d.ann] != 1065 || got[bob] != 1000 {
			t.Errorf("after a review and a user: %v", got)
		}
		if after := s.checkpoint(); after != before {
			t.Errorf("the checkpoint moved from %s to %s", before, after)
		}
		s.run(sync.Increment)
		if got := s.balances()[d.ann]; got != 1465 {
			t.Errorf("a run finds the rest: %d", got)
		}

		// What is gone, and what never was.
		s.do(s.Delete(s.ctx, other), s.DeleteComment(s.ctx, review), s.DeleteRefund(s.ctx, refund))
		s.look(slices.Concat(
			marks(sync.MarkOrder, other, refund, 999_999_999, 0, -5), marks(sync.MarkComment, review, 999_999_999),
			marks(sync.MarkUser, 999_999_999), marks(sync.MarkCoupon, 999_999_999, s.product), marks(sync.MarkProduct, 999_999_999, order),
			marks("nonsense", 1))...)
		if got := s.balances()[d.ann]; got != 1080 {
			t.Errorf("after deletions: %d", got)
		}
		s.sound()
	})
}

// A product's categories are versioned when it is marked, and its reviews are
// looked at when they count no more.
func TestMarkedProducts(t *testing.T) {
	storages(t, `earn: {purchase: {points_per_unit: 1, categories: {16: {points_per_unit: 3}}}, product_review: {points: 5}}`, func(t *testing.T, s *stage) {
		s.now = time.Now().UTC().Add(-time.Hour)
		category := must(s.AddCategory(s.ctx, "Cups", 0))
		if category > 16 {
			t.Fatalf("category %d", category)
		}
		for category < 16 {
			category = must(s.AddCategory(s.ctx, "Cups", 0))
		}
		ann := s.customer("ann")
		s.order(ann, "completed", "10")
		review := must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product, Approved: "1", Type: "review"}))
		s.run(sync.Full)
		if got := s.balances()[ann]; got != 15 {
			t.Fatalf("balance %d", got)
		}
		s.do(s.SetCategories(s.ctx, s.product, category))
		s.do(s.Exec(s.ctx, `UPDATE {p}posts SET post_author = ? WHERE ID = ?`, ann, s.product))
		s.look(marks(sync.MarkProduct, s.product)...)
		if got := s.balances()[ann]; got != 10 {
			t.Errorf("a review %d of her own product: %d", review, got)
		}
		s.now = time.Now().UTC().Add(2 * time.Second)
		s.look(marks(sync.MarkOrder, s.order(ann, "completed", "10"))...)
		if got := s.balances()[ann]; got != 40 {
			t.Errorf("an order in the new category: %d", got)
		}
	})
}

func TestMarkedCouponsSettleTheirRedemptions(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		trashed, first := d.redeem(100)
		deleted, second := d.redeem(100)
		unseen, third := d.redeem(100)
		other, fourth := d.redeem(100)
		d.look(marks(sync.MarkCoupon, first, second)...)
		d.do(d.TrashPost(d.ctx, first), d.DeletePost(d.ctx, second), d.DeletePost(d.ctx, third), d.DeletePost(d.ctx, fourth))
		d.look(marks(sync.MarkCoupon, first, second, third)...)
		d.want("in the trash", trashed, ledger.Closed, 0, 100)
		d.want("deleted", deleted, ledger.Closed, 0, 100)
		d.want("deleted before it was seen", unseen, ledger.Closed, 0, 100)
		d.want("not marked", other, ledger.Confirmed, 0, 0)
		d.do(d.UntrashPost(d.ctx, first))
		d.look(marks(sync.MarkCoupon, first)...)
		d.want("back from the trash", trashed, ledger.Confirmed, 0, 0)
		d.do(d.SetPostStatus(d.ctx, first, "publish"))

		order := d.pays(trashed, "processing", "80")
		d.look(marks(sync.MarkOrder, order)...)
		d.want("its order is marked", trashed, ledger.Used, order, 0)
		d.do(d.SetStatus(d.ctx, order, "cancelled"))
		d.look(marks(sync.MarkOrder, order)...)
		d.want("cancelled", trashed, ledger.Confirmed, 0, 0)
		d.run(sync.Sweep)
		d.sound()
	})
}

// Before there was a run, and after settings that concern every fact changed,
// marks alone would be valued wrongly: a run comes first.
func TestMarksLeadToARunWhenOneIsDue(t *testing.T) {
	storages(t, `earn: {purchase: {points_per_unit: 1}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		first, second := s.order(ann, "completed", "10"), s.order(ann, "completed", "20")
		s.look(marks(sync.MarkOrder, first)...)
		if got := s.balances()[ann]; got != 30 {
			t.Errorf("the first run came late: %d", got)
		}
		s.engine.Programme.Exclusion.Users = []int64{ann}
		s.do(s.SetStatus(s.ctx, second, "cancelled"))
		s.look(marks(sync.MarkOrder, second)...)
		if got := s.balances()[ann]; got != 30 {
			t.Errorf("an excluded customer's order: %d", got)
		}
		s.sound()
	})
}

func TestTheBrakeHoldsForMarks(t *testing.T) {
	storages(t, `earn: {purchase: {points_per_unit: 1}}`, func(t *testing.T, s *stage) {
		s.engine.Programme.Brake = sync.BrakeLimits{Percent: *apd.New(1, 0), Entries: 1}
		ann := s.customer("ann")
		var orders []int64
		for range 3 {
			orders = append(orders, s.order(ann, "completed", "10"))
		}
		s.run(sync.Full)
		s.now = s.now.Add(time.Hour)
		for _, order := range orders {
			s.do(s.SetStatus(s.ctx, order, "cancelled"))
		}
		summary, err := s.engine.Look(s.ctx, marks(sync.MarkOrder, orders...))
		if braked, ok := errors.AsType[*sync.BrakeError](err); !ok || braked.Entries != 3 || summary.Braked == nil {
			t.Fatalf("%v: %+v", err, summary)
		}
		if got := s.balances()[ann]; got != 30 {
			t.Errorf("points were taken: %d", got)
		}
		summary, _ = s.runError(sync.Options{Mode: sync.Increment})
		if summary.Braked == nil || summary.Braked.Entries != 3 {
			t.Fatalf("a run shows the plan: %+v", summary.Braked)
		}
		s.look(marks(sync.MarkOrder, s.order(ann, "completed", "5"))...)
		if got := s.balances()[ann]; got != 35 {
			t.Errorf("points are still added: %d", got)
		}
	})
}

// A deduction that the brake allows is posted, with the coupons of its order.
func TestMarkedDeductionsArePosted(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		d.engine.Programme.Brake = sync.BrakeLimits{Percent: *apd.New(90, 0), Entries: 1000}
		r, _ := d.redeem(100)
		order := d.pays(r, "completed", "80")
		d.refund(order, "40.00")
		d.look(marks(sync.MarkOrder, order)...)
		d.want("half is refunded", r, ledger.Used, order, 50)
		d.do(d.SetStatus(d.ctx, order, "cancelled"))
		d.look(marks(sync.MarkOrder, order)...)
		d.want("cancelled", r, ledger.Confirmed, 0, 0)
		if got := d.balances()[d.ann]; got != 900 {
			t.Errorf("balance %d", got)
		}
		d.sound()
	})
}
