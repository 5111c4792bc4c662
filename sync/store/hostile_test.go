package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// hostile are the ids of what fillHostile makes.
type hostile struct {
	user, product, review int64

	order   int64 // with two lines, a fee and shipping
	refund  int64 // of its first line
	trashed int64 // a refund in the trash
	bare    int64 // a refund without an amount of its own
	broken  int64 // an order in which little can be read
	lines   []int64
	odd     []int64 // lines of broken
}

var hostileDay = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// fillHostile fills a shop with what stores hold after years of plugins,
// imports and hand-made edits.
func fillHostile(t *testing.T, shop *testshop.Shop, storage store.Storage) hostile {
	t.Helper()
	ctx := t.Context()
	var f hostile
	shop.Now = func() time.Time { return hostileDay }
	f.user = testshop.Must(shop.AddUser(ctx, testshop.User{Login: "zoë", Email: "Zoë@example.com", DisplayName: "Zo&euml; &amp; <b>Ω</b> 🎁", Roles: []string{"customer", "wholesale"}}))
	f.product = testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "Tea 🍵"}))
	f.order = testshop.Must(shop.PlaceOrder(ctx, testshop.Order{
		Customer: f.user, Status: "completed", Created: hostileDay, Shipping: "5", ShippingTax: "0.5",
		Lines: []testshop.Line{
			{Product: f.product, Name: "Tea 🍵", Qty: "2", Total: "20", Tax: "2"},
			{Product: f.product, Variation: 12345, Qty: "1.5", Total: "10.001", Subtotal: "12", Tax: "1"},
		},
		Fees: []testshop.Fee{{Name: "Wrapping", Total: "3", Tax: "0.3"}},
	}))
	f.lines = testshop.Must(shop.Items(ctx, f.order, "line_item"))
	f.refund = testshop.Must(shop.Refund(ctx, f.order, testshop.Refund{
		Reason: "torn", Shipping: "1", ShippingTax: "0.1",
		Lines: []testshop.RefundLine{{Item: f.lines[0], Qty: "1", Total: "10", Tax: "1"}},
	}))
	f.trashed = testshop.Must(shop.Refund(ctx, f.order, testshop.Refund{Amount: "2"}))
	f.bare = testshop.Must(shop.Refund(ctx, f.order, testshop.Refund{Amount: "4"}))
	f.broken = testshop.Must(shop.PlaceOrder(ctx, testshop.Order{
		Email: "Ünïcödé+🎁@exämple.com|~|", Status: "processing", Currency: "EUR", Created: hostileDay,
		Lines: []testshop.Line{{Total: "1"}, {Total: "2"}, {Total: "3"}, {Total: "4"}},
	}))
	f.odd = testshop.Must(shop.Items(ctx, f.broken, "line_item"))
	lost := testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Status: "completed", Lines: []testshop.Line{{Total: "8"}}}))
	testshop.Must(shop.Refund(ctx, lost, testshop.Refund{Amount: "1"}))
	subscription := testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Status: "completed", Lines: []testshop.Line{{Total: "8"}}}))
	testshop.Must(shop.Refund(ctx, subscription, testshop.Refund{Amount: "1"}))

	itemMeta := func(item int64, key string, value any) {
		write(t, shop, "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) VALUES (?, ?, ?)", item, key, value)
	}
	setItemMeta := func(item int64, key string, value any) {
		write(t, shop, "UPDATE wp_woocommerce_order_itemmeta SET meta_value = ? WHERE order_item_id = ? AND meta_key = ?", value, item, key)
	}
	// A later row with the same key does not count, nor one that the server
	// merely takes for the same key.
	itemMeta(f.lines[0], "_line_total", "9999")
	itemMeta(f.lines[0], "_LINE_TOTAL", "8888")
	setItemMeta(f.odd[0], "_line_total", "abc")
	setItemMeta(f.odd[0], "_qty", nil)
	setItemMeta(f.odd[0], "_product_id", "18446744073709551616")
	setItemMeta(f.odd[1], "_line_total", "12,50 🎁 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
	setItemMeta(f.odd[1], "_line_subtotal", "")
	setItemMeta(f.odd[2], "_line_total", "-1e3")
	setItemMeta(f.odd[2], "_line_tax", "123456789012345678.123456789012345678901234567890")
	setItemMeta(f.odd[2], "_line_subtotal_tax", "1000000000000000000.01")
	write(t, shop, "DELETE FROM wp_woocommerce_order_itemmeta WHERE order_item_id = ?", f.odd[3])
	// Items in the making, and of nothing.
	write(t, shop, "INSERT INTO wp_woocommerce_order_items (order_item_name, order_item_type, order_id) VALUES ('', 'line_item', 0), ('', 'line_item', 987654321), ('', 'unknown', ?)", f.order)
	write(t, shop, "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) SELECT order_item_id, '_line_total', '5' FROM wp_woocommerce_order_items WHERE order_id IN (0, 987654321) OR order_item_type = 'unknown'")
	// A column in another character set.
	write(t, shop, "ALTER TABLE wp_usermeta MODIFY meta_value LONGTEXT CHARACTER SET latin1")
	write(t, shop, "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (?, 'wp_capabilities', 'é')", f.user)
	other := testshop.Must(shop.AddUser(ctx, testshop.User{Login: "no roles", Email: "ü@example.com"}))
	write(t, shop, "UPDATE wp_usermeta SET meta_value = 'é' WHERE user_id = ? AND meta_key = 'wp_capabilities'", other)
	write(t, shop, "UPDATE wp_users SET user_registered = '0000-00-00 00:00:00', display_name = ' ' WHERE ID = ?", other)

	if storage == store.HPOS {
		write(t, shop, "ALTER TABLE wp_wc_orders MODIFY billing_email VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
		write(t, shop, "UPDATE wp_wc_orders SET customer_id = 18446744073709551615, date_created_gmt = '0000-00-00 00:00:00', date_updated_gmt = NULL, total_amount = NULL, currency = NULL WHERE id = ?", f.broken)
		write(t, shop, "DELETE FROM wp_wc_order_operational_data WHERE order_id = ?", f.broken)
		write(t, shop, "UPDATE wp_wc_orders SET status = 'trash' WHERE id = ?", f.trashed)
		write(t, shop, "INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value) VALUES (?, '_refund_amount', '777')", f.refund)
		write(t, shop, "DELETE FROM wp_wc_orders_meta WHERE order_id = ? AND meta_key = '_refund_amount'", f.bare)
		write(t, shop, "DELETE FROM wp_wc_orders WHERE id = ?", lost)
		write(t, shop, "UPDATE wp_wc_orders SET type = 'shop_subscription' WHERE id = ?", subscription)
		write(t, shop, "INSERT INTO wp_wc_orders (id, type) VALUES (900001, NULL), (900002, 'shop_order'), (900003, 'shop_order_refund')")
	} else {
		write(t, shop, "UPDATE wp_postmeta SET meta_value = 'abc' WHERE post_id = ? AND meta_key IN ('_order_total', '_order_shipping')", f.broken)
		write(t, shop, "UPDATE wp_postmeta SET meta_value = '18446744073709551615' WHERE post_id = ? AND meta_key = '_customer_user'", f.broken)
		write(t, shop, "UPDATE wp_postmeta SET meta_value = 'yesterday' WHERE post_id = ? AND meta_key IN ('_date_paid', '_paid_date')", f.broken)
		write(t, shop, "DELETE FROM wp_postmeta WHERE post_id = ? AND meta_key = '_order_currency'", f.broken)
		write(t, shop, "UPDATE wp_posts SET post_date_gmt = '0000-00-00 00:00:00', post_modified_gmt = '2024-02-00 00:00:00' WHERE ID = ?", f.broken)
		write(t, shop, "UPDATE wp_posts SET post_status = 'trash' WHERE ID = ?", f.trashed)
		write(t, shop, "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (?, '_refund_amount', '777'), (?, '_REFUND_AMOUNT', '778'), (?, '_date_paid', NULL)", f.refund, f.refund, f.refund)
		write(t, shop, "DELETE FROM wp_postmeta WHERE post_id = ? AND meta_key = '_refund_amount'", f.bare)
		write(t, shop, "DELETE FROM wp_posts WHERE ID = ?", lost)
		write(t, shop, "UPDATE wp_posts SET post_type = 'shop_subscription' WHERE ID = ?", subscription)
	}

	f.review = testshop.Must(shop.AddComment(ctx, testshop.Comment{User: f.user, Post: f.product, Verified: true}))
	write(t, shop, "INSERT INTO wp_commentmeta (comment_id, meta_key, meta_value) VALUES (?, 'verified', '0')", f.review)
	testshop.Must(shop.AddComment(ctx, testshop.Comment{
		User: other, Post: testshop.Must(shop.AddPost(ctx, testshop.Post{})), Type: testshop.NoType, Approved: "post-trashed",
	}))
	write(t, shop, "INSERT INTO wp_comments (comment_author, comment_content, comment_post_ID, user_id, comment_type) VALUES ('', '', 987654, ?, 'comment'), ('', '', ?, ?, 'order_note'), ('', '', ?, ?, 'pingback')",
		other, f.order, f.user, f.product, f.user)
	return f
}

func TestHostileRowsBecomeFacts(t *testing.T) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		f := fillHostile(t, shop, storage)
		facts, problems := map[int64]string{}, map[int64][]string{}
		for _, record := range allOrders(t, s, storage) {
			facts[record.Order.ID] = describe(t, record.Order)
			problems[record.Order.ID] = record.Problems
		}

		day := hostileDay.Format(time.DateTime)
		want := fmt.Sprintf(`order %d completed of %d "Zoë@example.com" in USD, created %s modified %s paid %s completed %s, total 41.8, shipping 5 + 0.5
  line %d "" product %d/0: 2 pieces, 20 + 2 of 20 + 2
  line %d "" product %d/12345: 1.5 pieces, 10.001 + 1 of 12 + 1
  fee 3 + 0.3
refund %d at %s of 12.1, shipping -1 + -0.1
  of line %d: -1 pieces, -10 + -1
refund %d at %s of 4, shipping 0 + 0
`, f.order, f.user, day, day, day, day, f.lines[0], f.product, f.lines[1], f.product, f.refund, day, f.lines[0], f.bare, day)
		if diff := cmp.Diff(want, facts[f.order]); diff != "" {
			t.Errorf("the order (- want, + got):\n%s", diff)
		}
		if len(problems[f.order]) > 0 {
			t.Errorf("problems %q, want none", problems[f.order])
		}

		created := "" // in HPOS storage
		if storage == store.Legacy {
			created = day // WordPress has it in the site's time too
		}
		want = fmt.Sprintf(`order %d processing of 0 "Ünïcödé+🎁@exämple.com|~|" in , created %s modified  paid  completed , total 0, shipping 0 + 0
  line %d "" product 0/0: 0 pieces, 0 + 0 of 1 + 0
  line %d "" product 0/0: 1 pieces, 0 + 0 of 0 + 0
  line %d "" product 0/0: 1 pieces, -1000 + 123456789012345678.12345678901234567890123456789 of 3 + 0
  line %d "" product 0/0: 0 pieces, 0 + 0 of 0 + 0
`, f.broken, created, f.odd[0], f.odd[1], f.odd[2], f.odd[3])
		if diff := cmp.Diff(want, facts[f.broken]); diff != "" {
			t.Errorf("the broken order (- want, + got):\n%s", diff)
		}
		lines := []string{
			fmt.Sprintf(`order %d: line %d: _product_id "18446744073709551616"`, f.broken, f.odd[0]),
			fmt.Sprintf(`order %d: line %d: _line_total "abc"`, f.broken, f.odd[0]),
			fmt.Sprintf(`order %d: line %d: _line_total "12,50 🎁 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"`, f.broken, f.odd[1]),
			fmt.Sprintf(`order %d: line %d: _line_subtotal_tax "1000000000000000000.01"`, f.broken, f.odd[2]),
		}
		if storage == store.Legacy {
			lines = append([]string{
				fmt.Sprintf(`order %d: _order_total "abc"`, f.broken),
				fmt.Sprintf(`order %d: _order_shipping "abc"`, f.broken),
			}, lines...)
		}
		if diff := cmp.Diff(lines, problems[f.broken]); diff != "" {
			t.Errorf("its problems (- want, + got):\n%s", diff)
		}

		orders := 2
		if storage == store.HPOS {
			orders++ // an empty row is an order too
		}
		if len(facts) != orders {
			t.Errorf("%d orders, want %d: %v", len(facts), orders, facts)
		}

		at(t, s, func(sn *store.Snapshot) error {
			comments := testshop.Must(sn.CommentsOf(t.Context(), []store.UserPost{{User: f.user, Post: f.product}}))
			if len(comments) != 1 || comments[0].Comment.ID != f.review || !comments[0].Comment.Verified {
				t.Errorf("comments %+v, want the review, verified by its first mark", comments)
			}
			users := testshop.Must(sn.UsersByID(t.Context(), []int64{f.user, f.user, f.user + 1, -5, 1 << 60}))
			if diff := cmp.Diff([]program.User{
				{ID: f.user, Email: "Zoë@example.com", Registered: hostileDay, Roles: []string{"customer", "wholesale"}},
				{ID: f.user + 1, Email: "ü@example.com"},
			}, []program.User{users[0].User, users[1].User}); diff != "" {
				t.Errorf("users (- want, + got):\n%s", diff)
			}
			names := testshop.Must(sn.Names(t.Context(), []int64{f.user, f.user + 1, 1 << 60}))
			if diff := cmp.Diff(map[int64]string{f.user: "Zoë & <b>Ω</b> 🎁", f.user + 1: "ü@example.com"}, names); diff != "" {
				t.Errorf("names (- want, + got):\n%s", diff)
			}
			return nil
		})
	})
}
