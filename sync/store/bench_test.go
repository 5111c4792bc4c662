package store_test

import (
	"fmt"
	"testing"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

// BenchmarkReads measures what a first run and a sweep spend on reading, per
// order, in a store of 10,000 orders with two lines of eight meta rows each.
func BenchmarkReads(b *testing.B) {
	for _, kind := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
		storage := map[testshop.Storage]store.Storage{testshop.HPOS: store.HPOS, testshop.Legacy: store.Legacy}[kind]
		db := testshop.New(b)
		ctx := b.Context()
		shop, err := testshop.NewShop(ctx, db.DSN(), testshop.Options{Storage: kind})
		if err != nil {
			b.Fatal(err)
		}
		defer shop.Close()
		grow(b, shop, storage, 10)
		write(b, shop, `INSERT INTO wp_woocommerce_order_items (order_item_name, order_item_type, order_id) SELECT 'Cup', 'line_item', order_id FROM wp_woocommerce_order_items`)
		write(b, shop, `DELETE FROM wp_woocommerce_order_itemmeta`)
		write(b, shop, `INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)
			SELECT i.order_item_id, k.name, '12.34' FROM wp_woocommerce_order_items i JOIN (
			  SELECT '_product_id' AS name UNION SELECT '_variation_id' UNION SELECT '_qty' UNION SELECT '_line_total'
			  UNION SELECT '_line_tax' UNION SELECT '_line_subtotal' UNION SELECT '_line_subtotal_tax' UNION SELECT '_line_tax_data') k
			ORDER BY i.order_item_id`)
		pool, err := database.OpenStore(ctx, db.DSN())
		if err != nil {
			b.Fatal(err)
		}
		defer pool.Close()
		s, err := store.Open(ctx, pool, "wp_")
		if err != nil {
			b.Fatal(err)
		}
		for what, work := range map[string]func(sn *store.Snapshot) error{
			"orders": func(sn *store.Snapshot) error {
				for after := int64(0); ; {
					ids, err := sn.OrderIDs(ctx, storage, after, 1000)
					if err != nil || len(ids) == 0 {
						return err
					}
					after = ids[len(ids)-1]
					if _, err := sn.Orders(ctx, storage, ids, false); err != nil {
						return err
					}
				}
			},
			"head-sweep": func(sn *store.Snapshot) error {
				_, err := sn.HeadBuckets(ctx, storage, 0, 1<<40, 1000)
				return err
			},
			"body-sweep": func(sn *store.Snapshot) error {
				return sn.Contents(ctx, storage, 0, 1<<40, 1000, map[int64]uint64{})
			},
		} {
			b.Run(fmt.Sprintf("%s/%s", storage, what), func(b *testing.B) {
				for b.Loop() {
					if err := s.Snapshot(ctx, work); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/order")
			})
		}
	}
}
