package testshop_test

import (
	"testing"

	"loyaltyd/internal/testshop"
)

// Placing an order uses its coupon, cancelling it and the trash set it free,
// and failing does not.
func TestCouponsAreCountedAsWooCommerceDoes(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		coupon := testshop.Must(f.AddCoupon(ctx, testshop.Coupon{Code: "Points-ABC", Amount: "5.00", Email: "ann@example.com", Redemption: 3}))
		f.want("points-abc publish", `SELECT CONCAT_WS(' ', post_title, post_status) FROM {p}posts WHERE ID = ?`, coupon)
		f.want("3", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_loyalty_redemption'`, coupon)
		want := func(what string, uses int64) {
			t.Helper()
			if n := testshop.Must(f.CouponUses(ctx, coupon)); n != uses {
				t.Errorf("%s: %d uses, want %d", what, n, uses)
			}
		}
		order := testshop.Must(f.PlaceOrder(ctx, testshop.Order{
			Customer: f.customer, Coupon: "points-abc", Lines: []testshop.Line{{Total: "5", Subtotal: "10"}},
		}))
		want("placed", 1)
		f.want("1", `SELECT COUNT(*) FROM {p}postmeta WHERE post_id = ? AND meta_key = '_used_by'`, coupon)
		for _, step := range []struct {
			status string
			uses   int64
		}{{"processing", 1}, {"failed", 0}, {"pending", 1}, {"cancelled", 0}, {"failed", 0}, {"completed", 1}, {"refunded", 1}, {"cancelled", 0}, {"on-hold", 1}} {
			testshop.Do(f.SetStatus(ctx, order, step.status))
			want(step.status, step.uses)
		}
		testshop.Do(f.Trash(ctx, order))
		want("trash", 0)
		f.want("0", `SELECT COUNT(*) FROM {p}postmeta WHERE post_id = ? AND meta_key = '_used_by'`, coupon)
		testshop.Do(f.Untrash(ctx, order))
		want("untrashed", 1)
		testshop.Do(f.RemoveCoupon(ctx, order, "POINTS-abc"))
		want("removed", 0)
		f.want("0", `SELECT COUNT(*) FROM {p}woocommerce_order_items WHERE order_id = ? AND order_item_type = 'coupon'`, order)
	})
}
