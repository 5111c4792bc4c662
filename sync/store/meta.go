package store

import (
	"context"
	"fmt"
	"slices"
)

// ownedTable is a table of rows that belong to owners by id. Its key leads to
// the rows as they were written, an index on the owner to each one's.
type ownedTable struct {
	name    string
	owner   string // the column
	id      string // the key
	columns string // to read
	wanted  string // the condition on the rows to read
	most    int64  // rows, wanted or not, that an owner usually has at most
}

var (
	itemMeta = metaTable("{p}woocommerce_order_itemmeta", "order_item_id", itemKeys, 40)
	postMeta = metaTable("{p}postmeta", "post_id", legacyKeys, 120)
)

// metaTable gives owner, id, key and value.
func metaTable(name, owner string, keys []string, most int64) ownedTable {
	return ownedTable{
		name: name, owner: owner, id: "meta_id", most: most,
		columns: owner + ", meta_id, meta_key, meta_value",
		wanted:  "meta_key IN (" + quoted(keys) + ")",
	}
}

// metaRow is a row of a meta table, as good as a record.
type metaRow struct {
	owner, id int64
	// key tells which of the wanted keys it is, -1 none: the server's comparison
	// passes over some differences, such as case. Name is the key as stored.
	key   int
	name  []byte
	value []byte // nil: NULL
}

// meta reads the meta rows with the wanted keys that belong to owners, in no
// order. It may give rows of other owners too.
func (sn *Snapshot) meta(ctx context.Context, table ownedTable, keys []string, owners []int64, visit func(metaRow)) error {
	wanted := make(map[string]int, len(keys))
	for i, key := range keys {
		wanted[key] = i
	}
	return sn.owned(ctx, table, owners, func(r record) error {
		row := metaRow{owner: r.id(0), id: r.id(1), name: r.bytes(2), value: r.bytes(3)}
		key, is := wanted[string(row.name)]
		if !is {
			key = -1
		}
		row.key = key
		visit(row)
		return nil
	})
}

// owned reads the wanted rows of owners, in no order. It may give rows of
// other owners too.
//
// Owners with neighbouring ids were mostly written one after the other, and so
// were their rows: reading that stretch of the table along its key costs a
// fraction of looking up row by row.
func (sn *Snapshot) owned(ctx context.Context, table ownedTable, owners []int64, visit func(record) error) error {
	var scattered []int64
	for _, run := range runs(owners) {
		read, err := sn.stretch(ctx, table, run, visit)
		if err != nil {
			return err
		}
		if !read {
			scattered = append(scattered, run...)
		}
	}
	return chunks(scattered, maxList, func(part []int64) error {
		return sn.each(ctx, table.selectSQL("")+` WHERE `+table.owner+` IN (`+list(part)+`) AND `+table.wanted, nil, visit)
	})
}

func (t ownedTable) selectSQL(hint string) string {
	return `SELECT ` + t.columns + ` FROM ` + t.name + ` ` + hint
}

// A run of owners this long is worth looking for its stretch, and a gap this
// wide ends it.
const (
	leastRun = 50
	mostGap  = 100
	// Of a run with fewer than one in so many of the ids between its ends, the
	// stretch would mostly hold rows of others.
	sparsest = 4
)

// runs parts ids where they are not dense; those that are nowhere dense stand
// alone.
func runs(ids []int64) [][]int64 {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var all [][]int64
	start := 0
	for i := range ids {
		if i+1 == len(ids) || ids[i+1]-ids[i] > mostGap {
			run := ids[start : i+1]
			if run[len(run)-1]-run[0] < sparsest*int64(len(run)) {
				all = append(all, run)
			} else {
				all = slices.AppendSeq(all, slices.Chunk(run, 1))
			}
			start = i + 1
		}
	}
	return all
}

// stretch reads the rows of a run of owners, unless they do not lie together.
// What was added to an owner later lies elsewhere and is looked up.
func (sn *Snapshot) stretch(ctx context.Context, table ownedTable, run []int64, visit func(record) error) (read bool, err error) {
	if len(run) < leastRun {
		return false, nil
	}
	first, last := run[0], run[len(run)-1]
	var from, to int64
	err = sn.each(ctx, fmt.Sprintf(`
		SELECT (SELECT MIN(%[1]s) FROM %[2]s WHERE %[3]s = ?), (SELECT MIN(%[1]s) FROM %[2]s WHERE %[3]s = ?)`, table.id, table.name, table.owner),
		[]any{first, last}, func(r record) error {
			from, to = r.id(0), r.id(1)
			return nil
		})
	if err != nil || from == 0 || to < from || to-from > table.most*int64(len(run)) {
		return false, err
	}
	to += table.most // the last one's
	wanted := ` WHERE ` + table.owner + ` BETWEEN ? AND ? AND ` + table.wanted + ` AND `
	err = sn.each(ctx, table.selectSQL(`FORCE INDEX (PRIMARY)`)+wanted+table.id+` BETWEEN ? AND ?`,
		[]any{first, last, from, to}, visit)
	if err != nil {
		return false, err
	}
	// The owner's index holds the id as well, so that it alone tells what lies
	// elsewhere; asked for whole rows, a server may read all of a small table.
	var elsewhere []int64
	err = sn.each(ctx, `
		SELECT `+table.id+` FROM `+table.name+` WHERE `+table.owner+` BETWEEN ? AND ? AND (`+table.id+` < ? OR `+table.id+` > ?)`,
		[]any{first, last, from, to}, func(r record) error {
			elsewhere = append(elsewhere, r.id(0))
			return nil
		})
	if err != nil {
		return false, err
	}
	return true, chunks(elsewhere, maxList, func(part []int64) error {
		return sn.each(ctx, table.selectSQL("")+` WHERE `+table.id+` IN (`+list(part)+`) AND `+table.wanted, nil, visit)
	})
}
