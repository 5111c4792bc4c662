package sync_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

const ownerProgram = `
guests: match_email
exclude: {roles: [wholesale], users: [%s]}
earn: {signup: {points: 7}, product_review: {points: 10}, first_order: {points: 50}}
`

// Who earns, and who keeps what was earned, over a store in which customers
// come, go and are excluded.
func TestWhoEarns(t *testing.T) {
	storages(t, strings.Replace(ownerProgram, "%s", "", 1), func(t *testing.T, s *stage) {
		ann, bob, cid, dan := s.customer("ann"), s.customer("bob"), s.customer("cid"), s.customer("dan")
		guest := s.on(1).place(testshop.Order{Email: "Guest@Example.com", Status: "completed"}, "30.00")
		gone := s.on(1).order(dan, "completed", "60.00")
		moved := s.on(1).order(ann, "completed", "20.00")
		kept := s.on(1).order(cid, "completed", "40.00")
		refunded := s.on(1).order(cid, "completed", "25.00")
		nobodys := s.on(1).place(testshop.Order{Customer: 4711, Email: "ann@example.com", Status: "completed"}, "90.00")
		must(s.on(2).AddComment(s.ctx, testshop.Comment{User: cid, Post: s.product}))
		s.run(sync.Increment)
		s.wantBalances("at first", map[int64]int64{1: 7, ann: 77, bob: 7, cid: 7 + 65 + 50 + 10, dan: 117})

		// A guest registers: his orders are his, and stay his when e-mails change.
		eve := must(s.on(3).AddUser(s.ctx, testshop.User{Login: "eve", Email: "guest@example.COM"}))
		s.run(sync.Increment)
		s.wantEntries("a guest matched later", eve, 1, "earn 30 purchase, day 1: earned", "earn 50 first_order, day 1: earned")
		s.do(s.SetEmail(s.ctx, eve, "new@example.com"), s.SetEmail(s.ctx, bob, "guest@example.com"))
		s.run(sync.Sweep)
		s.do(s.SetStatus(s.ctx, guest, "processing"))
		s.run(sync.Sweep)
		s.wantBalances("e-mails changed", map[int64]int64{1: 7, ann: 77, bob: 7, cid: 132, dan: 117, eve: 87})

		// An order moves between live customers in one transaction.
		s.on(4).do(s.SetCustomer(s.ctx, moved, bob))
		s.run(sync.Sweep)
		s.wantEntries("the one who loses", ann, 3,
			"revoke -20 purchase, now: customer changed", "revoke -50 first_order, now: customer changed")
		s.wantEntries("the one who gains", bob, 1,
			"earn 20 purchase, now: customer changed", "earn 50 first_order, now: customer changed")
		s.oneTransaction("moved", moved, 4)

		// An excluded account is frozen: nothing is earned or taken.
		s.do(s.SetRoles(s.ctx, cid, "customer", "Wholesale"))
		s.run(sync.Sweep)
		s.on(5).do(s.SetStatus(s.ctx, kept, "cancelled"))
		s.on(5).refund(refunded, "5.00")
		s.on(5).order(cid, "completed", "12.00")
		s.run(sync.Sweep)
		s.do(s.SetStatus(s.ctx, kept, "completed"))
		s.run(sync.Sweep)
		s.wantBalances("excluded", map[int64]int64{1: 7, ann: 7, bob: 77, cid: 132, dan: 117, eve: 87})
		s.sound()

		// Back again: target minus posted.
		s.do(s.SetRoles(s.ctx, cid, "customer"))
		s.run(sync.Sweep)
		s.wantBalances("back", map[int64]int64{1: 7, ann: 7, bob: 77, cid: 132 - 5 + 12, dan: 117, eve: 87})
		s.wantEntries("back", cid, 5, "earn 12 purchase, day 5: earned", "revoke -5 purchase, now: account live again")
		s.sound()

		// A deleted user keeps his points; his orders, which WooCommerce gives to
		// nobody, pay nobody else.
		s.do(s.DeleteUser(s.ctx, dan))
		s.do(s.SetEmail(s.ctx, ann, "dan@example.com"))
		s.run(sync.Sweep)
		s.on(6).do(s.SetStatus(s.ctx, gone, "cancelled"))
		s.run(sync.Sweep)
		s.do(s.SetStatus(s.ctx, gone, "completed"))
		s.run(sync.Full)
		want := map[int64]int64{1: 7, ann: 7, bob: 77, cid: 139, dan: 117, eve: 87}
		s.wantBalances("deleted", want)

		// A user id that never existed earns for nobody, also not by its e-mail.
		s.do(s.SetStatus(s.ctx, nobodys, "processing"))
		s.run(sync.Sweep)
		s.wantBalances("nobody", want)

		// The list of users excludes like a role, at the next run of any kind.
		s.engine.Programme = configured(t, strings.Replace(ownerProgram, "%s", "2, 99", 1))
		if ann != 2 {
			t.Fatalf("ann is user %d", ann)
		}
		s.on(7).order(ann, "completed", "11.00")
		s.run(sync.Increment)
		s.wantBalances("on the list", want)
		s.engine.Programme = configured(t, strings.Replace(ownerProgram, "%s", "", 1))
		s.run(sync.Increment)
		want[ann] += 11 + 50
		s.wantBalances("off the list", want)
		s.sound()
	})
}

func (b *bench) wantBalances(what string, want map[int64]int64) {
	b.t.Helper()
	b.equal(what+": balances", b.balances(), want)
}

// An account takes no points below zero when clamping: the shortfall of a
// deduction is adjusted beside it.
func TestClampedDeductions(t *testing.T) {
	storages(t, `{negative_balance: clamp, earn: {}}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		order := s.on(1).order(ann, "completed", "100.00")
		// In this story the refund is dated before the payment.
		early := s.place(testshop.Order{Customer: bob, Status: "completed", Created: day(1), Paid: day(8)}, "40.00")
		s.on(2).refund(early, "10.00")
		s.run(sync.Increment)
		s.wantBalances("at first", map[int64]int64{ann: 100, bob: 30})
		s.adjust(ann, -70)

		s.on(9).refund(order, "50.00")
		s.run(sync.Increment)
		s.wantBalances("50 of 30 taken", map[int64]int64{bob: 30})
		got := s.entries(ann, 2)
		if len(got) != 2 || !strings.HasPrefix(got[0], "revoke -50 purchase, day 9") || !strings.HasPrefix(got[1], "adjust 20 clamp, day 9") {
			t.Errorf("a clamped deduction: %q", got)
		}
		s.on(10).do(s.SetStatus(s.ctx, order, "cancelled"))
		s.run(sync.Increment)
		s.wantBalances("50 of 0 taken", map[int64]int64{bob: 30})
		s.sound()
		// What was forgiven stays forgiven: the order earns anew what it is worth.
		s.on(11).do(s.SetStatus(s.ctx, order, "completed"))
		s.run(sync.Increment)
		s.wantBalances("earned again", map[int64]int64{ann: 50, bob: 30})
		s.sound()
	})
}

// adjust changes a balance by hand.
func (b *bench) adjust(user, points int64) {
	b.t.Helper()
	l := ledger.Open(b.db, prefix, ledger.Options{Zone: time.FixedZone("+00:00", 0)})
	_, _, err := l.Adjust(b.t.Context(), ledger.Adjustment{Key: b.t.Name(), User: user, Points: points, Note: "a test"})
	if err != nil {
		b.t.Fatal(err)
	}
}

// An adjustment may be the first entry of an excluded user: his account is
// frozen all the same.
func TestAnAccountThatBeginsWithAnAdjustmentIsFrozenByTheNextSweep(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := context.Background()
		shop := db.Shop(t, testshop.Options{Timezone: "UTC"})
		ann := must(shop.AddUser(ctx, testshop.User{Login: "ann", Email: "ann@example.com", Roles: []string{"wholesale"}}))
		b := newBench(t, db, program.Defaults())
		b.engine.Programme = configured(t, noticeProgram)
		b.run(sync.Increment)
		l := ledger.Open(b.engine.LedgerDB, prefix, ledger.Options{})
		if _, _, err := l.Adjust(ctx, ledger.Adjustment{Key: "k", User: ann, Points: 5, Note: "gift"}); err != nil {
			t.Fatal(err)
		}
		b.run(sync.Sweep)
		account, err := l.Account(ctx, ann)
		if err != nil || !account.Frozen || account.Balance != 5 {
			t.Errorf("account %+v, %v", account, err)
		}
	})
}

// What became of a customer's facts while his account was frozen is made up
// for when it is live again: also of those that the store no longer has, or
// has given to others.
func TestAnAccountThatIsLiveAgainIsSettledForWhatItWasPaid(t *testing.T) {
	storages(t, `{exclude: {roles: [wholesale]}, earn: {first_order: {points: 50}, product_review: {points: 10}}}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		deleted, moved := s.on(1).order(ann, "completed", "100.00"), s.on(2).order(ann, "completed", "20.00")
		review := must(s.on(2).AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product}))
		s.run(sync.Increment)
		s.wantBalances("at first", map[int64]int64{ann: 180})

		s.do(s.SetRoles(s.ctx, ann, "wholesale"))
		s.run(sync.Sweep)
		s.do(s.Delete(s.ctx, deleted), s.SetCustomer(s.ctx, moved, bob), s.DeleteComment(s.ctx, review))
		s.run(sync.Sweep)
		s.wantBalances("frozen", map[int64]int64{ann: 160, bob: 70}) // bob has what names him
		s.sound()

		s.do(s.SetRoles(s.ctx, ann, "customer"))
		s.run(sync.Sweep)
		s.wantBalances("live again", map[int64]int64{bob: 70})
		s.sound()
	})
}

// The same when no run compared the user while he was excluded: only what he
// ordered and changed then was looked at.
func TestWhoWasExcludedBetweenTwoSweepsIsSettledByTheSecond(t *testing.T) {
	storages(t, `{exclude: {roles: [wholesale]}, earn: {}}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		order := s.on(1).order(ann, "completed", "100.00")
		// Increments look for new users, those with the last numbers, only.
		s.do(s.Exec(s.ctx, `INSERT INTO {p}users (ID, user_login, user_email, user_registered) VALUES (5000, 'zoe', '', '2026-01-01')`))
		s.run(sync.Increment)
		s.on(2).do(s.SetRoles(s.ctx, ann, "wholesale"), s.SetRoles(s.ctx, bob, "wholesale"), s.SetStatus(s.ctx, order, "cancelled"))
		s.order(bob, "completed", "20.00")
		s.run(sync.Increment)
		s.run(sync.Increment) // what changed is looked at twice
		s.wantBalances("excluded", map[int64]int64{ann: 100})
		s.do(s.SetRoles(s.ctx, ann, "customer"), s.SetRoles(s.ctx, bob, "customer"))
		s.waiting("until the sweep", 2)
		s.run(sync.Sweep)
		s.wantBalances("live again", map[int64]int64{bob: 20})
		s.sound()
	})
}

// What an order is worth to somebody whom no run has compared since he changed
// is no mistake of the ledger.
func TestFactsOfUsersWhoChangedWaitForTheSweep(t *testing.T) {
	storages(t, `{guests: match_email, exclude: {roles: [wholesale]}, earn: {product_review: {points: 3}}}`, func(t *testing.T, s *stage) {
		ann := must(s.AddUser(s.ctx, testshop.User{Login: "ann", Email: "ann@example.com", Roles: []string{"wholesale"}}))
		s.on(1).order(ann, "completed", "100.00")
		s.on(1).place(testshop.Order{Email: "Ann@example.com", Status: "completed"}, "30.00")
		must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product}))
		s.run(sync.Increment)
		s.waiting("excluded", 0)
		s.do(s.SetRoles(s.ctx, ann, "customer"))
		s.waiting("a customer again", 3)
		s.run(sync.Sweep)
		s.wantBalances("a customer again", map[int64]int64{ann: 133})
		s.sound()
	})
}

// waiting proves that so many facts wait, and that nothing is found.
func (b *bench) waiting(what string, want int64) {
	b.t.Helper()
	v, err := b.engine.Verify(b.t.Context())
	if err != nil || len(v.Findings) > 0 || v.Waiting != want {
		b.t.Errorf("%s: %+v, %v", what, v, err)
	}
}
