package sync_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

// world is a small store under random edits, with what the edits need to know.
type world struct {
	t        *rapid.T
	shop     *testshop.Shop
	ctx      context.Context
	log      []string
	users    []int64 // live
	excluded map[int64]bool
	claimed  map[int64]bool  // orders that had an excluded or deleted customer
	orders   map[int64]int64 // live order → customer
	trashed  map[int64]int64
	refunds  map[int64]int64 // refund → order
	left     map[int64]bool  // customers who lost an order since sync saw all
	comments []int64
	products []int64
	posts    []int64
	cats     []int64
	guests   int
	redemptions
}

func newWorld(t *rapid.T, db *testshop.Database, tb testing.TB, storage testshop.Storage) *world {
	w := &world{
		t: t, ctx: context.Background(), excluded: map[int64]bool{}, claimed: map[int64]bool{},
		orders: map[int64]int64{}, trashed: map[int64]int64{}, refunds: map[int64]int64{},
		left: map[int64]bool{},
	}
	w.shop = db.Shop(tb, testshop.Options{Storage: storage, Timezone: "America/New_York"})
	clock := time.Now().UTC().Add(-400 * 24 * time.Hour)
	w.shop.Now = func() time.Time {
		clock = clock.Add(7 * time.Minute)
		return clock
	}
	for i := range 4 {
		w.cats = append(w.cats, must(w.shop.AddCategory(w.ctx, fmt.Sprint("category ", i), 0)))
	}
	for i := range 4 {
		w.products = append(w.products, must(w.shop.AddProduct(w.ctx, testshop.Product{Name: fmt.Sprint("product ", i), Price: "10", Categories: w.cats[i : i+1]})))
	}
	for range 2 {
		w.posts = append(w.posts, must(w.shop.AddPost(w.ctx, testshop.Post{Author: 1, Title: "post"})))
	}
	for range 3 {
		w.addUser()
	}
	for range 4 {
		w.placeOrder()
	}
	return w
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func (w *world) did(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func (w *world) do(err error) {
	if err != nil {
		w.t.Fatalf("%v\nafter\n%s", err, strings.Join(w.log, "\n"))
	}
}

func pick[T any](w *world, label string, from []T) T {
	return rapid.SampledFrom(from).Draw(w.t, label)
}

func keys(m map[int64]int64) []int64 { return slices.Sorted(maps.Keys(m)) }

func (w *world) addUser() {
	w.guests++
	email := fmt.Sprintf("guest%d@example.com", w.guests)
	id := must(w.shop.AddUser(w.ctx, testshop.User{Login: fmt.Sprint("user", w.guests), Email: email, Roles: []string{"customer"}}))
	w.users = append(w.users, id)
	w.did("user %d registers with %s", id, email)
}

func (w *world) amount(label string) string {
	cents := rapid.IntRange(1, 9000).Draw(w.t, label)
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

func (w *world) placeOrder() {
	o := testshop.Order{Status: pick(w, "status", []string{"pending", "processing", "completed", "on-hold", "shipped"})}
	if len(w.users) > 0 && rapid.IntRange(0, 3).Draw(w.t, "guest") > 0 {
		o.Customer = pick(w, "customer", w.users)
	} else {
		o.Email = fmt.Sprintf("Guest%d@example.com", w.guests+rapid.IntRange(0, 2).Draw(w.t, "ahead"))
	}
	for range rapid.IntRange(1, 2).Draw(w.t, "lines") {
		total := w.amount("total")
		o.Lines = append(o.Lines, testshop.Line{Product: pick(w, "product", w.products), Qty: "2", Total: total, Subtotal: total, Tax: "1.00"})
	}
	if rapid.Bool().Draw(w.t, "shipping") {
		o.Shipping, o.ShippingTax = "5.00", "0.50"
	}
	if rapid.IntRange(0, 4).Draw(w.t, "currency") == 0 {
		o.Currency = pick(w, "code", []string{"EUR", "JPY"})
	}
	id := must(w.shop.PlaceOrder(w.ctx, o))
	w.orders[id] = o.Customer
	w.claimed[id] = w.excluded[o.Customer]
	w.did("order %d of %d %q, %s %s: %v", id, o.Customer, o.Email, o.Status, o.Currency, o.Lines)
}

// step makes one random edit.
func (w *world) step() {
	type action struct {
		name string
		do   func()
	}
	actions := []action{{"user", w.addUser}, {"order", w.placeOrder}, {"order", w.placeOrder}, {"comment", w.comment}}
	if len(w.orders) > 0 {
		order := func(do func(id int64)) func() { return func() { do(pick(w, "order", keys(w.orders))) } }
		actions = append(actions,
			action{"status", order(w.setStatus)}, action{"status", order(w.setStatus)}, action{"refund", order(w.refund)},
			action{"refund", order(w.refund)}, action{"edit", order(w.editLine)}, action{"recalculate", order(w.recalculate)},
			action{"move", order(w.move)}, action{"trash", order(w.trash)}, action{"delete", order(w.delete)},
			action{"dates", order(w.dates)}, action{"add line", order(w.addLine)})
	}
	if len(w.refunds) > 0 {
		actions = append(actions, action{"unrefund", w.deleteRefund})
	}
	if len(w.trashed) > 0 {
		actions = append(actions, action{"untrash", w.untrash})
	}
	if len(w.users) > 1 {
		actions = append(actions, action{"roles", w.roles}, action{"delete user", w.deleteUser}, action{"email", w.email})
	}
	if len(w.comments) > 0 {
		actions = append(actions, action{"moderate", w.moderate}, action{"moderate", w.moderate}, action{"uncomment", w.deleteComment}, action{"backdate", w.backdate})
	}
	if w.book != nil {
		actions = append(actions, action{"redeem", w.redeem}, action{"redeem", w.redeem}, action{"impatience", w.impatience})
	}
	if len(w.coupons) > 0 {
		actions = append(actions, action{"pay", w.pay}, action{"pay", w.pay}, action{"coupon", w.editCoupon}, action{"coupon", w.editCoupon})
	}
	actions = append(actions, action{"categories", w.categories}, action{"zone", w.zone}, action{"storage", w.storage}, action{"unpost", w.deletePost})
	pick(w, "action", actions).do()
}

func (w *world) setStatus(id int64) {
	status := pick(w, "status", []string{"pending", "processing", "completed", "on-hold", "cancelled", "failed", "refunded", "shipped"})
	w.did("order %d becomes %s", id, status)
	w.do(w.shop.SetStatus(w.ctx, id, status))
	w.findRefunds(id)
}

func (w *world) findRefunds(id int64) {
	for _, refund := range must(w.shop.Refunds(w.ctx, id)) {
		w.refunds[refund] = id
	}
}

func (w *world) refund(id int64) {
	r := testshop.Refund{}
	items := must(w.shop.Items(w.ctx, id, "line_item"))
	switch rapid.IntRange(0, 2).Draw(w.t, "kind") {
	case 0:
		r.Amount = "1.23"
	case 1:
		if len(items) == 0 {
			return
		}
		r.Lines = []testshop.RefundLine{{Item: pick(w, "item", items), Qty: "1", Total: "2.50", Tax: "0.25"}}
	default:
		r.Shipping, r.ShippingTax = "1.00", "0.10"
	}
	refund, err := w.shop.Refund(w.ctx, id, r)
	w.did("order %d is refunded by %d: %+v (%v)", id, refund, r, err)
	if err == nil {
		w.refunds[refund] = id
	}
}

func (w *world) deleteRefund() {
	id := pick(w, "refund", keys(w.refunds))
	w.did("refund %d is deleted", id)
	w.do(w.shop.DeleteRefund(w.ctx, id))
	delete(w.refunds, id)
}

func (w *world) editLine(id int64) {
	items := must(w.shop.Items(w.ctx, id, "line_item"))
	if len(items) == 0 {
		return
	}
	item, total := pick(w, "item", items), w.amount("total")
	w.did("line %d of order %d is edited to %s", item, id, total)
	w.do(w.shop.EditItem(w.ctx, item, "_line_total", total))
}

func (w *world) addLine(id int64) {
	total := w.amount("total")
	w.did("order %d gets a line of %s", id, total)
	must(w.shop.AddLine(w.ctx, id, testshop.Line{Product: pick(w, "product", w.products), Qty: "1", Total: total, Subtotal: total}))
}

func (w *world) recalculate(id int64) {
	w.did("order %d is recalculated", id)
	w.do(w.shop.Recalculate(w.ctx, id))
}

// move gives an order to another customer. One that ever belonged to a frozen
// account stays: whose it was counts there, which a fresh run cannot know.
func (w *world) move(id int64) {
	if w.claimed[id] {
		return
	}
	to := pick(w, "customer", w.users)
	w.did("order %d moves to customer %d", id, to)
	w.do(w.shop.SetCustomer(w.ctx, id, to))
	w.left[w.orders[id]] = true
	w.orders[id] = to
	w.claimed[id] = w.excluded[to]
}

func (w *world) trash(id int64) {
	w.did("order %d goes to the trash", id)
	w.do(w.shop.Trash(w.ctx, id))
	w.trashed[id] = w.orders[id]
	delete(w.orders, id)
	w.forgetRefunds(id)
}

func (w *world) forgetRefunds(id int64) {
	maps.DeleteFunc(w.refunds, func(_, order int64) bool { return order == id })
}

func (w *world) untrash() {
	id := pick(w, "trashed", keys(w.trashed))
	w.did("order %d comes back from the trash", id)
	w.do(w.shop.Untrash(w.ctx, id))
	w.orders[id] = w.trashed[id]
	delete(w.trashed, id)
	w.findRefunds(id)
}

func (w *world) delete(id int64) {
	w.did("order %d is deleted for good", id)
	w.do(w.shop.Delete(w.ctx, id))
	delete(w.orders, id)
	w.forgetRefunds(id)
}

func (w *world) dates(id int64) {
	at := w.shop.Now().Add(-time.Duration(rapid.IntRange(1, 3000).Draw(w.t, "hours")) * time.Hour)
	w.did("order %d is dated %s", id, at)
	w.do(w.shop.SetDates(w.ctx, id, testshop.Dates{Created: at, Paid: at.Add(time.Hour)}))
}

func (w *world) roles() {
	user := pick(w, "user", w.users)
	if w.left[user] {
		return // an order that is still posted in his account would stay with him
	}
	role := "wholesale"
	if w.excluded[user] {
		role = "customer"
	}
	w.excluded[user] = role == "wholesale"
	w.claim(user)
	w.did("user %d is %s now", user, role)
	w.do(w.shop.SetRoles(w.ctx, user, role))
}

func (w *world) claim(user int64) {
	for _, orders := range []map[int64]int64{w.orders, w.trashed} {
		for id, customer := range orders {
			if customer == user {
				w.claimed[id] = true
			}
		}
	}
}

func (w *world) deleteUser() {
	user := pick(w, "user", w.users)
	if w.left[user] {
		return
	}
	w.did("user %d is deleted", user)
	w.claim(user)
	w.do(w.shop.DeleteUser(w.ctx, user))
	w.users = slices.DeleteFunc(w.users, func(id int64) bool { return id == user })
}

func (w *world) email() {
	w.guests++
	user, email := pick(w, "user", w.users), fmt.Sprintf("other%d@example.com", w.guests)
	w.did("user %d has the e-mail %s now", user, email)
	w.do(w.shop.SetEmail(w.ctx, user, email))
}

func (w *world) comment() {
	c := testshop.Comment{Approved: pick(w, "approved", []string{"1", "0", "spam"}), Content: "hm", Verified: rapid.Bool().Draw(w.t, "verified")}
	if len(w.users) > 0 {
		c.User = pick(w, "user", w.users)
	}
	c.Post = pick(w, "post", append(slices.Clone(w.products), w.posts...))
	id := must(w.shop.AddComment(w.ctx, c))
	w.comments = append(w.comments, id)
	w.did("comment %d of %d on %d: %q", id, c.User, c.Post, c.Approved)
}

func (w *world) moderate() {
	id, status := pick(w, "comment", w.comments), pick(w, "moderation", []string{"approve", "hold", "spam", "trash"})
	w.did("comment %d: %s", id, status)
	w.do(w.shop.SetCommentStatus(w.ctx, id, status))
}

func (w *world) deleteComment() {
	id := pick(w, "comment", w.comments)
	w.did("comment %d is deleted", id)
	w.do(w.shop.DeleteComment(w.ctx, id))
	w.comments = slices.DeleteFunc(w.comments, func(c int64) bool { return c == id })
}

func (w *world) backdate() {
	id := pick(w, "comment", w.comments)
	at := w.shop.Now().Add(-time.Duration(rapid.IntRange(1, 3000).Draw(w.t, "hours")) * time.Hour)
	w.did("comment %d is dated %s", id, at)
	w.do(w.shop.BackdateComment(w.ctx, id, at))
}

func (w *world) categories() {
	product, category := pick(w, "product", w.products), pick(w, "category", w.cats)
	w.did("product %d is in category %d now", product, category)
	w.do(w.shop.SetCategories(w.ctx, product, category))
}

func (w *world) zone() {
	zone := pick(w, "zone", []string{"America/New_York", "Asia/Kolkata", "Pacific/Auckland"})
	w.did("the site's time zone is %s now", zone)
	w.do(w.shop.SetTimezone(w.ctx, zone, ""))
}

func (w *world) storage() {
	to := pick(w, "storage", []testshop.Storage{testshop.HPOS, testshop.Legacy})
	w.did("the order storage is %s now", to)
	w.do(w.shop.SwitchStorage(w.ctx, to))
}

func (w *world) deletePost() {
	if len(w.posts) < 2 {
		return
	}
	id := w.posts[0]
	w.did("post %d is deleted", id)
	w.do(w.shop.DeletePost(w.ctx, id))
	w.posts = w.posts[1:]
	var left []int64
	w.do(w.shop.DB.SelectContext(w.ctx, &left, `SELECT comment_ID FROM wp_comments WHERE comment_type IN ('comment', 'review')`))
	w.comments = slices.DeleteFunc(w.comments, func(c int64) bool { return !slices.Contains(left, c) })
}

const convergenceProgram = `
starts: 2000-01-01
guests: ignore
exclude: {roles: [wholesale]}
earn:
  purchase: {points_per_unit: 1.5, shipping: true, tax: true, rounding: nearest, max_points: 200, currencies: {EUR: 1.1},
             categories: {16: {points_per_unit: 3}, 17: {exclude: true}}}
  first_order: {points: 50}
  high_spend: [{amount: 60, points: 7}, {amount: 120, points: 20}]
  campaigns: [{from: "2026-01-01", to: "2026-06-01", multiplier: 1.5}]
  product_review: {points: 10}
  blog_comment: {points: 5}
  signup: {points: 25}
`

// freshBalances returns the balances that a daemon would reach that looks at
// the store for the first time now, knowing the same versions.
func (b *bench) freshBalances() map[int64]int64 {
	b.t.Helper()
	ctx := context.Background()
	if _, err := database.Migrate(ctx, b.engine.LedgerDB, fresh, ledger.Component(), sync.Component()); err != nil {
		b.t.Fatal(err)
	}
	for _, table := range []string{"entries", "accounts", "holds", "points_daily", "seen_orders", "seen_comments", "seen_users", "first_orders", "todo", "checkpoints", "programs", "product_categories"} {
		if _, err := b.db.Exec(`DELETE FROM fresh_loyalty_` + table); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, copied := range []string{
		`INSERT INTO fresh_loyalty_programs SELECT * FROM wp_loyalty_programs`,
		`INSERT INTO fresh_loyalty_product_categories SELECT * FROM wp_loyalty_product_categories`,
		`UPDATE fresh_loyalty_writer SET zone = ''`,
	} {
		if _, err := b.db.Exec(copied); err != nil {
			b.t.Fatal(err)
		}
	}
	engine := *b.engine
	engine.Prefix = fresh
	if _, err := engine.Run(ctx, sync.Options{Mode: sync.Full}); err != nil {
		b.t.Fatal(err)
	}
	return b.liveBalances("fresh_")
}

// liveBalances returns balance plus pending of accounts that are not frozen,
// but for what was redeemed: a fresh run knows nothing of redemptions.
func (b *bench) liveBalances(prefix string) map[int64]int64 {
	b.t.Helper()
	var rows []struct {
		User   int64 `db:"user_id"`
		Points int64 `db:"points"`
	}
	err := b.db.Select(&rows, `SELECT user_id, SUM(points + pending) AS points FROM `+prefix+`loyalty_entries
		WHERE source <> 'coupon' AND user_id IN (SELECT user_id FROM `+prefix+`loyalty_accounts WHERE frozen = 0)
		GROUP BY user_id HAVING SUM(points + pending) <> 0`)
	if err != nil {
		b.t.Fatal(err)
	}
	balances := map[int64]int64{}
	for _, row := range rows {
		balances[row.User] = row.Points
	}
	return balances
}

// Whatever happens to a store, and whenever sync looks at it, a last sweep
// leaves the balances of a fresh run.
func TestAnyInterleavingOfEditsAndRunsConverges(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		rapid.Check(t, func(rt *rapid.T) {
			converge(t, rt, db)
		})
	})
}

// scope is a test whose clean-up comes early.
type scope struct {
	testing.TB
	cleanups []func()
}

func (s *scope) Cleanup(clean func()) { s.cleanups = append(s.cleanups, clean) }

func (s *scope) end() {
	for _, clean := range slices.Backward(s.cleanups) {
		clean()
	}
}

func converge(outer *testing.T, rt *rapid.T, db *testshop.Database) {
	t := &scope{TB: outer}
	defer t.end()
	inner := db.Fresh(t)
	w := newWorld(rt, inner, t, rapid.SampledFrom([]testshop.Storage{testshop.HPOS, testshop.Legacy}).Draw(rt, "storage"))
	b := newBench(t, inner, configured(t, convergenceProgram).Rules)
	b.engine.Programme = configured(t, convergenceProgram)
	b.engine.Programme.GiveBack = program.GiveBack{
		Expired: rapid.Bool().Draw(rt, "expired"), Deleted: rapid.Bool().Draw(rt, "deleted"), Refunded: rapid.Bool().Draw(rt, "refunded"),
	}
	faulty, proxy := b.faulty(inner)
	done := false // the first run came to its end
	for range rapid.IntRange(5, 40).Draw(rt, "edits") {
		w.step()
		if rapid.IntRange(0, 3).Draw(rt, "sync") == 0 {
			mode := rapid.SampledFrom([]sync.Mode{sync.Increment, sync.Increment, sync.Sweep, sync.Full}).Draw(rt, "mode")
			fault := rapid.SampledFrom([]string{"none", "none", "cut", "lost answer", "cancelled"}).Draw(rt, "fault")
			w.did("--- %s, %s", mode, fault)
			engine, ctx, broken := b.engine, w.ctx, proxy.Broken()
			switch fault {
			case "cut":
				engine = faulty
				proxy.CutAfter(rapid.IntRange(0, 120).Draw(rt, "packets"))
			case "lost answer":
				engine = faulty
				proxy.LoseCommit(rapid.IntRange(0, 6).Draw(rt, "commits"))
			case "cancelled":
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(rapid.IntRange(1, 100).Draw(rt, "ms"))*time.Millisecond)
				defer cancel()
			}
			var err error
			if done && rapid.Bool().Draw(rt, "marks") {
				_, err = engine.Look(ctx, w.marks())
				mode = sync.Increment
			} else {
				_, err = engine.Run(ctx, sync.Options{Mode: mode})
			}
			if err != nil && proxy.Broken() == broken && ctx.Err() == nil {
				rt.Fatalf("%v\nafter\n%s", err, strings.Join(w.log, "\n"))
			}
			if done = done || err == nil; done {
				w.book = b.engine
			}
			if err == nil && mode != sync.Increment {
				clear(w.left)
			}
		}
	}
	if !done {
		// A first run that was interrupted goes on where it was.
		w.did("--- the rest of the first run")
		if _, err := b.engine.Run(w.ctx, sync.Options{}); err != nil {
			rt.Fatal(err)
		}
	}
	w.did("--- a last sweep")
	if _, err := b.engine.Run(w.ctx, sync.Options{Mode: sync.Sweep}); err != nil {
		rt.Fatal(err)
	}
	// Points that one redemption gave back may be there for another to take.
	for round := 0; ; round++ {
		summary, err := b.engine.Run(w.ctx, sync.Options{Mode: sync.Sweep})
		if err != nil || round == 5 {
			rt.Fatalf("sweep %d still posts: %+v, %v", round, summary, err)
		}
		if summary.Entries == 0 {
			break
		}
		if n := summary.Entries - summary.Redemptions; n > 0 {
			rt.Fatalf("another sweep posted %d entries for facts, after\n%s", n, strings.Join(w.log, "\n"))
		}
	}
	got, want := b.liveBalances("wp_"), b.freshBalances()
	if !maps.Equal(got, want) {
		rt.Fatalf("balances:\n got %v\nwant %v\nafter\n%s", got, want, strings.Join(w.log, "\n"))
	}
	b.soundness(rt, w)
}

// soundness proves chains and facts, and that nothing is left to post.
func (b *bench) soundness(rt *rapid.T, w *world) {
	if wrong := b.unsound(); wrong != "" {
		rt.Fatalf("%s after\n%s", wrong, strings.Join(w.log, "\n"))
	}
}

func (b *bench) sound() {
	b.t.Helper()
	if wrong := b.unsound(); wrong != "" {
		b.t.Fatal(wrong)
	}
}

func (b *bench) unsound() string {
	ctx := context.Background()
	chains, err := ledger.Open(b.db, prefix, ledger.Options{}).VerifyChains(ctx, nil)
	if err != nil {
		return err.Error()
	}
	facts, err := b.engine.Verify(ctx)
	if err != nil {
		return err.Error()
	}
	if len(chains.Findings) > 0 || len(facts.Findings) > 0 || facts.Waiting > 0 {
		return fmt.Sprintf("chains %v, facts %+v", chains.Findings, facts)
	}
	for _, mode := range []sync.Mode{sync.Increment, sync.Sweep, sync.Full} {
		summary, err := b.engine.Run(ctx, sync.Options{Mode: mode})
		if err != nil {
			return err.Error()
		}
		if summary.Entries != 0 {
			return fmt.Sprintf("a second run (%s) posted %d entries", mode, summary.Entries)
		}
	}
	return ""
}
