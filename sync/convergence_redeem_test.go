package sync_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

// redemptions are the coupons of a world, from when its ledger can be spent.
type redemptions struct {
	book    *sync.Engine // nil: nothing was synced yet
	keys    int
	codes   map[int64]string // redemption → code
	coupons map[int64]int64  // redemption → coupon
}

// redeem goes as far as the daemon and PHP get before one of them dies.
func (w *world) redeem() {
	zone, err := w.zoneOfLedger()
	w.do(err)
	book := ledger.Open(w.book.LedgerDB, prefix, ledger.Options{Zone: zone})
	w.keys++
	user, points := pick(w, "customer", w.users), int64(rapid.IntRange(1, 60).Draw(w.t, "points"))
	r, _, _, err := book.Reserve(w.ctx, ledger.Reservation{
		Key: fmt.Sprint("key ", w.keys), User: user, Points: points, Amount: *apd.New(points, -2), Currency: "USD",
	})
	if errors.Is(err, ledger.ErrInsufficient) || errors.Is(err, ledger.ErrFrozen) {
		return
	}
	w.do(err)
	stage := rapid.IntRange(0, 3).Draw(w.t, "stage")
	w.did("user %d redeems %d points as redemption %d (%s), stage %d", user, points, r.ID, r.Code, stage)
	if w.codes == nil {
		w.codes, w.coupons = map[int64]string{}, map[int64]int64{}
	}
	w.codes[r.ID] = r.Code
	if stage == 0 {
		return
	}
	w.coupons[r.ID] = must(w.shop.AddCoupon(w.ctx, testshop.Coupon{Code: r.Code, Amount: "1.00", Redemption: r.ID}))
	if stage > 1 {
		_, _, err := book.Confirm(w.ctx, "", r.ID, w.coupons[r.ID])
		w.do(err)
	}
}

// zoneOfLedger returns the zone that the ledger's days were counted in last.
func (w *world) zoneOfLedger() (*time.Location, error) {
	var name string
	if err := w.book.LedgerDB.Get(&name, `SELECT zone FROM wp_loyalty_writer WHERE id = 1`); err != nil {
		return nil, err
	}
	return time.LoadLocation(name)
}

// impatience lets five minutes go by for every reservation.
func (w *world) impatience() {
	w.did("reservations are old")
	_, err := w.book.LedgerDB.ExecContext(w.ctx, `UPDATE wp_loyalty_redemptions SET changed_at = changed_at - INTERVAL 1 HOUR,
		reserved_at = reserved_at - INTERVAL 1 HOUR WHERE state = 'reserved'`)
	w.do(err)
}

func (w *world) pay() {
	id := pick(w, "redemption", slices.Sorted(maps.Keys(w.coupons)))
	total := w.amount("total")
	o := testshop.Order{
		Customer: pick(w, "customer", w.users), Status: pick(w, "status", []string{"pending", "processing", "completed", "failed", "checkout-draft", "shipped"}),
		Coupon: w.codes[id], Lines: []testshop.Line{{Product: pick(w, "product", w.products), Total: total}},
	}
	order := must(w.shop.PlaceOrder(w.ctx, o))
	w.orders[order] = o.Customer
	w.unsure[order] = true
	w.did("order %d of %d, %s, with the coupon of redemption %d", order, o.Customer, o.Status, id)
}

func (w *world) editCoupon() {
	id := pick(w, "redemption", slices.Sorted(maps.Keys(w.coupons)))
	coupon := w.coupons[id]
	edit := pick(w, "edit", []string{"trash", "untrash", "publish", "delete", "expire", "extend", "remove"})
	w.did("coupon %d of redemption %d: %s", coupon, id, edit)
	switch edit {
	case "trash":
		w.do(w.shop.TrashPost(w.ctx, coupon))
	case "untrash":
		w.do(w.shop.UntrashPost(w.ctx, coupon))
	case "publish":
		w.do(w.shop.SetPostStatus(w.ctx, coupon, "publish"))
	case "delete":
		w.do(w.shop.DeletePost(w.ctx, coupon))
		delete(w.coupons, id)
	case "expire":
		w.do(w.shop.SetCouponEnd(w.ctx, coupon, time.Now().AddDate(0, 0, -3)))
	case "extend":
		w.do(w.shop.SetCouponEnd(w.ctx, coupon, time.Now().AddDate(0, 0, 30)))
	default:
		if len(w.orders) > 0 {
			w.do(w.shop.RemoveCoupon(w.ctx, pick(w, "order", keys(w.orders)), w.codes[id]))
		}
	}
}

// marks names some facts, as the plugin does.
func (w *world) marks() []sync.Mark {
	all := slices.Concat(
		marks(sync.MarkOrder, keys(w.orders)...), marks(sync.MarkOrder, keys(w.trashed)...), marks(sync.MarkOrder, keys(w.refunds)...),
		marks(sync.MarkUser, w.users...), marks(sync.MarkComment, w.comments...), marks(sync.MarkProduct, w.products...),
		marks(sync.MarkCoupon, slices.Sorted(maps.Values(w.coupons))...))
	if len(all) == 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.SampledFrom(all), 0, 6).Draw(w.t, "marked")
}
