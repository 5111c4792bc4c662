package testshop

import (
	"context"
	"math/big"
	"strconv"
	"strings"
	"time"
)

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
		id: o.Number, status: stored(o.Status), currency: o.Currency, customer: o.Customer, email: o.Email,
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
	var id any // the next one
	if r.id != 0 {
		id = r.id
	}
	return s.insertPost(ctx, id, p)
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
