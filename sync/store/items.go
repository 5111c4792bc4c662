package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// The kinds of item and the meta keys of theirs that an order's worth depends
// on. Both storages keep items in the same two tables.
const (
	lineItem = "line_item"
	feeItem  = "fee"

	couponItem = "coupon" // its name is the code
)

const (
	metaProduct = iota
	metaVariation
	metaQuantity
	metaSubtotal
	metaSubtotalTax
	metaTotal
	metaTax
	metaRefunded
	metaCount
)

var (
	itemKinds = []string{lineItem, feeItem} // those that sums cover
	itemKeys  = []string{
		metaProduct:     "_product_id",
		metaVariation:   "_variation_id",
		metaQuantity:    "_qty",
		metaSubtotal:    "_line_subtotal",
		metaSubtotalTax: "_line_subtotal_tax",
		metaTotal:       "_line_total",
		metaTax:         "_line_tax",
		metaRefunded:    "_refunded_item_id",
	}
)

// itemTable gives id, owner, kind and name, which only coupons have unless all
// are asked for.
func itemTable(withNames bool) ownedTable {
	name := "CASE WHEN order_item_type = '" + couponItem + "' THEN order_item_name ELSE '' END"
	if withNames {
		name = "order_item_name"
	}
	return ownedTable{
		name: "{p}woocommerce_order_items", owner: "order_id", id: "order_item_id", most: 20,
		columns: "order_item_id, order_id, order_item_type, " + name,
		wanted:  "order_item_type IN (" + quoted(append([]string{couponItem}, itemKinds...)) + ")",
	}
}

// item is a line or a fee of an order or of a refund.
type item struct {
	id   int64
	kind string
	name string
	path string // its owner, itself and its kind, as digests name them
	sum  uint64
	meta [metaCount]struct {
		id   int64 // 0: none seen
		text string
	}
}

func (it *item) amount(key int) amount { return amount{name: itemKeys[key], text: it.meta[key].text} }

// see takes a meta row. Of several with one key the first one stored counts,
// as in WordPress.
func (it *item) see(key int, id int64, v value) {
	if m := &it.meta[key]; m.id == 0 || id < m.id {
		m.id, m.text = id, v.text
	}
}

// items reads the lines, fees and coupons of rows, by owner, each owner's by id.
// Coupons have a name and nothing else.
func (sn *Snapshot) items(ctx context.Context, rows []*orderRow, withNames bool) (map[int64][]*item, error) {
	owners := make([]int64, len(rows))
	for i, row := range rows {
		owners[i] = row.id
	}
	byID := map[int64]*item{}
	byOwner := make(map[int64][]*item, len(rows))
	there := make(map[int64]bool, len(rows))
	for _, owner := range owners {
		there[owner] = true
	}
	err := sn.owned(ctx, itemTable(withNames), owners, func(r record) error {
		owner := r.id(1)
		if !there[owner] {
			return nil
		}
		it := &item{id: r.id(0), kind: r.text(2), name: r.text(3)}
		if !strings.EqualFold(it.kind, couponItem) {
			byID[it.id] = it
			it.path = string(r[1]) + "|" + string(r[0]) + "|" + it.kind
		}
		byOwner[owner] = append(byOwner[owner], it)
		return nil
	})
	if err != nil {
		return nil, err
	}
	keys := make(map[string]int, metaCount)
	for key, name := range itemKeys {
		keys[name] = key
	}
	var scratch []byte
	err = sn.meta(ctx, itemMeta, itemKeys, slices.Collect(maps.Keys(byID)), func(m metaRow) {
		it := byID[m.owner]
		if it == nil {
			return
		}
		var sum uint64
		sum, scratch = digestMeta(scratch, it.path, m.id, m.key, m.value)
		it.sum ^= sum
		if key, known := keys[m.key]; known {
			it.see(key, m.id, m.value)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, items := range byOwner {
		slices.SortFunc(items, func(a, b *item) int { return cmp.Compare(a.id, b.id) })
	}
	return byOwner, nil
}
