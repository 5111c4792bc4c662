package testshop

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Order is an order to place. Amounts are decimal text in the order's
// currency and are stored as given, empty ones as 0.
type Order struct {
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
		_, err = s.insertItems(ctx, r.id, items)
		return r.id, err
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

// record is an order or a refund as a whole, whichever tables hold it.
type record struct {
	id, parent             int64
	refund                 bool
	status, currency       string
	tax, total             string
	customer               int64
	email, first, last     string
	country                string
	created, modified      time.Time
	paid, completed        time.Time
	shipping, shippingTax  string
	discount, discountTax  string
	via, key, note, reason string
	amount, kind           string // of a refund
}

func (r record) transaction() string {
	if r.paid.IsZero() {
		return ""
	}
	return "tx_" + strconv.FormatInt(r.id, 10)
}

func (s *Shop) orderRecord(o Order) record {
	places := decimals(o.Currency)
	tax, subtotals, totals := new(big.Rat), new(big.Rat), new(big.Rat)
	subtotalTaxes, lineTaxes := new(big.Rat), new(big.Rat)
	fees := new(big.Rat)
	for _, line := range o.Lines {
		totals.Add(totals, rat(line.Total))
		subtotals.Add(subtotals, rat(line.Subtotal))
		lineTaxes.Add(lineTaxes, rat(line.Tax))
		subtotalTaxes.Add(subtotalTaxes, rat(line.SubtotalTax))
	}
	tax.Set(lineTaxes)
	for _, fee := range o.Fees {
		fees.Add(fees, rat(fee.Total))
		tax.Add(tax, rat(fee.Tax))
	}
	r := record{
		status: stored(o.Status), currency: o.Currency, customer: o.Customer, email: o.Email,
		first: o.First, last: o.Last, country: orDefault(o.Country, "US"),
		created: o.Created, modified: o.Modified, paid: o.Paid, completed: o.Completed,
		tax: rounded(tax, places), shipping: rounded(rat(o.Shipping), places), shippingTax: rounded(rat(o.ShippingTax), places),
		discount:    rounded(subtotals.Sub(subtotals, totals), places),
		discountTax: rounded(subtotalTaxes.Sub(subtotalTaxes, lineTaxes), places),
		via:         o.Via, note: o.Note, total: o.Total,
	}
	if r.total == "" {
		r.total = rounded(totals.Add(totals, fees).Add(totals, sum(r.tax, r.shipping, r.shippingTax)), places)
	}
	return r
}

// decimals is what the store rounds totals to: two, or the currency's three.
func decimals(currency string) int {
	switch currency {
	case "BHD", "KWD", "OMR", "TND":
		return 3
	}
	return 2
}

// insertRecordPost writes the row in posts that gives an order or a refund
// its id: with HPOS a placeholder.
func (s *Shop) insertRecordPost(ctx context.Context, r record) (int64, error) {
	p := s.recordPost(r)
	if s.Storage.hpos() {
		p = postRow{author: 1, at: r.created, status: "draft", comments: "closed", parent: r.parent, kind: "shop_order_placehold"}
		if s.sink != nil && s.Storage == Synced {
			p = s.recordPost(r) // a batch writes the row once
		}
	}
	return s.insertPost(ctx, nil, p)
}

// recordPost is the post of an order or a refund outside pure HPOS.
func (s *Shop) recordPost(r record) postRow {
	p := postRow{
		author: 1, at: r.created, modified: r.modified, status: r.status, comments: "open", excerpt: r.note,
		title:    "Order &ndash; " + r.created.In(s.zone).Format("January 2, 2006 @ 03:04 PM"),
		name:     "order-" + strings.ToLower(r.created.UTC().Format("Jan-02-2006-0304-pm")),
		password: r.key, parent: r.parent, kind: "shop_order",
	}
	if r.refund {
		p.title = "Refund &ndash; " + r.created.UTC().Format("Jan 02, 2006 @ 03:04 PM")
		p.name = "refund-" + strings.ToLower(r.created.UTC().Format("Jan-02-2006-0304-pm"))
		p.comments, p.kind = "closed", "shop_order_refund"
	}
	return p
}

// orderKey is an order's secret, made from its id so that stores of one seed
// are equal.
func orderKey(id int64) string {
	mixed := uint64(id) * 0x9E3779B97F4A7C15
	text := strconv.FormatUint(mixed, 36)
	return "wc_order_" + (text + "0000000000000")[:13]
}

// insertRecord writes all rows of an order or a refund but its items and its
// row in posts.
func (s *Shop) insertRecord(ctx context.Context, r record) error {
	if s.Storage.hpos() {
		if err := s.insertHPOS(ctx, r); err != nil {
			return err
		}
	}
	if s.Storage == Synced && s.sink == nil {
		p := s.recordPost(r)
		err := s.run(ctx, `UPDATE {p}posts SET post_type = ?, post_status = ?, post_title = ?, post_name = ?, comment_status = ?,
			post_excerpt = ?, post_date = ?, post_date_gmt = ?, post_modified = ?, post_modified_gmt = ? WHERE ID = ?`,
			p.kind, p.status, p.title, p.name, p.comments, p.excerpt, s.local(p.at), gmt(p.at), s.local(p.modified), gmt(p.modified), r.id)
		if err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		for _, meta := range s.recordMeta(r) {
			if _, err := s.insert(ctx, postMetaTable, nil, r.id, meta[0], meta[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Shop) insertHPOS(ctx context.Context, r record) error {
	kind, customer, email := "shop_order", any(r.customer), any(r.email)
	method, title, transaction, address, agent, note := any("cod"), any("Pay"), any(r.transaction()), any("198.51.100.7"), any("Mozilla/5.0"), any(r.note)
	if r.email == "" {
		email = nil
	}
	if r.refund {
		kind = "shop_order_refund"
		customer, email, method, title, transaction, address, agent, note = nil, nil, nil, nil, nil, nil, nil, nil
	}
	_, err := s.insert(ctx, ordersTable, r.id, r.status, r.currency, kind, r.tax, r.total, customer, email,
		gmt(r.created), gmt(r.modified), r.parent, method, title, transaction, address, agent, note)
	if err != nil {
		return err
	}
	if r.refund {
		_, err = s.insert(ctx, operationalTable, nil, r.id, nil, wooVersion, 0, nil, nil, nil, nil, nil, nil, nil, nil,
			r.shippingTax, r.shipping, r.discountTax, r.discount, nil)
		if err != nil {
			return err
		}
		return s.insertOrderMeta(ctx, r.id, r.refundMeta())
	}
	flag := !r.paid.IsZero()
	if r.first+r.last+r.email != "" {
		_, err = s.insert(ctx, addressesTable, nil, r.id, "billing", r.first, r.last, nil, nil, nil, nil, nil, nil, r.country, email, nil)
		if err != nil {
			return err
		}
	}
	_, err = s.insert(ctx, operationalTable, nil, r.id, r.via, wooVersion, 0, flag, flag, "", flag, r.key, flag,
		gmtOrNull(r.paid), gmtOrNull(r.completed), r.shippingTax, r.shipping, r.discountTax, r.discount, flag)
	if err != nil {
		return err
	}
	if err := s.insertOrderMeta(ctx, r.id, [][2]string{{"_billing_address_index", r.addressIndex()}, {"_shipping_address_index", "         "}}); err != nil {
		return err
	}
	if s.Storage != HPOS {
		return nil
	}
	// WC_Order::set_address leaves these on the placeholder; they are stale
	// as soon as the order changes.
	for _, meta := range r.billingMeta() {
		if _, err := s.insert(ctx, postMetaTable, nil, r.id, meta[0], meta[1]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shop) insertOrderMeta(ctx context.Context, order int64, meta [][2]string) error {
	for _, m := range meta {
		if _, err := s.insert(ctx, ordersMetaTable, nil, order, m[0], m[1]); err != nil {
			return err
		}
	}
	return nil
}

func (r record) addressIndex() string {
	return r.first + " " + r.last + "       " + r.country + " " + r.email + " "
}

func (r record) billingMeta() [][2]string {
	return [][2]string{
		{"_billing_first_name", r.first},
		{"_billing_last_name", r.last},
		{"_billing_email", r.email},
		{"_billing_country", r.country},
	}
}

// refundMeta is what a refund has of its own; its type comes last, when the
// rest of the order is known.
func (r record) refundMeta() [][2]string {
	meta := [][2]string{
		{"_refund_amount", r.amount},
		{"_refunded_by", "1"},
		{"_refunded_payment", ""},
		{"_refund_reason", r.reason},
	}
	if r.kind != "" {
		meta = append(meta, [2]string{"_refund_type", r.kind})
	}
	return meta
}

// recordMeta is an order or a refund as postmeta holds it.
func (s *Shop) recordMeta(r record) [][2]string {
	totals := [][2]string{
		{"_order_currency", r.currency},
		{"_cart_discount", bare(rat(r.discount))},
		{"_cart_discount_tax", bare(rat(r.discountTax))},
		{"_order_shipping", bare(rat(r.shipping))},
		{"_order_shipping_tax", bare(rat(r.shippingTax))},
		{"_order_tax", bare(rat(r.tax))},
		{"_order_total", r.total},
		{"_order_version", wooVersion},
		{"_prices_include_tax", "no"},
	}
	if r.refund {
		return append(totals, r.refundMeta()...)
	}
	flag := "no"
	if !r.paid.IsZero() {
		flag = "yes"
	}
	meta := [][2]string{
		{"_order_key", r.key},
		{"_customer_user", strconv.FormatInt(r.customer, 10)},
		{"_customer_ip_address", "198.51.100.7"},
		{"_customer_user_agent", "Mozilla/5.0"},
		{"_created_via", r.via},
		{"_download_permissions_granted", flag},
		{"_recorded_sales", flag},
		{"_recorded_coupon_usage_counts", flag},
		{"_new_order_email_sent", map[string]string{"yes": "true", "no": "false"}[flag]},
		{"_order_stock_reduced", flag},
		{"_payment_method", "cod"},
		{"_payment_method_title", "Pay"},
		{"_billing_address_index", r.addressIndex()},
		{"_shipping_address_index", "         "},
	}
	meta = append(append(meta, totals...), r.billingMeta()...)
	if !r.paid.IsZero() {
		meta = append(meta, [2]string{"_transaction_id", r.transaction()},
			[2]string{"_date_paid", unix(r.paid)}, [2]string{"_paid_date", s.local(r.paid)})
	}
	if !r.completed.IsZero() {
		meta = append(meta, [2]string{"_date_completed", unix(r.completed)}, [2]string{"_completed_date", s.local(r.completed)})
	}
	return meta
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
			{"_fee_amount", total}, {"_tax_class", ""}, {"_tax_status", "taxable"}, {"_line_total", total}, {"_line_tax", tax},
			{"_line_tax_data", taxData("total", tax)},
		}})
	}
	items = append(items, taxItem(r)...)
	if o.Coupon != "" {
		items = append(items, item{"coupon", o.Coupon, [][2]string{
			{"discount_amount", bare(rat(r.discount))}, {"discount_amount_tax", bare(rat(r.discountTax))},
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
		{"rate_id", "1"}, {"label", "Tax"}, {"compound", ""},
		{"tax_amount", bare(rat(r.tax))}, {"shipping_tax_amount", bare(rat(r.shippingTax))}, {"rate_percent", "10"},
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
