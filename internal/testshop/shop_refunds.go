package testshop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"
)

// Refund is a refund to make. Amounts and quantities are positive, as
// wc_create_refund takes them; the rows hold negative ones.
type Refund struct {
	Amount      string // of all that it names, when empty
	Reason      string
	Lines       []RefundLine
	Shipping    string
	ShippingTax string
	Fees        []RefundLine
}

// RefundLine names a product line or a fee of the order.
type RefundLine struct {
	Item  int64 // 0: it names none
	Qty   string
	Total string
	Tax   string
}

// Refund is wc_create_refund: the refund's row is inserted with a total of 0,
// then its items, then the row is saved with 0 again and only then with the
// real, negative total; the order's modified date comes last. When nothing is
// left to refund, the order becomes refunded. It returns the refund's id.
func (s *Shop) Refund(ctx context.Context, order int64, r Refund) (int64, error) {
	st, err := s.read(ctx, order)
	if err != nil {
		return 0, err
	}
	id, err := s.refund(ctx, order, r)
	if err != nil {
		return id, err
	}
	rest, err := s.unrefunded(ctx, order, st)
	if err != nil || rest.Sign() > 0 {
		return id, errors.Join(err, s.mails(ctx, order, "Refunded order"))
	}
	if st.Status == "wc-refunded" {
		return id, nil
	}
	if err := s.changeStatus(ctx, order, st, "wc-refunded"); err != nil {
		return id, err
	}
	if err := s.mails(ctx, order, "Refunded order"); err != nil {
		return id, err
	}
	return id, s.orderNote(ctx, order, "order_update", "Order status changed from "+statusName(st.Status)+" to Refunded.")
}

// refund writes the refund and bumps the order's modified date.
func (s *Shop) refund(ctx context.Context, order int64, f Refund) (int64, error) {
	st, err := s.read(ctx, order)
	if err != nil {
		return 0, err
	}
	lines, err := s.namedItems(ctx, order, f)
	if err != nil {
		return 0, err
	}
	now := s.now()
	r := refundRecord(f, order, st.Currency, now)
	rest, err := s.unrefunded(ctx, order, st)
	if err != nil {
		return 0, err
	}
	kind := "partial"
	if rest.Cmp(rat(r.amount)) <= 0 {
		kind = "full"
	}

	first := r
	first.tax, first.total, first.shipping, first.shippingTax = "0", "0", "0", "0"
	if r.id, err = s.insertRecordPost(ctx, first); err != nil {
		return 0, err
	}
	first.id = r.id
	if err := s.insertRecord(ctx, first); err != nil {
		return r.id, err
	}
	if _, err := s.insertItems(ctx, r.id, append(refundItems(lines), taxItem(r)...)); err != nil {
		return r.id, err
	}
	if s.Storage.hpos() {
		if err := s.settleHPOS(ctx, r, kind); err != nil {
			return r.id, err
		}
	}
	if s.Storage.posts() {
		for _, meta := range [][2]string{
			{"_order_shipping", bare(rat(r.shipping))},
			{"_order_shipping_tax", bare(rat(r.shippingTax))},
			{"_order_tax", bare(rat(r.tax))},
			{"_order_total", r.total},
			{"_refund_type", kind},
		} {
			if err := s.setPostMeta(ctx, r.id, meta[0], meta[1]); err != nil {
				return r.id, err
			}
		}
	}
	if s.Storage == Legacy {
		return r.id, s.touchPost(ctx, order, now)
	}
	return r.id, s.touch(ctx, order, now)
}

// settleHPOS gives a refund's row its amounts, in the steps that WooCommerce
// takes.
func (s *Shop) settleHPOS(ctx context.Context, r record, kind string) error {
	err := s.run(ctx, `UPDATE {p}wc_orders SET tax_amount = ?, total_amount = 0 WHERE id = ?`, r.tax, r.id)
	if err != nil {
		return err
	}
	err = s.run(ctx, `UPDATE {p}wc_order_operational_data SET shipping_total_amount = ?, shipping_tax_amount = ? WHERE order_id = ?`,
		r.shipping, r.shippingTax, r.id)
	if err != nil {
		return err
	}
	err = s.run(ctx, `UPDATE {p}wc_orders SET total_amount = ?, date_updated_gmt = ? WHERE id = ?`, r.total, gmt(r.modified), r.id)
	if err != nil {
		return err
	}
	return s.insertOrderMeta(ctx, r.id, [][2]string{{"_refund_type", kind}})
}

func refundRecord(f Refund, order int64, currency string, at time.Time) record {
	places := decimals(currency)
	tax, named := new(big.Rat), sum(f.Shipping, f.ShippingTax)
	for _, line := range append(append([]RefundLine(nil), f.Lines...), f.Fees...) {
		tax.Add(tax, rat(line.Tax))
		named.Add(named, sum(line.Total, line.Tax))
	}
	amount := f.Amount
	if amount == "" {
		amount = bare(named)
	}
	return record{
		refund: true, parent: order, status: "wc-completed", currency: currency, created: at, modified: at,
		tax: rounded(tax.Neg(tax), places), total: rounded(rat(negated(amount)), places),
		shipping: rounded(rat(negated(f.Shipping)), places), shippingTax: rounded(rat(negated(f.ShippingTax)), places),
		discount: "0", discountTax: "0", amount: amount, reason: f.Reason,
	}
}

// namedItem is an item of the order with what the refund gives back of it.
type namedItem struct {
	RefundLine
	kind, name, product, variation string
}

// namedItems looks up what a refund names; what the order does not have is
// taken for a product line without a product.
func (s *Shop) namedItems(ctx context.Context, order int64, f Refund) ([]namedItem, error) {
	var named []namedItem
	add := func(line RefundLine, kind string) error {
		n := namedItem{RefundLine: line, kind: kind, product: "0", variation: "0"}
		err := s.DB.QueryRowxContext(ctx, s.sql(`
			SELECT i.order_item_name, i.order_item_type, COALESCE(p.meta_value, '0'), COALESCE(v.meta_value, '0')
			FROM {p}woocommerce_order_items i
			LEFT JOIN {p}woocommerce_order_itemmeta p ON p.order_item_id = i.order_item_id AND p.meta_key = '_product_id'
			LEFT JOIN {p}woocommerce_order_itemmeta v ON v.order_item_id = i.order_item_id AND v.meta_key = '_variation_id'
			WHERE i.order_item_id = ?`), line.Item).Scan(&n.name, &n.kind, &n.product, &n.variation)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read item %d of order %d: %w", line.Item, order, err)
		}
		named = append(named, n)
		return nil
	}
	for _, line := range f.Lines {
		if err := add(line, "line_item"); err != nil {
			return nil, err
		}
	}
	for _, line := range f.Fees {
		if err := add(line, "fee"); err != nil {
			return nil, err
		}
	}
	if f.Shipping == "" && f.ShippingTax == "" {
		return named, nil
	}
	items, err := s.Items(ctx, order, "shipping")
	if err != nil {
		return nil, err
	}
	line := RefundLine{Total: f.Shipping, Tax: f.ShippingTax}
	if len(items) > 0 {
		line.Item = items[0]
	}
	return named, add(line, "shipping")
}

func refundItems(lines []namedItem) []item {
	var items []item
	for _, n := range lines {
		total, tax := negated(n.Total), negated(n.Tax)
		var meta [][2]string
		switch n.kind {
		case "shipping":
			meta = [][2]string{{"method_id", "flat_rate"}, {"instance_id", ""}, {"cost", total}, {"total_tax", tax}, {"taxes", taxData("total", tax)}}
		case "fee":
			meta = [][2]string{
				{"_fee_amount", bare(rat(n.Total))},
				{"_tax_class", ""},
				{"_tax_status", "taxable"},
				{"_line_total", total},
				{"_line_tax", tax},
				{"_line_tax_data", taxData("total", tax)},
			}
		default:
			meta = [][2]string{
				{"_product_id", n.product},
				{"_variation_id", n.variation},
				{"_qty", negated(n.Qty)},
				{"_tax_class", ""},
				{"_line_subtotal", total},
				{"_line_subtotal_tax", tax},
				{"_line_total", total},
				{"_line_tax", tax},
				{"_line_tax_data", taxData("total", tax, "subtotal", tax)},
			}
		}
		if n.Item != 0 {
			meta = append(meta, [2]string{"_refunded_item_id", strconv.FormatInt(n.Item, 10)})
		}
		items = append(items, item{n.kind, n.name, meta})
	}
	return items
}

// unrefunded is what is left of an order's total after its refunds.
func (s *Shop) unrefunded(ctx context.Context, order int64, st state) (*big.Rat, error) {
	query := `SELECT COALESCE(m.meta_value, '') FROM {p}wc_orders r JOIN {p}wc_orders_meta m ON m.order_id = r.id AND m.meta_key = '_refund_amount'
		WHERE r.parent_order_id = ? AND r.type = 'shop_order_refund'`
	if !s.Storage.hpos() {
		query = `SELECT COALESCE(m.meta_value, '') FROM {p}posts r JOIN {p}postmeta m ON m.post_id = r.ID AND m.meta_key = '_refund_amount'
			WHERE r.post_parent = ? AND r.post_type = 'shop_order_refund' AND r.post_status <> 'trash'`
	}
	var amounts []string
	if err := s.DB.SelectContext(ctx, &amounts, s.sql(query), order); err != nil {
		return nil, fmt.Errorf("read refunds of order %d: %w", order, err)
	}
	rest := rat(st.Total)
	return rest.Sub(rest, sum(amounts...)), nil
}

// Refunds returns the ids of an order's refunds.
func (s *Shop) Refunds(ctx context.Context, order int64) ([]int64, error) {
	query := `SELECT id FROM {p}wc_orders WHERE parent_order_id = ? AND type = 'shop_order_refund' ORDER BY id`
	if !s.Storage.hpos() {
		query = `SELECT ID FROM {p}posts WHERE post_parent = ? AND post_type = 'shop_order_refund' ORDER BY ID`
	}
	var ids []int64
	if err := s.DB.SelectContext(ctx, &ids, s.sql(query), order); err != nil {
		return nil, fmt.Errorf("read refunds of order %d: %w", order, err)
	}
	return ids, nil
}

// DeleteRefund deletes a refund for good. Its order is not touched: nothing
// tells later that the refund was there.
func (s *Shop) DeleteRefund(ctx context.Context, refund int64) error { return s.erase(ctx, refund) }
