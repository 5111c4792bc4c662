package sync_test

import (
	"maps"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// What sweeps remember of lines hides no edit, of whatever row that makes an
// order what it is, and none that is taken back.
func TestEditsOfKnownLinesAreNoticed(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		ann, bob := s.customer("ann"), s.customer("bob")
		first, second := s.on(1).order(ann, "completed", "100.00"), s.on(2).order(bob, "completed", "40.00")
		line, other := must(s.Items(s.ctx, first, "line_item"))[0], must(s.Items(s.ctx, second, "line_item"))[0]
		s.run(sync.Increment)
		s.run(sync.Increment) // what settled
		kind := func(kind string) func() error {
			table := `UPDATE {p}wc_orders SET type = ? WHERE id = ?`
			if s.Storage == testshop.Legacy {
				table = `UPDATE {p}posts SET post_type = ? WHERE ID = ?`
			}
			return func() error { return s.Exec(s.ctx, table, kind, first) }
		}
		exec := func(query string, args ...any) func() error {
			return func() error { return s.Exec(s.ctx, query, args...) }
		}
		const total = ` AND meta_key = '_line_total'`
		for _, edit := range []struct {
			what     string
			edit     func() error
			ann, bob int64
		}{
			{"nothing", func() error { return nil }, 100, 40},
			{"a value", func() error { return s.EditItem(s.ctx, line, "_line_total", "90.00") }, 90, 40},
			{"the item moves", exec(`UPDATE {p}woocommerce_order_items SET order_id = ? WHERE order_item_id = ?`, second, line), 0, 130},
			{"and back", exec(`UPDATE {p}woocommerce_order_items SET order_id = ? WHERE order_item_id = ?`, first, line), 90, 40},
			{"its kind", exec(`UPDATE {p}woocommerce_order_items SET order_item_type = 'shipping' WHERE order_item_id = ?`, line), 0, 40},
			{"and back", exec(`UPDATE {p}woocommerce_order_items SET order_item_type = 'line_item' WHERE order_item_id = ?`, line), 90, 40},
			{"its id", exec(`UPDATE {p}woocommerce_order_items SET order_item_id = order_item_id + 1000000 WHERE order_item_id = ?`, line), 0, 40},
			{"and back", exec(`UPDATE {p}woocommerce_order_items SET order_item_id = ? WHERE order_item_id = ?`, line, line+1_000_000), 90, 40},
			{"a row goes", exec(`DELETE FROM {p}woocommerce_order_itemmeta WHERE order_item_id = ?`+total, line), 0, 40},
			{"one comes", exec(`INSERT INTO {p}woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) VALUES (?, '_line_total', '70')`, line), 70, 40},
			{"its key", exec(`UPDATE {p}woocommerce_order_itemmeta SET meta_key = '_line_total_then' WHERE order_item_id = ?`+total, line), 0, 40},
			{"and back", exec(`UPDATE {p}woocommerce_order_itemmeta SET meta_key = '_line_total' WHERE order_item_id = ? AND meta_key = '_line_total_then'`, line), 70, 40},
			{"a row in a slice of its own", exec(`UPDATE {p}woocommerce_order_itemmeta SET meta_id = meta_id + 1000000000 WHERE order_item_id = ?`+total, line), 70, 40},
			{"a value there", func() error { return s.EditItem(s.ctx, line, "_line_total", "60.00") }, 60, 40},
			{"that row moves", exec(`UPDATE {p}woocommerce_order_itemmeta SET order_item_id = ? WHERE order_item_id = ?`+total, other, line), 0, 40},
			{"and back", exec(`UPDATE {p}woocommerce_order_itemmeta SET order_item_id = ? WHERE order_item_id = ? AND meta_id > 1000000000`, line, other), 60, 40},
			{"values change places", exec(`UPDATE {p}woocommerce_order_itemmeta SET meta_value = CASE order_item_id WHEN ? THEN '40.00' ELSE '60.00' END
				WHERE order_item_id IN (?, ?)`+total, line, line, other), 40, 60},
			{"the order is none any more", kind("another"), 0, 60},
			{"and is one again", kind("shop_order"), 40, 60},
		} {
			s.do(edit.edit())
			// The second begins where the first ended, the third knows all.
			for i := range 3 {
				if _, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Sweep, Slices: i%2 == 0}); err != nil {
					t.Fatalf("%s: %v", edit.what, err)
				}
			}
			want := map[int64]int64{ann: edit.ann, bob: edit.bob}
			maps.DeleteFunc(want, func(_, points int64) bool { return points == 0 })
			s.wantBalances(edit.what, want)
		}
		s.sound()
	})
}

// A slice is not put together with its orders again while nothing in it
// changes.
func TestKnownLinesAreOnlyRead(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		m := newMetered(t, db, testshop.HPOS)
		ann := m.customer("ann")
		var line int64
		for i := range 60 {
			line = must(m.Items(m.ctx, m.on(i).order(ann, "completed", "10.00"), "line_item"))[0]
		}
		m.run(sync.Increment)
		m.run(sync.Increment) // what settled
		sweep := func() cost { return m.costOf(func() { m.run(sync.Sweep) }) }
		anew, known := sweep(), sweep()
		if known.rows >= anew.rows-60*8 {
			t.Errorf("the first sweep reads %d rows, the next %d", anew.rows, known.rows)
		}
		m.do(m.EditItem(m.ctx, line, "_line_total", "10.0"))
		sweep()
		sweep() // where something differed is read anew
		if again := sweep(); again.rows > known.rows+60 {
			t.Errorf("a sweep reads %d rows, one after an edit was noticed %d", known.rows, again.rows)
		}
	})
}
