package store

import (
	"context"
	"fmt"
)

// NextOrderID returns the lowest id from id on that may be an order or a
// refund, 0 if there is none: ids can have wide gaps.
func (sn *Snapshot) NextOrderID(ctx context.Context, storage Storage, id int64) (int64, error) {
	switch storage {
	case HPOS:
		return sn.nextID(ctx, `SELECT MIN(id) FROM {p}wc_orders WHERE id >= ?`, id)
	case Legacy:
		return sn.nextID(ctx, `SELECT MIN(ID) FROM {p}posts WHERE ID >= ?`, id)
	}
	return 0, unknownStorage(storage)
}

// NextCommentID returns the lowest comment id from id on, 0 if there is none.
func (sn *Snapshot) NextCommentID(ctx context.Context, id int64) (int64, error) {
	return sn.nextID(ctx, `SELECT MIN(comment_ID) FROM {p}comments WHERE comment_ID >= ?`, id)
}

// NextUserID returns the lowest user id from id on, 0 if there is none.
func (sn *Snapshot) NextUserID(ctx context.Context, id int64) (int64, error) {
	return sn.nextID(ctx, `SELECT MIN(ID) FROM {u}users WHERE ID >= ?`, id)
}

func (sn *Snapshot) nextID(ctx context.Context, query string, from int64) (int64, error) {
	var id int64
	err := sn.each(ctx, query, []any{from}, func(r record) error {
		id = r.id(0)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("find the next id: %w", err)
	}
	return id, nil
}
