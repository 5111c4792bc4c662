package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// Coupons are read as WooCommerce writes them, and as nobody should.
func TestCouponsAreRead(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		shop := db.Shop(t, testshop.Options{})
		ctx := t.Context()
		end := time.Unix(1_800_000_000, 0).UTC()
		add := func(c testshop.Coupon) int64 { return testshop.Must(shop.AddCoupon(ctx, c)) }
		plain := add(testshop.Coupon{Code: "Points-abc", Amount: "5", Redemption: 7, Expires: end})
		trashed := add(testshop.Coupon{Code: "points-trash", Amount: "5", Redemption: 8})
		testshop.Do(shop.TrashPost(ctx, trashed))
		hostile := add(testshop.Coupon{Code: "<script>💥'\"", Amount: "5"})
		for key, value := range map[string]string{"usage_count": "-3", "date_expires": "tomorrow", "_loyalty_redemption": "7e9"} {
			testshop.Do(shop.Exec(ctx, `DELETE FROM {p}postmeta WHERE post_id = ? AND meta_key = ?`, hostile, key))
			testshop.Do(shop.Exec(ctx, `INSERT INTO {p}postmeta (post_id, meta_key, meta_value) VALUES (?, ?, ?)`, hostile, key, value))
		}
		bare := testshop.Must(shop.AddPost(ctx, testshop.Post{Title: "bare", Type: "shop_coupon"}))
		product := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "no coupon"}))
		testshop.Do(shop.Exec(ctx, `INSERT INTO {p}postmeta (post_id, meta_key, meta_value) VALUES (?, '_loyalty_redemption', '7')`, product))
		testshop.Do(shop.Exec(ctx, `INSERT INTO {p}postmeta (post_id, meta_key, meta_value) VALUES (?, 'usage_count', '9')`, plain)) // the first counts

		s := open(t, db)
		got := read(t, s, func(sn *store.Snapshot) ([]store.CouponRecord, error) {
			return sn.Coupons(ctx, []int64{bare, plain, trashed, hostile, product, 1 << 62, 0, -1})
		})
		want := []store.CouponRecord{
			{Coupon: program.Coupon{ID: plain, Expires: end}, Code: "points-abc", Redemption: 7},
			{Coupon: program.Coupon{ID: trashed, Trashed: true}, Code: "points-trash", Redemption: 8},
			{Coupon: program.Coupon{ID: hostile}, Code: "<script>💥'\""},
			{Coupon: program.Coupon{ID: bare}, Code: "bare"},
		}
		sums := map[uint64]bool{}
		for i := range got {
			sums[got[i].Sum] = true
			got[i].Sum = 0
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if len(sums) != len(want) || sums[0] {
			t.Errorf("sums: %v", sums)
		}
		found := read(t, s, func(sn *store.Snapshot) ([]store.CouponRecord, error) { return sn.CouponsFor(ctx, []int64{7, 8, 9}) })
		if len(found) != 2 || found[0].Coupon.ID != plain || found[1].Coupon.ID != trashed || !found[0].IsCalled("POINTS-abc") {
			t.Errorf("found %+v", found)
		}
	})
}

// Whatever a redemption depends on in its coupon changes its sum.
func TestACouponsSumCoversWhatMatters(t *testing.T) {
	db := testshop.New(t)
	shop := db.Shop(t, testshop.Options{})
	ctx := t.Context()
	id := testshop.Must(shop.AddCoupon(ctx, testshop.Coupon{Code: "points-abc", Amount: "5", Redemption: 7}))
	s := open(t, db)
	seen := map[uint64]string{}
	see := func(what string) {
		t.Helper()
		got := read(t, s, func(sn *store.Snapshot) ([]store.CouponRecord, error) { return sn.Coupons(ctx, []int64{id}) })
		if before, known := seen[got[0].Sum]; known {
			t.Errorf("%s has the sum of %s", what, before)
		}
		seen[got[0].Sum] = what
	}
	see("new")
	testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Coupon: "points-abc", Lines: []testshop.Line{{Total: "1"}}}))
	see("used")
	testshop.Do(shop.SetCouponEnd(ctx, id, time.Unix(1_800_000_000, 0)))
	see("ending")
	testshop.Do(shop.TrashPost(ctx, id))
	see("in the trash")
}

// An order's codes are read as WooCommerce compares them: without case.
func TestOrdersTellTheirCodes(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
			shop := db.Fresh(t)
			s := shop.Shop(t, testshop.Options{Storage: storage})
			order := testshop.Must(s.PlaceOrder(t.Context(), testshop.Order{Coupon: "Points-ABC", Lines: []testshop.Line{{Total: "1"}}}))
			testshop.Do(s.Exec(t.Context(), `INSERT INTO {p}woocommerce_order_items (order_item_name, order_item_type, order_id) VALUES ('💥 <b>', 'coupon', ?)`, order))
			mode := map[testshop.Storage]store.Storage{testshop.HPOS: store.HPOS, testshop.Legacy: store.Legacy}[storage]
			for _, names := range []bool{false, true} {
				got := read(t, open(t, shop), func(sn *store.Snapshot) ([]store.OrderRecord, error) {
					return sn.Orders(t.Context(), mode, []int64{order}, names)
				})
				if len(got) != 1 || !slices.Equal(got[0].Codes, []string{"points-abc", "💥 <b>"}) || len(got[0].Order.Lines) != 1 {
					t.Errorf("%s, names %t: %s", storage, names, fmt.Sprintf("%+v", got))
				}
			}
		}
	})
}
