package testshop

import (
	"context"
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// FillOptions says what Fill writes; zero values take the defaults.
type FillOptions struct {
	Seed     uint64 // equal seeds, options and clocks fill equal stores
	Orders   int    // 2000
	Months   int    // 18
	End      time.Time
	Progress func(done, total int) // called now and then with orders written
}

// Fill makes the store a lively one: trade of several months that ends at End
// (the shop's now when zero), growing, with guests and customers, several
// currencies, coupons, fees, fractional and custom lines, refunds of each
// kind, every status and a custom one (wc-shipped), reviews, comments, spam
// and order notes, staff, a deleted user and a deleted product. It writes
// many rows in each statement, so nobody else may write meanwhile; call it
// once on a fresh store.
func (s *Shop) Fill(ctx context.Context, o FillOptions) error {
	if o.Orders == 0 {
		o.Orders = 2000
	}
	if o.Months == 0 {
		o.Months = 18
	}
	if o.End.IsZero() {
		o.End = s.now()
	}
	f := &filler{
		rng: rand.New(rand.NewPCG(o.Seed, 0x5eed)), end: o.End.UTC().Truncate(time.Second),
		start: o.End.UTC().Truncate(time.Second).AddDate(0, -o.Months, 0),
	}
	f.shop = *s
	f.shop.Now = func() time.Time { return f.start }
	if err := f.catalog(ctx); err != nil {
		return err
	}
	batch, err := s.newBatch(ctx)
	if err != nil {
		return err
	}
	f.shop.sink = batch
	if err := f.people(ctx, max(o.Orders/8, 4)); err != nil {
		return err
	}
	for i, at := range f.moments(o.Orders) {
		if o.Progress != nil && i%50 == 0 {
			o.Progress(i, o.Orders)
		}
		if err := f.order(ctx, at); err != nil {
			return err
		}
	}
	for _, at := range f.moments(o.Orders / 12) {
		if err := f.comment(ctx, at); err != nil {
			return err
		}
	}
	if err := batch.close(ctx); err != nil {
		return err
	}
	if err := f.aftermath(ctx); err != nil {
		return err
	}
	if o.Progress != nil {
		o.Progress(o.Orders, o.Orders)
	}
	return nil
}

type filler struct {
	shop       Shop
	rng        *rand.Rand
	start, end time.Time
	products   []goods
	posts      []int64
	staff      []int64
	customers  []person
}

type goods struct {
	id, variation int64
	name          string
	cents         int64
}

type person struct {
	id                   int64
	first, last, display string
	email, country       string
	since                time.Time
}

// moments returns n instants of the period, in order, more of them late.
func (f *filler) moments(n int) []time.Time {
	span := int64(f.end.Sub(f.start) / time.Second)
	seconds := make([]int64, n)
	for i := range seconds {
		seconds[i] = max(f.rng.Int64N(span), f.rng.Int64N(span))
	}
	slices.Sort(seconds)
	all := make([]time.Time, n)
	for i, second := range seconds {
		all[i] = f.start.Add(time.Duration(second) * time.Second)
	}
	return all
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

func (f *filler) chance(percent int) bool { return f.rng.IntN(100) < percent }

// after returns an instant up to days later, never past the end.
func (f *filler) after(at time.Time, days int) time.Time {
	at = at.Add(time.Duration(60+f.rng.IntN(days*86400)) * time.Second)
	if at.After(f.end) {
		return f.end
	}
	return at
}

func (f *filler) catalog(ctx context.Context) error {
	categories := make([]int64, 0, len(categoryNames))
	for i, name := range categoryNames {
		parent := int64(0)
		if i == 1 {
			parent = categories[0]
		}
		id, err := f.shop.AddCategory(ctx, name, parent)
		if err != nil {
			return err
		}
		categories = append(categories, id)
	}
	for i, name := range productNames {
		cents := int64(200 + f.rng.IntN(9000))
		in := []int64{pick(f.rng, categories)}
		if other := pick(f.rng, categories); other != in[0] && f.chance(40) {
			in = append(in, other)
		}
		id, err := f.shop.AddProduct(ctx, Product{Name: name, Price: money(cents), Categories: in})
		if err != nil {
			return err
		}
		if i%5 != 1 {
			f.products = append(f.products, goods{id, 0, name, cents})
			continue
		}
		for _, variant := range variationNames {
			variation, err := f.shop.AddVariation(ctx, id, name+" - "+variant, money(cents))
			if err != nil {
				return err
			}
			f.products = append(f.products, goods{id, variation, name + " - " + variant, cents})
		}
	}
	return nil
}

func (f *filler) people(ctx context.Context, n int) error {
	for _, staff := range []User{
		{Login: "manager", Email: "manager@shop.example", DisplayName: "Manager", Roles: []string{"shop_manager"}},
		{Login: "editor", Email: "editor@shop.example", DisplayName: "Editor", Roles: []string{"editor"}},
		{Login: "author", Email: "author@shop.example", DisplayName: "Author", Roles: []string{"author"}},
	} {
		id, err := f.shop.AddUser(ctx, staff)
		if err != nil {
			return err
		}
		f.staff = append(f.staff, id)
	}
	for i, title := range postTitles {
		at := f.start.Add(time.Duration(i+1) * f.end.Sub(f.start) / time.Duration(len(postTitles)+2))
		id, err := f.shop.AddPost(ctx, Post{Title: title, Author: pick(f.rng, f.staff), At: at})
		if err != nil {
			return err
		}
		f.posts = append(f.posts, id)
	}
	half := f.start.Add(-f.end.Sub(f.start) / 2) // some came before the period
	span := int64(f.end.Sub(half) / time.Second)
	since := make([]int64, n)
	for i := range since {
		since[i] = f.rng.Int64N(span)
	}
	slices.Sort(since)
	for i, second := range since {
		p := f.person(fmt.Sprintf("customer%d@example.com", i+1))
		p.since = half.Add(time.Duration(second) * time.Second)
		roles := []string{"customer"}
		switch {
		case i%40 == 7:
			roles = []string{"wholesale_customer"}
		case i%25 == 3:
			roles = []string{"customer", "subscriber"}
		}
		var err error
		p.id, err = f.shop.AddUser(ctx, User{
			Login: fmt.Sprintf("customer%d", i+1), Email: p.email, DisplayName: p.display, Roles: roles, Registered: p.since,
		})
		if err != nil {
			return err
		}
		f.customers = append(f.customers, p)
	}
	return nil
}

func (f *filler) person(email string) person {
	first, last := pick(f.rng, firstNames), pick(f.rng, lastNames)
	// WordPress strips tags from display names and stores them with entities.
	bare := strings.NewReplacer("<b>", "", "</b>", "", "<script>", "", "</script>", "").Replace(first + " " + last)
	return person{first: first, last: last, display: html.EscapeString(bare), email: email, country: pick(f.rng, countries)}
}

// buyer is who places an order at that time: a customer, a guest, or a guest
// with the e-mail of a customer to be. Few buy much, many little.
func (f *filler) buyer(at time.Time) person {
	known := 0
	for known < len(f.customers) && f.customers[known].since.Before(at) {
		known++
	}
	switch {
	case known > 0 && f.chance(58):
		return f.customers[min(f.rng.IntN(known), f.rng.IntN(known))]
	case known < len(f.customers) && f.chance(30):
		guest := f.customers[known+f.rng.IntN(len(f.customers)-known)]
		guest.id = 0
		guest.email = pick(f.rng, []string{guest.email, guest.email, strings.ToUpper(guest.email)})
		return guest
	}
	return f.person(fmt.Sprintf("guest%d@guest.example", f.rng.IntN(1_000_000)))
}

// aftermath counts the comments and makes the changes that only an old store
// has: a deleted user and product, a moved category, a linked guest, raw
// edits, orders in the trash and deleted ones.
func (f *filler) aftermath(ctx context.Context) error {
	s := &f.shop
	s.sink = nil
	s.Now = func() time.Time { return f.end }
	err := s.run(ctx, `UPDATE {p}posts p JOIN (SELECT comment_post_ID, COUNT(*) AS n FROM {p}comments WHERE comment_approved = '1'
		GROUP BY comment_post_ID) c ON c.comment_post_ID = p.ID SET p.comment_count = c.n`)
	if err != nil {
		return err
	}
	if err := s.DeleteUser(ctx, f.customers[len(f.customers)/3].id); err != nil {
		return err
	}
	if err := s.DeleteProduct(ctx, f.products[len(f.products)-1].id); err != nil {
		return err
	}
	completed, err := s.find(ctx, "wc-completed")
	if err != nil {
		return err
	}
	for i, order := range completed[:min(len(completed), 12)] {
		switch {
		case i < 4:
			err = s.Trash(ctx, order.ID)
		case i < 6:
			err = s.Delete(ctx, order.ID)
		case i < 9:
			err = s.editFirstLine(ctx, order.ID, "7.77")
		default:
			err = s.SetBillingEmail(ctx, order.ID, fmt.Sprintf("changed%d@example.com", i))
		}
		if err != nil {
			return err
		}
	}
	_, err = s.LinkGuestOrders(ctx, f.customers[len(f.customers)-1].id)
	return err
}

func (s *Shop) editFirstLine(ctx context.Context, order int64, total string) error {
	lines, err := s.Items(ctx, order, "line_item")
	if err != nil || len(lines) == 0 {
		return err
	}
	return s.EditItem(ctx, lines[0], "_line_total", total)
}
