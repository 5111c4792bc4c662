package testshop_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

// TestWritesAsRecorded repeats the steps of the recordings of a real
// WooCommerce and compares which rows appeared, changed (in which columns)
// and went.
func TestWritesAsRecorded(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "..", "shared", "woocommerce")
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recordings are not here: ../shared/woocommerce")
	}
	db := testshop.New(t)
	for i, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy, testshop.Synced} {
		t.Run(storage.String(), func(t *testing.T) {
			name := map[testshop.Storage]string{testshop.HPOS: "hpos", testshop.Legacy: "legacy", testshop.Synced: "sync"}[storage]
			text, err := os.ReadFile(filepath.Join(folder, "writes-"+name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			f := &fixture{T: t, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			f.Shop = db.Shop(t, testshop.Options{Prefix: fmt.Sprintf("wp%d_", i), Storage: storage, Timezone: "America/New_York"})
			f.Now = func() time.Time { return f.clock }
			f.replay(steps(string(text)))
		})
	}
}

// replay does what the steps did, in our store.
func (f *fixture) replay(recorded map[string][]string) {
	ctx := f.ctx()
	u1 := testshop.Must(f.AddUser(ctx, testshop.User{Login: "u1", Email: "u1@example.com"}))
	u2 := testshop.Must(f.AddUser(ctx, testshop.User{Login: "u2", Email: "u2@example.com"}))
	product := testshop.Must(f.AddProduct(ctx, testshop.Product{Name: "P1"}))
	other := testshop.Must(f.AddProduct(ctx, testshop.Product{Name: "P2"}))
	post := testshop.Must(f.AddPost(ctx, testshop.Post{Title: "B"}))
	var order, line, refund, second, comment, review int64
	step := func(number string, do func() error) {
		f.Helper()
		f.later()
		before := f.snapshot()
		testshop.Do(do())
		got := diff(before, f.snapshot())
		want := recorded[number]
		for _, change := range want {
			if i := slices.Index(got, change); i >= 0 {
				got = slices.Delete(got, i, i+1)
			} else {
				f.Errorf("step %s: WooCommerce wrote  %s", number, change)
			}
		}
		for _, change := range got {
			f.Errorf("step %s: only we wrote      %s", number, change)
		}
	}
	step("1", func() error {
		order = f.place(testshop.Order{Customer: u1, First: "F", Last: "L"})
		line = testshop.Must(f.Items(ctx, order, "line_item"))[0]
		return nil
	})
	step("2", func() error { return f.Pay(ctx, order) })
	step("3", func() error { return f.SetStatus(ctx, order, "completed") })
	step("5", func() error { return f.Save(ctx, order) })
	step("6", func() error { return f.SetStatus(ctx, order, "completed") })
	step("7", func() error { return f.AddOrderNote(ctx, order, "n") })
	step("10", func() error { return f.EditItem(ctx, line, "_line_total", "35") })
	step("13", func() error { return f.SetBillingEmail(ctx, order, "new@example.com") })
	step("14", func() error { return f.SetCustomer(ctx, order, u2) })
	step("15", func() error { return f.SetEmail(ctx, u2, "u2new@example.com") })
	step("16", func() (err error) {
		_, err = f.Refund(ctx, order, testshop.Refund{Reason: "why", Lines: []testshop.RefundLine{{Item: line, Qty: "1", Total: "10", Tax: "1"}}})
		return err
	})
	step("18", func() (err error) {
		refund, err = f.Refund(ctx, order, testshop.Refund{Amount: "5"})
		return err
	})
	step("19", func() error { return f.DeleteRefund(ctx, refund) })
	step("20", func() error { return f.SetStatus(ctx, order, "cancelled") })
	step("21", func() error { return f.SetStatus(ctx, order, "completed") })
	step("22", func() error { return f.SetStatus(ctx, order, "processing") })
	step("23", func() error { return f.SetStatus(ctx, order, "completed") })
	step("24", func() (err error) {
		_, err = f.Refund(ctx, order, testshop.Refund{Amount: "43.99"})
		return err
	})
	completed := func() int64 {
		id := f.place(testshop.Order{Customer: u1, First: "F", Last: "L", Coupon: "none"})
		testshop.Do(f.Pay(ctx, id))
		f.later()
		testshop.Do(f.SetStatus(ctx, id, "completed"))
		return id
	}
	second = completed()
	step("25", func() error { return f.SetStatus(ctx, second, "refunded") })
	third := completed()
	testshop.Must(f.Refund(ctx, third, testshop.Refund{Amount: "3"}))
	step("26", func() error { return f.Trash(ctx, third) })
	step("27", func() error { return f.Untrash(ctx, third) })
	step("28", func() error { return f.Trash(ctx, third) })
	step("29", func() error { return f.Delete(ctx, third) })
	step("31", func() (err error) {
		comment, err = f.AddComment(ctx, testshop.Comment{User: u1, Post: post, Approved: "0"})
		return err
	})
	step("32", func() error { return f.SetCommentStatus(ctx, comment, "hold") })
	step("33", func() error { return f.SetCommentStatus(ctx, comment, "approve") })
	step("34", func() error { return f.EditComment(ctx, comment, "edited") })
	step("35", func() error { return f.SetCommentStatus(ctx, comment, "spam") })
	step("36", func() error { return f.SetCommentStatus(ctx, comment, "unspam") })
	step("37", func() error { return f.SetCommentStatus(ctx, comment, "trash") })
	step("38", func() error { return f.SetCommentStatus(ctx, comment, "untrash") })
	step("39", func() error { return f.TrashPost(ctx, post) })
	step("40", func() error { return f.UntrashPost(ctx, post) })
	step("41", func() (err error) {
		review, err = f.AddComment(ctx, testshop.Comment{User: u1, Post: product, Verified: true})
		return err
	})
	step("42", func() error { return f.DeleteComment(ctx, review) })
	fourth := completed()
	step("44", func() error { return f.DeleteUser(ctx, u1) })
	step("45", func() error { return f.DeleteProduct(ctx, other) })
	step("49", func() error {
		at := f.clock.AddDate(-1, 0, 0)
		return f.SetDates(ctx, fourth, testshop.Dates{Created: at, Paid: at.Add(time.Hour), Completed: at.Add(2 * time.Hour)})
	})
	step("50", func() error { return f.SetModified(ctx, fourth, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) })
}

// The comparison leaves out what says nothing about orders, customers or
// comments: analytics, sales counters, coupon use, revisions, addresses in
// full, flags of stock and e-mails.
var (
	leftOutTables  = regexp.MustCompile(`^(wc_order_stats|wc_order_product_lookup|wc_order_coupon_lookup|wc_customer_lookup|usermeta|options|terms|term_taxonomy|term_relationships)$`)
	leftOutKeys    = regexp.MustCompile(`^(total_sales|usage_count|_used_by|_wc_.*|_recorded_.*|_order_stock_reduced|_new_order_email_sent|_download_permissions_granted|_billing_(country|state|first_name|last_name|address_index)|_shipping_address_index|_payment_method.*|_transaction_id|_product_version|_stock.*|_manage_stock|_backorders|_sold_individually|_virtual|_downloadable|_download_.*|_tax_status|_tax_class|_regular_price|_price)$`)
	leftOutColumns = regexp.MustCompile(`^(coupon_usages_are_counted|download_permission_granted|new_order_email_sent|order_stock_reduced|recorded_sales|guid|post_title|user_activation_key|post_name)$`)
	recordedLine   = regexp.MustCompile(`^    ([+~-]) ([a-z_]+)#[0-9:]+(?:\[([^\]]*)\])? ?(.*)$`)
)

// steps reads a recording: the changes of each step, as diff writes them.
func steps(text string) map[string][]string {
	all := map[string][]string{}
	number := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "[") {
			number = strings.Trim(strings.Fields(line)[0], "[]")
			continue
		}
		m := recordedLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		values := map[string]string{}
		var changed []string
		for pair := range strings.SplitSeq(m[4], " | ") {
			if m[1] == "~" {
				changed = append(changed, strings.SplitN(pair, ":", 2)[0])
			} else if name, value, ok := strings.Cut(pair, "="); ok {
				values[name] = value
			}
		}
		if m[3] != "" {
			values["meta_key"] = m[3]
		}
		if change := describe(m[1], m[2], values, changed); change != "" {
			all[number] = append(all[number], change)
		}
	}
	return all
}

// describe is a change in words that two stores can share.
func describe(sign, table string, values map[string]string, changed []string) string {
	if leftOutTables.MatchString(table) || leftOutKeys.MatchString(values["meta_key"]) || values["post_type"] == "revision" {
		return ""
	}
	words := []string{sign, table, values["meta_key"]}
	if sign == "+" {
		words = append(words, values["post_type"], values["type"], values["order_item_type"], values["comment_type"])
	}
	if sign == "~" {
		changed = slices.DeleteFunc(changed, leftOutColumns.MatchString)
		if len(changed) == 0 {
			return ""
		}
		slices.Sort(changed)
		words = append(words, strings.Join(changed, ","))
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// snapshot is every row of the store's tables, by table, id and column.
func (f *fixture) snapshot() map[string]map[string]map[string]string {
	all := map[string]map[string]map[string]string{}
	for table := range strings.FieldsSeq(`users posts postmeta comments commentmeta wc_orders wc_orders_meta
		wc_order_operational_data wc_order_addresses woocommerce_order_items woocommerce_order_itemmeta`) {
		all[table] = map[string]map[string]string{}
		rows, err := f.DB.QueryxContext(f.ctx(), f.Prefix.SQL(`SELECT * FROM {p}`+table))
		if err != nil {
			f.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			f.Fatal(err)
		}
		for rows.Next() {
			values, err := rows.SliceScan()
			if err != nil {
				f.Fatal(err)
			}
			row := map[string]string{}
			for i, value := range values {
				if text, ok := value.([]byte); ok {
					value = string(text)
				}
				row[columns[i]] = fmt.Sprint(value)
			}
			all[table][row[columns[0]]] = row
		}
		if err := rows.Err(); err != nil {
			f.Fatal(err)
		}
		_ = rows.Close()
	}
	return all
}

func diff(before, after map[string]map[string]map[string]string) []string {
	var all []string
	add := func(change string) {
		if change != "" {
			all = append(all, change)
		}
	}
	for table, rows := range after {
		for id, row := range rows {
			old, ok := before[table][id]
			if !ok {
				add(describe("+", table, row, nil))
				continue
			}
			var changed []string
			for column, value := range row {
				if old[column] != value {
					changed = append(changed, column)
				}
			}
			if len(changed) > 0 {
				if row["meta_key"] != "" {
					changed = []string{"meta_value"}
				}
				add(describe("~", table, row, changed))
			}
		}
		for id, row := range before[table] {
			if _, ok := rows[id]; !ok {
				add(describe("-", table, row, nil))
			}
		}
	}
	slices.Sort(all)
	return all
}
