package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

// grow adds orders to a shop, thousands times a thousand, with what belongs to
// them, in a few statements: only three have a refund, nine comments in ten
// are order notes, and there are as many users as orders.
func grow(t testing.TB, shop *testshop.Shop, storage store.Storage, thousands int) {
	t.Helper()
	digits := `(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
		UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)`
	numbers := fmt.Sprintf(`(SELECT a.n + 10*b.n + 100*c.n + 1000*d.n + 1 AS n FROM %[1]s a, %[1]s b, %[1]s c, %[1]s d WHERE d.n < %[2]d ORDER BY n LIMIT 10000) s`, digits, thousands)
	last := thousands * 1000
	if storage == store.HPOS {
		write(t, shop, `INSERT INTO wp_wc_orders (id, status, currency, type, total_amount, customer_id, billing_email, date_created_gmt, date_updated_gmt, parent_order_id)
			SELECT 1000 + n, 'wc-completed', 'USD', 'shop_order', 10, n, 'a@example.com', '2024-01-01 00:00:00', '2024-01-01 00:00:00' + INTERVAL n MINUTE, 0 FROM `+numbers)
		// One in five has its date of payment only in its meta.
		write(t, shop, `INSERT INTO wp_wc_order_operational_data (order_id, date_paid_gmt) SELECT 1000 + n, IF(n % 5 = 1, NULL, '2024-01-01 00:00:00') FROM `+numbers)
		for _, key := range []string{"_something", "_paid_date", "_else"} {
			write(t, shop, `INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value) SELECT 1000 + n, '`+key+`', '2024-01-01 00:00:00' FROM `+numbers)
		}
		write(t, shop, `INSERT INTO wp_wc_orders (id, status, type, total_amount, date_updated_gmt, parent_order_id)
			SELECT 100000 + n, 'wc-completed', 'shop_order_refund', -1, '2024-01-01 00:00:00', 1000 + n FROM `+numbers+` WHERE n <= 3`)
		for key, value := range map[string]string{"_refund_amount": "1", "_anonymized": "yes"} {
			write(t, shop, `INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value) SELECT id, '`+key+`', '`+value+`' FROM wp_wc_orders`)
		}
	} else {
		post := `INSERT INTO wp_posts (ID, post_type, post_status, post_parent, post_date_gmt, post_modified_gmt, post_content, post_title, post_excerpt, to_ping, pinged, post_content_filtered) `
		write(t, shop, post+`SELECT 1000 + n, 'shop_order', 'wc-completed', 0, '2024-01-01 00:00:00', '2024-01-01 00:00:00' + INTERVAL n MINUTE, '', '', '', '', '', '' FROM `+numbers)
		write(t, shop, post+`SELECT 100000 + n, 'shop_order_refund', 'wc-completed', 1000 + n, '2024-01-01 00:00:00', '2024-01-01 00:00:00', '', '', '', '', '', '' FROM `+numbers+` WHERE n <= 3`)
		for _, key := range []string{"_customer_user", "_order_total", "_date_paid", "_something", "_else"} {
			write(t, shop, `INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT 1000 + n, '`+key+`', '1' FROM `+numbers)
		}
		write(t, shop, `INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT 1000 + n, '_anonymized', 'yes' FROM `+numbers)
	}
	write(t, shop, `INSERT INTO wp_woocommerce_order_items (order_item_name, order_item_type, order_id) SELECT 'Tea', 'line_item', 1000 + n FROM `+numbers)
	for _, key := range []string{"_qty", "_line_total", "_line_tax_data"} {
		write(t, shop, `INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) SELECT order_item_id, '`+key+`', '1' FROM wp_woocommerce_order_items`)
	}
	write(t, shop, `INSERT INTO wp_comments (comment_post_ID, comment_author, comment_content, comment_type, user_id)
		SELECT IF(n % 10 = 0, 1, 1000 + n), '', '', IF(n % 10 = 0, 'comment', 'order_note'), IF(n % 10 = 0, n, 0) FROM `+numbers)
	write(t, shop, fmt.Sprintf(`INSERT INTO wp_comments (comment_post_ID, comment_author, comment_content, comment_type, user_id) VALUES (%d, '', '', 'review', 7)`, 1000+last))
	write(t, shop, `INSERT INTO wp_users (ID, user_login, user_email, user_registered) SELECT 1000 + n, n, n, '2024-01-01 00:00:00' FROM `+numbers)
	for _, key := range []string{"wp_capabilities", "nickname", "session_tokens"} {
		write(t, shop, `INSERT INTO wp_usermeta (user_id, meta_key, meta_value) SELECT ID, '`+key+`', 'a:1:{s:8:"customer";b:1;}' FROM wp_users WHERE ID > 1000`)
	}
	analyze := "wp_posts, wp_postmeta, wp_comments, wp_commentmeta, wp_users, wp_usermeta, wp_woocommerce_order_items, wp_woocommerce_order_itemmeta"
	if storage == store.HPOS {
		analyze += ", wp_wc_orders, wp_wc_orders_meta, wp_wc_order_operational_data"
	}
	write(t, shop, "ANALYZE TABLE "+analyze)
}

// No read's cost grows with the store: each touches about as many rows in a
// store ten times as large. (The rows that the server touched, as it counts
// them itself, prove more than the plan that it announces.)
func TestReadsDoNotGrowWithTheStore(t *testing.T) {
	for storage, kind := range map[store.Storage]testshop.Storage{store.HPOS: testshop.HPOS, store.Legacy: testshop.Legacy} {
		t.Run(string(storage), func(t *testing.T) {
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				small := costs(t, db, storage, kind, 1)
				for _, table := range tables(t, db) {
					if _, err := db.Root.ExecContext(t.Context(), "DROP TABLE "+table); err != nil {
						t.Fatal(err)
					}
				}
				large := costs(t, db, storage, kind, 10)
				for what, rows := range large {
					if rows > small[what]*5/4+100 || rows > 2500 {
						t.Errorf("%s: %d rows in a store of 1,000 orders, %d in one of 10,000", what, small[what], rows)
					}
				}
				t.Logf("rows touched in the larger store: %v", large)
			})
		})
	}
}

func tables(t *testing.T, db *testshop.Database) []string {
	t.Helper()
	var names []string
	if err := db.Root.SelectContext(t.Context(), &names, "SHOW TABLES"); err != nil {
		t.Fatal(err)
	}
	return names
}

// costs returns how many rows each read touches in a store of that size.
func costs(t *testing.T, db *testshop.Database, storage store.Storage, kind testshop.Storage, thousands int) map[string]int {
	t.Helper()
	ctx := t.Context()
	shop, err := testshop.NewShop(ctx, db.DSN(), testshop.Options{Storage: kind})
	if err != nil {
		t.Fatal(err)
	}
	defer shop.Close()
	grow(t, shop, storage, thousands)
	var coupons []int64
	for i := range int64(30) {
		coupons = append(coupons, testshop.Must(shop.AddCoupon(ctx, testshop.Coupon{Code: fmt.Sprint("points-", i), Amount: "5", Redemption: i + 1})))
	}
	write(t, shop, "ANALYZE TABLE wp_posts, wp_postmeta")
	last := int64(1000 + thousands*1000)
	middle := 1000 + int64(thousands)*500

	s, touched := counted(t, db)

	var spread, refunded []int64
	for i := range int64(50) {
		spread = append(spread, 1000+i*int64(thousands)*20+1)
		refunded = append(refunded, 1001+i)
	}
	most := read(t, s, func(sn *store.Snapshot) (int64, error) { return sn.MaxCommentID(ctx) })
	end := read(t, s, func(sn *store.Snapshot) (store.Cursor, error) { return sn.OrderCursor(ctx, storage) })
	cursor := end.Back(storage, time.Hour, 50)

	result := map[string]int{"settings": touched(func() { testshop.Must(s.Settings(ctx)) })}
	for what, get := range map[string]func(context.Context, *store.Snapshot) (any, error){
		"orders by id": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.Orders(ctx, storage, spread, true)
		},
		"refunded orders by id": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.Orders(ctx, storage, refunded, true)
		},
		"order ids": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.OrderIDs(ctx, storage, middle, 50)
		},
		"changed orders": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			rows, _, _, err := sn.ChangedOrders(ctx, storage, cursor, 1000)
			return rows, err
		},
		"changed orders, a page of many": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			rows, _, _, err := sn.ChangedOrders(ctx, storage, end.Back(storage, 100*time.Hour, 900), 50)
			return rows, err
		},
		"order cursor": func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.OrderCursor(ctx, storage) },
		"highest ids": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return []any{
				testshop.Must(sn.MaxOrderID(ctx, storage)), testshop.Must(sn.MaxUserID(ctx)), testshop.Must(sn.MaxCommentID(ctx)),
			}, nil
		},
		"heads": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.Heads(ctx, storage, middle, middle+50)
		},
		"head buckets": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.HeadBuckets(ctx, storage, middle, middle+50, 10)
		},
		"bodies": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.Bodies(ctx, storage, middle, middle+50)
		},
		"contents": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			sums := map[int64]uint64{}
			return sums, sn.Contents(ctx, storage, middle, middle+50, 10, sums)
		},
		"comments after": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.CommentsAfter(ctx, most-50, 1000)
		},
		"comments, a page": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.CommentsAfter(ctx, most/2, 20)
		},
		"comments by id": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.CommentsByID(ctx, []int64{10, 20, most})
		},
		"comments of": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.CommentsOf(ctx, []store.UserPost{{User: 7, Post: last}})
		},
		"comment sums": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.CommentSums(ctx, most/2, most/2+50)
		},
		"comment buckets": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.CommentBuckets(ctx, most/2, most/2+50, 10)
		},
		"users after": func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.UsersAfter(ctx, middle, 50) },
		"users by id": func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.UsersByID(ctx, spread) },
		"user sums":   func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.UserSums(ctx, middle, middle+50) },
		"user buckets": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.UserBuckets(ctx, middle, middle+50, 10)
		},
		"coupons":     func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.Coupons(ctx, coupons) },
		"coupons for": func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.CouponsFor(ctx, []int64{3, 4}) },
		"comments on": func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.CommentsOn(ctx, []int64{last}) },
		"orders made anonymous": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return sn.Anonymised(ctx, storage, spread)
		},
		"order rows": func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.Rows(ctx, storage, spread) },
		"some products": func(ctx context.Context, sn *store.Snapshot) (any, error) {
			return []any{testshop.Must(sn.CategoriesOf(ctx, spread)), testshop.Must(sn.ProductNames(ctx, spread))}, nil
		},
		"names":      func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.Names(ctx, spread) },
		"categories": func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.Categories(ctx, spread) },
		"products":   func(ctx context.Context, sn *store.Snapshot) (any, error) { return sn.CategoriesAfter(ctx, 0, 50) },
	} {
		var value any
		result[what] = touched(func() {
			value = read(t, s, func(sn *store.Snapshot) (any, error) { return get(ctx, sn) })
		})
		if text := fmt.Sprint(value); what != "categories" && what != "products" && (text == "[]" || text == "map[]") {
			t.Errorf("%s: nothing was read", what)
		}
	}
	return result
}

// counted opens the store on one connection; touched returns how many rows the
// server touches for what is done on it.
func counted(t *testing.T, db *testshop.Database) (s *store.Store, touched func(do func()) int) {
	t.Helper()
	pool, err := database.OpenStore(t.Context(), db.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	pool.SetMaxOpenConns(1) // the counters are the connection's
	if s, err = store.Open(t.Context(), pool, "wp_"); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		var sum int
		rows, err := pool.QueryContext(t.Context(), "SHOW SESSION STATUS LIKE 'Handler_read%'")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var n int
			if err := rows.Scan(&name, &n); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(name, "rnd_deleted") {
				sum += n
			}
		}
		return sum
	}
	overhead := count()
	overhead = count() - overhead
	return s, func(do func()) int {
		before := count()
		do()
		return count() - before - overhead
	}
}

// A page of orders is a part of a small store that makes reading all of its
// meta seem cheap to a server, which would do so for every page.
func TestAPageOfASmallStoreReadsItsOwnRows(t *testing.T) {
	for storage, kind := range map[store.Storage]testshop.Storage{store.HPOS: testshop.HPOS, store.Legacy: testshop.Legacy} {
		t.Run(string(storage), func(t *testing.T) {
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				shop, err := testshop.NewShop(t.Context(), db.DSN(), testshop.Options{Storage: kind})
				if err != nil {
					t.Fatal(err)
				}
				defer shop.Close()
				grow(t, shop, storage, 5)
				var page []int64
				for i := range int64(1000) {
					page = append(page, 3000+i)
				}
				s, touched := counted(t, db)
				rows := touched(func() {
					orders := read(t, s, func(sn *store.Snapshot) ([]store.OrderRecord, error) {
						return sn.Orders(t.Context(), storage, page, true)
					})
					if len(orders) != len(page) {
						t.Errorf("%d orders of %d were read", len(orders), len(page))
					}
				})
				if rows > 22*len(page) {
					t.Errorf("%d rows touched for %d orders", rows, len(page))
				}
			})
		})
	}
}
