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

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// world is a small store under random edits, with what the edits need to know.
type world struct {
	t        *rapid.T
	shop     *testshop.Shop
	ctx      context.Context
	log      []string
	users    []int64         // live
	excluded map[int64]bool  // by their role
	listed   map[int64]bool  // excluded by the configuration
	engines  []*sync.Engine  // whose configuration changes
	orders   map[int64]int64 // live order → customer
	trashed  map[int64]int64
	refunds  map[int64]int64 // refund → order
	unsure   map[int64]bool  // orders that came or changed hands since sync saw all
	erased   map[int64]int64 // orders made anonymous → for whom they count
	marked   map[int64]bool  // orders that ever were
	freed    []int64         // numbers of orders that were deleted
	comments []int64
	products []int64
	posts    []int64
	cats     []int64
	guests   int
	redemptions
}

func newWorld(t *rapid.T, db *testshop.Database, tb testing.TB, storage testshop.Storage) *world {
	w := &world{
		t: t, ctx: context.Background(), excluded: map[int64]bool{}, listed: map[int64]bool{},
		orders: map[int64]int64{}, trashed: map[int64]int64{}, refunds: map[int64]int64{},
		unsure: map[int64]bool{}, erased: map[int64]int64{}, marked: map[int64]bool{},
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
	if len(w.freed) > 0 && rapid.Bool().Draw(w.t, "number again") {
		o.Number, w.freed = w.freed[len(w.freed)-1], w.freed[:len(w.freed)-1]
	}
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
	for range rapid.IntRange(0, 2).Draw(w.t, "fees") {
		fee := pick(w, "fee", []string{"3.00", "-2.50", "-40.00"})
		o.Fees = append(o.Fees, testshop.Fee{Name: "Fee", Total: fee})
	}
	if rapid.IntRange(0, 4).Draw(w.t, "credit") == 0 {
		o.Total = pick(w, "money", []string{"0.00", "4.99", "30.00"}) // a gift card paid the rest
	}
	if rapid.IntRange(0, 4).Draw(w.t, "currency") == 0 {
		o.Currency = pick(w, "code", []string{"EUR", "JPY"})
	}
	id := must(w.shop.PlaceOrder(w.ctx, o))
	w.orders[id] = o.Customer
	w.unsure[id] = true
	w.did("order %d of %d %q, %s %s %s: %v %v", id, o.Customer, o.Email, o.Status, o.Total, o.Currency, o.Lines, o.Fees)
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
			action{"move", order(w.move)}, action{"erase", order(w.erase)}, action{"trash", order(w.trash)}, action{"delete", order(w.delete)},
			action{"dates", order(w.dates)}, action{"written date", order(w.writeDate)}, action{"add line", order(w.addLine)})
	}
	if len(w.refunds) > 0 {
		actions = append(actions, action{"unrefund", w.deleteRefund})
	}
	if len(w.trashed) > 0 {
		actions = append(actions, action{"untrash", w.untrash})
	}
	if len(w.users) > 1 {
		actions = append(actions, action{"roles", w.roles}, action{"delete user", w.deleteUser},
			action{"merge", w.merge}, action{"anew", w.anew}, action{"email", w.email}, action{"list", w.list})
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
	actions = append(actions, action{"categories", w.categories}, action{"tree", w.tree}, action{"zone", w.zone}, action{"storage", w.storage}, action{"unpost", w.deletePost}, action{"grow", w.grow}, action{"currency", w.currency}, action{"give back", w.giveBack})
	pick(w, "action", actions).do()
}
