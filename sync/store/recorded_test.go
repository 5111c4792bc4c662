package store_test

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// recorded is what WooCommerce's own API says of a recorded store, with the
// stored values where the API loses some.
type recorded struct {
	Timezone string `json:"timezone"`
	Currency string `json:"currency"`
	Orders   []struct {
		ID          int64  `json:"id"`
		Status      string `json:"status"`
		Customer    int64  `json:"customer_id"`
		Email       string `json:"billing_email"`
		Currency    string `json:"currency"`
		Created     string `json:"date_created"`
		Modified    string `json:"date_modified"`
		Paid        string `json:"date_paid"`
		Completed   string `json:"date_completed"`
		Total       string `json:"total"`
		Shipping    string `json:"shipping_total"`
		ShippingTax string `json:"shipping_tax"`
		Items       []recordedItem
		Fees        []recordedItem
		Refunds     []struct{ ID int64 }
	}
	Refunds []struct {
		ID          int64  `json:"id"`
		Parent      int64  `json:"parent_id"`
		Created     string `json:"date_created"`
		Amount      string `json:"amount"`
		Shipping    string `json:"shipping_total"`
		ShippingTax string `json:"shipping_tax"`
		Items       []recordedItem
		Fees        []recordedItem
	}
	Comments []struct {
		ID         int64
		Type       string
		Post       int64  `json:"post_id"`
		PostType   string `json:"post_type"`
		PostAuthor int64  `json:"post_author"`
		User       int64  `json:"user_id"`
		Approved   string
		At         string `json:"date_gmt"`
		Parent     int64
		Verified   bool
	}
	Users []struct {
		ID         int64
		Email      string
		Name       string `json:"display_name"`
		Registered string
		Roles      []string
	}
	Products []struct {
		ID         int64
		Categories []int64 `json:"category_ids"`
	}
}

type recordedItem struct {
	ID          int64  `json:"item_id"`
	Name        string `json:"name"`
	Product     int64  `json:"stored_product_id"`
	Variation   int64  `json:"stored_variation_id"`
	Quantity    string `json:"stored_qty"`
	Total       string `json:"stored_total"`
	Subtotal    string `json:"stored_subtotal"`
	Tax         string `json:"stored_total_tax"`
	SubtotalTax string `json:"stored_subtotal_tax"`
	Refunded    int64  `json:"refunded_item_id"`
}

func loadRecorded(t *testing.T, path string) recorded {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.NewDecoder(text).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// eachRecorded runs test on both recorded stores on each server.
func eachRecorded(t *testing.T, test func(t *testing.T, s *store.Store, storage store.Storage, want recorded)) {
	for name, storage := range map[string]store.Storage{"store-a-hpos": store.HPOS, "store-b-legacy": store.Legacy} {
		t.Run(string(storage), func(t *testing.T) {
			dump, oracle := shared(t, name+".sql.gz"), shared(t, name+".oracle.json.gz")
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				db.Load(t, dump)
				test(t, open(t, db), storage, loadRecorded(t, oracle))
			})
		})
	}
}

// number is the one text of equal decimals.
func number(t *testing.T, text string) string {
	t.Helper()
	d, err := program.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return plain(d)
}

func plain(d apd.Decimal) string {
	var reduced apd.Decimal
	reduced.Reduce(&d)
	return reduced.Text('f')
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.DateTime)
}

// cents rounds as WooCommerce's API rounds totals.
func cents(t *testing.T, d apd.Decimal) string {
	t.Helper()
	context := apd.BaseContext.WithPrecision(40)
	context.Rounding = apd.RoundHalfUp
	var rounded apd.Decimal
	if _, err := context.Quantize(&rounded, &d, -2); err != nil {
		t.Fatal(err)
	}
	return plain(rounded)
}

func TestOrdersAreReadAsWooCommerceReadsThem(t *testing.T) {
	eachRecorded(t, func(t *testing.T, s *store.Store, storage store.Storage, want recorded) {
		var ids []int64
		for _, order := range want.Orders {
			ids = append(ids, order.ID)
		}
		got := map[int64]program.Order{}
		for _, record := range read(t, s, func(sn *store.Snapshot) ([]store.OrderRecord, error) {
			return sn.Orders(t.Context(), storage, ids, true)
		}) {
			got[record.Order.ID] = record.Order
			if len(record.Problems) > 0 {
				t.Errorf("problems: %q", record.Problems)
			}
		}
		if len(got) != len(want.Orders) {
			t.Errorf("got %d orders, want %d", len(got), len(want.Orders))
		}
		refunds := map[int64]string{}
		for _, r := range want.Refunds {
			text := fmt.Sprintf("refund %d at %s of %s, shipping %s + %s\n", r.ID, r.Created, number(t, r.Amount), number(t, r.Shipping), number(t, r.ShippingTax))
			for _, i := range r.Items {
				text += fmt.Sprintf("  of line %d: %s pieces, %s + %s\n", i.Refunded, number(t, i.Quantity), number(t, i.Total), number(t, i.Tax))
			}
			for _, f := range r.Fees {
				text += fmt.Sprintf("  fee %s + %s\n", number(t, f.Total), number(t, f.Tax))
			}
			refunds[r.ID] = text
		}
		for _, o := range want.Orders {
			text := fmt.Sprintf("order %d %s of %d %q in %s, created %s modified %s paid %s completed %s, total %s, shipping %s + %s\n",
				o.ID, o.Status, o.Customer, o.Email, o.Currency, o.Created, o.Modified, o.Paid, o.Completed,
				number(t, o.Total), number(t, o.Shipping), number(t, o.ShippingTax))
			slices.SortFunc(o.Items, func(a, b recordedItem) int { return cmp.Compare(a.ID, b.ID) })
			for _, i := range o.Items {
				text += fmt.Sprintf("  line %d %q product %d/%d: %s pieces, %s + %s of %s + %s\n", i.ID, i.Name, i.Product, i.Variation,
					number(t, i.Quantity), number(t, i.Total), number(t, i.Tax), number(t, i.Subtotal), number(t, i.SubtotalTax))
			}
			for _, f := range o.Fees {
				text += fmt.Sprintf("  fee %s + %s\n", number(t, f.Total), number(t, f.Tax))
			}
			slices.SortFunc(o.Refunds, func(a, b struct{ ID int64 }) int { return cmp.Compare(a.ID, b.ID) })
			for _, r := range o.Refunds {
				text += refunds[r.ID]
			}
			if have := describe(t, got[o.ID]); have != text {
				t.Errorf("got\n%s\nwant\n%s", have, text)
			}
		}
	})
}

func describe(t *testing.T, o program.Order) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "order %d %s of %d %q in %s, created %s modified %s paid %s completed %s, total %s, shipping %s + %s\n",
		o.ID, o.Status, o.Customer, o.Email, o.Currency, stamp(o.Created), stamp(o.Modified), stamp(o.Paid), stamp(o.Completed),
		cents(t, o.Total), plain(o.Shipping), plain(o.ShippingTax))
	for _, l := range o.Lines {
		fmt.Fprintf(&b, "  line %d %q product %d/%d: %s pieces, %s + %s of %s + %s\n", l.ID, l.Name, l.Product, l.Variation,
			plain(l.Quantity), plain(l.Total), plain(l.Tax), plain(l.Subtotal), plain(l.SubtotalTax))
	}
	for _, f := range o.Fees {
		fmt.Fprintf(&b, "  fee %s + %s\n", plain(f.Total), plain(f.Tax))
	}
	for _, r := range o.Refunds {
		fmt.Fprintf(&b, "refund %d at %s of %s, shipping %s + %s\n", r.ID, stamp(r.Created), plain(r.Amount), plain(r.Shipping), plain(r.ShippingTax))
		for _, l := range r.Lines {
			fmt.Fprintf(&b, "  of line %d: %s pieces, %s + %s\n", l.Item, plain(l.Quantity), plain(l.Total), plain(l.Tax))
		}
		for _, f := range r.Fees {
			fmt.Fprintf(&b, "  fee %s + %s\n", plain(f.Total), plain(f.Tax))
		}
	}
	return b.String()
}

func TestCommentsUsersAndProductsAreReadAsWordPressReadsThem(t *testing.T) {
	eachRecorded(t, func(t *testing.T, s *store.Store, _ store.Storage, want recorded) {
		comments := map[int64]program.Comment{}
		users := map[int64]program.User{}
		var categories []store.ProductCategories
		var names map[int64]string
		at(t, s, func(sn *store.Snapshot) error {
			for after := int64(0); ; {
				page, err := sn.CommentsAfter(t.Context(), after, 7)
				for _, record := range page {
					after = record.Comment.ID
					comments[after] = record.Comment
				}
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
			}
			var ids []int64
			for after := int64(0); ; {
				page, err := sn.UsersAfter(t.Context(), after, 7)
				for _, record := range page {
					after = record.User.ID
					users[after] = record.User
					ids = append(ids, after)
				}
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
			}
			var err error
			if names, err = sn.Names(t.Context(), ids); err != nil {
				return err
			}
			categories, err = sn.CategoriesAfter(t.Context(), 0, 1000)
			return err
		})

		matter := 0
		for _, w := range want.Comments {
			got, found := comments[w.ID]
			if wanted := w.User > 0 && (w.Type == "comment" || w.Type == "review"); wanted != found {
				t.Errorf("comment %d by %d of type %q: found is %t", w.ID, w.User, w.Type, found)
			} else if !wanted {
				continue
			}
			matter++
			if have := fmt.Sprintf("%+v", got); have != fmt.Sprintf("%+v", program.Comment{
				ID: w.ID, User: w.User, Post: w.Post, PostType: w.PostType, PostAuthor: w.PostAuthor, Parent: w.Parent,
				Type: w.Type, Approved: w.Approved, At: moment(t, w.At), Verified: w.Verified,
			}) {
				t.Errorf("comment %+v, want %+v", have, w)
			}
		}
		if matter != len(comments) || matter == 0 {
			t.Errorf("read %d comments, want %d", len(comments), matter)
		}

		if len(users) != len(want.Users) {
			t.Errorf("read %d users, want %d", len(users), len(want.Users))
		}
		for _, w := range want.Users {
			have := fmt.Sprintf("%+v", users[w.ID])
			if need := fmt.Sprintf("%+v", program.User{ID: w.ID, Email: w.Email, Registered: moment(t, w.Registered), Roles: w.Roles}); have != need {
				t.Errorf("user %s, want %s", have, need)
			}
		}
		for _, w := range want.Users {
			if names[w.ID] == "" || strings.Contains(names[w.ID], "&amp;") {
				t.Errorf("user %d is called %q (stored as %q)", w.ID, names[w.ID], w.Name)
			}
		}

		if len(categories) != len(want.Products) {
			t.Errorf("read %d products, want %d", len(categories), len(want.Products))
		}
		for i, w := range want.Products {
			slices.Sort(w.Categories)
			if i >= len(categories) {
				continue
			}
			var direct []int64
			for _, path := range categories[i].Categories {
				direct = append(direct, path[0])
			}
			if categories[i].Product != w.ID || !slices.Equal(direct, w.Categories) {
				t.Errorf("product %v, want %v", categories[i], w)
			}
		}
	})
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation(time.DateTime, text, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestSettingsOfTheRecordedStores(t *testing.T) {
	eachRecorded(t, func(t *testing.T, s *store.Store, storage store.Storage, want recorded) {
		got, err := s.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.Storage != storage || got.ZoneName != want.Timezone || got.Currency != want.Currency ||
			got.StartOfWeek != time.Monday || got.Home != "http://127.0.0.1:8088" || got.Zone.String() != want.Timezone {
			t.Errorf("settings %+v, want storage %s, zone %s, currency %s", got, storage, want.Timezone, want.Currency)
		}
	})
}
