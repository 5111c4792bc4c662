package testshop_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

// modes runs test in each storage mode on each server.
func modes(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Parallel()
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for i, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy, testshop.Synced} {
			t.Run(storage.String(), func(t *testing.T) {
				prefix := fmt.Sprintf("wp%d_", i)
				shop := db.Shop(t, testshop.Options{Prefix: prefix, Storage: storage, Timezone: "America/New_York"})
				f := &fixture{T: t, Shop: shop, dsn: db.DSN(), clock: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
				shop.Now = func() time.Time { return f.clock }
				f.customer = testshop.Must(shop.AddUser(t.Context(), testshop.User{Login: "ann", Email: "ann@example.com"}))
				f.order = f.place(testshop.Order{Customer: f.customer})
				test(t, f)
			})
		}
	})
}

type fixture struct {
	*testing.T
	*testshop.Shop
	clock           time.Time
	dsn             string
	customer, order int64
}

func (f *fixture) ctx() context.Context { return f.Context() }

// place places the order of the recordings: two lines, shipping, and a coupon
// unless it is "none".
func (f *fixture) place(o testshop.Order) int64 {
	f.Helper()
	o.Lines = []testshop.Line{
		{Product: 10, Name: "P1", Qty: "2", Subtotal: "39.99", Total: "35.99", SubtotalTax: "4", Tax: "3.6"},
		{Product: 11, Name: "P2", Qty: "1", Subtotal: "10", Total: "9", SubtotalTax: "1", Tax: "0.9"},
	}
	o.Shipping, o.ShippingTax = "5", "0.5"
	switch o.Coupon {
	case "":
		o.Coupon = "ten"
	case "none":
		o.Coupon = ""
	}
	return testshop.Must(f.PlaceOrder(f.ctx(), o))
}

func (f *fixture) later() { f.clock = f.clock.Add(time.Hour) }

// text returns the one value that query selects, "NULL" or "-" (no row).
func (f *fixture) text(query string, args ...any) string {
	f.Helper()
	rows, err := f.DB.QueryContext(f.ctx(), f.Prefix.SQL(query), args...)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var value any
		if err := rows.Scan(&value); err != nil {
			f.Fatal(err)
		}
		switch v := value.(type) {
		case nil:
			all = append(all, "NULL")
		case []byte:
			all = append(all, string(v))
		case time.Time:
			all = append(all, v.Format("2006-01-02 15:04:05"))
		default:
			all = append(all, fmt.Sprint(v))
		}
	}
	if err := rows.Err(); err != nil {
		f.Fatal(err)
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, ",")
}

func (f *fixture) want(want, query string, args ...any) {
	f.Helper()
	if got := f.text(query, args...); got != want {
		f.Errorf("%s %v\n got %s\nwant %s", query, args, got, want)
	}
}

// modified returns the modified dates of an order in both storages.
func (f *fixture) modified(order int64) string {
	var all []string
	if f.Storage != testshop.Legacy {
		all = append(all, f.text(`SELECT date_updated_gmt FROM {p}wc_orders WHERE id = ?`, order))
	}
	if f.Storage != testshop.HPOS {
		all = append(all, f.text(`SELECT post_modified_gmt FROM {p}posts WHERE ID = ?`, order))
	}
	return strings.Join(all, "|")
}

// bumps says whether change moves the order's modified date to the clock.
func (f *fixture) bumps(name string, want bool, change func() error) {
	f.Helper()
	f.later()
	before := f.modified(f.order)
	if err := change(); err != nil {
		f.Fatalf("%s: %v", name, err)
	}
	after := f.modified(f.order)
	if (before != after) != want {
		f.Errorf("%s: modified %s -> %s, want a bump: %t", name, before, after, want)
	}
	if want && !strings.HasPrefix(after, f.clock.Format("2006-01-02 15:04:05")) {
		f.Errorf("%s: modified %s, want the shop's clock %s", name, after, f.clock)
	}
}

func TestAnOrderIsWrittenAsRecorded(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		if f.Storage != testshop.Legacy {
			f.want("wc-pending", `SELECT status FROM {p}wc_orders WHERE id = ?`, f.order)
			f.want("54.99000000", `SELECT total_amount FROM {p}wc_orders WHERE id = ?`, f.order)
			f.want("4.50000000", `SELECT tax_amount FROM {p}wc_orders WHERE id = ?`, f.order)
			f.want("ann@example.com", `SELECT billing_email FROM {p}wc_orders WHERE id = ?`, f.order)
			f.want("5.00000000", `SELECT discount_total_amount FROM {p}wc_order_operational_data WHERE order_id = ?`, f.order)
			f.want("0.50000000", `SELECT shipping_tax_amount FROM {p}wc_order_operational_data WHERE order_id = ?`, f.order)
			f.want("NULL", `SELECT date_paid_gmt FROM {p}wc_order_operational_data WHERE order_id = ?`, f.order)
		}
		if f.Storage == testshop.HPOS {
			f.want("shop_order_placehold", `SELECT post_type FROM {p}posts WHERE ID = ?`, f.order)
		} else {
			f.want("shop_order", `SELECT post_type FROM {p}posts WHERE ID = ?`, f.order)
			f.want("2026-01-01 07:00:00", `SELECT post_date FROM {p}posts WHERE ID = ?`, f.order)
			f.want("54.99", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_order_total'`, f.order)
			f.want("4.5", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_order_tax'`, f.order)
			f.want(fmt.Sprint(f.customer), `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_customer_user'`, f.order)
			f.want("-", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_date_paid'`, f.order)
		}
		f.want("line_item,line_item,shipping,tax,coupon", `SELECT order_item_type FROM {p}woocommerce_order_items WHERE order_id = ? ORDER BY order_item_id`, f.order)
		f.want("35.99,9", `SELECT meta_value FROM {p}woocommerce_order_itemmeta m JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id
			WHERE order_id = ? AND meta_key = '_line_total' ORDER BY meta_id`, f.order)
	})
}

func TestWhatMovesTheModifiedDate(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx, hpos := f.ctx(), f.Storage != testshop.Legacy
		line := testshop.Must(f.Items(ctx, f.order, "line_item"))[0]
		other := testshop.Must(f.AddUser(ctx, testshop.User{Login: "bob", Email: "bob@example.com"}))
		var refund int64
		f.bumps("pay", true, func() error { return f.Pay(ctx, f.order) })
		f.bumps("complete", true, func() error { return f.SetStatus(ctx, f.order, "completed") })
		f.bumps("save", hpos, func() error { return f.Save(ctx, f.order) })
		f.bumps("same status", hpos, func() error { return f.SetStatus(ctx, f.order, "completed") })
		f.bumps("note", false, func() error { return f.AddOrderNote(ctx, f.order, "n") })
		f.bumps("edit a line", false, func() error { return f.EditItem(ctx, line, "_line_total", "35") })
		f.bumps("recalculate", hpos, func() error { return f.Recalculate(ctx, f.order) })
		f.bumps("e-mail", hpos, func() error { return f.SetBillingEmail(ctx, f.order, "new@example.com") })
		f.bumps("customer", hpos, func() error { return f.SetCustomer(ctx, f.order, other) })
		f.bumps("account's e-mail", false, func() error { return f.SetEmail(ctx, other, "bob2@example.com") })
		f.bumps("refund", true, func() (err error) {
			refund, err = f.Refund(ctx, f.order, testshop.Refund{Amount: "5"})
			return err
		})
		f.bumps("refund deleted", false, func() error { return f.DeleteRefund(ctx, refund) })
		f.bumps("trash", true, func() error { return f.Trash(ctx, f.order) })
		f.bumps("untrash", true, func() error { return f.Untrash(ctx, f.order) })
		f.bumps("dates", true, func() error { return f.SetDates(ctx, f.order, testshop.Dates{Created: f.clock.AddDate(-1, 0, 0)}) })

		f.later()
		before := f.modified(f.order)
		testshop.Do(f.DeleteUser(ctx, other))
		after := f.modified(f.order)
		switch f.Storage {
		case testshop.HPOS:
			if before == after {
				t.Error("deleting the customer left date_updated_gmt")
			}
		case testshop.Legacy:
			if before != after {
				t.Error("deleting the customer moved post_modified")
			}
		case testshop.Synced:
			if strings.Split(before, "|")[0] == strings.Split(after, "|")[0] || strings.Split(before, "|")[1] != strings.Split(after, "|")[1] {
				t.Errorf("deleting the customer: %s -> %s, want only date_updated_gmt to move", before, after)
			}
		}

		f.later()
		back := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		testshop.Do(f.SetModified(ctx, f.order, back))
		want := "2024-01-01 00:00:00"
		if f.Storage == testshop.Legacy {
			want = f.clock.Format(time.DateTime)
		}
		if got := f.modified(f.order); !strings.HasPrefix(got, want) {
			t.Errorf("set_date_modified: %s, want %s", got, want)
		}
	})
}

func TestPaidStaysAndCompletedIsSetAnew(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		dates := func() string {
			if f.Storage == testshop.Legacy {
				return f.text(`SELECT CONCAT(FROM_UNIXTIME(MAX(IF(meta_key = '_date_paid', meta_value, NULL)) + 0), ' ',
					COALESCE(FROM_UNIXTIME(MAX(IF(meta_key = '_date_completed', meta_value, NULL)) + 0), '')) FROM {p}postmeta WHERE post_id = ?`, f.order)
			}
			return f.text(`SELECT CONCAT(date_paid_gmt, ' ', COALESCE(date_completed_gmt, '')) FROM {p}wc_order_operational_data WHERE order_id = ?`, f.order)
		}
		for i, step := range []struct{ status, want string }{
			{"processing", "2026-01-01 13:00:00 "},
			{"completed", "2026-01-01 13:00:00 2026-01-01 14:00:00"},
			{"cancelled", "2026-01-01 13:00:00 2026-01-01 14:00:00"},
			{"completed", "2026-01-01 13:00:00 2026-01-01 16:00:00"},
			{"processing", "2026-01-01 13:00:00 2026-01-01 16:00:00"},
		} {
			f.later()
			testshop.Do(f.SetStatus(ctx, f.order, step.status))
			if got := trimFraction(dates()); got != step.want {
				t.Errorf("step %d, %s: %q, want %q", i, step.status, got, step.want)
			}
		}
	})
}

func trimFraction(text string) string { return strings.ReplaceAll(text, ".000000", "") }

func TestStatusRefundedRefundsTheRest(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		testshop.Do(f.SetStatus(ctx, f.order, "completed"))
		testshop.Must(f.Refund(ctx, f.order, testshop.Refund{Amount: "5"}))
		testshop.Do(f.SetStatus(ctx, f.order, "refunded"))
		refunds := testshop.Must(f.Refunds(ctx, f.order))
		if len(refunds) != 2 {
			t.Fatalf("%d refunds, want 2", len(refunds))
		}
		f.refund(refunds[1], "49.99", "full")
		f.status(f.order, "wc-refunded")
	})
}

// refund checks a refund's positive amount, negative total and type.
func (f *fixture) refund(id int64, amount, kind string) {
	f.Helper()
	table, key := `{p}wc_orders_meta`, "order_id"
	if f.Storage == testshop.Legacy {
		table, key = `{p}postmeta`, "post_id"
	}
	f.want(amount, `SELECT meta_value FROM `+table+` WHERE `+key+` = ? AND meta_key = '_refund_amount'`, id)
	f.want(kind, `SELECT meta_value FROM `+table+` WHERE `+key+` = ? AND meta_key = '_refund_type'`, id)
	if f.Storage != testshop.Legacy {
		f.want("1", `SELECT total_amount = -? FROM {p}wc_orders WHERE id = ?`, amount, id)
		f.want("NULL", `SELECT customer_id FROM {p}wc_orders WHERE id = ?`, id)
	}
	if f.Storage != testshop.HPOS {
		f.want("1", `SELECT meta_value = -? FROM {p}postmeta WHERE post_id = ? AND meta_key = '_order_total'`, amount, id)
		f.want("shop_order_refund", `SELECT post_type FROM {p}posts WHERE ID = ?`, id)
	}
}

func (f *fixture) status(id int64, want string) {
	f.Helper()
	if f.Storage != testshop.Legacy {
		f.want(want, `SELECT status FROM {p}wc_orders WHERE id = ?`, id)
	}
	if f.Storage != testshop.HPOS {
		f.want(want, `SELECT post_status FROM {p}posts WHERE ID = ?`, id)
	}
}

func TestARefundNamesItsLines(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		testshop.Do(f.SetStatus(ctx, f.order, "completed"))
		line := testshop.Must(f.Items(ctx, f.order, "line_item"))[0]
		id := testshop.Must(f.Refund(ctx, f.order, testshop.Refund{
			Reason: "why", Lines: []testshop.RefundLine{{Item: line, Qty: "1", Total: "10", Tax: "1"}}, Shipping: "2", ShippingTax: "0.2",
		}))
		f.refund(id, "13.2", "partial")
		f.status(f.order, "wc-completed")
		f.want("-10,-2", `SELECT meta_value FROM {p}woocommerce_order_itemmeta m JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id
			WHERE order_id = ? AND meta_key IN ('_line_total', 'cost') ORDER BY meta_id`, id)
		f.want("-1", `SELECT meta_value FROM {p}woocommerce_order_itemmeta m JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id
			WHERE order_id = ? AND meta_key = '_qty'`, id)
		f.want(fmt.Sprint(line), `SELECT meta_value FROM {p}woocommerce_order_itemmeta m JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id
			WHERE order_id = ? AND order_item_type = 'line_item' AND meta_key = '_refunded_item_id'`, id)
		if f.Storage != testshop.Legacy {
			f.want("-2.00000000", `SELECT shipping_total_amount FROM {p}wc_order_operational_data WHERE order_id = ?`, id)
			f.want("-1.00000000", `SELECT tax_amount FROM {p}wc_orders WHERE id = ?`, id)
			f.want("54.99000000", `SELECT total_amount FROM {p}wc_orders WHERE id = ?`, f.order)
		}
		if f.Storage != testshop.HPOS {
			f.want("-2", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_order_shipping'`, id)
		}
	})
}

func TestTrashTreatsRefundsAsEachStorageDoes(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		testshop.Do(f.SetStatus(ctx, f.order, "completed"))
		refund := testshop.Must(f.Refund(ctx, f.order, testshop.Refund{Amount: "3"}))
		refundDate := f.text(`SELECT post_modified_gmt FROM {p}posts WHERE ID = ?`, refund)
		f.later()
		testshop.Do(f.Trash(ctx, f.order))
		f.status(f.order, "trash")
		posts := map[testshop.Storage][2]string{testshop.HPOS: {"draft", "draft"}, testshop.Legacy: {"trash", "wc-completed"}, testshop.Synced: {"trash", "trash"}}[f.Storage]
		f.want(posts[0], `SELECT post_status FROM {p}posts WHERE ID = ?`, refund)
		f.want(refundDate, `SELECT post_modified_gmt FROM {p}posts WHERE ID = ?`, refund)
		f.later()
		testshop.Do(f.Untrash(ctx, f.order))
		f.status(f.order, "wc-completed")
		f.want(posts[1], `SELECT post_status FROM {p}posts WHERE ID = ?`, refund)
		if f.Storage != testshop.Legacy {
			f.want("wc-completed", `SELECT status FROM {p}wc_orders WHERE id = ?`, refund)
			f.want("0", `SELECT COUNT(*) FROM {p}wc_orders_meta WHERE meta_key LIKE '\_wp\_trash%'`)
		} else {
			f.want("0", `SELECT COUNT(*) FROM {p}comments WHERE comment_approved = 'post-trashed'`)
		}
	})
}

func TestDeletedOrdersLeaveNoRow(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		testshop.Do(f.SetStatus(ctx, f.order, "completed"))
		line := testshop.Must(f.Items(ctx, f.order, "line_item"))[0]
		testshop.Must(f.Refund(ctx, f.order, testshop.Refund{Lines: []testshop.RefundLine{{Item: line, Qty: "1", Total: "1"}}}))
		testshop.Do(f.Delete(ctx, f.order))
		for _, table := range []string{"wc_orders", "wc_orders_meta", "wc_order_operational_data", "wc_order_addresses", "woocommerce_order_items", "woocommerce_order_itemmeta"} {
			f.want("0", `SELECT COUNT(*) FROM {p}`+table)
		}
		f.want("0", `SELECT COUNT(*) FROM {p}posts WHERE post_type LIKE 'shop\_order%'`)
		notes := f.text(`SELECT COUNT(*) > 0 FROM {p}comments WHERE comment_type = 'order_note'`)
		if want := map[bool]string{true: "1", false: "0"}[f.Storage == testshop.HPOS]; notes != want {
			t.Errorf("order notes left behind: %s, want %s", notes, want)
		}
	})
}

func TestASaveCanBeSeenHalfWritten(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		testshop.Do(f.SetStatus(ctx, f.order, "completed"))
		before := f.modified(f.order)
		f.later()
		seen := map[string]bool{}
		for n := 0; ; n++ {
			f.Before = testshop.StopAfter(n)
			id, err := f.Refund(ctx, f.order, testshop.Refund{Amount: "7"})
			f.Before = nil
			if err == nil {
				break
			}
			if !errors.Is(err, testshop.ErrStopped) {
				t.Fatal(err)
			}
			if f.Storage != testshop.Legacy {
				seen[f.text(`SELECT total_amount FROM {p}wc_orders WHERE id = ?`, id)] = true
			} else {
				seen[f.text(`SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_order_total'`, id)] = true
			}
			if f.modified(f.order) == before {
				seen["order untouched"] = true
			}
			if id != 0 {
				testshop.Do(f.DeleteRefund(ctx, id))
			}
		}
		want := map[string]bool{"order untouched": true, "-": true, "0.00000000": true, "-7.00000000": true}
		if f.Storage == testshop.Legacy {
			want = map[string]bool{"order untouched": true, "-": true, "0": true, "-7.00": true}
		}
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("states seen: %v, want %v", seen, want)
		}
		if f.modified(f.order) == before {
			t.Error("the order's modified date was never bumped")
		}
	})
}

func TestItemsMayComeBeforeTheirOrder(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		f.Before = testshop.StopAfter(15)
		_, err := f.PlaceOrder(f.ctx(), testshop.Order{ItemsFirst: true, Lines: []testshop.Line{{Product: 1, Total: "1"}}})
		f.Before = nil
		if !errors.Is(err, testshop.ErrStopped) {
			t.Fatalf("err %v, want ErrStopped", err)
		}
		f.want("1", `SELECT COUNT(*) FROM {p}woocommerce_order_items WHERE order_id = 0`)
		id := f.place(testshop.Order{ItemsFirst: true})
		f.want("5", `SELECT COUNT(*) FROM {p}woocommerce_order_items WHERE order_id = ?`, id)
	})
}

func TestSwitchingStorageKeepsTheOrders(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		testshop.Do(f.SetStatus(ctx, f.order, "completed"))
		line := testshop.Must(f.Items(ctx, f.order, "line_item"))[0]
		refund := testshop.Must(f.Refund(ctx, f.order, testshop.Refund{Lines: []testshop.RefundLine{{Item: line, Qty: "1", Total: "10", Tax: "1"}}}))
		trashed := f.place(testshop.Order{Status: "on-hold", Email: "x@example.com"})
		testshop.Do(f.Trash(ctx, trashed))
		start := f.Storage
		for _, to := range []testshop.Storage{testshop.Legacy, testshop.Synced, testshop.HPOS, testshop.Legacy, testshop.HPOS, start} {
			testshop.Do(f.SwitchStorage(ctx, to))
			f.refund(refund, "11", "partial")
			f.later()
			testshop.Do(f.SetStatus(ctx, f.order, "processing"))
			testshop.Do(f.SetStatus(ctx, f.order, "completed"))
			if got := f.modified(f.order); !strings.HasPrefix(got, f.clock.Format(time.DateTime)) {
				t.Errorf("%s: modified %s, want %s", to, got, f.clock)
			}
			f.status(f.order, "wc-completed")
			f.status(trashed, "trash")
			again, err := testshop.OpenShop(ctx, f.dsn, testshop.Options{Prefix: string(f.Prefix)})
			if err != nil {
				t.Fatal(err)
			}
			if again.Storage != to {
				t.Errorf("the options say %s, want %s", again.Storage, to)
			}
			testshop.Do(again.Close())
		}
		testshop.Do(f.Untrash(ctx, trashed))
		f.status(trashed, "wc-on-hold")
	})
}
