package sync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

const redeemProgramme = `
earn: {purchase: {points_per_unit: 1}, signup: {points: 1000}}
redeem: {give_back: [expired, deleted, refunded]}
`

// allEnds are all that can give points back.
var allEnds = program.GiveBack{Expired: true, Deleted: true, Refunded: true}

// redeemer is a stage with a customer who has points, and what the endpoint and
// the plugin do between them.
type redeemer struct {
	*stage
	ledger *ledger.Ledger
	ann    int64
	keys   int
}

func newRedeemer(t testing.TB, s *stage) *redeemer {
	t.Helper()
	s.engine.Programme.GiveBack = allEnds
	zone := must(s.engine.Store.Settings(s.ctx)).Zone
	d := &redeemer{stage: s, ledger: ledger.Open(s.engine.LedgerDB, prefix, ledger.Options{Zone: zone})}
	s.now = time.Now().UTC().Add(-48 * time.Hour)
	d.ann = s.customer("ann")
	s.run(sync.Full)
	return d
}

// reserve takes points for a coupon, as the endpoint does.
func (d *redeemer) reserve(points int64) ledger.Redemption {
	d.t.Helper()
	d.keys++
	r, _, _, err := d.ledger.Reserve(d.ctx, ledger.Reservation{
		Key: fmt.Sprint(d.ann, " key ", d.keys), User: d.ann, Points: points, Amount: *apd.New(points, -2), Currency: "USD",
	})
	d.do(err)
	return r
}

// coupon makes the coupon of a reservation, as the plugin does.
func (d *redeemer) coupon(r ledger.Redemption) int64 {
	d.t.Helper()
	return must(d.AddCoupon(d.ctx, testshop.Coupon{Code: r.Code, Amount: "5.00", Redemption: r.ID}))
}

// redeem does both, and confirms.
func (d *redeemer) redeem(points int64) (r ledger.Redemption, coupon int64) {
	d.t.Helper()
	r = d.reserve(points)
	coupon = d.coupon(r)
	r, _, err := d.ledger.Confirm(d.ctx, "", r.ID, coupon)
	d.do(err)
	return r, coupon
}

// pays places an order with the coupon.
func (d *redeemer) pays(r ledger.Redemption, status, total string) int64 {
	d.t.Helper()
	return d.place(testshop.Order{Customer: d.ann, Status: status, Coupon: r.Code}, total)
}

// backdate makes a redemption older.
func (d *redeemer) backdate(r ledger.Redemption, by time.Duration) {
	d.t.Helper()
	_, err := d.db.Exec(`UPDATE wp_loyalty_redemptions SET reserved_at = reserved_at - INTERVAL ? SECOND, changed_at = changed_at - INTERVAL ? SECOND
		WHERE id = ?`, int(by.Seconds()), int(by.Seconds()), r.ID)
	d.do(err)
}

func (d *redeemer) want(what string, r ledger.Redemption, state ledger.RedemptionState, order, returned int64) {
	d.t.Helper()
	got := must(d.ledger.Redemption(d.ctx, r.ID))
	if got.State != state || got.Order != order || got.Returned != returned {
		d.t.Errorf("%s: %s by order %d, %d returned; want %s by %d, %d", what, got.State, got.Order, got.Returned, state, order, returned)
	}
}

// redeemers runs a test on each server in each order storage.
func redeemers(t *testing.T, test func(t *testing.T, d *redeemer)) {
	storages(t, redeemProgramme, func(t *testing.T, s *stage) { test(t, newRedeemer(t, s)) })
}

func TestAReservationIsSettledByItsCoupon(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		young, lost, made, trashed := d.reserve(100), d.reserve(100), d.reserve(100), d.reserve(100)
		coupon := d.coupon(made)
		d.do(d.TrashPost(d.ctx, d.coupon(trashed)))
		foreign := must(d.AddCoupon(d.ctx, testshop.Coupon{Code: "copy-of-points", Amount: "5.00", Redemption: lost.ID}))
		for _, r := range []ledger.Redemption{lost, made, trashed} {
			d.backdate(r, 5*time.Minute)
		}
		d.run(sync.Increment)
		d.want("one that is being made", young, ledger.Reserved, 0, 0)
		d.want("one without a coupon", lost, ledger.Cancelled, 0, 100)
		d.want("one whose coupon was made", made, ledger.Confirmed, 0, 0)
		d.want("one whose coupon is in the trash", trashed, ledger.Cancelled, 0, 100)
		if got := must(d.ledger.Redemption(d.ctx, made.ID)); got.Coupon != coupon {
			t.Errorf("confirmed with coupon %d, want %d; a copy is %d", got.Coupon, coupon, foreign)
		}
		if balance := d.balances()[d.ann]; balance != 800 {
			t.Errorf("balance %d", balance)
		}
		d.backdate(young, time.Hour)
		d.run(sync.Sweep)
		d.want("one that was never made", young, ledger.Cancelled, 0, 100)
		d.sound()
	})
}

// The life of a coupon as increments and sweeps see it.
func TestARedemptionFollowsItsOrder(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		r, coupon := d.redeem(500)
		order := d.pays(r, "pending", "80")
		d.run(sync.Increment)
		d.want("an order is placed", r, ledger.Used, order, 0)
		d.do(d.SetStatus(d.ctx, order, "completed"))
		refund := d.refund(order, "20.00")
		d.run(sync.Increment)
		d.want("a quarter is refunded", r, ledger.Used, order, 125)
		d.do(d.DeleteRefund(d.ctx, refund))
		d.run(sync.Sweep)
		d.want("the refund is deleted", r, ledger.Used, order, 0)
		d.refund(order, "40.00")
		d.do(d.SetStatus(d.ctx, order, "cancelled"))
		d.run(sync.Increment)
		d.want("the order is cancelled", r, ledger.Confirmed, 0, 0)
		d.do(d.SetStatus(d.ctx, order, "completed"))
		d.run(sync.Increment)
		d.want("and completed all the same", r, ledger.Used, order, 250)
		d.do(d.Trash(d.ctx, order))
		d.run(sync.Increment)
		d.want("the order goes to the trash", r, ledger.Confirmed, 0, 0)
		again := d.pays(r, "processing", "10")
		d.run(sync.Increment)
		d.want("another order uses the coupon", r, ledger.Used, again, 0)
		d.do(d.DeletePost(d.ctx, coupon))
		d.run(sync.Sweep)
		d.want("the coupon is deleted", r, ledger.Used, again, 0)
		d.do(d.SetStatus(d.ctx, again, "refunded"))
		d.run(sync.Increment)
		d.want("the order is refunded", r, ledger.Used, again, 500)
		d.do(d.Delete(d.ctx, again))
		d.run(sync.Sweep)
		d.want("the order is deleted too", r, ledger.Used, again, 500)
		d.sound()
	})
}

func TestACouponThatEndsUnusedGivesItsPointsBack(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		deleted, first := d.redeem(100)
		trashed, second := d.redeem(100)
		expired, third := d.redeem(100)
		spent, _ := d.redeem(700)
		d.run(sync.Sweep)
		d.do(d.DeletePost(d.ctx, first), d.TrashPost(d.ctx, second), d.SetCouponEnd(d.ctx, third, time.Now().AddDate(0, 0, -2)))
		d.run(sync.Increment)
		d.want("no date shows it to an increment", deleted, ledger.Confirmed, 0, 0)
		d.run(sync.Sweep)
		d.want("deleted", deleted, ledger.Closed, 0, 100)
		d.want("in the trash", trashed, ledger.Closed, 0, 100)
		d.want("expired", expired, ledger.Closed, 0, 100)
		d.want("valid", spent, ledger.Confirmed, 0, 0)
		if balance := d.balances()[d.ann]; balance != 300 {
			t.Errorf("balance %d", balance)
		}

		// Back from the trash, and given time: the points are taken again, if
		// they are still there.
		d.do(d.UntrashPost(d.ctx, second), d.SetCouponEnd(d.ctx, third, time.Time{}))
		d.reserve(150)
		d.run(sync.Sweep)
		d.want("back from the trash", trashed, ledger.Confirmed, 0, 0)
		d.want("extended, but not covered", expired, ledger.Closed, 0, 100)
		if balance := d.balances()[d.ann]; balance != 50 {
			t.Errorf("balance %d", balance)
		}
		d.sound()
	})
}

// What is posted for a redemption shows why, and explain tells it in words.
func TestRedemptionsAreExplained(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		r, _ := d.redeem(500)
		d.backdate(r, 72*time.Hour)
		order := d.pays(r, "completed", "80")
		refund := d.refund(order, "20.00")
		closed, coupon := d.redeem(100)
		d.do(d.DeletePost(d.ctx, coupon))
		d.run(sync.Sweep)
		at := d.now.Format("2006-01-02 15:04:05")
		d.wantEntries("ann's entries", d.ann, 3,
			"earn 80 purchase, "+at+": earned",
			fmt.Sprintf("revoke -20 purchase, %s: refund %d", at, refund),
			fmt.Sprintf("restore 125 coupon, %s: refund %d", at, refund),
			"restore 100 coupon, now: coupon deleted")
		x := must(d.engine.Explain(d.ctx, d.ann))
		lines := map[int64][]string{}
		for _, fact := range x.Facts {
			if fact.Kind == "redemption" {
				lines[fact.ID] = fact.Lines[1:]
			}
		}
		for id, want := range map[int64][]string{
			r.ID: {
				fmt.Sprintf("Order %d uses it; its status is \"completed\".", order), "Of its 80, 20 is refunded.",
				"500 points × 0.25, rounded down: 125 come back.", "Given back: 125 points.",
			},
			closed.ID: {"The coupon ended unused, expired or deleted.", "Given back: 100 points."},
		} {
			if !slices.Equal(lines[id], want) {
				t.Errorf("redemption %d is explained by\n%s", id, strings.Join(lines[id], "\n"))
			}
		}
		var why []string
		for _, e := range x.Entries {
			if e.Source == ledger.Coupon {
				why = append(why, e.Why)
			}
		}
		if want := []string{
			"spent on a coupon", "spent on a coupon", fmt.Sprintf("the order that the coupon paid was refunded: refund #%d", refund),
			"the coupon was deleted unused",
		}; !slices.Equal(why, want) {
			t.Errorf("why: %q", why)
		}
	})
}

// verify names a redemption that does not stand as the store says, and knows
// what only waits.
func TestVerifyProvesRedemptions(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		r, coupon := d.redeem(500)
		order := d.pays(r, "completed", "80")
		d.run(sync.Sweep)
		d.sound()
		d.refund(order, "20.00")
		if v := must(d.engine.Verify(d.ctx)); len(v.Findings) > 0 || v.Waiting != 2 { // the order and the redemption
			t.Errorf("a refund that sync has not seen: %+v", v)
		}
		d.run(sync.Increment)
		d.sound()
		_, err := d.db.Exec(`UPDATE wp_loyalty_redemptions SET state = 'confirmed', order_id = NULL, returned = 0 WHERE id = ?`, r.ID)
		d.do(err)
		v := must(d.engine.Verify(d.ctx))
		want := fmt.Sprintf("redemption %d of account %d is confirmed with 0 points given back, its coupon and its order say used with 125", r.ID, d.ann)
		if !slices.Equal(v.Findings, []string{want}) {
			t.Errorf("a forged row: %+v", v)
		}
		d.do(d.DeletePost(d.ctx, coupon))
		if v := must(d.engine.Verify(d.ctx)); len(v.Findings) > 0 || v.Waiting != 1 {
			t.Errorf("a coupon that changed since: %+v", v)
		}
	})
}

// When what gives points back is configured anew, the next run looks at all
// redemptions: what ended before stays, what stands follows.
func TestWhatGivesBackMayChange(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		d.engine.Programme.GiveBack = program.GiveBack{}
		paid, _ := d.redeem(100)
		order := d.pays(paid, "completed", "80")
		d.refund(order, "40.00")
		ended, coupon := d.redeem(100)
		d.do(d.DeletePost(d.ctx, coupon))
		d.run(sync.Sweep)
		d.want("a refund gives nothing back", paid, ledger.Used, order, 0)
		d.want("nor does a coupon that was deleted", ended, ledger.Closed, 0, 0)
		d.engine.Programme.GiveBack = allEnds
		d.run(sync.Increment)
		d.want("now the refund does", paid, ledger.Used, order, 50)
		d.want("what is closed stays", ended, ledger.Closed, 0, 0)
		d.engine.Programme.GiveBack = program.GiveBack{}
		d.run(sync.Increment)
		d.want("what was given stays given", paid, ledger.Used, order, 50)
		d.sound()
	})
}

// A customer who is excluded neither gets nor loses points of his coupons until
// he is back.
func TestRedemptionsOfAFrozenAccountWait(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		paid, _ := d.redeem(100)
		order := d.place(testshop.Order{Email: "guest@example.com", Status: "completed", Coupon: paid.Code}, "80")
		lost := d.reserve(100)
		d.backdate(lost, time.Hour)
		d.engine.Programme.Exclusion.Users = []int64{d.ann}
		d.run(sync.Sweep)
		d.refund(order, "40.00")
		d.run(sync.Sweep)
		d.want("refunded while excluded", paid, ledger.Used, order, 0)
		d.want("never made", lost, ledger.Reserved, 0, 0)
		d.engine.Programme.Exclusion.Users = nil
		d.run(sync.Increment)
		d.want("back", paid, ledger.Used, order, 50)
		d.want("back", lost, ledger.Cancelled, 0, 100)
		d.sound()
	})
}

// The brake also stops what would be taken again for coupons.
func TestTheBrakeHoldsForRedemptions(t *testing.T) {
	redeemers(t, func(t *testing.T, d *redeemer) {
		d.engine.Programme.Brake = sync.BrakeLimits{Percent: *apd.New(1, 0), Entries: 1}
		var all []ledger.Redemption
		var coupons []int64
		for range 3 {
			r, coupon := d.redeem(100)
			all, coupons = append(all, r), append(coupons, coupon)
			d.do(d.TrashPost(d.ctx, coupon))
		}
		d.run(sync.Sweep)
		for _, coupon := range coupons {
			d.do(d.UntrashPost(d.ctx, coupon))
		}
		summary, err := d.runError(sync.Options{Mode: sync.Sweep})
		if summary.Braked == nil || summary.Braked.Points != 300 || summary.Braked.Entries != 3 {
			t.Fatalf("%v: %+v", err, summary.Braked)
		}
		d.want("withheld", all[0], ledger.Closed, 0, 100)
		summary, err = d.engine.Run(d.ctx, sync.Options{Accept: summary.Braked.Plan})
		if err != nil || summary.Points[ledger.Redeem] != -300 {
			t.Fatalf("%v: %+v", err, summary)
		}
		d.want("accepted", all[0], ledger.Confirmed, 0, 0)
		d.sound()
	})
}
