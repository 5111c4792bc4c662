package store

import (
	"context"
	"fmt"
	"time"
)

// Tail is what is newest in a store.
type Tail struct {
	Orders   []Row // that changed, and those that the ends of the tables name
	Users    Bucket
	Comments Bucket // those that matter
	End      Cursor // legacy: the highest ids of the three tables
	LastNote int64  // the highest id of any comment
}

// TailFrom says where a tail begins: what is after these.
type TailFrom struct {
	Orders          Cursor
	Users, Comments int64
	LastNote        int64 // with a comment after it, no orders are asked for
	// In legacy storage, orders with an id above Newest that were modified at
	// Modified or later are in the tail too.
	Modified time.Time
	Newest   int64
}

// Tail returns what is newest in the store, in one statement and so of one
// moment: at most limit rows of each kind. What it returns of users and
// comments is combined as in buckets; N says nothing.
func (s *Store) Tail(ctx context.Context, storage Storage, from TailFrom, limit int) (Tail, error) {
	var ends string
	var args []any
	since := func(t time.Time) string { return t.UTC().Format(time.DateTime) }
	switch storage {
	case HPOS:
		ends = `(SELECT id FROM {p}wc_orders WHERE date_updated_gmt >= ? ORDER BY date_updated_gmt, id LIMIT ?)`
		args = append(args, since(from.Orders.Updated), limit)
	case Legacy:
		ends = `(SELECT ID AS id FROM {p}posts WHERE ID > ? AND post_type IN ('shop_order', 'shop_order_refund') ORDER BY ID LIMIT ?)
			UNION (SELECT comment_post_ID FROM {p}comments FORCE INDEX (PRIMARY)
			  WHERE comment_ID > ? AND comment_type = 'order_note' ORDER BY comment_ID LIMIT ?)
			UNION (SELECT post_id FROM {p}postmeta WHERE meta_id > ? ORDER BY meta_id LIMIT ?)
			UNION (SELECT ID FROM {p}posts FORCE INDEX (PRIMARY)
			  WHERE post_modified_gmt >= ? AND ID > ? AND post_type IN ('shop_order', 'shop_order_refund') ORDER BY ID LIMIT ?)`
		args = append(args, from.Orders.Post, limit, from.Orders.Comment, limit, from.Orders.Meta, limit, since(from.Modified), from.Newest, limit)
	}
	// Whoever changes an order notes it: then there is something to do anyway.
	orders, err := headsSQL(storage, `COALESCE((SELECT MAX(comment_ID) FROM {p}comments), 0) <= ? AND o.id IN (SELECT t.id FROM (`+ends+`) t)`)
	if err != nil {
		return Tail{}, err
	}
	lasts := `SELECT 'ends' AS kind, (SELECT MAX(comment_ID) FROM {p}comments) AS a, 0 AS b, 0 AS sum, NULL AS at`
	if storage == Legacy {
		lasts = `SELECT 'ends' AS kind, (SELECT MAX(comment_ID) FROM {p}comments) AS a, (SELECT MAX(ID) FROM {p}posts) AS b,
			(SELECT MAX(meta_id) FROM {p}postmeta) AS sum, NULL AS at`
	}
	sn := Snapshot{store: s}
	query := lasts + `
		UNION ALL SELECT 'users', COUNT(*), 0, BIT_XOR(u.digest), NULL FROM (` + sn.userSumsSQL(`u.ID > ? ORDER BY u.ID LIMIT ?`) + `) u
		UNION ALL SELECT 'comments', COUNT(*), 0, BIT_XOR(c.digest), NULL FROM (` + commentSumsSQL(`c.comment_ID > ? ORDER BY c.comment_ID LIMIT ?`) + `) c
		UNION ALL SELECT 'order', h.id, h.parent, h.head, h.modified FROM (` + orders + `) h`
	args = append([]any{from.Users, limit, from.Comments, limit, from.LastNote}, args...)
	var tail Tail
	err = s.once().each(ctx, query, args, func(r record) error {
		switch r.text(0) {
		case "ends":
			tail.LastNote = r.id(1)
			tail.End = Cursor{Comment: r.id(1), Post: r.id(2), Meta: r.id(3)}
		case "users":
			tail.Users = Bucket{Count: r.id(1), Sum: r.sum(3)}
		case "comments":
			tail.Comments = Bucket{Count: r.id(1), Sum: r.sum(3)}
		default:
			tail.Orders = append(tail.Orders, Row{ID: r.id(1), Parent: r.id(2), Head: r.sum(3), Modified: r.time(4)})
		}
		return nil
	})
	if err != nil {
		return Tail{}, fmt.Errorf("read what is newest in the store: %w", err)
	}
	return tail, nil
}
