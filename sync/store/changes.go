package store

import (
	"context"
	"fmt"
	"time"
)

// Row is an order or a refund that changed.
type Row struct {
	ID       int64
	Parent   int64  // the order of a refund, else 0
	Head     uint64 // as in RowSums
	Modified time.Time
}

// Order returns the id of the order that the row belongs to.
func (r Row) Order() int64 {
	if r.Parent != 0 {
		return r.Parent
	}
	return r.ID
}

// Cursor is how far the changes of the orders have been read. In HPOS storage
// it is a date of change and, in Post, the last id seen at that date; in legacy
// storage the last ids of three tables.
type Cursor struct {
	Updated time.Time `json:"updated"`
	Post    int64     `json:"post"`
	Comment int64     `json:"comment"`
	Meta    int64     `json:"meta"`
}

// Back returns the cursor moved back, so that changes which became visible
// late are read again: by time in HPOS storage, by ids in legacy storage.
func (c Cursor) Back(storage Storage, by time.Duration, ids int64) Cursor {
	if storage == HPOS {
		if !c.Updated.IsZero() {
			c.Updated, c.Post = c.Updated.Add(-by), 0
		}
		return c
	}
	c.Post = max(0, c.Post-ids)
	c.Comment = max(0, c.Comment-ids)
	c.Meta = max(0, c.Meta-3*ids) // an order has dozens
	return c
}

// OrderCursor returns the cursor at the present end of the changes: all that
// happens from now on is after it.
func (sn *Snapshot) OrderCursor(ctx context.Context, storage Storage) (Cursor, error) {
	var c Cursor
	var err error
	switch storage {
	case HPOS:
		err = sn.each(ctx, `
			SELECT date_updated_gmt, id FROM {p}wc_orders
			WHERE date_updated_gmt <= UTC_TIMESTAMP()
			ORDER BY date_updated_gmt DESC, id DESC LIMIT 1`, nil,
			func(r record) error {
				c.Updated, c.Post = r.time(0), r.id(1)
				return nil
			})
	case Legacy:
		err = sn.each(ctx, `
			SELECT (SELECT MAX(ID) FROM {p}posts), (SELECT MAX(comment_ID) FROM {p}comments),
			  (SELECT MAX(meta_id) FROM {p}postmeta)`, nil,
			func(r record) error {
				c.Post, c.Comment, c.Meta = r.id(0), r.id(1), r.id(2)
				return nil
			})
	default:
		err = unknownStorage(storage)
	}
	if err != nil {
		return Cursor{}, fmt.Errorf("find the end of the orders' changes: %w", err)
	}
	return c, nil
}

// ChangedOrders returns orders and refunds that changed after c, some of them
// perhaps without a visible change, and the cursor after them; more says that
// there are more right now. It costs what has changed. It does not see
// everything: deletions, edits of existing meta rows in legacy storage or of
// lines in either, and dates of change set back show only in the sums.
func (sn *Snapshot) ChangedOrders(ctx context.Context, storage Storage, c Cursor, limit int) (rows []Row, next Cursor, more bool, err error) {
	var ids []int64
	switch storage {
	case HPOS:
		ids, next, more, err = sn.hposChanged(ctx, c, limit)
	case Legacy:
		ids, next, more, err = sn.legacyChanged(ctx, c, limit)
	default:
		err = unknownStorage(storage)
	}
	if err == nil {
		rows, err = sn.Rows(ctx, storage, ids)
	}
	if err != nil {
		return nil, c, false, fmt.Errorf("read changed orders: %w", err)
	}
	return rows, next, more, nil
}

// Rows returns those of the ids that are orders, or refunds of an order, by id.
func (sn *Snapshot) Rows(ctx context.Context, storage Storage, ids []int64) ([]Row, error) {
	var rows []Row
	err := chunks(ids, maxList, func(part []int64) error {
		return sn.heads(ctx, storage, "o.id IN ("+list(part)+")", nil, func(r record) error {
			rows = append(rows, Row{ID: r.id(0), Parent: r.id(1), Head: r.sum(2), Modified: r.time(3)})
			return nil
		})
	})
	return rows, err
}

// OrderIDs returns the ids of orders above after, ascending, at most limit.
func (sn *Snapshot) OrderIDs(ctx context.Context, storage Storage, after int64, limit int) ([]int64, error) {
	var query string
	switch storage {
	case HPOS:
		query = `SELECT id FROM {p}wc_orders FORCE INDEX (PRIMARY)
			WHERE id > ? AND type = 'shop_order' ORDER BY id LIMIT ?`
	case Legacy:
		query = `SELECT ID FROM {p}posts FORCE INDEX (PRIMARY)
			WHERE ID > ? AND post_type = 'shop_order' ORDER BY ID LIMIT ?`
	default:
		return nil, unknownStorage(storage)
	}
	var ids []int64
	err := sn.each(ctx, query, []any{after, limit}, func(r record) error {
		ids = append(ids, r.id(0))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return ids, nil
}

// MaxOrderID returns an id that no order and no refund exceeds, 0 in an empty
// store.
func (sn *Snapshot) MaxOrderID(ctx context.Context, storage Storage) (int64, error) {
	switch storage {
	case HPOS:
		return sn.maxID(ctx, `SELECT MAX(id) FROM {p}wc_orders`)
	case Legacy:
		return sn.maxID(ctx, `SELECT MAX(ID) FROM {p}posts`)
	}
	return 0, unknownStorage(storage)
}

func (sn *Snapshot) maxID(ctx context.Context, query string) (int64, error) {
	var id int64
	err := sn.each(ctx, query, nil, func(r record) error {
		id = r.id(0)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("find the highest id: %w", err)
	}
	return id, nil
}
