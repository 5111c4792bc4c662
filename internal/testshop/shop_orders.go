package testshop

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Order is an order to place. Amounts are decimal text in the order's
// currency and are stored as given, empty ones as 0.
type Order struct {
	Number   int64  // its id, that of an order deleted before; the next one when 0
	Customer int64  // user id; 0 is a guest
	Email    string // billing e-mail; the account's when empty
	First    string // billing names
	Last     string
	Country  string
	Status   string // without "wc-"; pending when empty
	Currency string // the shop's when empty

	Lines       []Line
	Fees        []Fee
	Shipping    string // as on its line; the order's own total of it is rounded to the currency
	ShippingTax string
	Coupon      string // code; its discount is subtotals less totals
	Total       string // lines, fees, shipping and taxes, rounded, when empty

	Created   time.Time // the shop's now when zero
	Modified  time.Time // the shop's now when zero
	Paid      time.Time // the shop's now when zero and the status is processing or completed; Never for none
	Completed time.Time // the shop's now when zero and the status is completed; Never for none

	Via  string // created_via; checkout when empty
	Note string // the customer's note

	// ItemsFirst writes the items before the order, with order_id 0, and
	// points them to it afterwards, as some code paths do.
	ItemsFirst bool
}

// Line is a product line. Without a product it is a custom one.
type Line struct {
	Product     int64
	Variation   int64
	Name        string
	Qty         string // 1 when empty
	Total       string
	Subtotal    string // Total when empty
	Tax         string
	SubtotalTax string // Tax when empty
}

// Fee is a fee of an order.
type Fee struct {
	Name  string
	Total string
	Tax   string
}

// Never as a date of an order means that it has none.
var Never = time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)

// PlaceOrder writes an order in its status, with everything that belongs to
// it, and returns its id. The statements run in WooCommerce's order: the row
// in posts, the order's row, its side tables, and last each item with its
// metadata.
func (s *Shop) PlaceOrder(ctx context.Context, o Order) (int64, error) {
	o, err := s.complete(ctx, o)
	if err != nil {
		return 0, err
	}
	r := s.orderRecord(o)
	items := orderItems(o, r)
	var itemIDs []int64
	if o.ItemsFirst {
		if itemIDs, err = s.insertItems(ctx, 0, items); err != nil {
			return 0, err
		}
	}
	if r.id, err = s.insertRecordPost(ctx, r); err != nil {
		return 0, err
	}
	r.key = orderKey(r.id)
	if err := s.insertRecord(ctx, r); err != nil {
		return r.id, err
	}
	if !o.ItemsFirst {
		if _, err = s.insertItems(ctx, r.id, items); err != nil || o.Coupon == "" {
			return r.id, err
		}
		return r.id, s.countUses(ctx, r.id, r.status, func() (bool, error) { return false, nil })
	}
	for _, item := range itemIDs {
		err := s.run(ctx, `UPDATE {p}woocommerce_order_items SET order_id = ? WHERE order_item_id = ?`, r.id, item)
		if err != nil {
			return r.id, err
		}
	}
	return r.id, nil
}

func (s *Shop) complete(ctx context.Context, o Order) (Order, error) {
	now := s.now()
	if o.Customer != 0 && o.Email == "" {
		var err error
		if _, o.Email, err = s.person(ctx, o.Customer); err != nil {
			return o, err
		}
	}
	o.Status = orDefault(o.Status, "pending")
	o.Currency = orDefault(o.Currency, s.Currency)
	o.Via = orDefault(o.Via, "checkout")
	if o.Created.IsZero() {
		o.Created = now
	}
	if o.Modified.IsZero() {
		o.Modified = now
	}
	if o.Paid.IsZero() && (o.Status == "processing" || o.Status == "completed") {
		o.Paid = now
	}
	if o.Completed.IsZero() && o.Status == "completed" {
		o.Completed = now
	}
	if o.Paid.Equal(Never) {
		o.Paid = time.Time{}
	}
	if o.Completed.Equal(Never) {
		o.Completed = time.Time{}
	}
	o.Lines = append([]Line(nil), o.Lines...)
	for i := range o.Lines {
		line := &o.Lines[i]
		line.Qty = orDefault(line.Qty, "1")
		line.Total = orDefault(line.Total, "0")
		line.Subtotal = orDefault(line.Subtotal, line.Total)
		line.Tax = orDefault(line.Tax, "0")
		line.SubtotalTax = orDefault(line.SubtotalTax, line.Tax)
		line.Name = orDefault(line.Name, fmt.Sprintf("Product %d", line.Product))
	}
	return o, nil
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// stored is a status as a column holds it.
func stored(status string) string {
	switch status {
	case "trash", "auto-draft", "draft", "publish", "inherit", "future", "private", "new":
		return status
	}
	if strings.HasPrefix(status, "wc-") {
		return status
	}
	return "wc-" + status
}

// item is an order item with its metadata.
type item struct {
	kind, name string
	meta       [][2]string
}

func orderItems(o Order, r record) []item {
	var items []item
	for _, line := range o.Lines {
		items = append(items, item{"line_item", line.Name, [][2]string{
			{"_product_id", strconv.FormatInt(line.Product, 10)},
			{"_variation_id", strconv.FormatInt(line.Variation, 10)},
			{"_qty", line.Qty},
			{"_tax_class", ""},
			{"_line_subtotal", line.Subtotal},
			{"_line_subtotal_tax", line.SubtotalTax},
			{"_line_total", line.Total},
			{"_line_tax", line.Tax},
			{"_line_tax_data", taxData("total", line.Tax, "subtotal", line.SubtotalTax)},
		}})
	}
	if o.Shipping != "" {
		tax := orDefault(o.ShippingTax, "0")
		items = append(items, item{"shipping", "Flat rate", [][2]string{
			{"method_id", "flat_rate"}, {"instance_id", ""}, {"cost", o.Shipping}, {"total_tax", tax}, {"taxes", taxData("total", tax)},
		}})
	}
	for _, fee := range o.Fees {
		total, tax := orDefault(fee.Total, "0"), orDefault(fee.Tax, "0")
		items = append(items, item{"fee", orDefault(fee.Name, "Fee"), [][2]string{
			{"_fee_amount", total},
			{"_tax_class", ""},
			{"_tax_status", "taxable"},
			{"_line_total", total},
			{"_line_tax", tax},
			{"_line_tax_data", taxData("total", tax)},
		}})
	}
	items = append(items, taxItem(r)...)
	if o.Coupon != "" {
		items = append(items, item{"coupon", o.Coupon, [][2]string{
			{"discount_amount", bare(rat(r.discount))},
			{"discount_amount_tax", bare(rat(r.discountTax))},
			{"coupon_info", `[0,"` + strings.ReplaceAll(o.Coupon, `"`, `\"`) + `",null,0]`},
		}})
	}
	return items
}

// taxItem sums up the taxes of an order or a refund that has any.
func taxItem(r record) []item {
	if sum(r.tax, r.shippingTax).Sign() == 0 {
		return nil
	}
	return []item{{"tax", "US-TAX-1", [][2]string{
		{"rate_id", "1"},
		{"label", "Tax"},
		{"compound", ""},
		{"tax_amount", bare(rat(r.tax))},
		{"shipping_tax_amount", bare(rat(r.shippingTax))},
		{"rate_percent", "10"},
	}}}
}

// taxData is amounts of the one tax rate, as PHP serializes them.
func taxData(pairs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "a:%d:{", len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		fmt.Fprintf(&b, `s:%d:"%s";a:1:{i:1;s:%d:"%s";}`, len(name), name, len(value), value)
	}
	return b.String() + "}"
}

func (s *Shop) insertItems(ctx context.Context, order int64, items []item) ([]int64, error) {
	var ids []int64
	for _, item := range items {
		id, err := s.insert(ctx, orderItemsTable, nil, item.name, item.kind, order)
		if err != nil {
			return ids, err
		}
		ids = append(ids, id)
		for _, meta := range item.meta {
			if _, err := s.insert(ctx, orderItemMetaRows, nil, id, meta[0], meta[1]); err != nil {
				return ids, err
			}
		}
	}
	return ids, nil
}
