package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/sync/program"
)

// OrderRecord is an order as read, with the sums of the rows that it was made
// of and what could not be read in it.
type OrderRecord struct {
	Order    program.Order
	Codes    []string  // of the coupons that it carries, lower case
	Rows     []RowSums // its own, then its refunds', those in the trash included, by id
	Problems []string  // such as `order 12: line 34: _line_total "abc"`, or "1e30", taken as 0
	Dates    []string  // such as `order 12: _date_paid "abc" is no date`, taken as missing
	Undated  bool      // it has no date at all, though its worth may depend on it
}

// Orders returns those of the ids that are orders, ascending, with their
// refunds. Lines have names only if asked for.
func (sn *Snapshot) Orders(ctx context.Context, storage Storage, ids []int64, withNames bool) ([]OrderRecord, error) {
	var all []OrderRecord
	err := chunks(ids, maxList, func(part []int64) error {
		records, err := sn.orders(ctx, storage, part, withNames)
		if all == nil {
			all = records
		} else {
			all = append(all, records...)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	return all, nil
}

func (sn *Snapshot) orders(ctx context.Context, storage Storage, ids []int64, withNames bool) ([]OrderRecord, error) {
	rows, err := sn.orderRows(ctx, storage, ids)
	if err != nil {
		return nil, err
	}
	items, err := sn.items(ctx, rows, withNames)
	if err != nil {
		return nil, err
	}
	// Orders come before their refunds, refunds by creation, then id.
	slices.SortFunc(rows, func(a, b *orderRow) int {
		if order := cmp.Compare(a.order(), b.order()); order != 0 {
			return order
		}
		return cmp.Or(cmp.Compare(a.parent, b.parent), a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	records := make([]OrderRecord, 0, len(ids))
	for _, row := range rows {
		if row.parent == 0 {
			records = append(records, OrderRecord{})
			records[len(records)-1].setOrder(row, items[row.id])
			continue
		}
		record := &records[len(records)-1]
		record.Rows = append(record.Rows, row.sums(items[row.id]))
		if row.status != "trash" {
			record.addRefund(row, items[row.id])
		}
	}
	for i := range records {
		slices.SortFunc(records[i].Rows[1:], func(a, b RowSums) int { return cmp.Compare(a.ID, b.ID) })
	}
	return records, nil
}

// orderRow is what is stored once for an order or a refund. Amounts are kept
// as text until they are named in a problem or read.
type orderRow struct {
	id          int64
	parent      int64 // the order of a refund, else 0
	customer    int64
	status      string
	currency    string
	email       string
	created     time.Time
	modified    time.Time
	paid        time.Time
	completed   time.Time
	total       amount
	shipping    amount
	shippingTax amount
	refunded    amount // of a refund
	head        uint64
	problems    []string
	dates       []string // what is wrong with them
	undated     bool     // likewise
}

// amount is a stored number and the name of its place.
type amount struct{ name, text string }

func (r *orderRow) order() int64 { return cmp.Or(r.parent, r.id) }

func (r *orderRow) sums(items []item) RowSums {
	sums := RowSums{ID: r.id, Parent: r.parent, Head: r.head}
	for i := range items {
		sums.Body ^= items[i].sum
	}
	return sums
}

// orderRows reads the rows of the orders among ids, and of their refunds.
func (sn *Snapshot) orderRows(ctx context.Context, storage Storage, ids []int64) ([]*orderRow, error) {
	switch storage {
	case HPOS:
		return sn.hposRows(ctx, ids)
	case Legacy:
		return sn.legacyRows(ctx, ids)
	}
	return nil, unknownStorage(storage)
}

// isRefund tells a refund's type, as the server compares it.
func isRefund(kind []byte) bool { return bytes.EqualFold(kind, []byte("shop_order_refund")) }

// withRefunds reads the orders among ids, which are sorted, and their refunds: read returns the
// rows for which a condition on the columns kind, id and parent holds.
func withRefunds(ids []int64, kind, id, parent string, read func(condition string) ([]*orderRow, error)) ([]*orderRow, error) {
	rows := make([]*orderRow, 0, len(ids))
	for _, condition := range conditions(id, ids, maxList) {
		found, err := read(kind + ` = 'shop_order' AND ` + condition)
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			if _, asked := slices.BinarySearch(ids, row.id); asked {
				rows = append(rows, row)
			}
		}
	}
	orders := make([]int64, len(rows))
	for i, row := range rows {
		orders[i] = row.id
	}
	slices.Sort(orders)
	for _, condition := range conditions(parent, orders, diveList) {
		refunds, err := read(kind + ` = 'shop_order_refund' AND ` + condition)
		if err != nil {
			return nil, err
		}
		for _, refund := range refunds {
			if _, there := slices.BinarySearch(orders, refund.parent); there {
				rows = append(rows, refund)
			}
		}
	}
	return rows, nil
}

func unknownStorage(storage Storage) error {
	return fmt.Errorf("unknown order storage %q", storage)
}

func (o *OrderRecord) setOrder(row *orderRow, items []item) {
	o.Rows = []RowSums{row.sums(items)}
	o.Problems, o.Dates, o.Undated = row.problems, row.dates, row.undated
	here := place{order: row.id}
	o.Order = program.Order{
		ID:          row.id,
		Customer:    row.customer,
		Email:       row.email,
		Status:      strings.TrimPrefix(row.status, "wc-"),
		Currency:    row.currency,
		Created:     row.created,
		Modified:    row.modified,
		Paid:        row.paid,
		Completed:   row.completed,
		Total:       o.decimal(here, row.total),
		Shipping:    o.decimal(here, row.shipping),
		ShippingTax: o.decimal(here, row.shippingTax),
	}
	for i := range items {
		it := &items[i]
		here := place{order: row.id, line: it.id}
		switch { // as the server compares them
		case strings.EqualFold(it.kind, couponItem):
			o.Codes = append(o.Codes, strings.ToLower(it.name))
			continue
		case strings.EqualFold(it.kind, feeItem):
			o.Order.Fees = append(o.Order.Fees, o.fee(here, it))
			continue
		}
		if o.Order.Lines == nil {
			o.Order.Lines = make([]program.Line, 0, len(items)-i)
		}
		o.Order.Lines = append(o.Order.Lines, program.Line{
			ID:          it.id,
			Name:        it.name,
			Product:     o.reference(here, it, metaProduct),
			Variation:   o.reference(here, it, metaVariation),
			Quantity:    o.decimal(here, it.amount(metaQuantity)),
			Total:       o.decimal(here, it.amount(metaTotal)),
			Subtotal:    o.decimal(here, it.amount(metaSubtotal)),
			Tax:         o.decimal(here, it.amount(metaTax)),
			SubtotalTax: o.decimal(here, it.amount(metaSubtotalTax)),
		})
	}
}

func (o *OrderRecord) addRefund(row *orderRow, items []item) {
	o.Problems = append(o.Problems, row.problems...)
	here := place{order: row.parent, refund: row.id}
	refund := program.Refund{
		ID:          row.id,
		Created:     row.created,
		Shipping:    o.decimal(here, row.shipping),
		ShippingTax: o.decimal(here, row.shippingTax),
	}
	if row.refunded.text != "" {
		refund.Amount = o.decimal(here, row.refunded)
	} else {
		total := o.decimal(here, row.total)
		refund.Amount.Neg(&total)
	}
	for i := range items {
		it := &items[i]
		here := place{order: row.parent, refund: row.id, line: it.id}
		switch {
		case strings.EqualFold(it.kind, couponItem):
			continue
		case strings.EqualFold(it.kind, feeItem):
			refund.Fees = append(refund.Fees, o.fee(here, it))
			continue
		}
		refund.Lines = append(refund.Lines, program.RefundLine{
			Item:     o.reference(here, it, metaRefunded),
			Quantity: o.decimal(here, it.amount(metaQuantity)),
			Total:    o.decimal(here, it.amount(metaTotal)),
			Tax:      o.decimal(here, it.amount(metaTax)),
		})
	}
	o.Order.Refunds = append(o.Order.Refunds, refund)
}

// place is where an amount is stored.
type place struct{ order, refund, line int64 }

func (p place) String() string {
	text := fmt.Sprintf("order %d", p.order)
	if p.refund != 0 {
		text += fmt.Sprintf(": refund %d", p.refund)
	}
	if p.line != 0 {
		text += fmt.Sprintf(": line %d", p.line)
	}
	return text
}

func (o *OrderRecord) fee(at place, it *item) program.Fee {
	return program.Fee{
		Total: o.decimal(at, it.amount(metaTotal)),
		Tax:   o.decimal(at, it.amount(metaTax)),
	}
}

// decimal reads an amount; what cannot be read, and what nobody means, is 0 and
// a problem.
func (o *OrderRecord) decimal(at place, a amount) apd.Decimal {
	d, err := program.ParseDecimal(a.text)
	if err != nil || absurd(a.text, &d) {
		o.Problems = append(o.Problems, problem(at, a))
		return apd.Decimal{}
	}
	return d
}

// mostDigits are those before the point of the highest amount that somebody may
// mean, 10^18.
const mostDigits = 19

var mostAmount = apd.New(1, mostDigits-1)

// absurd reports whether an amount is above 10^18, or below minus that.
func absurd(text string, d *apd.Decimal) bool {
	if len(text) < mostDigits && d.Exponent <= 0 {
		return false
	}
	digits := d.NumDigits() + int64(d.Exponent)
	if digits != mostDigits {
		return digits > mostDigits
	}
	var amount apd.Decimal
	return amount.Abs(d).Cmp(mostAmount) > 0
}

// reference reads the id that a meta row of it names; what cannot be read is
// 0 and a problem.
func (o *OrderRecord) reference(at place, it *item, key int) int64 {
	a := it.amount(key)
	id := parseID(a.text)
	if id == 0 && strings.Trim(a.text, "0") != "" {
		o.Problems = append(o.Problems, problem(at, a))
	}
	return id
}

func problem(at place, a amount) string {
	const most = 40
	text := strings.ToValidUTF8(a.text, "\uFFFD")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%s: %s %q", at, a.name, text)
}
