package testshop_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// TestEveryStorageTellsTheSameOrders fills a store of one seed in each storage
// mode, and one that switches through them all, and reads them as loyaltyd
// does.
func TestEveryStorageTellsTheSameOrders(t *testing.T) {
	t.Parallel()
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		fill := func(prefix string, storage testshop.Storage) *testshop.Shop {
			shop := db.Shop(t, testshop.Options{Prefix: prefix, Storage: storage, Timezone: "Asia/Kolkata"})
			shop.Now = func() time.Time { return now }
			testshop.Do(shop.Fill(t.Context(), testshop.FillOptions{Seed: 11, Orders: 150, Months: 6}))
			testshop.Must(shop.Change(t.Context(), 5))
			return shop
		}
		first := fill("hpos_", testshop.HPOS)
		want := told(t, db, first)
		if len(want) < 150 {
			t.Fatalf("%d orders read", len(want))
		}
		for prefix, storage := range map[string]testshop.Storage{"legacy_": testshop.Legacy, "synced_": testshop.Synced} {
			if d := cmp.Diff(want, told(t, db, fill(prefix, storage))); d != "" {
				t.Errorf("%s differs from hpos:\n%.3000s", storage, d)
			}
		}
		for _, to := range []testshop.Storage{testshop.Legacy, testshop.HPOS, testshop.Synced, testshop.Legacy, testshop.Synced} {
			testshop.Do(first.SwitchStorage(t.Context(), to))
			if d := cmp.Diff(want, told(t, db, first)); d != "" {
				t.Errorf("switched to %s:\n%.3000s", to, d)
			}
		}
	})
}

// told returns what the store tells of each order. Left out is what storage
// modes keep differently: modified dates, and the refunds of trashed orders.
func told(t *testing.T, db *testshop.Database, shop *testshop.Shop) map[int64]string {
	t.Helper()
	ctx := t.Context()
	pool, err := database.OpenStore(ctx, db.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	site, err := store.Open(ctx, pool, shop.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := site.Settings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	all := map[int64]string{}
	err = site.Snapshot(ctx, func(sn *store.Snapshot) error {
		ids, err := sn.OrderIDs(ctx, settings.Storage, 0, 10000)
		if err != nil {
			return err
		}
		records, err := sn.Orders(ctx, settings.Storage, ids, true)
		for _, r := range records {
			if len(r.Problems) > 0 {
				t.Errorf("problems: %v", r.Problems)
			}
			all[r.Order.ID] = inWords(r.Order)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func inWords(o program.Order) string {
	text := fmt.Sprintln(o.ID, o.Customer, o.Email, o.Status, o.Currency, o.Created, o.Paid, o.Completed, number(o.Shipping), number(o.ShippingTax))
	for _, line := range o.Lines {
		text += fmt.Sprintln(line.ID, line.Name, line.Product, line.Variation, number(line.Quantity), number(line.Total),
			number(line.Subtotal), number(line.Tax), number(line.SubtotalTax))
	}
	for _, fee := range o.Fees {
		text += fmt.Sprintln(number(fee.Total), number(fee.Tax))
	}
	if o.Status == "trash" {
		return text
	}
	for _, refund := range o.Refunds {
		text += fmt.Sprintln(refund.ID, refund.Created, number(refund.Amount), number(refund.Shipping), number(refund.ShippingTax))
		for _, line := range refund.Lines {
			text += fmt.Sprintln(line.Item, number(line.Quantity), number(line.Total), number(line.Tax))
		}
		for _, fee := range refund.Fees {
			text += fmt.Sprintln(number(fee.Total), number(fee.Tax))
		}
	}
	return text
}

// number is an amount without zeros at its end.
func number(d apd.Decimal) string {
	reduced, _ := new(apd.Decimal).Reduce(&d)
	return reduced.Text('f')
}
