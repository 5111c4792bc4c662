package testshop

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

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
