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

func TestTablesHaveTheColumnsAndIndexesOfWooCommerce(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "..", "shared", "woocommerce", "schema.sql")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("WooCommerce's own schema is not here: ../shared/woocommerce/schema.sql")
	}
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, Shop: testshop.New(t).Shop(t, testshop.Options{Prefix: "our_"})}
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if i := strings.Index(statement, "CREATE TABLE"); i >= 0 {
			if _, err := f.DB.ExecContext(t.Context(), statement[i:]); err != nil {
				t.Fatal(err)
			}
		}
	}
	tables := f.text(`SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'our\_%' AND TABLE_NAME <> 'our_options'`)
	if strings.Count(tables, ",") < 14 {
		t.Fatalf("tables: %s", tables)
	}
	for table := range strings.SplitSeq(tables, ",") {
		for name, query := range map[string]string{
			"columns": `SELECT CONCAT_WS(' ', COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLLATION_NAME, EXTRA)
				FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY COLUMN_NAME`,
			"indexes": `SELECT CONCAT_WS(' ', INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART)
				FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
		} {
			ours, theirs := f.text(query, table), f.text(query, "wp_"+strings.TrimPrefix(table, "our_"))
			if ours != theirs {
				t.Errorf("%s of %s:\nours   %s\ntheirs %s", name, table, ours, theirs)
			}
		}
	}
}

func TestModerationWritesAsWordPressDoes(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		post := testshop.Must(f.AddPost(ctx, testshop.Post{Title: "Hello"}))
		id := testshop.Must(f.AddComment(ctx, testshop.Comment{User: f.customer, Post: post}))
		f.want("comment ann 1", `SELECT CONCAT_WS(' ', comment_type, comment_author, comment_approved) FROM {p}comments WHERE comment_ID = ?`, id)
		for _, step := range []struct{ action, approved, kept, count string }{
			{"hold", "0", "-", "0"},
			{"approve", "1", "-", "1"},
			{"spam", "spam", "1", "0"},
			{"unspam", "1", "-", "1"},
			{"trash", "trash", "1", "0"},
			{"untrash", "1", "-", "1"},
		} {
			testshop.Do(f.SetCommentStatus(ctx, id, step.action))
			f.want(step.approved, `SELECT comment_approved FROM {p}comments WHERE comment_ID = ?`, id)
			f.want(step.kept, `SELECT meta_value FROM {p}commentmeta WHERE comment_id = ? AND meta_key = '_wp_trash_meta_status'`, id)
			f.want(step.count, `SELECT comment_count FROM {p}posts WHERE ID = ?`, post)
		}
		if err := f.SetCommentStatus(ctx, id, "burn"); err == nil {
			t.Error("an unknown action was accepted")
		}
		held := testshop.Must(f.AddComment(ctx, testshop.Comment{Post: post, Approved: "0", Type: testshop.NoType, Parent: id}))
		testshop.Do(f.TrashPost(ctx, post))
		f.want("post-trashed,post-trashed", `SELECT comment_approved FROM {p}comments WHERE comment_post_ID = ?`, post)
		testshop.Do(f.UntrashPost(ctx, post))
		f.want("1,0", `SELECT comment_approved FROM {p}comments WHERE comment_post_ID = ? ORDER BY comment_ID`, post)
		f.want("draft", `SELECT post_status FROM {p}posts WHERE ID = ?`, post)
		testshop.Do(f.DeleteComment(ctx, id))
		f.want("0", `SELECT comment_parent FROM {p}comments WHERE comment_ID = ?`, held)
		testshop.Do(f.DeletePost(ctx, post))
		f.want("0", `SELECT COUNT(*) FROM {p}comments WHERE comment_post_ID = ?`, post)
	})
}

func TestAReviewHasRatingAndOwnerMark(t *testing.T) {
	t.Parallel()
	f := &fixture{T: t, Shop: testshop.New(t).Shop(t, testshop.Options{})}
	product := testshop.Must(f.AddProduct(f.ctx(), testshop.Product{Name: "Mug"}))
	id := testshop.Must(f.AddComment(f.ctx(), testshop.Comment{User: 1, Post: product, Verified: true, At: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)}))
	f.want("review 2020-01-02 03:04:05", `SELECT CONCAT_WS(' ', comment_type, comment_date_gmt) FROM {p}comments WHERE comment_ID = ?`, id)
	f.want("rating 5,verified 1", `SELECT CONCAT_WS(' ', meta_key, meta_value) FROM {p}commentmeta WHERE comment_id = ? ORDER BY meta_id`, id)
	reply := testshop.Must(f.AddComment(f.ctx(), testshop.Comment{User: 1, Post: product, Parent: id}))
	f.want("review", `SELECT comment_type FROM {p}comments WHERE comment_ID = ?`, reply)
	f.want("0", `SELECT COUNT(*) FROM {p}commentmeta WHERE comment_id = ?`, reply)
	testshop.Do(f.BackdateComment(f.ctx(), reply, time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)))
	f.want("2019-01-01 00:00:00", `SELECT comment_date_gmt FROM {p}comments WHERE comment_ID = ?`, reply)
}

func TestGuestOrdersAreLinkedByEmail(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		mine := f.place(testshop.Order{Email: "eve@example.com"})
		f.place(testshop.Order{Email: "other@example.com"})
		eve := testshop.Must(f.AddUser(ctx, testshop.User{Login: "eve", Email: "eve@example.com"}))
		if linked := testshop.Must(f.LinkGuestOrders(ctx, eve)); !slices.Equal(linked, []int64{mine}) {
			t.Errorf("linked %v, want %d", linked, mine)
		}
		if linked := testshop.Must(f.LinkGuestOrders(ctx, eve)); len(linked) != 0 {
			t.Errorf("linked again: %v", linked)
		}
	})
}

func TestADeletedUserLeavesGuestOrdersAndHisComments(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		post := testshop.Must(f.AddPost(ctx, testshop.Post{Title: "Hello", Author: f.customer}))
		comment := testshop.Must(f.AddComment(ctx, testshop.Comment{User: f.customer, Post: post}))
		testshop.Do(f.DeleteUser(ctx, f.customer))
		f.want("0", `SELECT COUNT(*) FROM {p}users WHERE ID = ?`, f.customer)
		f.want("0", `SELECT COUNT(*) FROM {p}usermeta WHERE user_id = ?`, f.customer)
		f.want(fmt.Sprint(f.customer), `SELECT user_id FROM {p}comments WHERE comment_ID = ?`, comment)
		if f.Storage != testshop.Legacy {
			f.want("0 ann@example.com", `SELECT CONCAT_WS(' ', customer_id, billing_email) FROM {p}wc_orders WHERE id = ?`, f.order)
		}
		if f.Storage != testshop.HPOS {
			f.want("0", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_customer_user'`, f.order)
		}
	})
}

func TestCategoriesAreATermsNotATaxonomysId(t *testing.T) {
	t.Parallel()
	f := &fixture{T: t, Shop: testshop.New(t).Shop(t, testshop.Options{})}
	ctx := f.ctx()
	mugs := testshop.Must(f.AddCategory(ctx, "Mugs", 0))
	teas := testshop.Must(f.AddCategory(ctx, "お茶", mugs))
	product := testshop.Must(f.AddProduct(ctx, testshop.Product{Name: "Mug", Categories: []int64{mugs, teas}}))
	variation := testshop.Must(f.AddVariation(ctx, product, "Mug - L", "12"))
	const direct = `SELECT t.term_id FROM {p}term_relationships r JOIN {p}term_taxonomy t ON t.term_taxonomy_id = r.term_taxonomy_id WHERE object_id = ? ORDER BY 1`
	f.want(fmt.Sprintf("%d,%d", mugs, teas), direct, product)
	f.want("0", `SELECT COUNT(*) FROM {p}term_taxonomy WHERE term_id = term_taxonomy_id`)
	testshop.Do(f.SetCategories(ctx, product, teas))
	f.want(fmt.Sprint(teas), direct, product)
	testshop.Do(f.DeleteProduct(ctx, product))
	f.want("0", `SELECT COUNT(*) FROM {p}posts WHERE ID IN (?, ?)`, product, variation)
	f.want("-", direct, product)
}

func TestOptionsSayWhatTheStoreIs(t *testing.T) {
	t.Parallel()
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		f := &fixture{T: t, Shop: db.Shop(t, testshop.Options{
			Prefix: "wp_2_", UsersPrefix: "wp_", Storage: testshop.Legacy, NoOrderTables: true, GMTOffset: "5.5", StartOfWeek: 1, Currency: "KWD",
		})}
		ctx := f.ctx()
		f.Now = func() time.Time { return time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC) }
		option := func(name string) string {
			return f.text(`SELECT option_value FROM {p}options WHERE option_name = ?`, name)
		}
		got := []string{option("woocommerce_custom_orders_table_enabled"), option("gmt_offset"), option("start_of_week"), option("woocommerce_currency")}
		if !slices.Equal(got, []string{"no", "5.5", "1", "KWD"}) {
			t.Errorf("options: %q", got)
		}
		user := testshop.Must(f.AddUser(ctx, testshop.User{Login: "ann", Email: "ann@example.com", Roles: []string{"customer", "vip"}}))
		f.want(`a:2:{s:8:"customer";b:1;s:3:"vip";b:1;}`, `SELECT meta_value FROM wp_usermeta WHERE user_id = ? AND meta_key = 'wp_2_capabilities'`, user)
		testshop.Do(f.SetRoles(ctx, user))
		f.want(`a:0:{}`, `SELECT meta_value FROM wp_usermeta WHERE user_id = ? AND meta_key = 'wp_2_capabilities'`, user)
		id := testshop.Must(f.PlaceOrder(ctx, testshop.Order{Customer: user, Lines: []testshop.Line{{Total: "1.2345"}}, Shipping: "0.0005"}))
		f.want("1.236", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_order_total'`, id)
		f.want("2026-01-02 01:30:00", `SELECT post_date FROM {p}posts WHERE ID = ?`, id)
		f.want("0", `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE '%wc\_orders'`)
		testshop.Do(f.SwitchStorage(ctx, testshop.HPOS))
		f.want("1.23600000", `SELECT total_amount FROM {p}wc_orders WHERE id = ?`, id)
		testshop.Do(f.SetTimezone(ctx, "Europe/Berlin", ""))
		again := testshop.Must(f.PlaceOrder(ctx, testshop.Order{}))
		f.want("2026-01-01 21:00:00", `SELECT post_date FROM {p}posts WHERE ID = ?`, again)
		if f.SetTimezone(ctx, "", "five") == nil || f.SetTimezone(ctx, "Mars/Base", "") == nil {
			t.Error("a zone that does not exist was accepted")
		}
		draft := testshop.Must(f.AddPost(ctx, testshop.Post{Title: "Later", Status: "draft"}))
		f.want("1", `SELECT COUNT(*) FROM {p}posts WHERE ID = ? AND post_date_gmt = '0000-00-00 00:00:00'`, draft)
	})
}

func TestHostileTextIsStoredAsGiven(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		total := "1e999999999"
		id := testshop.Must(f.PlaceOrder(f.ctx(), testshop.Order{
			First: "🦊", Last: `<script>'"\`, Email: "É@example.com", Lines: []testshop.Line{{Name: "急須", Total: total, Qty: "many"}, {Total: "2"}},
		}))
		f.want(total+",2", `SELECT meta_value FROM {p}woocommerce_order_itemmeta m JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id
			WHERE order_id = ? AND meta_key = '_line_total' ORDER BY meta_id`, id)
		f.want("many,1", `SELECT meta_value FROM {p}woocommerce_order_itemmeta m JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id
			WHERE order_id = ? AND meta_key = '_qty' ORDER BY meta_id`, id)
		if f.Storage != testshop.Legacy {
			f.want("2.00000000", `SELECT total_amount FROM {p}wc_orders WHERE id = ?`, id)
			f.want(`<script>'"\`, `SELECT last_name FROM {p}wc_order_addresses WHERE order_id = ?`, id)
		} else {
			f.want(`<script>'"\`, `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_billing_last_name'`, id)
		}
	})
}

func TestAnythingCanBePlanted(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		testshop.Do(f.Exec(f.ctx(), `UPDATE {u}users SET user_registered = '0000-00-00 00:00:00' WHERE ID = ?`, f.customer))
		f.want("1", `SELECT user_registered = '0000-00-00 00:00:00' FROM {p}users WHERE ID = ?`, f.customer)
		if f.Exec(f.ctx(), `UPDATE {p}nothing SET a = 1`) == nil {
			t.Error("a failing statement passed")
		}
	})
}

func TestRecalculateFollowsTheItems(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		line := testshop.Must(f.Items(ctx, f.order, "line_item"))[0]
		testshop.Do(f.EditItem(ctx, line, "_line_total", "35"))
		added := testshop.Must(f.AddLine(ctx, f.order, testshop.Line{Total: "10"}))
		testshop.Must(f.AddLine(ctx, f.order, testshop.Line{Total: "1"}))
		testshop.Do(f.DeleteItem(ctx, added))
		testshop.Do(f.Recalculate(ctx, f.order))
		if f.Storage != testshop.Legacy {
			f.want("55.00000000", `SELECT total_amount FROM {p}wc_orders WHERE id = ?`, f.order)
			f.want("5.99000000", `SELECT discount_total_amount FROM {p}wc_order_operational_data WHERE order_id = ?`, f.order)
		}
		if f.Storage != testshop.HPOS {
			f.want("55.00", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_order_total'`, f.order)
		}
	})
}

func TestOnlyKnownOrdersCanBeChanged(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		err := f.SetStatus(f.ctx(), 987654, "completed")
		if err == nil || !regexp.MustCompile(`no order 987654`).MatchString(err.Error()) {
			t.Errorf("err %v, want one that names the order", err)
		}
		if err := f.Untrash(f.ctx(), f.order); err == nil {
			t.Error("an order that is not in the trash was untrashed")
		}
	})
}

func TestDatesCanBeMovedAndRemoved(t *testing.T) {
	modes(t, func(t *testing.T, f *fixture) {
		ctx := f.ctx()
		testshop.Do(f.SetStatus(ctx, f.order, "completed"))
		at := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
		testshop.Do(f.SetDates(ctx, f.order, testshop.Dates{Created: at, Paid: testshop.Never, Completed: at}))
		if f.Storage != testshop.Legacy {
			f.want("2025-06-01 00:00:00", `SELECT date_created_gmt FROM {p}wc_orders WHERE id = ?`, f.order)
			f.want("NULL", `SELECT date_paid_gmt FROM {p}wc_order_operational_data WHERE order_id = ?`, f.order)
			f.want("2025-06-01 00:00:00", `SELECT date_completed_gmt FROM {p}wc_order_operational_data WHERE order_id = ?`, f.order)
		}
		if f.Storage != testshop.HPOS {
			f.want("2025-06-01 00:00:00", `SELECT post_date_gmt FROM {p}posts WHERE ID = ?`, f.order)
			f.want("-", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_date_paid'`, f.order)
			f.want(fmt.Sprint(at.Unix()), `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_date_completed'`, f.order)
		}
		unpaid := f.place(testshop.Order{Status: "completed", Paid: testshop.Never, Completed: testshop.Never})
		if f.Storage != testshop.Legacy {
			f.want("NULL", `SELECT COALESCE(date_paid_gmt, date_completed_gmt) FROM {p}wc_order_operational_data WHERE order_id = ?`, unpaid)
		} else {
			f.want("-", `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key LIKE '\_date\_%'`, unpaid)
		}
	})
}
