package testshop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

func TestFillMakesALivelyStore(t *testing.T) {
	t.Parallel()
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for i, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy, testshop.Synced} {
			t.Run(storage.String(), func(t *testing.T) {
				f := &fixture{T: t, clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
				f.Shop = db.Shop(t, testshop.Options{Prefix: fmt.Sprintf("wp%d_", i), Storage: storage, GMTOffset: "5.5"})
				f.Now = func() time.Time { return f.clock }
				reports := 0
				testshop.Do(f.Fill(t.Context(), testshop.FillOptions{Seed: 7, Orders: 400, Progress: func(done, total int) {
					if reports++; done > total {
						t.Errorf("progress %d of %d", done, total)
					}
				}}))
				if reports < 2 {
					t.Errorf("%d reports of progress", reports)
				}
				f.consistent()
				for name, query := range lively(storage) {
					if f.text(query) == "0" {
						t.Errorf("there is no %s: %s", name, query)
					}
				}
				f.clock = f.clock.Add(12 * time.Hour)
				done := testshop.Must(f.Change(t.Context(), 3))
				if len(done) < 20 {
					t.Errorf("Change did only this:\n%s", strings.Join(done, "\n"))
				}
				f.consistent()
			})
		}
	})
}

// lively is what a filled store must have some of.
func lively(storage testshop.Storage) map[string]string {
	all := map[string]string{
		"guest's review":      `SELECT COUNT(*) FROM {p}comments WHERE comment_type = 'review' AND comment_parent = 0`,
		"staff reply":         `SELECT COUNT(*) FROM {p}comments WHERE comment_type = 'review' AND comment_parent > 0`,
		"spam":                `SELECT COUNT(*) FROM {p}comments WHERE comment_approved = 'spam'`,
		"comment of no type":  `SELECT COUNT(*) FROM {p}comments WHERE comment_type = ''`,
		"order note":          `SELECT COUNT(*) FROM {p}comments WHERE comment_type = 'order_note'`,
		"fee refund":          `SELECT COUNT(*) FROM {p}woocommerce_order_items i JOIN {p}woocommerce_order_itemmeta m ON m.order_item_id = i.order_item_id WHERE order_item_type = 'fee'`,
		"shipping refund":     `SELECT COUNT(*) FROM {p}woocommerce_order_items i JOIN {p}woocommerce_order_itemmeta m ON m.order_item_id = i.order_item_id WHERE order_item_type = 'shipping' AND meta_key = '_refunded_item_id'`,
		"fractional quantity": `SELECT COUNT(*) FROM {p}woocommerce_order_itemmeta WHERE meta_key = '_qty' AND meta_value = '1.5'`,
		"custom line":         `SELECT COUNT(*) FROM {p}woocommerce_order_itemmeta WHERE meta_key = '_product_id' AND meta_value = '0'`,
		"category":            `SELECT COUNT(*) FROM {p}term_relationships`,
		"role beside":         `SELECT COUNT(*) FROM {p}usermeta WHERE meta_value LIKE '%wholesale%'`,
	}
	for _, status := range []string{"wc-completed", "wc-processing", "wc-on-hold", "wc-pending", "wc-cancelled", "wc-failed", "wc-refunded", "wc-shipped", "trash"} {
		all[status] = `SELECT COUNT(*) FROM {p}wc_orders WHERE type = 'shop_order' AND status = '` + status + `'`
		if storage == testshop.Legacy {
			all[status] = `SELECT COUNT(*) FROM {p}posts WHERE post_type = 'shop_order' AND post_status = '` + status + `'`
		}
	}
	if storage != testshop.Legacy {
		all["foreign currency"] = `SELECT COUNT(*) FROM {p}wc_orders WHERE currency <> 'USD'`
		all["guest"] = `SELECT COUNT(*) FROM {p}wc_orders WHERE customer_id = 0`
		all["customer"] = `SELECT COUNT(*) FROM {p}wc_orders WHERE customer_id > 0`
	}
	return all
}

// consistent checks what always holds in a store that no plugin broke.
func (f *fixture) consistent() {
	f.Helper()
	f.want("0", `SELECT COUNT(*) FROM {p}woocommerce_order_itemmeta m LEFT JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id WHERE i.order_item_id IS NULL`)
	f.want("0", `SELECT COUNT(*) FROM {p}woocommerce_order_itemmeta m LEFT JOIN {p}woocommerce_order_items i ON i.order_item_id = m.meta_value
		WHERE m.meta_key = '_refunded_item_id' AND i.order_item_id IS NULL`)
	f.want("0", `SELECT COUNT(*) FROM {p}comments WHERE comment_date_gmt > ?`, f.clock)
	if f.Storage != testshop.Legacy {
		f.want("0", `SELECT COUNT(*) FROM {p}wc_orders WHERE date_updated_gmt > ? OR date_updated_gmt < date_created_gmt OR date_created_gmt IS NULL`, f.clock)
		f.want("0", `SELECT COUNT(*) FROM {p}wc_orders o LEFT JOIN {p}wc_order_operational_data d ON d.order_id = o.id WHERE d.order_id IS NULL`)
		f.want("0", `SELECT COUNT(*) FROM {p}wc_orders o LEFT JOIN {p}posts p ON p.ID = o.id WHERE p.ID IS NULL`)
		f.want("0", `SELECT COUNT(*) FROM {p}wc_orders r LEFT JOIN {p}wc_orders o ON o.id = r.parent_order_id WHERE r.type = 'shop_order_refund' AND (o.id IS NULL OR r.total_amount >= 0)`)
		f.want("0", `SELECT COUNT(*) FROM {p}wc_orders o WHERE o.type = 'shop_order' AND o.total_amount + (SELECT COALESCE(SUM(r.total_amount), 0) FROM {p}wc_orders r WHERE r.parent_order_id = o.id) < 0`)
	}
	if f.Storage != testshop.HPOS {
		f.want("0", `SELECT COUNT(*) FROM {p}posts WHERE post_modified_gmt > ?`, f.clock)
		f.want("0", `SELECT COUNT(*) FROM {p}posts p WHERE post_type IN ('shop_order', 'shop_order_refund')
			AND NOT EXISTS (SELECT 1 FROM {p}postmeta m WHERE m.post_id = p.ID AND m.meta_key = '_order_total')`)
		f.want("0", `SELECT COUNT(*) FROM {p}posts r LEFT JOIN {p}posts o ON o.ID = r.post_parent WHERE r.post_type = 'shop_order_refund' AND o.ID IS NULL`)
	}
	if f.Storage == testshop.Synced {
		f.want("0", `SELECT COUNT(*) FROM {p}wc_orders o JOIN {p}posts p ON p.ID = o.id JOIN {p}postmeta m ON m.post_id = o.id AND m.meta_key = '_order_total'
			WHERE o.total_amount <> m.meta_value OR o.type <> p.post_type OR (o.status <> p.post_status AND o.type = 'shop_order')`)
	}
}

func TestEqualSeedsFillEqualStores(t *testing.T) {
	t.Parallel()
	sums := map[string][]string{}
	for range 2 {
		db := testshop.New(t)
		f := &fixture{T: t, Shop: db.Shop(t, testshop.Options{})}
		f.Now = func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }
		testshop.Do(f.Fill(t.Context(), testshop.FillOptions{Seed: 1, Orders: 60, Months: 3}))
		testshop.Must(f.Change(t.Context(), 1))
		for table, columns := range map[string]string{
			"wc_orders":                  "id, status, customer_id, total_amount, date_updated_gmt, billing_email",
			"woocommerce_order_itemmeta": "order_item_id, meta_key, meta_value",
			"comments":                   "comment_ID, comment_post_ID, comment_approved, user_id",
		} {
			sums[table] = append(sums[table], f.text(`SELECT CONCAT(COUNT(*), ' ', SUM(CRC32(CONCAT_WS(',', `+columns+`)))) FROM {p}`+table))
		}
	}
	for table, sum := range sums {
		if sum[0] != sum[1] {
			t.Errorf("%s differs: %v", table, sum)
		}
	}
}

func BenchmarkFill(b *testing.B) {
	for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy, testshop.Synced} {
		b.Run(storage.String(), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				shop := testshop.New(b).Shop(b, testshop.Options{Storage: storage})
				b.StartTimer()
				testshop.Do(shop.Fill(b.Context(), testshop.FillOptions{}))
			}
		})
	}
}
