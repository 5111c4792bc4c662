package testshop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Trash moves an order to the trash. HPOS: its refunds stay as they are.
// Legacy and Synced: the refunds' posts go to the trash with their modified
// dates unchanged, its notes become post-trashed.
func (s *Shop) Trash(ctx context.Context, order int64) error {
	st, err := s.read(ctx, order)
	if err != nil {
		return err
	}
	now := s.now()
	if s.Storage.hpos() {
		err := s.insertOrderMeta(ctx, order, [][2]string{{"_wp_trash_meta_status", st.Status}, {"_wp_trash_meta_time", unix(now)}})
		if err != nil {
			return err
		}
		err = s.run(ctx, `UPDATE {p}wc_orders SET status = 'trash', date_updated_gmt = ? WHERE id = ?`, gmt(now), order)
		if err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		if err := s.trashPostMeta(ctx, order, s.Storage == Legacy); err != nil {
			return err
		}
		err := s.run(ctx, `UPDATE {p}posts SET post_status = 'trash', post_name = CONCAT(REPLACE(post_name, '__trashed', ''), '__trashed'),
			post_modified = ?, post_modified_gmt = ? WHERE ID = ?`, s.local(now), gmt(now), order)
		if err != nil {
			return err
		}
		if err := s.trashComments(ctx, order, s.Storage == Legacy); err != nil {
			return err
		}
		err = s.run(ctx, `UPDATE {p}posts SET post_status = 'trash' WHERE post_parent = ? AND post_type = 'shop_order_refund'`, order)
		if err != nil {
			return err
		}
	}
	return s.count(ctx, order, "trash")
}

// Untrash gives an order the status it had before; a completed one gets a new
// completed date. Synced: the refunds' posts and the notes stay in the trash,
// as WooCommerce leaves them.
func (s *Shop) Untrash(ctx context.Context, order int64) error {
	st, err := s.read(ctx, order)
	if err != nil {
		return err
	}
	if st.Status != "trash" {
		return fmt.Errorf("order %d is not in the trash but %s", order, st.Status)
	}
	query := `SELECT meta_value FROM {p}wc_orders_meta WHERE order_id = ? AND meta_key = '_wp_trash_meta_status' ORDER BY id DESC LIMIT 1`
	if !s.Storage.hpos() {
		query = `SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_wp_trash_meta_status' ORDER BY meta_id DESC LIMIT 1`
	}
	var before string
	err = s.DB.GetContext(ctx, &before, s.sql(query), order)
	if errors.Is(err, sql.ErrNoRows) {
		before, err = "wc-pending", nil
	}
	if err != nil {
		return fmt.Errorf("read the former status of order %d: %w", order, err)
	}
	if err := s.changeStatus(ctx, order, st, before); err != nil {
		return err
	}
	if s.Storage.hpos() {
		err := s.run(ctx, `DELETE FROM {p}wc_orders_meta WHERE order_id = ? AND meta_key LIKE '\_wp\_trash\_meta\_%'`, order)
		if err != nil {
			return err
		}
	}
	if s.Storage == Legacy {
		err := s.run(ctx, `UPDATE {p}posts SET post_name = REPLACE(post_name, '__trashed', '') WHERE ID = ?`, order)
		if err != nil {
			return err
		}
		err = s.run(ctx, `UPDATE {p}posts SET post_status = 'wc-completed' WHERE post_parent = ? AND post_type = 'shop_order_refund'`, order)
		if err != nil {
			return err
		}
	}
	switch s.Storage {
	case Legacy:
		err = s.untrashComments(ctx, order)
	case Synced:
		err = s.run(ctx, `DELETE FROM {p}postmeta WHERE post_id = ? AND meta_key LIKE '\_wp\_trash\_meta\_%'`, order)
	}
	if err != nil {
		return err
	}
	if before == "wc-completed" {
		if err := s.mails(ctx, order, "Completed order"); err != nil {
			return err
		}
	}
	return s.orderNote(ctx, order, "order_update", "Order status changed from trash to "+statusName(before)+".")
}

// Delete deletes an order for good, with its refunds: items, metadata, rows,
// posts. No tombstone remains. HPOS leaves its notes and the _billing_…
// metadata of its placeholder behind.
func (s *Shop) Delete(ctx context.Context, order int64) error {
	refunds, err := s.Refunds(ctx, order)
	if err != nil {
		return err
	}
	for _, refund := range refunds {
		if err := s.erase(ctx, refund); err != nil {
			return err
		}
	}
	return s.erase(ctx, order)
}

// erase removes the rows of one order or refund. In HPOS mode a post that an
// earlier storage mode left behind stays, and a _deleted_from row says so.
func (s *Shop) erase(ctx context.Context, order int64) error {
	backup := false
	if s.Storage == HPOS {
		kind, err := s.postType(ctx, order)
		if err != nil {
			return err
		}
		backup = kind == "shop_order" || kind == "shop_order_refund"
	}
	var statements []string
	if s.Storage.hpos() {
		statements = append(statements,
			`DELETE FROM {p}wc_orders WHERE id = ?`,
			`DELETE FROM {p}wc_order_addresses WHERE order_id = ?`,
			`DELETE FROM {p}wc_order_operational_data WHERE order_id = ?`,
			`DELETE FROM {p}wc_orders_meta WHERE order_id = ?`)
	}
	statements = append(statements,
		`DELETE m FROM {p}woocommerce_order_itemmeta m JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id WHERE i.order_id = ?`,
		`DELETE FROM {p}woocommerce_order_items WHERE order_id = ?`)
	if s.Storage.posts() {
		statements = append(statements,
			`DELETE m FROM {p}commentmeta m JOIN {p}comments c ON c.comment_ID = m.comment_id WHERE c.comment_post_ID = ?`,
			`DELETE FROM {p}comments WHERE comment_post_ID = ?`,
			`DELETE FROM {p}postmeta WHERE post_id = ?`)
	}
	if !backup {
		statements = append(statements, `DELETE FROM {p}posts WHERE ID = ?`)
	}
	for _, statement := range statements {
		if err := s.run(ctx, statement, order); err != nil {
			return err
		}
	}
	if backup {
		return s.insertOrderMeta(ctx, order, [][2]string{{"_deleted_from", "HPOS"}})
	}
	return nil
}
