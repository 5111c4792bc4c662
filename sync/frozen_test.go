package sync_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

const mergeProgram = `
exclude: {roles: [wholesale]}
negative_balance: clamp
earn:
  first_order: {points: 50}
  high_spend: [{amount: 60, points: 7}]
  campaigns: [{from: "2025-01-01", to: "2026-01-01", multiplier: 1.5}]
  signup: {points: 5}
`

// Two accounts of one person become one. The end is the same whether no run
// fell between the changes, or one, or one after each.
func TestAccountsThatAreMerged(t *testing.T) {
	for _, looks := range []string{"at the end", "before the deletion", "after each order", "after the deletion first"} {
		t.Run(looks, func(t *testing.T) {
			storages(t, mergeProgram, func(t *testing.T, s *stage) {
				old, now := s.customer("old"), s.customer("now")
				first, second := s.on(1).order(old, "completed", "80.00"), s.on(2).order(old, "processing", "20.00")
				s.on(3).order(now, "completed", "10.00")
				s.run(sync.Increment)
				// 80 and 20, half as much for the campaign, 7 and 50, 5 to begin with.
				s.wantBalances("at first", map[int64]int64{1: 5, old: 150 + 7 + 50 + 5, now: 15 + 50 + 5})
				s.adjust(old, -200) // spent

				if looks == "after the deletion first" {
					s.do(s.DeleteUser(s.ctx, old))
					s.run(sync.Sweep)
					s.wantBalances("deleted", map[int64]int64{1: 5, old: 12, now: 70})
				}
				for _, order := range []int64{first, second} {
					s.on(4).do(s.SetCustomer(s.ctx, order, now))
					if looks == "after each order" {
						s.run(sync.Sweep)
					}
				}
				if looks == "before the deletion" {
					s.run(sync.Increment)
				}
				if looks != "after the deletion first" {
					s.do(s.DeleteUser(s.ctx, old))
				}
				s.run(sync.Sweep)
				left := int64(12 - 207)
				if looks == "before the deletion" || looks == "after each order" {
					left = 0 // the account was live then, and clamped
				}
				got := s.balances()
				if want := int64(5 + 165 + 7 + 50); got[now] != want || got[1] != 5 || got[old] != left && left != 0 {
					t.Errorf("balances %v, want %d and %d left", got, want, left)
				}
				s.sound()
				if left != 0 {
					s.oneTransaction("moved", first, 8) // four sources, from one account to the other
					debts, err := s.engine.Debts(s.ctx, 10)
					if err != nil {
						t.Fatal(err)
					}
					if want := []sync.Debt{{Debt: ledger.Debt{User: old, Balance: left}, Receiver: now}}; !slices.Equal(debts, want) {
						t.Errorf("debts %+v, want %+v", debts, want)
					}
				}
			})
		})
	}
}

// Held points move as well, and the hold ends for the new customer alone, also
// if its time was over while the account was frozen.
func TestHeldPointsLeaveAFrozenAccount(t *testing.T) {
	storages(t, `{hold_days: 14, earn: {first_order: {points: 50}}}`, func(t *testing.T, s *stage) {
		old, now := s.customer("old"), s.customer("now")
		over := s.on(1).order(old, "completed", "30.00")
		s.Now = time.Now
		held := s.order(old, "completed", "40.00")
		s.run(sync.Increment)
		s.wantBalances("at first", map[int64]int64{old: 80})
		s.equal("pending", s.pending(), map[int64]int64{old: 40})
		s.do(s.DeleteUser(s.ctx, old))
		s.run(sync.Sweep)
		s.do(s.Exec(s.ctx, fmt.Sprintf(`UPDATE {p}loyalty_holds SET release_at = '2025-04-01' WHERE user_id = %d`, old)))
		s.do(s.SetCustomer(s.ctx, over, now), s.SetCustomer(s.ctx, held, now))
		s.run(sync.Sweep)
		s.wantBalances("moved", map[int64]int64{now: 80})
		s.equal("pending", s.pending(), map[int64]int64{now: 40})
		s.sound()
	})
}

// An account is deleted and made anew: WooCommerce gives it the orders with its
// e-mail.
func TestAnAccountThatIsMadeAnew(t *testing.T) {
	for _, between := range []bool{false, true} {
		t.Run(fmt.Sprint("a run between: ", between), func(t *testing.T) {
			storages(t, `{guests: match_email, earn: {first_order: {points: 50}, product_review: {points: 10}}}`, func(t *testing.T, s *stage) {
				eve := s.customer("eve")
				s.on(1).order(eve, "completed", "12.00")
				s.on(2).order(eve, "on-hold", "90.00")
				guest := s.on(3).place(testshop.Order{Email: "EVE@example.com", Status: "completed"}, "8.00")
				must(s.AddComment(s.ctx, testshop.Comment{User: eve, Post: s.product}))
				s.run(sync.Increment)
				s.wantBalances("at first", map[int64]int64{eve: 80})
				s.do(s.DeleteUser(s.ctx, eve))
				if between {
					s.run(sync.Sweep)
				}
				again := must(s.AddUser(s.ctx, testshop.User{Login: "eve2", Email: "eve@example.com"}))
				if between {
					// By the e-mail alone nothing is theirs that a frozen account has.
					s.run(sync.Sweep)
					s.wantBalances("not linked", map[int64]int64{eve: 80})
					s.sound()
				}
				if linked := must(s.LinkGuestOrders(s.ctx, again)); len(linked) != 3 {
					t.Fatalf("linked %v, and %d was a guest's", linked, guest)
				}
				s.run(sync.Sweep)
				s.wantBalances("linked", map[int64]int64{eve: 10, again: 70}) // the review stays where it was written
				s.sound()
				explained, err := s.engine.Explain(s.ctx, eve)
				if err != nil || len(explained.Facts) == 0 {
					t.Fatalf("%+v, %v", explained, err)
				}
				s.wantLastLine(explained.Facts[0], fmt.Sprintf("It belongs to customer %d now.", again))
			})
		})
	}
}

func (b *bench) wantLastLine(fact sync.ExplainedFact, want string) {
	b.t.Helper()
	if got := fact.Lines[len(fact.Lines)-1]; got != want {
		b.t.Errorf("order %d is explained by %q, want %q", fact.ID, got, want)
	}
}

// A number that was given out again is the order of whoever has it now.
func TestAnOrderNumberThatIsGivenOutAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		between bool // a run sees that the first order is gone
		deleted bool // and its customer with it
		guest   bool // the second order names nobody
	}{
		{"of a deleted customer", true, true, false},
		{"of a deleted customer, unnoticed", false, true, false},
		{"of a live customer", true, false, false},
		{"of a live customer, unnoticed", false, false, false},
		{"to a guest", true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			storages(t, `{earn: {first_order: {points: 50}, signup: {points: 3}}}`, func(t *testing.T, s *stage) {
				test, ann := s.customer("test"), s.customer("ann")
				number := s.on(1).order(test, "completed", "100.00")
				s.on(2).order(test, "completed", "9.00")
				s.run(sync.Increment)
				s.wantBalances("at first", map[int64]int64{1: 3, test: 162, ann: 3})
				s.do(s.Delete(s.ctx, number))
				if c.deleted {
					s.do(s.DeleteUser(s.ctx, test))
				}
				if c.between {
					s.run(sync.Sweep)
				}
				o := testshop.Order{Number: number, Customer: ann, Status: "completed"}
				if c.guest {
					o.Customer = 0
				}
				if again := s.on(40).place(o, "35.00"); again != number {
					t.Fatalf("the order has the number %d", again)
				}
				s.run(sync.Sweep)
				want := map[int64]int64{1: 3, test: 62, ann: 88}
				switch {
				case c.guest:
					want[test], want[ann] = 162, 3
				case c.deleted:
					want[test] = 12 // nothing else is given to a frozen account
				}
				s.wantBalances("given out again", want)
				s.sound()
				// It is refunded like any other.
				s.on(41).refund(number, "5.00")
				s.run(sync.Sweep)
				if !c.guest {
					want[ann] -= 5
				}
				s.wantBalances("refunded", want)
				s.sound()
			})
		})
	}
}

// What the order of a frozen account's first place leaves behind is put right
// when the account is live again, and takes nothing from the one who has it.
func TestAFirstOrderThatLeftAFrozenAccount(t *testing.T) {
	storages(t, `{exclude: {roles: [wholesale]}, earn: {first_order: {points: 50}}}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		first := s.on(1).order(ann, "completed", "10.00")
		s.on(2).order(ann, "completed", "20.00")
		s.run(sync.Increment)
		s.do(s.SetRoles(s.ctx, ann, "wholesale"))
		s.run(sync.Sweep)
		s.do(s.SetStatus(s.ctx, first, "cancelled"), s.SetCustomer(s.ctx, first, bob))
		s.run(sync.Sweep)
		s.wantBalances("cancelled", map[int64]int64{ann: 20})
		s.do(s.SetStatus(s.ctx, first, "completed"))
		s.run(sync.Sweep)
		s.wantBalances("completed", map[int64]int64{ann: 20, bob: 60})
		s.do(s.SetRoles(s.ctx, ann, "customer"))
		s.run(sync.Sweep)
		s.wantBalances("live again", map[int64]int64{ann: 70, bob: 60})
		s.sound()
	})
}

// Moving orders from account to account takes nothing from the customers as a
// whole, however many they are: no person is asked.
func TestTheBrakeDoesNotCountMoves(t *testing.T) {
	storages(t, `{exclude: {roles: [wholesale]}, earn: {}}`, func(t *testing.T, s *stage) {
		s.engine.Programme.Brake = sync.BrakeLimits{Percent: must(program.ParseDecimal("5")), Entries: 2}
		into := s.customer("into")
		var orders []int64
		from := map[int64]int64{}
		for i := range 30 {
			user := s.customer(fmt.Sprint("user", i))
			orders = append(orders, s.on(1).order(user, "completed", "10.00"))
			from[orders[i]] = user
		}
		s.run(sync.Increment)
		for i, order := range orders {
			s.do(s.SetCustomer(s.ctx, order, into))
			if i%2 == 0 {
				s.do(s.DeleteUser(s.ctx, from[order]))
			}
		}
		s.run(sync.Sweep)
		s.wantBalances("moved", map[int64]int64{into: 300})
		s.sound()
		// What is worth less than before is taken, whoever has it now.
		for i, order := range orders {
			s.do(s.SetStatus(s.ctx, order, "cancelled"))
			if i%2 == 1 {
				s.do(s.SetCustomer(s.ctx, order, from[order]))
			}
		}
		summary, err := s.runError(sync.Options{Mode: sync.Sweep})
		if summary.Braked == nil || summary.Braked.Points != 300 {
			t.Errorf("%+v, %v", summary.Braked, err)
		}
		s.wantBalances("withheld", map[int64]int64{into: 300})
	})
}

// WooCommerce makes old orders anonymous: they stay with whom they counted for.
func TestOrdersThatAreMadeAnonymous(t *testing.T) {
	storages(t, `{guests: match_email, exclude: {roles: [wholesale]}, earn: {first_order: {points: 50}}}`, func(t *testing.T, s *stage) {
		ann, bob, cid, dan := s.customer("ann"), s.customer("bob"), s.customer("cid"), s.customer("dan")
		orders := map[string]int64{
			"paid":     s.on(1).order(ann, "completed", "30.00"),
			"unpaid":   s.on(2).order(ann, "on-hold", "20.00"),
			"excluded": s.on(1).order(bob, "completed", "11.00"),
			"deleted":  s.on(1).order(cid, "completed", "12.00"),
			"matched":  s.on(1).place(testshop.Order{Email: "dan@example.com", Status: "completed"}, "13.00"),
			"pending":  s.on(2).place(testshop.Order{Email: "dan@example.com", Status: "pending"}, "14.00"),
			"guest":    s.on(1).place(testshop.Order{Email: "gus@example.com", Status: "completed"}, "15.00"),
		}
		s.run(sync.Increment)
		want := map[int64]int64{ann: 80, bob: 61, cid: 62, dan: 63}
		s.wantBalances("at first", want)
		s.do(s.SetRoles(s.ctx, bob, "wholesale"), s.DeleteUser(s.ctx, cid))
		s.run(sync.Sweep)
		for _, order := range orders {
			s.on(400).do(s.EraseOrder(s.ctx, order))
		}
		unseen := s.on(5).order(ann, "completed", "99.00")
		s.do(s.EraseOrder(s.ctx, unseen))
		// Whoever takes the address of all these orders has none of them.
		must(s.AddUser(s.ctx, testshop.User{Login: "nobody", Email: "deleted@site.invalid"}))
		s.run(sync.Sweep)
		s.wantBalances("anonymous", want)
		s.sound()

		// They go on changing hands with their customers, and being worth what
		// they are.
		s.on(401).do(s.SetStatus(s.ctx, orders["unpaid"], "completed"), s.SetStatus(s.ctx, orders["pending"], "processing"))
		s.refund(orders["paid"], "10.00")
		s.do(s.SetRoles(s.ctx, bob, "customer"), s.SetStatus(s.ctx, orders["deleted"], "cancelled"))
		s.run(sync.Sweep)
		want[ann], want[dan] = 80-10+20, 63+14
		s.wantBalances("changed", want)
		s.sound()
		explained, err := s.engine.Explain(s.ctx, bob)
		if err != nil || len(explained.Facts) != 1 {
			t.Fatalf("%+v, %v", explained, err)
		}
		s.wantLastLine(explained.Facts[0], "WooCommerce removed its personal data: it stays with the customer for whom it counted before.")

		// Named again, they are theirs who are named.
		s.do(s.SetCustomer(s.ctx, orders["excluded"], dan), s.SetCustomer(s.ctx, unseen, ann))
		s.run(sync.Sweep)
		want[bob], want[dan], want[ann] = 0, want[dan]+11, want[ann]+99
		delete(want, bob)
		s.wantBalances("named again", want)
		s.sound()
	})
}

// Plugins may write another address, or none: then the mark alone tells.
func TestTheMarkAloneMakesAnOrderAnonymous(t *testing.T) {
	storages(t, `{guests: match_email, earn: {}}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		order, emptied := s.on(1).order(ann, "completed", "30.00"), s.on(1).order(ann, "completed", "7.00")
		s.run(sync.Increment)
		for id, email := range map[int64]string{order: "bob@example.com", emptied: ""} {
			s.do(s.SetCustomer(s.ctx, id, 0), s.SetBillingEmail(s.ctx, id, email), s.MarkErased(s.ctx, id))
		}
		unseen := s.on(2).place(testshop.Order{Email: "bob@example.com", Status: "completed"}, "50.00")
		s.do(s.MarkErased(s.ctx, unseen))
		s.run(sync.Sweep)
		s.wantBalances("marked", map[int64]int64{ann: 37})
		s.sound()
		s.on(3).place(testshop.Order{Email: "bob@example.com", Status: "completed"}, "1.00")
		s.run(sync.Sweep)
		s.wantBalances("not marked", map[int64]int64{ann: 37, bob: 1})
		s.sound()
	})
}

// An order that lost its customer before it was made anonymous was nobody's.
func TestAnonymousOrdersOfNobodyStayNobodys(t *testing.T) {
	storages(t, `{earn: {}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		order := s.on(1).order(ann, "completed", "30.00")
		s.run(sync.Increment)
		s.do(s.SetCustomer(s.ctx, order, 0))
		s.run(sync.Sweep)
		s.wantBalances("a guest's now", map[int64]int64{})
		s.do(s.EraseOrder(s.ctx, order))
		s.run(sync.Sweep)
		s.wantBalances("anonymous", map[int64]int64{})
		s.sound()
	})
}

// What names no customer counts for nobody else while a frozen account has
// points of it.
func TestWhatNamesNobodyStaysInAFrozenAccount(t *testing.T) {
	storages(t, `{guests: match_email, earn: {signup: {points: 4}, product_review: {points: 10}}}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		order := s.on(1).order(ann, "completed", "30.00")
		review := must(s.on(2).AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product}))
		s.run(sync.Increment)
		s.do(s.DeleteUser(s.ctx, ann))
		s.do(s.SetEmail(s.ctx, bob, "ann@example.com"), s.SetStatus(s.ctx, order, "processing"))
		s.do(s.Exec(s.ctx, fmt.Sprintf(`UPDATE {p}comments SET user_id = %d WHERE comment_ID = %d`, bob, review)))
		s.run(sync.Sweep)
		s.run(sync.Full)
		s.wantBalances("theirs", map[int64]int64{1: 4, ann: 44, bob: 4})
		s.sound()
	})
}

// A number that was given out again is judged by the rules of its new order's
// time: the shop was tested under others.
func TestAnOrderNumberGivenOutAgainHasTheRulesOfItsTime(t *testing.T) {
	const rules = `{deleted_orders: %s, earn: {purchase: {points_per_unit: %d}, first_order: {points: %d0}}}`
	for _, c := range []struct {
		name, keep string
		want       int64 // what is left of the test order
		before     func(s *stage, number, test int64)
	}{
		{"deleted", "take_back", 0, func(*stage, int64, int64) {}},
		{"cancelled and deleted", "take_back", 0, func(s *stage, number, _ int64) { s.do(s.SetStatus(s.ctx, number, "cancelled")) }},
		{"deleted with its customer", "take_back", 0, func(s *stage, _, test int64) { s.do(s.DeleteUser(s.ctx, test)) }},
		{"kept", "keep", 110, func(*stage, int64, int64) {}},
	} {
		for _, status := range []string{"pending", "processing"} {
			t.Run(c.name+", "+status, func(t *testing.T) {
				storages(t, fmt.Sprintf(rules, c.keep, 1, 1), func(t *testing.T, s *stage) {
					test, ann := s.customer("test"), s.customer("ann")
					number := s.on(1).order(test, "completed", "100.00")
					s.run(sync.Increment)
					c.before(s, number, test)
					s.run(sync.Sweep)
					s.do(s.Delete(s.ctx, number))
					s.run(sync.Sweep)
					s.engine.Programme = configured(t, fmt.Sprintf(rules, c.keep, 3, 3))
					s.run(sync.Increment)
					s.Now = func() time.Time { return time.Now().Add(2 * time.Second) } // after the rules
					s.place(testshop.Order{Number: number, Customer: ann, Status: status}, "20.00")
					s.run(sync.Sweep)
					s.do(s.SetStatus(s.ctx, number, "processing"))
					s.run(sync.Sweep)
					want := map[int64]int64{ann: 90}
					if c.want != 0 {
						want[test] = c.want
					}
					s.wantBalances("given out again", want)
					s.sound()
					// Its own rules are kept from then on.
					s.engine.Programme = configured(t, fmt.Sprintf(rules, c.keep, 7, 7))
					s.refund(number, "5.00")
					s.run(sync.Sweep)
					want[ann] -= 15
					s.wantBalances("refunded", want)
					s.sound()
				})
			})
		}
	}
}
