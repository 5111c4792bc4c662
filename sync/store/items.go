package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
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
	id    int64
	owner int64
	kind  string
	name  string
	path  uint32 // begins the digests of its meta: its owner, itself and its kind
	sum   uint64
	meta  [metaCount]struct {
		id   int64 // 0: none seen
		text string
	}
}

func (it *item) amount(key int) amount { return amount{name: itemKeys[key], text: it.meta[key].text} }

// see takes a meta row. Of several with one key the first one stored counts,
// as in WordPress.
func (it *item) see(key int, id int64, text []byte, all *texts) {
	if m := &it.meta[key]; m.id == 0 || id < m.id {
		m.id, m.text = id, all.keep(text)
	}
}

// items reads the lines, fees and coupons of rows, by owner, each owner's by id.
// Coupons have a name and nothing else.
func (sn *Snapshot) items(ctx context.Context, rows []*orderRow, withNames bool) (map[int64][]item, error) {
	owners := make([]int64, len(rows))
	for i, row := range rows {
		owners[i] = row.id
	}
	slices.Sort(owners)
	all := make([]item, 0, 3*len(rows)) // of what orders mostly have
	var names texts
	kinds := words{}
	err := sn.owned(ctx, itemTable(withNames), owners, func(r record) error {
		owner := r.id(1)
		if _, there := slices.BinarySearch(owners, owner); there {
			all = append(all, item{id: r.id(0), owner: owner, kind: kinds.keep(r.bytes(2)), name: names.keep(r.bytes(3))})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b item) int { return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.id, b.id)) })
	if err := sn.itemMeta(ctx, all); err != nil {
		return nil, err
	}
	byOwner := make(map[int64][]item, len(rows))
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].owner == all[0].owner {
			n++
		}
		byOwner[all[0].owner], all = all[:n:n], all[n:]
	}
	return byOwner, nil
}

// itemMeta reads into items what their meta says of them.
func (sn *Snapshot) itemMeta(ctx context.Context, items []item) error {
	ids := make([]int64, 0, len(items))
	at := make(map[int64]int, len(items))
	var values texts
	var scratch []byte
	for i := range items {
		it := &items[i]
		if strings.EqualFold(it.kind, couponItem) {
			continue
		}
		ids, at[it.id] = append(ids, it.id), i
		scratch = append(strconv.AppendInt(scratch[:0], it.owner, 10), '|')
		scratch = append(strconv.AppendInt(scratch, it.id, 10), '|')
		scratch = append(scratch, it.kind...)
		it.path = checksumOwners(scratch)
	}
	var it *item
	return sn.meta(ctx, itemMeta, itemKeys, ids, func(m metaRow) {
		if it == nil || it.id != m.owner { // mostly rows of one item follow each other
			i, there := at[m.owner]
			if !there {
				return
			}
			it = &items[i]
		}
		var sum uint64
		sum, scratch = digestMeta(scratch, it.path, m.id, m.name, m.value)
		it.sum ^= sum
		if m.key >= 0 {
			it.see(m.key, m.id, m.value, &values)
		}
	})
}
