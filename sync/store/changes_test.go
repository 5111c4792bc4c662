package store_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

// changed reads all changes after c in pages, and returns the orders that they
// belong to.
func changed(t *testing.T, s *store.Store, storage store.Storage, c store.Cursor, limit int) ([]int64, store.Cursor) {
	t.Helper()
	var orders []int64
	for pages := 0; ; pages++ {
		var more bool
		at(t, s, func(sn *store.Snapshot) error {
			rows, next, again, err := sn.ChangedOrders(t.Context(), storage, c, limit)
			for _, row := range rows {
				orders = append(orders, row.Order())
			}
			c, more = next, again
			return err
		})
		if !more {
			break
		}
		if pages > 1000 {
			t.Fatal("the changes do not end")
		}
	}
	slices.Sort(orders)
	return slices.Compact(orders), c
}

func TestChangedOrdersSeesWhatWooCommerceDoes(t *testing.T) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		ctx := t.Context()
		clock := time.Now().UTC().Truncate(time.Second).Add(-24 * time.Hour)
		shop.Now = func() time.Time { return clock }
		var orders []int64
		for range 6 {
			orders = append(orders, testshop.Must(shop.PlaceOrder(ctx, testshop.Order{
				Status: "processing", Lines: []testshop.Line{{Qty: "2", Total: "10"}},
			})))
		}
		line := testshop.Must(shop.Items(ctx, orders[0], "line_item"))[0]
		var refund int64
		c := read(t, s, func(sn *store.Snapshot) (store.Cursor, error) { return sn.OrderCursor(ctx, storage) })
		if none, _ := changed(t, s, storage, c, 100); len(none) > 0 {
			t.Fatalf("after the end: %v", none)
		}
		for _, step := range []struct {
			what   string
			do     func() error
			want   []int64
			unseen store.Storage // this storage shows nothing of it
		}{
			{"completed", func() error { return shop.SetStatus(ctx, orders[0], "completed") }, orders[:1], ""},
			{"nothing", func() error { return nil }, nil, ""},
			{"two in one second", func() error {
				testshop.Do(shop.SetStatus(ctx, orders[2], "completed"))
				return shop.SetStatus(ctx, orders[1], "completed")
			}, orders[1:3], ""},
			{"refunded", func() (err error) {
				refund, err = shop.Refund(ctx, orders[0], testshop.Refund{Lines: []testshop.RefundLine{{Item: line, Qty: "1", Total: "5"}}})
				return err
			}, orders[:1], ""},
			{"trash", func() error { return shop.Trash(ctx, orders[3]) }, orders[3:4], ""},
			{"customer set", func() error { return shop.SetCustomer(ctx, orders[4], 1) }, orders[4:5], store.Legacy},
			{"line edited", func() error { return shop.EditItem(ctx, line, "_line_total", "7") }, nil, ""},
			{"refund deleted", func() error { return shop.DeleteRefund(ctx, refund) }, nil, ""},
			{"order deleted", func() error { return shop.Delete(ctx, orders[5]) }, nil, ""},
		} {
			clock = clock.Add(2 * time.Hour)
			testshop.Do(step.do())
			want := step.want
			if step.unseen == storage {
				want = nil
			}
			for _, limit := range []int{100, 1} {
				got, next := changed(t, s, storage, c, limit)
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d at a time: changed %v, want %v", step.what, limit, got, want)
				}
				if limit == 1 {
					c = next
				}
			}
		}
		// What came late is found again further back.
		got, _ := changed(t, s, storage, c.Back(storage, 48*time.Hour, 1<<40), 3)
		if !slices.Equal(got, orders[:5]) {
			t.Errorf("from further back: %v, want %v", got, orders[:5])
		}
		if rows := read(t, s, func(sn *store.Snapshot) ([]store.Row, error) {
			return sn.ModifiedSince(ctx, storage, time.Now().Add(-48*time.Hour), orders[1], 2)
		}); len(rows) != 2 || rows[0].ID != orders[2] || rows[1].ID != orders[3] {
			t.Errorf("modified since: %+v", rows)
		}
		text, err := json.Marshal(c)
		var again store.Cursor
		if err != nil || json.Unmarshal(text, &again) != nil || again != c {
			t.Errorf("%s does not keep the cursor %+v: %+v", text, c, again)
		}
	})
}

// A date in the future, set by hand or by a wrong clock, must not hide what
// happens before it comes.
func TestFutureDatesDoNotHoldTheCursor(t *testing.T) {
	shop, s := newShop(t, testshop.Options{})
	ctx := t.Context()
	now := time.Now().UTC().Truncate(time.Second)
	shop.Now = func() time.Time { return now.Add(-time.Hour) }
	var orders []int64
	for range 5 {
		orders = append(orders, testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Lines: []testshop.Line{{Total: "10"}}})))
	}
	start := read(t, s, func(sn *store.Snapshot) (store.Cursor, error) { return sn.OrderCursor(ctx, store.HPOS) })
	for _, order := range orders[:3] {
		testshop.Do(shop.SetModified(ctx, order, now.AddDate(50, 0, 0)))
	}
	c := start
	for range 3 {
		var got []int64
		if got, c = changed(t, s, store.HPOS, c, 2); !slices.Equal(got, orders[:3]) {
			t.Errorf("changed %v, want %v", got, orders[:3])
		}
		if c.Updated.After(time.Now().Add(time.Minute)) {
			t.Errorf("the cursor rests at %s", c.Updated)
		}
	}
	if end := read(t, s, func(sn *store.Snapshot) (store.Cursor, error) { return sn.OrderCursor(ctx, store.HPOS) }); end.Updated.After(time.Now()) {
		t.Errorf("the end is at %s", end.Updated)
	}
	shop.Now = time.Now
	testshop.Do(shop.Save(ctx, orders[4]))
	if got, _ := changed(t, s, store.HPOS, c.Back(store.HPOS, time.Minute, 0), 2); !slices.Contains(got, orders[4]) {
		t.Errorf("changed %v, want %d among them", got, orders[4])
	}
}

func TestEmptyStore(t *testing.T) {
	eachShop(t, func(t *testing.T, _ *testshop.Shop, s *store.Store, storage store.Storage) {
		c := read(t, s, func(sn *store.Snapshot) (store.Cursor, error) { return sn.OrderCursor(t.Context(), storage) })
		if got, _ := changed(t, s, storage, c, 10); len(got) > 0 {
			t.Errorf("changed %v", got)
		}
		at(t, s, func(sn *store.Snapshot) error {
			ctx := t.Context()
			if orders := testshop.Must(sn.Orders(ctx, storage, nil, true)); len(orders) > 0 {
				t.Errorf("orders %v", orders)
			}
			if orders := testshop.Must(sn.Orders(ctx, storage, []int64{0, -1, 1 << 62}, true)); len(orders) > 0 {
				t.Errorf("orders %v", orders)
			}
			if heads := testshop.Must(sn.HeadBuckets(ctx, storage, 0, 1<<62, 1<<20)); len(heads) > 0 {
				t.Errorf("heads %v", heads)
			}
			if storage == store.HPOS {
				if most := testshop.Must(sn.MaxOrderID(ctx, storage)); most != 0 {
					t.Errorf("highest id %d", most)
				}
			}
			if _, err := sn.Orders(ctx, "mail", []int64{1}, false); err == nil {
				t.Error("no such storage, and no error")
			}
			return nil
		})
	})
}
