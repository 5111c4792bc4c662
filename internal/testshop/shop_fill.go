package testshop

import (
	"context"
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"strconv"
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

func money(cents int64) string {
	text := fmt.Sprintf("%d.%02d", cents/100, cents%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func percent(cents, rate int64) int64 { return (cents*rate + 50) / 100 }

// basket fills an order with lines, shipping, fees and a coupon.
func (f *filler) basket(o *Order) {
	discount := int64(0)
	if f.chance(15) {
		o.Coupon = pick(f.rng, couponCodes)
		discount = pick(f.rng, []int64{10, 20})
	}
	for range 1 + f.rng.IntN(4) {
		g := pick(f.rng, f.products)
		line := Line{Product: g.id, Variation: g.variation, Name: g.name}
		quantity := int64(1)
		if f.chance(30) {
			quantity += f.rng.Int64N(4)
		}
		line.Qty = strconv.FormatInt(quantity, 10)
		cents := g.cents * quantity
		switch {
		case f.chance(1):
			line.Qty, cents = "1.5", g.cents*3/2
		case f.chance(2):
			line.Product, line.Variation, line.Name = 0, 0, "Made to measure"
		}
		if o.Currency == "JPY" {
			cents *= 150
			cents -= cents % 100
		}
		net := cents - percent(cents, discount)
		line.Subtotal, line.Total = money(cents), money(net)
		line.SubtotalTax, line.Tax = money(percent(cents, 10)), money(percent(net, 10))
		o.Lines = append(o.Lines, line)
	}
	if f.chance(70) {
		o.Shipping, o.ShippingTax = "4.9", "0.49"
	}
	if f.chance(7) {
		o.Fees = []Fee{{Name: pick(f.rng, feeNames), Total: "3", Tax: "0.3"}}
	}
}

func (f *filler) order(ctx context.Context, at time.Time) error {
	who := f.buyer(at)
	o := Order{
		Customer: who.id, Email: who.email, First: who.first, Last: who.last, Country: who.country,
		Created: at, Modified: at, Paid: Never, Completed: Never, Currency: f.shop.Currency,
	}
	if f.chance(8) {
		o.Currency = pick(f.rng, []string{"EUR", "GBP", "JPY", "USD"})
	}
	if f.chance(4) {
		o.Note = "Bitte <b>klingeln</b> 🔔"
	}
	f.basket(&o)
	recent := f.end.Sub(at) < 6*24*time.Hour
	paid := f.after(at, 1)
	done := f.after(paid, 5)
	notes := []string{}
	switch dice := f.rng.IntN(100); {
	case dice < 4:
		o.Status, o.Modified = "cancelled", f.after(at, 1)
		notes = append(notes, "Order status changed from Pending payment to Cancelled.")
	case dice < 7:
		o.Status = "failed"
		notes = append(notes, "Order status changed from Pending payment to Failed.")
	case dice < 9:
		o.Status = "on-hold"
		notes = append(notes, "Order status changed from Pending payment to On hold.")
	case dice < 11:
		o.Status = pick(f.rng, []string{"pending", "checkout-draft"})
	case dice < 14:
		o.Status, o.Paid, o.Completed, o.Modified = "shipped", paid, done, f.after(done, 2)
		notes = append(notes, "Order status changed from Processing to Completed.", "Order status changed from Completed to Shipped.")
	case recent || dice < 16:
		o.Status, o.Paid, o.Modified = "processing", paid, paid
		notes = append(notes, "Payment complete.")
	default:
		o.Status, o.Paid, o.Completed, o.Modified = "completed", paid, done, done
		notes = append(notes, "Payment complete.", `Email "Completed order" sent.`, "Order status changed from Processing to Completed.")
		if f.chance(4) { // a flip: completed, on hold, completed again
			o.Completed = f.after(done, 9)
			o.Modified = o.Completed
			notes = append(notes, "Order status changed from Completed to On hold.", "Order status changed from On hold to Completed.")
		}
	}
	var refunds []Refund
	var refundedAt time.Time
	if o.Status == "completed" && f.chance(11) {
		refundedAt = f.after(o.Completed, 20)
		refunds = f.refunds(&o)
		o.Modified = refundedAt
	}
	id, items, err := f.place(ctx, o)
	if err != nil {
		return err
	}
	for _, note := range notes {
		group := "order_update"
		if strings.HasPrefix(note, "Email") {
			group = "email_notification"
		}
		if err := f.shop.orderNoteAt(ctx, id, group, note, o.Modified); err != nil {
			return err
		}
	}
	for _, refund := range refunds {
		if err := f.refund(ctx, id, o, items, refund, refundedAt); err != nil {
			return err
		}
	}
	if o.Status == "completed" && who.id != 0 && f.chance(14) {
		return f.review(ctx, who, o)
	}
	return nil
}

// place is PlaceOrder with all rows in the batch; it returns the items' ids.
func (f *filler) place(ctx context.Context, o Order) (order int64, items []int64, err error) {
	if o, err = f.shop.complete(ctx, o); err != nil {
		return 0, nil, err
	}
	r := f.shop.orderRecord(o)
	if r.id, err = f.shop.insertRecordPost(ctx, r); err != nil {
		return 0, nil, err
	}
	r.key = orderKey(r.id)
	if err := f.shop.insertRecord(ctx, r); err != nil {
		return 0, nil, err
	}
	items, err = f.shop.insertItems(ctx, r.id, orderItems(o, r))
	return r.id, items, err
}

// refunds decides what is given back of an order: a piece or all of a line,
// shipping, a fee, an amount that names nothing, or everything, which makes
// the order refunded. A refund's Item is the place of the line in the order.
func (f *filler) refunds(o *Order) []Refund {
	first := o.Lines[0]
	reason := pick(f.rng, refundReasons)
	line := Refund{Reason: reason, Lines: []RefundLine{{Item: 0, Qty: first.Qty, Total: first.Total, Tax: first.Tax}}}
	switch dice := f.rng.IntN(100); {
	case dice < 35:
		return []Refund{line}
	case dice < 50:
		return []Refund{{Reason: reason, Amount: "1"}}
	case dice < 60 && o.Shipping != "":
		return []Refund{{Reason: reason, Shipping: o.Shipping, ShippingTax: o.ShippingTax}}
	case dice < 70 && len(o.Fees) > 0:
		return []Refund{{Reason: reason, Fees: []RefundLine{{Total: o.Fees[0].Total, Tax: o.Fees[0].Tax}}}}
	case dice < 80 && len(o.Lines) > 1:
		second := o.Lines[1]
		return []Refund{line, {Reason: reason, Lines: []RefundLine{{Item: 1, Qty: second.Qty, Total: second.Total, Tax: second.Tax}}}}
	case dice < 80:
		return []Refund{{Reason: reason, Amount: "2.5"}}
	}
	o.Status = "refunded"
	return []Refund{{Reason: "Order fully refunded.", Amount: f.shop.orderRecord(*o).total}}
}

func (f *filler) refund(ctx context.Context, order int64, o Order, items []int64, refund Refund, at time.Time) error {
	var named []namedItem
	for _, line := range refund.Lines {
		of := o.Lines[line.Item]
		line.Item = items[line.Item]
		named = append(named, namedItem{
			line, "line_item", of.Name, strconv.FormatInt(of.Product, 10), strconv.FormatInt(of.Variation, 10),
		})
	}
	next := len(o.Lines)
	if refund.Shipping != "" {
		line := RefundLine{Item: items[next], Total: refund.Shipping, Tax: refund.ShippingTax}
		named = append(named, namedItem{RefundLine: line, kind: "shipping", name: "Flat rate"})
	}
	if o.Shipping != "" {
		next++
	}
	for _, fee := range refund.Fees {
		fee.Item = items[next]
		named = append(named, namedItem{RefundLine: fee, kind: "fee", name: o.Fees[0].Name})
	}
	r := refundRecord(refund, order, o.Currency, at)
	r.kind = "partial"
	if o.Status == "refunded" {
		r.kind = "full"
	}
	var err error
	if r.id, err = f.shop.insertRecordPost(ctx, r); err != nil {
		return err
	}
	if err := f.shop.insertRecord(ctx, r); err != nil {
		return err
	}
	if _, err := f.shop.insertItems(ctx, r.id, append(refundItems(named), taxItem(r)...)); err != nil {
		return err
	}
	return f.shop.orderNoteAt(ctx, order, "email_notification", `Email "Refunded order" sent.`, at)
}

func (f *filler) review(ctx context.Context, who person, o Order) error {
	if o.Lines[0].Product == 0 {
		return nil
	}
	at := f.after(o.Completed, 30)
	c := Comment{
		User: who.id, Author: who.display, Email: who.email, Post: o.Lines[0].Product, Type: "review",
		Content: pick(f.rng, reviewTexts), At: at, Verified: true, Rating: 1 + f.rng.IntN(5),
		Approved: pick(f.rng, []string{"1", "1", "1", "1", "1", "1", "0", "spam", "trash"}),
	}
	id, err := f.shop.AddComment(ctx, c)
	if err != nil || !f.chance(15) {
		return err
	}
	_, err = f.shop.AddComment(ctx, Comment{
		User: f.staff[0], Author: "Manager", Email: "manager@shop.example", Post: c.Post, Parent: id, Type: "review",
		Content: "Thank you!", At: f.after(at, 2),
	})
	return err
}

// comment writes a comment on a post, by a customer, a visitor, a spammer or
// another blog.
func (f *filler) comment(ctx context.Context, at time.Time) error {
	who := f.buyer(at)
	c := Comment{
		User: who.id, Author: who.display, Email: who.email, Post: pick(f.rng, f.posts), Type: "comment",
		Content: pick(f.rng, reviewTexts), At: at, Approved: pick(f.rng, []string{"1", "1", "1", "1", "0", "trash"}),
	}
	switch dice := f.rng.IntN(100); {
	case dice < 15:
		c.User, c.Author, c.Approved, c.Content = 0, "cheap pills", "spam", "<a href=\"https://spam.example\">buy</a>"
	case dice < 20:
		c.User, c.Author, c.Type = 0, "Another blog", "pingback"
	case dice < 25:
		c.Type = NoType
	}
	_, err := f.shop.AddComment(ctx, c)
	return err
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
