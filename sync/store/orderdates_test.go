package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

// zonedShop runs test on an empty shop in New York of each storage on each
// server.
func zonedShop(t *testing.T, test func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage)) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		testshop.Do(shop.SetTimezone(t.Context(), "America/New_York", ""))
		test(t, shop, s, storage)
	})
}

// Dates are found wherever WooCommerce keeps or kept them.
func TestDatesOfOrdersInTheirMeta(t *testing.T) {
	zonedShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		ctx := t.Context()
		created := time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)
		for name, test := range map[string]struct {
			only            store.Storage // "": both
			status          string
			written         map[string]string
			paid, completed string
			problems        []string // {} is the order's
		}{
			"the old paid date":            {"", "shipped", map[string]string{"_paid_date": "2025-07-04 18:30:00"}, "2025-07-04 22:30:00", "", nil},
			"both old dates":               {"", "processing", map[string]string{"_paid_date": "2025-01-04 18:30:00", "_completed_date": "2025-01-05 18:30:00"}, "2025-01-04 23:30:00", "2025-01-05 23:30:00", nil},
			"only the old completed date":  {"", "packed", map[string]string{"_completed_date": "5 July 2025 9:00 am"}, "", "2025-07-05 13:00:00", nil},
			"with its zone":                {"", "completed", map[string]string{"_paid_date": "2025-07-04T18:30:00+02:00"}, "2025-07-04 16:30:00", "", nil},
			"in seconds":                   {"", "on-hold", map[string]string{"_paid_date": "1751653800.75"}, "2025-07-04 18:30:00", "", nil},
			"pending, which may earn":      {"", "pending", map[string]string{"_paid_date": "2025-07-04"}, "2025-07-04 04:00:00", "", nil},
			"refunded, which has a story":  {"", "refunded", map[string]string{"_paid_date": "07/04/2025 18:30"}, "2025-07-04 22:30:00", "", nil},
			"empty":                        {"", "processing", map[string]string{"_paid_date": "", "_completed_date": "0000-00-00 00:00:00"}, "", "", nil},
			"none of them":                 {"", "processing", map[string]string{"_paid_date": "next week"}, "", "", []string{`order {}: _paid_date "next week" is no date`}},
			"none, in a status without":    {"", "cancelled", map[string]string{"_paid_date": "next week"}, "", "", nil},
			"text where seconds should be": {store.Legacy, "shipped", map[string]string{"_date_paid": "4.7.2025 18:30", "_date_completed": "2025-07-05T00:00:00.5Z"}, "2025-07-04 22:30:00", "2025-07-05 00:00:00", nil},
			"seconds with decimals":        {store.Legacy, "shipped", map[string]string{"_date_paid": "1751653800.0"}, "2025-07-04 18:30:00", "", nil},
			"an offset":                    {store.Legacy, "shipped", map[string]string{"_date_paid": "2025-07-04 18:30:00 +0530"}, "2025-07-04 13:00:00", "", nil},
			"the newer key first":          {store.Legacy, "shipped", map[string]string{"_date_paid": "2025-07-04 18:30", "_paid_date": "2025-07-09 18:30:00"}, "2025-07-04 22:30:00", "", nil},
			"the older where that is none": {store.Legacy, "shipped", map[string]string{"_date_paid": "n/a", "_paid_date": "2025-07-09 18:30:00"}, "2025-07-09 22:30:00", "", nil},
			"neither":                      {store.Legacy, "shipped", map[string]string{"_date_paid": "n/a", "_date_completed": "31/12/2025"}, "", "", []string{`order {}: _date_paid "n/a" is no date`, `order {}: _date_completed "31/12/2025" is no date`}},
			"keys of posts only":           {store.HPOS, "shipped", map[string]string{"_date_paid": "1751653800"}, "", "", nil},
		} {
			if test.only != "" && test.only != storage {
				continue
			}
			id := testshop.Must(shop.PlaceOrder(ctx, testshop.Order{
				Status: test.status, Created: created, Paid: testshop.Never, Completed: testshop.Never,
				Lines: []testshop.Line{{Total: "10"}},
			}))
			for key, value := range test.written {
				testshop.Do(shop.WriteDate(ctx, id, key, value))
			}
			record := read(t, s, func(sn *store.Snapshot) ([]store.OrderRecord, error) {
				return sn.Orders(ctx, storage, []int64{id}, false)
			})[0]
			o := &record.Order
			if stamp(o.Paid) != test.paid || stamp(o.Completed) != test.completed || !o.Created.Equal(created) {
				t.Errorf("%s: paid %q, completed %q, created %s, want %q and %q", name, stamp(o.Paid), stamp(o.Completed), stamp(o.Created), test.paid, test.completed)
			}
			var problems []string
			for _, p := range test.problems {
				problems = append(problems, strings.ReplaceAll(p, "{}", fmt.Sprint(id)))
			}
			if diff := cmp.Diff(problems, record.Dates); diff != "" || record.Undated || len(record.Problems) > 0 {
				t.Errorf("%s: undated %v, other problems %q, problems (- want, + got):\n%s", name, record.Undated, record.Problems, diff)
			}
		}
		checkSums(t, s, storage)
	})
}

// What stands in the columns of the order tables comes first.
func TestColumnsComeBeforeMeta(t *testing.T) {
	shop, s := newShop(t, testshop.Options{})
	ctx := t.Context()
	at := time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)
	old := "2020-01-01 00:00:00"
	order := func(paid, completed time.Time) int64 {
		id := testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Status: "completed", Created: at, Paid: paid, Completed: completed}))
		testshop.Do(shop.WriteDate(ctx, id, "_paid_date", old))
		testshop.Do(shop.WriteDate(ctx, id, "_completed_date", old))
		return id
	}
	want := map[int64]string{
		order(at, at):                         stamp(at) + "|" + stamp(at),
		order(at, testshop.Never):             stamp(at) + "|", // the paid date counts
		order(testshop.Never, at):             old + "|" + stamp(at),
		order(testshop.Never, testshop.Never): old + "|" + old,
	}
	twice := order(testshop.Never, testshop.Never)
	write(t, shop, `INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value) VALUES (?, '_paid_date', '2021-01-01 00:00:00')`, twice)
	want[twice] = old + "|" + old // the first of duplicates
	zero := order(at, at)
	write(t, shop, `UPDATE wp_wc_order_operational_data SET date_paid_gmt = '0000-00-00 00:00:00', date_completed_gmt = '0000-00-00 00:00:00' WHERE order_id = ?`, zero)
	want[zero] = old + "|" + old
	bare := order(at, at)
	write(t, shop, `DELETE FROM wp_wc_order_operational_data WHERE order_id = ?`, bare)
	want[bare] = old + "|" + old
	got := map[int64]string{}
	for _, record := range allOrders(t, s, store.HPOS) {
		got[record.Order.ID] = stamp(record.Order.Paid) + "|" + stamp(record.Order.Completed)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- want, + got:\n%s", diff)
	}
}

// WordPress leaves the date in GMT at zero until a post is published; the
// site's own date says when it was made.
func TestZeroDatesInGMT(t *testing.T) {
	shop, s := newShop(t, testshop.Options{Storage: testshop.Legacy, GMTOffset: "5.5"})
	ctx := t.Context()
	const zero = "0000-00-00 00:00:00"
	order := testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Status: "processing", Lines: []testshop.Line{{Total: "10"}}}))
	refund := testshop.Must(shop.Refund(ctx, order, testshop.Refund{Amount: "4"}))
	for _, test := range []struct{ gmt, local, want string }{
		{zero, "2025-07-04 18:30:00", "2025-07-04 13:00:00"},
		{zero, "2025-01-01 00:00:00", "2024-12-31 18:30:00"},
		{zero, zero, ""},
		{"2025-07-04 13:00:00", zero, "2025-07-04 13:00:00"},
		{"2025-07-04 13:00:00", "2024-01-01 00:00:00", "2025-07-04 13:00:00"},
	} {
		write(t, shop, `UPDATE wp_posts SET post_date_gmt = ?, post_date = ? WHERE ID IN (?, ?)`, test.gmt, test.local, order, refund)
		record := allOrders(t, s, store.Legacy)[0]
		if got := stamp(record.Order.Created); got != test.want {
			t.Errorf("%s, %s: created %q, want %q", test.gmt, test.local, got, test.want)
		}
		if got := stamp(record.Order.Refunds[0].Created); got != test.want {
			t.Errorf("%s, %s: refund created %q, want %q", test.gmt, test.local, got, test.want)
		}
		checkSums(t, s, store.Legacy)
	}
}

// Orders without any date are found and named, and so are those of customers
// who do not exist.
func TestOrdersToBeNamed(t *testing.T) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		ctx := t.Context()
		ann := testshop.Must(shop.AddUser(ctx, testshop.User{Login: "ann", Email: "ann@example.com"}))
		order := func(status string, customer int64) int64 {
			return testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Status: status, Customer: customer, Lines: []testshop.Line{{Total: "10"}}}))
		}
		var undated, unknown []int64
		for _, status := range []string{"completed", "processing", "shipped", "on-hold", "refunded"} {
			id := order(status, ann)
			testshop.Do(shop.LoseDates(ctx, id))
			undated = append(undated, id)
			order(status, ann)
		}
		for _, status := range []string{"cancelled", "failed", "trash"} { // worth nothing whenever they were
			testshop.Do(shop.LoseDates(ctx, order(status, ann)))
		}
		dated := order("completed", ann)
		testshop.Do(shop.LoseDates(ctx, dated))
		testshop.Do(shop.WriteDate(ctx, dated, "_completed_date", "2025-07-04 18:30:00"))
		testshop.Must(shop.Refund(ctx, dated, testshop.Refund{Amount: "1"}))
		for _, customer := range []int64{ann + 1, 0, 777, ann} {
			if id := order("completed", customer); customer > ann {
				unknown = append(unknown, id)
			}
		}
		named := map[bool][]int64{}
		for _, record := range allOrders(t, s, storage) {
			named[record.Undated] = append(named[record.Undated], record.Order.ID)
			want := []string{fmt.Sprintf("order %d has no date at all, it counts as of 1970-01-01: give it a date of creation in WooCommerce", record.Order.ID)}
			if record.Undated && !slices.Equal(record.Dates, want) || !record.Undated && len(record.Dates) > 0 {
				t.Errorf("order %d: %q", record.Order.ID, record.Dates)
			}
		}
		if !slices.Equal(named[true], undated) {
			t.Errorf("without any date: %v, want %v", named[true], undated)
		}
		at(t, s, func(sn *store.Snapshot) error {
			for _, limit := range []int{2, 100} {
				for what, test := range map[string]struct {
					find func() (store.Some, error)
					want []int64
				}{
					"undated":          {func() (store.Some, error) { return sn.Undated(ctx, storage, limit) }, undated},
					"without customer": {func() (store.Some, error) { return sn.WithoutCustomer(ctx, storage, limit) }, unknown},
				} {
					found, err := test.find()
					want := store.Some{Count: int64(len(test.want)), IDs: test.want[:min(limit, len(test.want))]}
					if diff := cmp.Diff(want, found); diff != "" || err != nil {
						t.Errorf("%s: %v (- want, + got):\n%s", what, err, diff)
					}
				}
			}
			return nil
		})
		checkSums(t, s, storage)
	})
}
