package sync_test

import (
	"fmt"
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
		Key: fmt.Sprint("key ", d.keys), User: d.ann, Points: points, Amount: *apd.New(points, -2), Currency: "USD",
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
	r, err := d.ledger.Confirm(d.ctx, r.ID, coupon)
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
