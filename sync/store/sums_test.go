package store_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

// eachShop runs test on an empty shop of each storage on each server.
func eachShop(t *testing.T, test func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage)) {
	for storage, kind := range map[store.Storage]testshop.Storage{store.HPOS: testshop.HPOS, store.Legacy: testshop.Legacy} {
		t.Run(string(storage), func(t *testing.T) {
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				shop, err := testshop.NewShop(t.Context(), db.DSN(), testshop.Options{Storage: kind})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = shop.Close() })
				test(t, shop, open(t, db), storage)
			})
		})
	}
}

// write runs SQL on the shop behind WooCommerce's back.
func write(t testing.TB, shop *testshop.Shop, query string, args ...any) {
	t.Helper()
	if _, err := shop.DB.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// allOrders reads all orders in small pages, as a backfill does.
func allOrders(t *testing.T, s *store.Store, storage store.Storage) []store.OrderRecord {
	t.Helper()
	return read(t, s, func(sn *store.Snapshot) ([]store.OrderRecord, error) {
		var all []store.OrderRecord
		for after := int64(0); ; {
			ids, err := sn.OrderIDs(t.Context(), storage, after, 9)
			if err != nil || len(ids) == 0 {
				return all, err
			}
			after = ids[len(ids)-1]
			records, err := sn.Orders(t.Context(), storage, ids, false)
			if err != nil {
				return nil, err
			}
			if len(records) != len(ids) {
				t.Errorf("%d ids of orders, %d orders", len(ids), len(records))
			}
			all = append(all, records...)
		}
	})
}

// buckets combines sums by hand.
func buckets(sums map[int64]uint64, size int64) []store.Bucket {
	var all []store.Bucket
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		if len(all) == 0 || all[len(all)-1].N != id/size {
			all = append(all, store.Bucket{N: id / size})
		}
		last := &all[len(all)-1]
		last.Count++
		last.Sum ^= sums[id]
	}
	return all
}

// checkSums proves that reading and sweeping see the same rows and sums.
func checkSums(t *testing.T, s *store.Store, storage store.Storage) {
	t.Helper()
	heads, bodies := map[int64]uint64{}, map[int64]uint64{}
	parents := map[int64]int64{}
	for _, record := range allOrders(t, s, storage) {
		for _, row := range record.Rows {
			heads[row.ID], parents[row.ID] = row.Head, row.Parent
			if row.Body != 0 {
				bodies[row.ID] = row.Body
			}
		}
	}
	comments, users := map[int64]uint64{}, map[int64]uint64{}
	const size = 7
	at(t, s, func(sn *store.Snapshot) error {
		ctx := t.Context()
		maxOrder, err := sn.MaxOrderID(ctx, storage)
		if err != nil {
			return err
		}
		swept, err := sn.Heads(ctx, storage, 0, maxOrder+1)
		if err != nil {
			return err
		}
		sweptHeads := map[int64]uint64{}
		for _, row := range swept {
			sweptHeads[row.ID] = row.Head
			if row.Parent != parents[row.ID] {
				t.Errorf("row %d has the order %d when swept, %d when read", row.ID, row.Parent, parents[row.ID])
			}
		}
		same(t, "heads", sweptHeads, heads)
		same(t, "head buckets", testshop.Must(sn.HeadBuckets(ctx, storage, 0, maxOrder+1, size)), buckets(heads, size))
		states := map[int64]uint64{}
		for id, head := range heads {
			states[id] = store.State(head)
		}
		inStates := testshop.Must(sn.States(ctx, storage, size))
		slices.SortFunc(inStates, func(a, b store.Bucket) int { return int(a.N - b.N) })
		same(t, "states", inStates, buckets(states, size))
		same(t, "bodies", testshop.Must(sn.Bodies(ctx, storage, 0, maxOrder+1)), bodies)
		contents, inBuckets := map[int64]uint64{}, map[int64]uint64{}
		last := testshop.Must(sn.MaxContent(ctx))
		slice := max(5, last/400+1) // ids can have wide gaps
		for from := int64(0); from <= last; from += slice {
			if err := sn.Contents(ctx, storage, from, from+slice, size, contents); err != nil {
				return err
			}
		}
		for _, b := range buckets(bodies, size) {
			inBuckets[b.N] = b.Sum
		}
		same(t, "contents", contents, inBuckets)

		maxComment, err := sn.MaxCommentID(ctx)
		if err != nil {
			return err
		}
		for _, record := range testshop.Must(sn.CommentsAfter(ctx, 0, 1<<20)) {
			comments[record.Comment.ID] = record.Sum
		}
		same(t, "comments", testshop.Must(sn.CommentSums(ctx, 0, maxComment+1)), comments)
		own := map[int64]uint64{}
		for id, sum := range comments {
			own[id] = store.State(sum)
		}
		same(t, "states of comments", testshop.Must(sn.CommentStates(ctx, 0, maxComment+1, size)), buckets(own, size))
		same(t, "comment buckets", testshop.Must(sn.CommentBuckets(ctx, 0, maxComment+1, size)), buckets(comments, size))

		maxUser, err := sn.MaxUserID(ctx)
		if err != nil {
			return err
		}
		for _, record := range testshop.Must(sn.UsersAfter(ctx, 0, 1<<20)) {
			users[record.User.ID] = record.Sum
		}
		same(t, "users", testshop.Must(sn.UserSums(ctx, 0, maxUser+1)), users)
		same(t, "user buckets", testshop.Must(sn.UserBuckets(ctx, 0, maxUser+1, size)), buckets(users, size))
		return nil
	})
	if len(heads) == 0 || len(bodies) == 0 || len(users) == 0 {
		t.Errorf("nothing to compare: %d orders, %d with lines, %d users", len(heads), len(bodies), len(users))
	}
}

func same(t *testing.T, what string, swept, readOnes any) {
	t.Helper()
	if diff := cmp.Diff(readOnes, swept); diff != "" {
		t.Errorf("%s differ (- read, + swept):\n%s", what, diff)
	}
}

func TestSweepsSeeWhatReadingSees(t *testing.T) {
	eachRecorded(t, func(t *testing.T, s *store.Store, storage store.Storage, _ recorded) {
		checkSums(t, s, storage)
	})
}

func TestSumsAgreeOnHostileRows(t *testing.T) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		fillHostile(t, shop, storage)
		checkSums(t, s, storage)
	})
}

// Every stored fact that can change a worth moves the sum of its owner, and
// only that; what WooCommerce writes all the time without meaning does not.
func TestWhatMovesASum(t *testing.T) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		f := fillHostile(t, shop, storage)
		head, order, refund, user, comment := "head", f.order, f.refund, f.user, f.review
		item := testshop.Must(shop.Items(t.Context(), order, "line_item"))[0]
		type change struct {
			what string // "" for none
			id   int64
			sql  string
			args []any
		}
		changes := []change{
			{"body", order, "UPDATE wp_woocommerce_order_itemmeta SET meta_value = '7.5' WHERE order_item_id = ? AND meta_key = '_line_total'", []any{item}},
			{"body", order, "UPDATE wp_woocommerce_order_itemmeta SET meta_value = '3' WHERE order_item_id = ? AND meta_key = '_qty'", []any{item}},
			{"body", order, "UPDATE wp_woocommerce_order_itemmeta SET meta_value = NULL WHERE order_item_id = ? AND meta_key = '_qty'", []any{item}},
			{"body", order, "UPDATE wp_woocommerce_order_itemmeta SET meta_value = '' WHERE order_item_id = ? AND meta_key = '_qty'", []any{item}},
			{"body", order, "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) VALUES (?, '_line_tax', '1')", []any{item}},
			{"body", order, "UPDATE wp_woocommerce_order_items SET order_item_type = 'fee' WHERE order_item_id = ?", []any{item}},
			{"body", refund, "UPDATE wp_woocommerce_order_itemmeta SET meta_value = '99' WHERE meta_key = '_refunded_item_id'", nil},
			{"", 0, "UPDATE wp_woocommerce_order_itemmeta SET meta_value = 'x' WHERE meta_key = '_line_tax_data'", nil},
			{"", 0, "UPDATE wp_woocommerce_order_items SET order_item_name = 'x' WHERE order_item_id = ?", []any{item}},
			{"user", user, "UPDATE wp_users SET user_email = 'else@example.com' WHERE ID = ?", []any{user}},
			{"user", user, "UPDATE wp_users SET user_registered = '2020-01-01 00:00:00' WHERE ID = ?", []any{user}},
			{"user", user, "UPDATE wp_usermeta SET meta_value = 'a:0:{}' WHERE user_id = ? AND meta_key = 'wp_capabilities'", []any{user}},
			{"", 0, "UPDATE wp_users SET display_name = 'x', user_pass = 'x' WHERE ID = ?", []any{user}},
			{"", 0, "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (?, 'wp_capabilities', 'a:0:{}')", []any{user}},
			{"comment", comment, "UPDATE wp_comments SET comment_approved = 'spam' WHERE comment_ID = ?", []any{comment}},
			{"comment", comment, "UPDATE wp_comments SET comment_date_gmt = '2020-01-01 00:00:00' WHERE comment_ID = ?", []any{comment}},
			{"comment", comment, "UPDATE wp_comments SET comment_parent = 99 WHERE comment_ID = ?", []any{comment}},
			{"comment", comment, "UPDATE wp_comments SET comment_type = '' WHERE comment_ID = ?", []any{comment}},
			{"comment", comment, "UPDATE wp_comments SET user_id = 1 WHERE comment_ID = ?", []any{comment}},
			{"comment", comment, "UPDATE wp_commentmeta SET meta_value = '0' WHERE comment_id = ? AND meta_key = 'verified'", []any{comment}},
			{"comment", comment, "UPDATE wp_posts SET post_author = 77 WHERE ID = ?", []any{f.product}},
			{"comment", comment, "UPDATE wp_posts SET post_type = 'page' WHERE ID = ?", []any{f.product}},
			{"comment", comment, "DELETE FROM wp_comments WHERE comment_ID = ?", []any{comment}},
			{"", 0, "UPDATE wp_comments SET comment_content = 'x' WHERE comment_ID = ?", []any{comment}},
		}
		both := func(hpos, legacy change) {
			if storage == store.HPOS {
				changes = append(changes, hpos)
			} else {
				changes = append(changes, legacy)
			}
		}
		orders := func(set string) change {
			return change{head, order, "UPDATE wp_wc_orders SET " + set + " WHERE id = ?", []any{order}}
		}
		operational := func(set string) change {
			return change{head, order, "UPDATE wp_wc_order_operational_data SET " + set + " WHERE order_id = ?", []any{order}}
		}
		posts := func(set string) change {
			return change{head, order, "UPDATE wp_posts SET " + set + " WHERE ID = ?", []any{order}}
		}
		meta := func(key, value string) change {
			return change{head, order, "UPDATE wp_postmeta SET meta_value = ? WHERE post_id = ? AND meta_key = ?", []any{value, order, key}}
		}
		both(orders("status = 'wc-on-hold'"), posts("post_status = 'wc-on-hold'"))
		both(orders("customer_id = 88"), meta("_customer_user", "88"))
		both(orders("billing_email = 'else@example.com'"), meta("_billing_email", "else@example.com"))
		both(orders("currency = 'EUR'"), meta("_order_currency", "EUR"))
		both(orders("total_amount = 1.23"), meta("_order_total", "1.23"))
		both(orders("date_created_gmt = NULL"), posts("post_date_gmt = '0000-00-00 00:00:00'"))
		both(operational("date_paid_gmt = '2020-01-01 00:00:00'"), meta("_date_paid", "1577836800"))
		both(operational("date_completed_gmt = '2020-01-01 00:00:00'"), meta("_date_completed", "1577836800"))
		// Where a date is missing, the one that stands elsewhere counts.
		both(change{"", 0, "INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value) VALUES (?, '_paid_date', '2020-01-01 00:00:00'), (?, '_completed_date', '2020-01-01 00:00:00')", []any{order, order}},
			change{"", 0, "UPDATE wp_posts SET post_date = '2020-01-01 00:00:00' WHERE ID = ?", []any{refund}})
		both(operational("date_completed_gmt = NULL"), posts("post_date = '2020-02-01 00:00:00'"))
		both(operational("date_paid_gmt = NULL"), meta("_date_paid", "2020-02-01 00:00:00"))
		both(change{head, order, "UPDATE wp_wc_orders_meta SET meta_value = '2020-02-01 00:00:00' WHERE order_id = ? AND meta_key = '_paid_date'", []any{order}},
			meta("_paid_date", "2020-02-01 00:00:00"))
		both(change{head, order, "UPDATE wp_wc_orders_meta SET meta_value = '2020-02-01 00:00:00' WHERE order_id = ? AND meta_key = '_completed_date'", []any{order}},
			meta("_completed_date", "2020-02-01 00:00:00"))
		both(operational("date_paid_gmt = '0000-00-00 00:00:00'"), posts("post_date = '0000-00-00 00:00:00'"))
		both(change{head, order, "UPDATE wp_wc_orders_meta SET meta_value = '' WHERE order_id = ? AND meta_key = '_paid_date'", []any{order}},
			meta("_paid_date", ""))
		both(operational("date_completed_gmt = '2020-01-01 00:00:00'"), meta("_date_completed", "0"))
		both(change{"", 0, "UPDATE wp_wc_orders_meta SET meta_value = 'x' WHERE order_id = ? AND meta_key = '_completed_date'", []any{order}},
			meta("_date_completed", "2020-01-01T00:00:00Z"))
		both(operational("shipping_total_amount = 77"), meta("_order_shipping", "77"))
		both(operational("shipping_tax_amount = 77"), meta("_order_shipping_tax", "77"))
		both(change{head, refund, "UPDATE wp_wc_orders_meta SET meta_value = '9' WHERE order_id = ? AND meta_key = '_refund_amount'", []any{refund}},
			change{head, refund, "UPDATE wp_postmeta SET meta_value = '9' WHERE post_id = ? AND meta_key = '_refund_amount'", []any{refund}})
		both(change{head, refund, "DELETE FROM wp_wc_orders WHERE id = ?", []any{refund}},
			change{head, refund, "UPDATE wp_posts SET post_status = 'trash' WHERE ID = ?", []any{refund}})
		both(change{"", 0, "UPDATE wp_wc_orders SET date_updated_gmt = '2020-01-01 00:00:00'", nil},
			change{"", 0, "UPDATE wp_posts SET post_modified_gmt = '2020-01-01 00:00:00'", nil})
		both(change{"", 0, "UPDATE wp_wc_orders_meta SET meta_value = 'x' WHERE meta_key = '_refund_reason'", nil},
			change{"", 0, "UPDATE wp_postmeta SET meta_value = 'x' WHERE meta_key IN ('_edit_lock', '_order_tax', '_refund_reason')", nil})

		for _, c := range changes {
			before := sumsOf(t, s, storage)
			write(t, shop, c.sql, c.args...)
			after := sumsOf(t, s, storage)
			moved := map[string]bool{}
			for key, sum := range before {
				if now, there := after[key]; !there || now != sum {
					moved[key] = true
				}
			}
			for key := range after {
				if _, there := before[key]; !there {
					moved[key] = true
				}
			}
			want := map[string]bool{}
			if c.what != "" {
				want[c.what+" "+strconv.FormatInt(c.id, 10)] = true
			}
			if strings.HasPrefix(c.sql, "DELETE FROM wp_wc_orders") { // its lines have no owner any more
				want["body "+strconv.FormatInt(c.id, 10)] = true
			}
			if diff := cmp.Diff(want, moved); diff != "" {
				t.Errorf("%s %v moved (- want, + moved):\n%s", c.sql, c.args, diff)
			}
		}
	})
}

// sumsOf returns all sums of the store, by kind and id.
func sumsOf(t *testing.T, s *store.Store, storage store.Storage) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	at(t, s, func(sn *store.Snapshot) error {
		ctx, most := t.Context(), int64(1<<40)
		for _, row := range testshop.Must(sn.Heads(ctx, storage, 0, most)) {
			all["head "+strconv.FormatInt(row.ID, 10)] = row.Head
		}
		for kind, sums := range map[string]map[int64]uint64{
			"body":    testshop.Must(sn.Bodies(ctx, storage, 0, most)),
			"comment": testshop.Must(sn.CommentSums(ctx, 0, most)),
			"user":    testshop.Must(sn.UserSums(ctx, 0, most)),
		} {
			for id, sum := range sums {
				all[kind+" "+strconv.FormatInt(id, 10)] = sum
			}
		}
		return nil
	})
	return all
}
