package program

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// The states of a redemption, as the ledger writes them.
const (
	Reserved  = "reserved"
	Confirmed = "confirmed"
	Used      = "used"
	Closed    = "closed"
	Cancelled = "cancelled"
)

// Redemption is points that were spent on a coupon, as they are posted.
type Redemption struct {
	State      string
	Points     int64 // spent
	Returned   int64 // of them, given back so far
	Order      int64 // that used the coupon; 0: none
	ReservedAt time.Time
}

// Coupon is the coupon of a redemption as it stands in the store.
type Coupon struct {
	ID      int64
	Trashed bool
	Uses    int64     // WooCommerce's count of the orders that use it
	Expires time.Time // from then on it is not valid; zero: never
}

// Uses are the orders that a redemption's code is known from.
type Uses struct {
	Orders []*Order // those that carry the code
	Gone   bool     // the order that used it is no longer in the store
}

// GiveBack says which ends of a coupon give its points back: it expired
// unused, it was deleted unused, the order that it paid was refunded.
type GiveBack struct {
	Expired  bool
	Deleted  bool
	Refunded bool
}

// Clock is the moment, and the site's days, that a redemption is judged by.
type Clock struct {
	Now  time.Time // the ledger's database clock
	Zone *time.Location
}

// Judged is what a redemption should be. Only Returned moves points.
type Judged struct {
	State    string
	Order    int64 // that uses the coupon, if the state is Used
	Returned int64
	// Covered asks that the balance cover all that is taken again; otherwise
	// nothing is to change.
	Covered bool
	// Open says that only time will tell: judge again soon.
	Open  bool
	Cause string
	At    time.Time // of the cause; zero: now
}

// Why a redemption changed.
const (
	CauseNoCoupon      = "no coupon was made"
	CauseCouponFound   = "coupon found"
	CauseCouponUsed    = "coupon used"
	CauseCouponFree    = "coupon free again"
	CauseCouponAlive   = "coupon alive again"
	CauseCouponExpired = "coupon expired"
	CauseCouponDeleted = "coupon deleted"
	CauseOrderEnded    = "order ended"
	CauseUnrefunded    = "refund deleted"
)

const (
	// MakingCoupon is how long a reservation may take to become a coupon.
	MakingCoupon = 5 * time.Minute
	// endedPatience is how long an order that was cancelled without freeing its
	// coupon has to stay so: WooCommerce frees a coupon after it cancelled.
	endedPatience = time.Hour
	// expiryPatience leaves an order that was being placed at the last moment
	// the time to show.
	expiryPatience = 10 * time.Minute
)

// Judge returns what a redemption should be, given its coupon (nil: there is
// none) and the orders that carry its code.
func (g GiveBack) Judge(r Redemption, coupon *Coupon, uses Uses, clock Clock) Judged {
	kept := Judged{State: r.State, Order: r.Order, Returned: r.Returned}
	there := coupon != nil && !coupon.Trashed
	if r.State == Cancelled {
		return kept
	}
	if order, ended := uses.by(coupon); order != nil {
		return g.used(r, order, ended, clock)
	}
	switch {
	case coupon != nil && coupon.Uses > 0:
		// By an order that has not been seen, or is gone.
		if r.State == Reserved {
			return Judged{State: Confirmed, Cause: CauseCouponFound}
		}
		return kept
	case r.State == Reserved && !there && clock.Now.Before(r.ReservedAt.Add(MakingCoupon)):
		kept.Open = true
		return kept
	case r.State == Reserved && !there:
		return Judged{State: Cancelled, Returned: r.Points, Cause: CauseNoCoupon}
	case r.State == Used && coupon == nil && uses.Gone:
		return kept // whatever became of the order, it had the discount
	case !there:
		return closed(r, g.Deleted, CauseCouponDeleted)
	case coupon.Expired(clock):
		return closed(r, g.Expired, CauseCouponExpired)
	}
	alive := Judged{State: Confirmed, Covered: r.State == Closed}
	switch r.State {
	case Reserved:
		alive.Cause = CauseCouponFound
	case Closed:
		alive.Cause = CauseCouponAlive
	default:
		alive.Cause = CauseCouponFree
	}
	return alive
}

// closed is final: what happens later to a coupon that ended changes nothing.
func closed(r Redemption, giveBack bool, cause string) Judged {
	j := Judged{State: Closed, Returned: r.Returned, Cause: cause}
	if giveBack && r.State != Closed {
		j.Returned = r.Points
	}
	return j
}

// used judges a redemption by the order that uses its coupon.
func (g GiveBack) used(r Redemption, o *Order, ended bool, clock Clock) Judged {
	j := Judged{State: Used, Order: o.ID, Cause: CauseCouponUsed}
	share := o.refundedShare()
	if ended {
		if share = whole(one); clock.Now.Before(o.Modified.Add(endedPatience)) {
			j.Returned, j.Open = r.Returned, true
			return j
		}
	}
	// At most the points, so it fits.
	j.Returned = share.times(number{c: *apd.NewBigInt(r.Points)}).round(RoundDown).Int64()
	if !g.Refunded {
		j.Returned = min(j.Returned, r.Returned) // what was given for what still stands stays given
	}
	switch {
	case j.Returned > r.Returned && ended:
		j.Cause = CauseOrderEnded
	case j.Returned > r.Returned && len(o.Refunds) > 0:
		last := &o.Refunds[len(o.Refunds)-1]
		j.Cause = "refund " + strconv.FormatInt(last.ID, 10)
		if last.Created.After(r.ReservedAt) {
			j.At = last.Created
		}
	case j.Returned > r.Returned:
		j.Cause = CauseOrderEnded
	case j.Returned < r.Returned && r.State == Used:
		j.Cause = CauseUnrefunded
	}
	return j
}

// The statuses of orders that do not hold a coupon.
var (
	// In these WooCommerce does not count, or no longer counts, the use.
	freeing = []string{"cancelled", "trash"}
	// Nobody has placed these.
	unplaced = []string{"checkout-draft", "auto-draft", "draft", "new", ""}
	// Can still be paid, with the discount. WooCommerce 10.9 sets its coupon
	// free; where that did not happen, giving the points back would let them be
	// spent twice.
	failed = "failed"
)

// by returns the order that uses the coupon: of those that hold it the lowest
// id, else one that failed or ended without setting it free.
func (u Uses) by(coupon *Coupon) (order *Order, ended bool) {
	var lowest, unpaid, unfreed *Order
	lower := func(o, than *Order) bool { return than == nil || o.ID < than.ID }
	for _, o := range u.Orders {
		switch {
		case slices.Contains(unplaced, o.Status):
		case o.Status == failed:
			if (coupon == nil || coupon.Uses > 0) && lower(o, unpaid) {
				unpaid = o
			}
		case slices.Contains(freeing, o.Status):
			if coupon != nil && coupon.Uses > 0 && lower(o, unfreed) {
				unfreed = o
			}
		case lower(o, lowest):
			lowest = o
		}
	}
	switch {
	case lowest != nil:
		return lowest, false
	case unpaid != nil:
		return unpaid, false
	}
	return unfreed, unfreed != nil
}

// refundedShare returns how much of the order was paid back: 0 to 1.
func (o *Order) refundedShare() fraction {
	if o.Status == refundedStatus {
		return whole(one)
	}
	var back number
	for i := range o.Refunds {
		back = back.add(numberOf(&o.Refunds[i].Amount))
	}
	total := numberOf(&o.Total)
	if total.sign() == 0 {
		if len(o.Refunds) > 0 {
			return whole(one)
		}
		return fraction{}
	}
	return ratio(back, total)
}

// Expired reports whether the last of the site's days on which the coupon was
// valid is over.
func (c *Coupon) Expired(clock Clock) bool {
	if c.Expires.IsZero() {
		return false
	}
	last := c.Expires.Add(-time.Second).In(clock.Zone)
	today := clock.Now.Add(-expiryPatience).In(clock.Zone)
	return today.Format(time.DateOnly) > last.Format(time.DateOnly)
}

// Explain returns, line by line, what the order that uses a coupon gives back
// of the points that the coupon cost, for a person who runs the shop.
func (g GiveBack) Explain(o *Order, points int64) []string {
	lines := []string{fmt.Sprintf("Order %d uses it; its status is %q.", o.ID, plain(o.Status))}
	share := o.refundedShare()
	switch {
	case o.Status == refundedStatus:
		lines = append(lines, "It is refunded wholly.")
	case o.Status == failed || slices.Contains(freeing, o.Status):
		lines = append(lines, "It ended without setting the coupon free, which counts as refunded an hour later.")
		share = whole(one)
	case share.n.sign() == 0:
		return append(lines, "Nothing of it is refunded: no points come back.")
	default:
		var back number
		for i := range o.Refunds {
			back = back.add(numberOf(&o.Refunds[i].Amount))
		}
		lines = append(lines, fmt.Sprintf("Of its %s, %s is refunded.", numberOf(&o.Total), back))
	}
	if !g.Refunded {
		return append(lines, "Refunded orders give no points back.")
	}
	part := share.times(number{c: *apd.NewBigInt(points)})
	return append(lines, fmt.Sprintf("%d points × %s, rounded down: %s come back.", points, share, number{c: *part.round(RoundDown)}))
}
