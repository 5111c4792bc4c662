package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

func TestCommentsOfUsersInPages(t *testing.T) {
	shop, s := newShop(t, testshop.Options{})
	ctx := t.Context()
	post := testshop.Must(shop.AddPost(ctx, testshop.Post{}))
	var want []int64
	for i := range 12 {
		user := int64(2 + i%3)
		id := testshop.Must(shop.AddComment(ctx, testshop.Comment{User: user, Author: "a", Email: "a@example.com", Post: post}))
		if user != 3 {
			want = append(want, id)
		}
	}
	users := []int64{4, 2, 2, 0}
	for i := range int64(2500) { // more than one list
		users = append(users, 1000+i)
	}
	var got []int64
	at(t, s, func(sn *store.Snapshot) error {
		for after := int64(0); ; {
			page, err := sn.CommentsOfUsers(ctx, users, after, 3)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, record := range page {
				after = record.Comment.ID
				got = append(got, after)
			}
		}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- want, + got:\n%s", diff)
	}
}

func TestCategoriesOfProducts(t *testing.T) {
	shop, s := newShop(t, testshop.Options{})
	ctx := t.Context()
	tea := testshop.Must(shop.AddCategory(ctx, "Tea", 0))
	green := testshop.Must(shop.AddCategory(ctx, "Green tea", tea))
	both := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "a", Categories: []int64{green, tea}}))
	none := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "b"}))
	gone := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "c", Categories: []int64{tea}}))
	binned := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "d", Categories: []int64{tea}}))
	post := testshop.Must(shop.AddPost(ctx, testshop.Post{}))
	write(t, shop, `DELETE FROM wp_term_relationships WHERE object_id = ?`, none)
	testshop.Do(shop.DeleteProduct(ctx, gone))
	testshop.Do(shop.TrashPost(ctx, binned))
	// Two categories of which each is the other's parent, and one that is its own.
	hot := testshop.Must(shop.AddCategory(ctx, "Hot", green))
	iced := testshop.Must(shop.AddCategory(ctx, "Iced", hot))
	write(t, shop, `UPDATE wp_term_taxonomy SET parent = ? WHERE term_id = ?`, iced, hot)
	own := testshop.Must(shop.AddCategory(ctx, "Own", 0))
	write(t, shop, `UPDATE wp_term_taxonomy SET parent = term_id WHERE term_id = ?`, own)
	round := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "e", Categories: []int64{own, hot}}))
	type paths = []program.CategoryPath
	want := map[int64]paths{both: {{tea}, {green, tea}}, none: {}, binned: {{tea}}, round: {{hot, iced}, {own}}}
	got := read(t, s, func(sn *store.Snapshot) (map[int64]paths, error) {
		return sn.Categories(ctx, []int64{post, both, gone, none, both, binned, round, 0, -3})
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- want, + got:\n%s", diff)
	}
	var pages []int64
	at(t, s, func(sn *store.Snapshot) error {
		for after := int64(0); ; {
			page, err := sn.CategoriesAfter(ctx, after, 2)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, product := range page {
				after = product.Product
				pages = append(pages, after)
				if diff := cmp.Diff(want[after], product.Categories); diff != "" {
					t.Errorf("product %d: %s", after, diff)
				}
			}
		}
	})
	if !slices.Equal(pages, []int64{both, none, binned, round}) {
		t.Errorf("products %v", pages)
	}
}

// WooCommerce before 3.0 wrote the dates of payment and completion only as
// text in the site's time.
func TestLegacyDatesInWords(t *testing.T) {
	shop, s := newShop(t, testshop.Options{Storage: testshop.Legacy, Timezone: "America/New_York"})
	ctx := t.Context()
	order := testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Status: "completed"}))
	dates := func(set map[string]any) (paid, completed string) {
		t.Helper()
		write(t, shop, `DELETE FROM wp_postmeta WHERE meta_key IN ('_date_paid', '_paid_date', '_date_completed', '_completed_date')`)
		for key, value := range set {
			write(t, shop, `INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (?, ?, ?)`, order, key, value)
		}
		o := allOrders(t, s, store.Legacy)[0].Order
		return stamp(o.Paid), stamp(o.Completed)
	}
	for _, test := range []struct {
		set       map[string]any
		paid, end string
	}{
		{map[string]any{"_date_paid": "1720000000", "_paid_date": "2016-07-01 12:00:00"}, "2024-07-03 09:46:40", ""},
		{map[string]any{"_paid_date": "2016-07-01 12:00:00", "_completed_date": "2016-12-01 12:00:00"}, "2016-07-01 16:00:00", "2016-12-01 17:00:00"},
		{map[string]any{"_date_paid": "", "_date_completed": "0"}, "", ""},
		{map[string]any{"_date_paid": "-5", "_date_completed": "99999999999999999"}, "", ""},
		{map[string]any{"_date_paid": nil, "_date_completed": "soon", "_paid_date": "0000-00-00 00:00:00"}, "", ""},
	} {
		if paid, end := dates(test.set); paid != test.paid || end != test.end {
			t.Errorf("%v: paid %q completed %q, want %q and %q", test.set, paid, end, test.paid, test.end)
		}
	}
}

func TestRefundAmountThatCannotBeReadIsNothing(t *testing.T) {
	eachShop(t, func(t *testing.T, shop *testshop.Shop, s *store.Store, storage store.Storage) {
		ctx := t.Context()
		order := testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Status: "completed", Lines: []testshop.Line{{Total: "10"}}}))
		refund := testshop.Must(shop.Refund(ctx, order, testshop.Refund{Amount: "4"}))
		table := map[store.Storage]string{store.HPOS: "wp_wc_orders_meta", store.Legacy: "wp_postmeta"}[storage]
		for value, want := range map[string]string{
			"4,00": fmt.Sprintf(`0 [order %d: refund %d: _refund_amount "4,00"]`, order, refund),
			"":     "4 []", // what is not stored is what the refund's total says
			"3.5":  "3.5 []",
		} {
			write(t, shop, `UPDATE `+table+` SET meta_value = ? WHERE meta_key = '_refund_amount'`, value)
			record := allOrders(t, s, storage)[0]
			if got := fmt.Sprintf("%s %v", plain(record.Order.Refunds[0].Amount), record.Problems); got != want {
				t.Errorf("_refund_amount %q: %s, want %s", value, got, want)
			}
		}
	})
}

func TestLostConnectionIsToldApart(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		shop, err := testshop.NewShop(ctx, db.DSN(), testshop.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer shop.Close()
		s := open(t, db)
		err = s.Snapshot(ctx, func(sn *store.Snapshot) error {
			if _, err := sn.MaxOrderID(ctx, store.HPOS); err != nil {
				return err
			}
			var connections []int64
			err := db.Root.SelectContext(ctx, &connections, `SELECT id FROM information_schema.processlist WHERE db = ? AND user LIKE 'u\_%'`, db.Name)
			if err != nil {
				return err
			}
			for _, id := range connections {
				if _, err := db.Root.ExecContext(ctx, fmt.Sprintf("KILL %d", id)); err != nil {
					return err
				}
			}
			for range 1000 { // the server ends it when it gets to it
				if _, err := sn.MaxOrderID(ctx, store.HPOS); err != nil {
					return err
				}
			}
			return errors.New("the connection lives")
		})
		if !database.ConnectionLost(err) {
			t.Errorf("got %v, want a lost connection", err)
		}
		if err := s.Snapshot(ctx, func(sn *store.Snapshot) error {
			_, err := sn.MaxOrderID(ctx, store.HPOS)
			return err
		}); err != nil {
			t.Errorf("the next one: %v", err)
		}

		ended, cancel := context.WithTimeout(ctx, time.Nanosecond)
		defer cancel()
		if err := s.Snapshot(ended, func(*store.Snapshot) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with no time left: %v", err)
		}
	})
}

func TestOrdersThatWereMadeAnonymous(t *testing.T) {
	for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy, testshop.Synced} {
		t.Run(storage.String(), func(t *testing.T) {
			shop, s := newShop(t, testshop.Options{Storage: storage})
			ctx := t.Context()
			var orders []int64
			for range 4 {
				orders = append(orders, testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Email: "a@example.com"})))
			}
			for i, mark := range []func(int64) error{
				func(id int64) error { return shop.EraseOrder(ctx, id) },
				func(id int64) error { return shop.MarkErased(ctx, id) },
				func(id int64) error {
					return shop.Exec(ctx, fmt.Sprintf(`INSERT INTO {p}%s VALUES (%d, '_anonymized', 'no'), (%d, '_anonymized_by', 'yes')`,
						map[bool]string{true: "postmeta (post_id, meta_key, meta_value)", false: "wc_orders_meta (order_id, meta_key, meta_value)"}[storage == testshop.Legacy], id, id))
				},
			} {
				if err := mark(orders[i]); err != nil {
					t.Fatal(err)
				}
			}
			kind := store.HPOS
			if storage == testshop.Legacy {
				kind = store.Legacy
			}
			at(t, s, func(sn *store.Snapshot) error {
				got, err := sn.Anonymised(ctx, kind, append(orders, 99999))
				slices.Sort(got)
				if diff := cmp.Diff(orders[:2], got); diff != "" {
					t.Errorf("- want, + got:\n%s", diff)
				}
				return err
			})
		})
	}
}
