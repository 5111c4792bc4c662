package store

import (
	"context"
	"fmt"
	"slices"
)

// metaTable is a table of meta rows that belong to owners by id. Its key leads
// to the rows as they were written, an index on the owner to each one's.
type metaTable struct {
	name  string
	owner string // the column
	keys  []string
	most  int64 // rows, wanted or not, that an owner usually has at most
}

var (
	itemMeta = metaTable{name: "{p}woocommerce_order_itemmeta", owner: "order_item_id", keys: itemKeys, most: 40}
	postMeta = metaTable{name: "{p}postmeta", owner: "post_id", keys: legacyKeys, most: 120}
)

// meta reads the wanted meta rows of owners, in no order: owner, id, key and
// value. It may give rows of other owners too.
//
// Owners with neighbouring ids were mostly written one after the other, and so
// were their meta rows: reading that stretch of the table along its key costs a
// fraction of looking up row by row.
func (sn *Snapshot) meta(ctx context.Context, table metaTable, owners []int64, visit func(record) error) error {
	var scattered []int64
	for _, run := range runs(owners) {
		read, err := sn.metaStretch(ctx, table, run, visit)
		if err != nil {
			return err
		}
		if !read {
			scattered = append(scattered, run...)
		}
	}
	return chunks(scattered, maxList, func(part []int64) error {
		return sn.each(ctx, table.selectSQL("")+` WHERE `+table.owner+` IN (`+list(part)+`) AND meta_key IN (`+quoted(table.keys)+`)`, nil, visit)
	})
}

func (t metaTable) selectSQL(hint string) string {
	return `SELECT ` + t.owner + `, meta_id, CONVERT(meta_key USING utf8mb4), CONVERT(meta_value USING utf8mb4) FROM ` + t.name + ` ` + hint
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

// metaStretch reads the meta rows of a run of owners, unless they do not lie
// together. What was added to an owner later lies elsewhere and is looked up.
func (sn *Snapshot) metaStretch(ctx context.Context, table metaTable, run []int64, visit func(record) error) (read bool, err error) {
	if len(run) < leastRun {
		return false, nil
	}
	first, last := run[0], run[len(run)-1]
	var from, to int64
	err = sn.each(ctx, fmt.Sprintf(`
		SELECT (SELECT MIN(meta_id) FROM %[1]s WHERE %[2]s = ?), (SELECT MIN(meta_id) FROM %[1]s WHERE %[2]s = ?)`, table.name, table.owner),
		[]any{first, last}, func(r record) error {
			from, to = r.id(0), r.id(1)
			return nil
		})
	if err != nil || from == 0 || to < from || to-from > table.most*int64(len(run)) {
		return false, err
	}
	to += table.most // the last one's
	wanted := ` WHERE ` + table.owner + ` BETWEEN ? AND ? AND meta_key IN (` + quoted(table.keys) + `) AND `
	err = sn.each(ctx, table.selectSQL(`FORCE INDEX (PRIMARY)`)+wanted+`meta_id BETWEEN ? AND ?`,
		[]any{first, last, from, to}, visit)
	if err != nil {
		return false, err
	}
	// The owner's index holds the id as well: what was read above is passed
	// over in it.
	return true, sn.each(ctx, table.selectSQL(`IGNORE INDEX (PRIMARY)`)+wanted+`(meta_id < ? OR meta_id > ?)`,
		[]any{first, last, from, to}, visit)
}
