package program_test

import (
	"testing"
	"time"

	"loyaltyd/sync/program"
)

// The written rule of what becomes of a redemption, sentence by sentence.
func TestWhatBecomesOfARedemption(t *testing.T) {
	now := at("2026-03-20 12:00:00")
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	all := program.GiveBack{Expired: true, Deleted: true, Refunded: true}
	none := program.GiveBack{}
	confirmed := program.Redemption{State: program.Confirmed, Points: 501}
	reserved := func(age time.Duration) program.Redemption {
		return program.Redemption{State: program.Reserved, Points: 501, ReservedAt: ago(age)}
	}
	used := func(returned int64) program.Redemption {
		return program.Redemption{State: program.Used, Points: 501, Order: 9, Returned: returned}
	}
	closed := func(returned int64) program.Redemption {
		return program.Redemption{State: program.Closed, Points: 501, Returned: returned}
	}
	coupon := func(uses int64) *program.Coupon { return &program.Coupon{ID: 7, Uses: uses} }
	trashed := func(uses int64) *program.Coupon { return &program.Coupon{ID: 7, Uses: uses, Trashed: true} }
	expired := &program.Coupon{ID: 7, Expires: at("2026-03-20 00:00:00")}
	order := func(id int64, status, total string, refunds ...string) *program.Order {
		o := &program.Order{ID: id, Status: status, Total: dec(total), Modified: ago(2 * time.Hour)}
		for i, amount := range refunds {
			o.Refunds = append(o.Refunds, program.Refund{ID: id + int64(i) + 1, Created: ago(time.Hour), Amount: dec(amount)})
		}
		return o
	}
	just := func(o *program.Order) *program.Order {
		o.Modified = ago(time.Minute)
		return o
	}
	judged := func(state string, order, returned int64) program.Judged {
		return program.Judged{State: state, Order: order, Returned: returned}
	}
	for _, test := range []struct {
		rule   string
		give   program.GiveBack
		r      program.Redemption
		coupon *program.Coupon
		gone   bool
		orders []*program.Order
		want   program.Judged
		cause  string
	}{
		{rule: "a reservation without a coupon waits for it", r: reserved(4 * time.Minute), want: program.Judged{State: program.Reserved, Open: true}},
		{
			rule: "after five minutes it is cancelled and gives all back, whatever is configured", give: none, r: reserved(5 * time.Minute),
			want: judged(program.Cancelled, 0, 501), cause: program.CauseNoCoupon,
		},
		{rule: "so it is if its coupon is in the trash", r: reserved(5 * time.Minute), coupon: trashed(0), want: judged(program.Cancelled, 0, 501), cause: program.CauseNoCoupon},
		{
			rule: "a reservation whose coupon exists is confirmed, however young", r: reserved(time.Second), coupon: coupon(0),
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFound,
		},
		{
			rule: "a reservation whose coupon is counted as used is confirmed", r: reserved(time.Hour), coupon: coupon(1),
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFound,
		},
		{
			rule: "what was cancelled stays cancelled", r: program.Redemption{State: program.Cancelled, Points: 501, Returned: 501}, coupon: coupon(1),
			orders: []*program.Order{order(9, "processing", "80")}, want: judged(program.Cancelled, 0, 501),
		},

		{rule: "a coupon that is valid and unused changes nothing", give: all, r: confirmed, coupon: coupon(0), want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree},
		{
			rule: "a coupon in the trash gives its points back", give: program.GiveBack{Deleted: true}, r: confirmed, coupon: trashed(0),
			want: judged(program.Closed, 0, 501), cause: program.CauseCouponDeleted,
		},
		{
			rule: "a coupon that is gone gives its points back", give: program.GiveBack{Deleted: true}, r: confirmed,
			want: judged(program.Closed, 0, 501), cause: program.CauseCouponDeleted,
		},
		{
			rule: "unless deleted coupons keep them", give: program.GiveBack{Expired: true, Refunded: true}, r: confirmed,
			want: judged(program.Closed, 0, 0), cause: program.CauseCouponDeleted,
		},
		{
			rule: "an expired coupon gives its points back", give: program.GiveBack{Expired: true}, r: confirmed, coupon: expired,
			want: judged(program.Closed, 0, 501), cause: program.CauseCouponExpired,
		},
		{
			rule: "unless expired coupons keep them", give: program.GiveBack{Deleted: true, Refunded: true}, r: confirmed, coupon: expired,
			want: judged(program.Closed, 0, 0), cause: program.CauseCouponExpired,
		},
		{
			rule: "a coupon without an end does not expire", give: all, r: confirmed, coupon: &program.Coupon{ID: 7},
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree,
		},
		{
			rule: "a coupon that ends during a day is not expired on that day", give: all, r: confirmed, coupon: &program.Coupon{ID: 7, Expires: at("2026-03-20 09:00:00")},
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree,
		},

		{
			rule: "an order that carries the code uses the coupon", give: all, r: confirmed, coupon: coupon(1), orders: []*program.Order{order(9, "pending", "80")},
			want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "whatever the count says", give: all, r: confirmed, coupon: coupon(0), orders: []*program.Order{order(9, "shipped", "80")},
			want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "and whatever becomes of the coupon then", give: all, r: used(0), orders: []*program.Order{order(9, "completed", "80")},
			want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "even in the trash or expired", give: all, r: confirmed, coupon: trashed(1), orders: []*program.Order{order(9, "completed", "80")},
			want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "of two orders the first counts", give: all, r: used(0), coupon: coupon(2), orders: []*program.Order{order(12, "completed", "80"), order(9, "on-hold", "80")},
			want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "a checkout that was not finished uses nothing", give: all, r: confirmed, coupon: coupon(0), orders: []*program.Order{order(9, "checkout-draft", "80")},
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree,
		},
		{
			rule: "a count without an order that is known changes nothing", give: all, r: confirmed, coupon: &program.Coupon{ID: 7, Uses: 1, Trashed: true},
			want: judged(program.Confirmed, 0, 0),
		},
		{rule: "a coupon whose order was deleted stays used", give: all, r: used(100), coupon: coupon(1), gone: true, want: judged(program.Used, 9, 100)},
		{rule: "even when both are deleted", give: all, r: used(100), gone: true, want: judged(program.Used, 9, 100)},

		{
			rule: "a cancelled order sets its coupon free", give: all, r: used(0), coupon: coupon(0), orders: []*program.Order{order(9, "cancelled", "80")},
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree,
		},
		{
			rule: "so does one in the trash", give: all, r: used(0), coupon: coupon(0), orders: []*program.Order{order(9, "trash", "80")},
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree,
		},
		{
			rule: "what its refunds gave back is taken again with it", give: all, r: used(250), coupon: coupon(0), orders: []*program.Order{order(9, "cancelled", "80", "40")},
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree,
		},
		{
			rule: "a coupon set free that is expired by then counts as expired", give: program.GiveBack{Expired: true}, r: used(0), coupon: expired,
			orders: []*program.Order{order(9, "cancelled", "80")}, want: judged(program.Closed, 0, 501), cause: program.CauseCouponExpired,
		},
		{
			rule: "one that is deleted by then counts as deleted", give: program.GiveBack{Deleted: true}, r: used(0),
			orders: []*program.Order{order(9, "cancelled", "80")}, want: judged(program.Closed, 0, 501), cause: program.CauseCouponDeleted,
		},
		{
			rule: "a cancelled order that keeps its coupon counts as refunded an hour later", give: all, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "cancelled", "80")}, want: judged(program.Used, 9, 501), cause: program.CauseOrderEnded,
		},
		{
			rule: "and within the hour it may yet be set free", give: all, r: used(0), coupon: coupon(1), orders: []*program.Order{just(order(9, "cancelled", "80"))},
			want: program.Judged{State: program.Used, Order: 9, Open: true}, cause: program.CauseCouponUsed,
		},
		{
			rule: "a failed order that keeps its coupon can still be paid with it: no points come back", give: all, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "failed", "80")}, want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "also when the coupon is deleted meanwhile", give: all, r: used(0),
			orders: []*program.Order{order(9, "failed", "80")}, want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "a cancelled order that keeps its coupon gives nothing back if refunded orders keep the points", give: program.GiveBack{Expired: true, Deleted: true},
			r: used(0), coupon: coupon(1), orders: []*program.Order{order(9, "cancelled", "80")}, want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "a failed order whose coupon was set free does not use it", give: all, r: used(0), coupon: coupon(0), orders: []*program.Order{order(9, "failed", "80")},
			want: judged(program.Confirmed, 0, 0), cause: program.CauseCouponFree,
		},

		{
			rule: "a refund gives back its share of the order, rounded down", give: all, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "completed", "80", "20.01")}, want: judged(program.Used, 9, 125), cause: "refund 10",
		},
		{
			rule: "two refunds give back theirs together", give: all, r: used(125), coupon: coupon(1),
			orders: []*program.Order{order(9, "completed", "80", "20", "20")}, want: judged(program.Used, 9, 250), cause: "refund 11",
		},
		{
			rule: "more than was paid gives back all", give: all, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "completed", "80", "100")}, want: judged(program.Used, 9, 501), cause: "refund 10",
		},
		{
			rule: "an order with the status refunded gives back all", give: all, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "refunded", "80")}, want: judged(program.Used, 9, 501), cause: program.CauseOrderEnded,
		},
		{
			rule: "so does any refund of an order that cost nothing", give: all, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "completed", "0", "0")}, want: judged(program.Used, 9, 501), cause: "refund 10",
		},
		{
			rule: "an order that cost nothing gives nothing back by itself", give: all, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "completed", "0")}, want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "no refund gives anything back if it is not configured", give: none, r: used(0), coupon: coupon(1),
			orders: []*program.Order{order(9, "refunded", "80", "80")}, want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
		{
			rule: "what was given back for a refund that stands is not taken when that is switched off", give: none, r: used(125), coupon: coupon(1),
			orders: []*program.Order{order(9, "completed", "80", "40")}, want: judged(program.Used, 9, 125), cause: program.CauseCouponUsed,
		},
		{
			rule: "a refund that is deleted takes its share again", give: all, r: used(250), coupon: coupon(1),
			orders: []*program.Order{order(9, "completed", "80", "20")}, want: judged(program.Used, 9, 125), cause: program.CauseUnrefunded,
		},

		{rule: "closed is final: what is configured later changes nothing", give: all, r: closed(0), want: judged(program.Closed, 0, 0), cause: program.CauseCouponDeleted},
		{rule: "nor does it take anything", give: none, r: closed(501), coupon: expired, want: judged(program.Closed, 0, 501), cause: program.CauseCouponExpired},
		{
			rule: "a coupon that lives again takes its points again, if the balance covers them", give: all, r: closed(501), coupon: coupon(0),
			want: program.Judged{State: program.Confirmed, Covered: true}, cause: program.CauseCouponAlive,
		},
		{
			rule: "an order that used a coupon before it was closed is found late", give: all, r: closed(501), coupon: trashed(1),
			orders: []*program.Order{order(9, "processing", "80")}, want: judged(program.Used, 9, 0), cause: program.CauseCouponUsed,
		},
	} {
		t.Run(test.rule, func(t *testing.T) {
			clock := program.Clock{Now: now, Zone: utc}
			got := test.give.Judge(test.r, test.coupon, program.Uses{Orders: test.orders, Gone: test.gone}, clock)
			want := test.want
			want.Cause, want.At = test.cause, got.At
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// A day is the site's: the coupon is valid to the end of its last one.
func TestACouponExpiresWithTheSitesDay(t *testing.T) {
	kolkata := time.FixedZone("", 5*3600+1800)
	lastDay := time.Date(2026, 3, 31, 0, 0, 0, 0, kolkata)
	for _, test := range []struct {
		expires, now time.Time
		closed       bool
	}{
		{lastDay.AddDate(0, 0, 1), lastDay.Add(23*time.Hour + 59*time.Minute), false},
		{lastDay.AddDate(0, 0, 1), lastDay.Add(24*time.Hour + 9*time.Minute), false}, // an order may be on its way
		{lastDay.AddDate(0, 0, 1), lastDay.Add(24*time.Hour + 10*time.Minute), true},
		{lastDay.Add(24*time.Hour - time.Second), lastDay.Add(24*time.Hour + 10*time.Minute), true},
		{lastDay.Add(24*time.Hour - time.Second), lastDay.Add(23 * time.Hour), false},
		{lastDay, lastDay.Add(time.Hour), true},
		{lastDay, lastDay.Add(-time.Hour), false},
	} {
		r := program.Redemption{State: program.Confirmed, Points: 5}
		got := program.GiveBack{}.Judge(r, &program.Coupon{ID: 1, Expires: test.expires}, program.Uses{}, program.Clock{Now: test.now.UTC(), Zone: kolkata})
		if (got.State == program.Closed) != test.closed {
			t.Errorf("valid until %s, at %s: %s", test.expires, test.now.In(kolkata), got.State)
		}
	}
}

// An entry for a refund has its date.
func TestPointsForARefundAreDatedByIt(t *testing.T) {
	now := at("2026-03-20 12:00:00")
	o := &program.Order{ID: 9, Status: "completed", Total: dec("10"), Refunds: []program.Refund{
		{ID: 10, Created: at("2026-03-10 08:00:00"), Amount: dec("1")}, {ID: 11, Created: at("2026-03-11 08:00:00"), Amount: dec("1")},
	}}
	r := program.Redemption{State: program.Used, Points: 100, Order: 9, ReservedAt: at("2026-03-01 00:00:00")}
	judge := func() program.Judged {
		return program.GiveBack{Refunded: true}.Judge(r, &program.Coupon{ID: 7, Uses: 1}, program.Uses{Orders: []*program.Order{o}}, program.Clock{Now: now, Zone: utc})
	}
	if got := judge(); !got.At.Equal(at("2026-03-11 08:00:00")) {
		t.Errorf("dated %s", got.At)
	}
	r.ReservedAt = at("2026-03-12 00:00:00") // by a clock that was ahead
	if got := judge(); !got.At.IsZero() {
		t.Errorf("dated %s, before the points were spent", got.At)
	}
}
