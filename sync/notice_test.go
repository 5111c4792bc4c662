package sync_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// fixture is a small store with one of everything that can change.
type fixture struct {
	*testshop.Shop
	ctx                         context.Context
	guestEmail                  string
	ann, bob                    int64 // customers
	product, post, cats, others int64
	order, line                 int64 // of ann, 100.00, completed
	pending                     int64 // order of ann, 50.00, not paid
	refunded, refund            int64 // order of ann, 40.00, of which 10.00 is refunded
	guest                       int64 // order of guest@example.com, 30.00
	review, comment             int64 // of ann, approved; later one of ann on the same product waits
	second                      int64 // ann's second review, approved
	held                        int64 // ann's comment on another post that waits for approval
	other                       int64 // that post
}

// The fixture's worth: 100 + 30 for orders of ann, 10 for her review, 5 for
// her comment.
const annAtFirst = 145

const noticeProgram = `
guests: match_email
exclude: {roles: [wholesale]}
earn:
  purchase: {currencies: {EUR: 2}, categories: {999999: {exclude: true}}}
  product_review: {points: 10}
  blog_comment: {points: 5}
`

func newFixture(shop *testshop.Shop, n int) *fixture {
	f := &fixture{ctx: context.Background(), Shop: shop, guestEmail: fmt.Sprintf("guest%d@example.com", n)}
	f.cats = must(f.AddCategory(f.ctx, fmt.Sprint("Mugs ", n), 0))
	f.others = must(f.AddCategory(f.ctx, fmt.Sprint("Caps ", n), 0))
	f.product = must(f.AddProduct(f.ctx, testshop.Product{Name: "Mug", Price: "10", Categories: []int64{f.cats}}))
	f.post = must(f.AddPost(f.ctx, testshop.Post{Title: "News"}))
	f.other = must(f.AddPost(f.ctx, testshop.Post{Title: "More news"}))
	f.ann = must(f.AddUser(f.ctx, testshop.User{Login: fmt.Sprint("ann", n), Email: fmt.Sprintf("ann%d@example.com", n)}))
	f.bob = must(f.AddUser(f.ctx, testshop.User{Login: fmt.Sprint("bob", n), Email: fmt.Sprintf("bob%d@example.com", n)}))
	f.order = f.place(f.ann, "", "100.00", "completed")
	f.line = must(f.Items(f.ctx, f.order, "line_item"))[0]
	f.pending = f.place(f.ann, "", "50.00", "pending")
	f.refunded = f.place(f.ann, "", "40.00", "completed")
	f.refund = must(f.Refund(f.ctx, f.refunded, testshop.Refund{Amount: "10.00"}))
	f.guest = f.place(0, f.guestEmail, "30.00", "completed")
	f.review = must(f.AddComment(f.ctx, testshop.Comment{User: f.ann, Post: f.product, Content: "good"}))
	f.second = must(f.AddComment(f.ctx, testshop.Comment{User: f.ann, Post: f.product, Content: "still good"}))
	f.comment = must(f.AddComment(f.ctx, testshop.Comment{User: f.ann, Post: f.post, Content: "hm"}))
	f.held = must(f.AddComment(f.ctx, testshop.Comment{User: f.ann, Post: f.other, Content: "hm", Approved: "0"}))
	return f
}

func (f *fixture) place(customer int64, email, total, status string) int64 {
	return must(f.PlaceOrder(f.ctx, testshop.Order{
		Customer: customer, Email: email, Status: status,
		Lines: []testshop.Line{{Product: f.product, Qty: "1", Subtotal: total, Total: total}},
	}))
}

// notices says when each kind of change shows at the latest: at the next
// increment or at the next sweep, in either storage. The table in the README says the same.
var notices = []struct {
	name         string
	edit         func(f *fixture) error
	hpos, legacy sync.Mode
	ann, bob     int64 // afterwards
}{
	{"new order", func(f *fixture) error { f.place(f.bob, "", "12.00", "processing"); return nil }, sync.Increment, sync.Increment, annAtFirst, 12},
	{"status to one that earns", func(f *fixture) error { return f.SetStatus(f.ctx, f.pending, "processing") }, sync.Increment, sync.Increment, annAtFirst + 50, 0},
	{"status to one that does not earn", func(f *fixture) error { return f.SetStatus(f.ctx, f.order, "cancelled") }, sync.Increment, sync.Increment, annAtFirst - 100, 0},
	{"status there and back", func(f *fixture) error {
		for _, status := range []string{"cancelled", "completed", "failed", "completed"} {
			if err := f.SetStatus(f.ctx, f.order, status); err != nil {
				return err
			}
		}
		return nil
	}, sync.Increment, sync.Increment, annAtFirst, 0},
	{"custom status", func(f *fixture) error { return f.SetStatus(f.ctx, f.order, "shipped") }, sync.Increment, sync.Increment, annAtFirst, 0},
	{"refund added", func(f *fixture) error {
		_, err := f.Refund(f.ctx, f.order, testshop.Refund{Amount: "25.00"})
		return err
	}, sync.Increment, sync.Increment, annAtFirst - 25, 0},
	{"refund deleted", func(f *fixture) error { return f.DeleteRefund(f.ctx, f.refund) }, sync.Sweep, sync.Sweep, annAtFirst + 10, 0},
	{"line edited", func(f *fixture) error { return f.EditItem(f.ctx, f.line, "_line_total", "70.00") }, sync.Sweep, sync.Sweep, annAtFirst - 30, 0},
	{"trash", func(f *fixture) error { return f.Trash(f.ctx, f.order) }, sync.Increment, sync.Increment, annAtFirst - 100, 0},
	{"trash and untrash", func(f *fixture) error {
		if err := f.Trash(f.ctx, f.order); err != nil {
			return err
		}
		return f.Untrash(f.ctx, f.order)
	}, sync.Increment, sync.Increment, annAtFirst, 0},
	{"deleted for good", func(f *fixture) error { return f.Delete(f.ctx, f.order) }, sync.Sweep, sync.Sweep, annAtFirst - 100, 0},
	{"order moved to another customer", func(f *fixture) error { return f.SetCustomer(f.ctx, f.order, f.bob) }, sync.Increment, sync.Sweep, annAtFirst - 100, 100},
	{"guest registers", func(f *fixture) error {
		_, err := f.AddUser(f.ctx, testshop.User{Login: f.guestEmail, Email: strings.ToUpper(f.guestEmail)})
		return err
	}, sync.Increment, sync.Increment, annAtFirst, 0},
	{"guest registers and his orders are linked", func(f *fixture) error {
		id, err := f.AddUser(f.ctx, testshop.User{Login: f.guestEmail, Email: f.guestEmail})
		if err != nil {
			return err
		}
		_, err = f.LinkGuestOrders(f.ctx, id)
		return err
	}, sync.Increment, sync.Increment, annAtFirst, 0},
	{"customer changes e-mail", func(f *fixture) error { return f.SetEmail(f.ctx, f.bob, f.guestEmail) }, sync.Sweep, sync.Sweep, annAtFirst, 30},
	{"user deleted", func(f *fixture) error { return f.DeleteUser(f.ctx, f.ann) }, sync.Increment, sync.Sweep, annAtFirst, 0},
	{"role changed to an excluded one", func(f *fixture) error { return f.SetRoles(f.ctx, f.ann, "wholesale") }, sync.Sweep, sync.Sweep, annAtFirst, 0},
	{"role changed to an excluded one and back", func(f *fixture) error {
		if err := f.SetRoles(f.ctx, f.ann, "wholesale"); err != nil {
			return err
		}
		return f.SetRoles(f.ctx, f.ann, "customer")
	}, sync.Sweep, sync.Sweep, annAtFirst, 0},
	{"comment approved", func(f *fixture) error { return f.SetCommentStatus(f.ctx, f.held, "approve") }, sync.Sweep, sync.Sweep, annAtFirst + 5, 0},
	{"new comment", func(f *fixture) error {
		_, err := f.AddComment(f.ctx, testshop.Comment{User: f.bob, Post: f.product, Content: "ok"})
		return err
	}, sync.Increment, sync.Increment, annAtFirst, 10},
	{"comment un-approved", func(f *fixture) error { return f.SetCommentStatus(f.ctx, f.comment, "hold") }, sync.Sweep, sync.Sweep, annAtFirst - 5, 0},
	{"comment spammed", func(f *fixture) error { return f.SetCommentStatus(f.ctx, f.comment, "spam") }, sync.Sweep, sync.Sweep, annAtFirst - 5, 0},
	{"comment trashed", func(f *fixture) error { return f.SetCommentStatus(f.ctx, f.comment, "trash") }, sync.Sweep, sync.Sweep, annAtFirst - 5, 0},
	{"comment deleted", func(f *fixture) error { return f.DeleteComment(f.ctx, f.comment) }, sync.Sweep, sync.Sweep, annAtFirst - 5, 0},
	{"first of two reviews deleted", func(f *fixture) error { return f.DeleteComment(f.ctx, f.review) }, sync.Sweep, sync.Sweep, annAtFirst, 0},
	{"comment back-dated", func(f *fixture) error {
		return f.BackdateComment(f.ctx, f.second, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	}, sync.Sweep, sync.Sweep, annAtFirst, 0},
	{"post of the comment trashed", func(f *fixture) error { return f.TrashPost(f.ctx, f.post) }, sync.Sweep, sync.Sweep, annAtFirst - 5, 0},
	{"post of the comment deleted", func(f *fixture) error { return f.DeletePost(f.ctx, f.post) }, sync.Sweep, sync.Sweep, annAtFirst - 5, 0},
	{"product re-categorised", func(f *fixture) error { return f.SetCategories(f.ctx, f.product, f.others) }, sync.Sweep, sync.Sweep, annAtFirst, 0},
	{"product deleted", func(f *fixture) error { return f.DeleteProduct(f.ctx, f.product) }, sync.Sweep, sync.Sweep, annAtFirst - 10, 0},
	{"order dated back before its change", func(f *fixture) error {
		if err := f.EditItem(f.ctx, f.line, "_line_total", "90.00"); err != nil {
			return err
		}
		return f.SetModified(f.ctx, f.order, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	}, sync.Sweep, sync.Sweep, annAtFirst - 10, 0},
	{"amounts recalculated", func(f *fixture) error {
		if err := f.EditItem(f.ctx, f.line, "_line_total", "80.00"); err != nil {
			return err
		}
		return f.Recalculate(f.ctx, f.order)
	}, sync.Increment, sync.Sweep, annAtFirst - 20, 0},
}

func TestEachKindOfChangeIsNoticedInTime(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
			t.Run(storage.String(), func(t *testing.T) {
				fresh := db.Fresh(t)
				shop := fresh.Shop(t, testshop.Options{Storage: storage, Timezone: "Europe/Berlin"})
				clock := time.Now().UTC().Add(-48 * time.Hour)
				shop.Now = func() time.Time {
					clock = clock.Add(time.Second)
					return clock
				}
				fixtures := make([]*fixture, len(notices))
				for i := range notices {
					fixtures[i] = newFixture(shop, i)
				}
				b := newBench(t, fresh, configured(t, noticeProgram).Rules)
				b.engine.Programme = configured(t, noticeProgram)
				b.run(sync.Increment)
				b.run(sync.Increment) // what settled
				before := b.balances()
				for i, notice := range notices {
					f := fixtures[i]
					if before[f.ann] != annAtFirst || before[f.bob] != 0 {
						t.Fatalf("%s: the fixture gives ann %d and bob %d", notice.name, before[f.ann], before[f.bob])
					}
					if err := notice.edit(f); err != nil {
						t.Fatal(err)
					}
				}
				for _, mode := range []sync.Mode{sync.Increment, sync.Sweep} {
					b.run(mode)
					after := b.balances()
					for i, notice := range notices {
						latest := notice.hpos
						if storage == testshop.Legacy {
							latest = notice.legacy
						}
						f := fixtures[i]
						if (latest == sync.Increment || mode == sync.Sweep) && (after[f.ann] != notice.ann || after[f.bob] != notice.bob) {
							t.Errorf("%s, after an %s: ann has %d, want %d; bob has %d, want %d",
								notice.name, mode, after[f.ann], notice.ann, after[f.bob], notice.bob)
						}
					}
				}
				b.sound()
			})
		}
	})
}
