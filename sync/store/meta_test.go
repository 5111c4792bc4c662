package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

// Orders read a thousand at a time are the orders that are read a few at a
// time, wherever their meta rows lie.
func TestManyOrdersAreReadAsFew(t *testing.T) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		// Row by row of one key after the other: most lie far from the first.
		grow(t, shop, storage, 1)
		table, owner := "wp_woocommerce_order_itemmeta", "order_item_id"
		var first, last int64
		for _, q := range []struct {
			query string
			id    *int64
		}{{"SELECT MIN(order_item_id) FROM wp_woocommerce_order_items", &first}, {"SELECT MAX(order_item_id) FROM wp_woocommerce_order_items", &last}} {
			if err := shop.DB.GetContext(t.Context(), q.id, q.query); err != nil {
				t.Fatal(err)
			}
		}
		if storage == store.Legacy {
			table, owner, first, last = "wp_postmeta", "post_id", 1001, 2000
		}
		key := map[store.Storage]string{store.HPOS: "_line_total", store.Legacy: "_order_total"}[storage]
		add := "INSERT INTO " + table + " (" + owner + ", meta_key, meta_value) VALUES (?, ?, ?)"
		same := func(what string) {
			t.Helper()
			for name, ids := range map[string][]int64{"all": orderIDs(1), "every third": orderIDs(3)} {
				many := readOrders(t, s, storage, ids, len(ids))
				few := readOrders(t, s, storage, ids, 20)
				if len(many) != len(ids) {
					t.Errorf("%s, %s: %d orders of %d", what, name, len(many), len(ids))
				}
				if diff := cmp.Diff(fmt.Sprintf("%+v", few), fmt.Sprintf("%+v", many)); diff != "" {
					t.Errorf("%s, %s: %s", what, name, diff)
				}
			}
			checkSums(t, s, storage)
		}
		same("one key after the other")

		for i, value := range []any{"7", nil, "<b>", "9"} {
			write(t, shop, add, first+int64(i)*40, key, value)
			write(t, shop, add, first+int64(i)*50, "_Order_Total", value)
		}
		write(t, shop, "DELETE FROM "+table+" WHERE "+owner+" = ? AND meta_key = ?", first+100, key)
		write(t, shop, add, first+100, key, "12.5")
		same("some were added later")

		rewrite := func(id int64) {
			write(t, shop, "INSERT INTO "+table+" ("+owner+", meta_key, meta_value) SELECT * FROM (SELECT "+owner+", meta_key, meta_value FROM "+table+" WHERE "+owner+" = ? ORDER BY meta_id) r", id)
			write(t, shop, "DELETE FROM "+table+" WHERE "+owner+" = ? AND meta_id < (SELECT m FROM (SELECT MAX(meta_id) - 500 AS m FROM "+table+") r)", id)
		}
		write(t, shop, "INSERT INTO "+table+" ("+owner+", meta_id, meta_key, meta_value) SELECT 999999, MAX(meta_id) + 1000000, 'far', '' FROM "+table)
		rewrite(last)
		same("the last one's lie far away")
		rewrite(first)
		same("the first one's lie far away")
		write(t, shop, "DELETE FROM "+table+" WHERE "+owner+" IN (?, ?)", first, last)
		same("the first and the last have none")
	})
}

func orderIDs(step int64) []int64 {
	var ids []int64
	for id := int64(1001); id <= 2000; id += step {
		ids = append(ids, id)
	}
	return ids
}

func readOrders(t *testing.T, s *store.Store, storage store.Storage, ids []int64, page int) []store.OrderRecord {
	t.Helper()
	return read(t, s, func(sn *store.Snapshot) (all []store.OrderRecord, err error) {
		for part := range slices.Chunk(ids, page) {
			records, err := sn.Orders(t.Context(), storage, part, true)
			if err != nil {
				return nil, err
			}
			all = append(all, records...)
		}
		return all, nil
	})
}
