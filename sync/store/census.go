package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// OrderKind counts orders that are alike. Status is written without "wc-".
type OrderKind struct {
	Status   string
	Currency string
	Guest    bool // without a customer
	Orders   int64
}

// OrderKinds counts the store's orders by status, currency and whether they
// have a customer. It reads all of them: it is for a person who asks.
func (sn *Snapshot) OrderKinds(ctx context.Context, storage Storage) ([]OrderKind, error) {
	var query string
	switch storage {
	case HPOS:
		query = `
			SELECT status, currency, CASE WHEN COALESCE(customer_id, 0) = 0 THEN 1 ELSE 0 END AS guest, COUNT(*)
			FROM {p}wc_orders WHERE type = 'shop_order' GROUP BY status, currency, guest ORDER BY status, currency, guest`
	case Legacy:
		query = `
			SELECT o.post_status, c.meta_value AS currency,
			  CASE WHEN COALESCE(u.meta_value, '') IN ('', '0') THEN 1 ELSE 0 END AS guest, COUNT(DISTINCT o.ID)
			FROM {p}posts o
			LEFT JOIN {p}postmeta c ON c.post_id = o.ID AND c.meta_key = '_order_currency'
			LEFT JOIN {p}postmeta u ON u.post_id = o.ID AND u.meta_key = '_customer_user'
			WHERE o.post_type = 'shop_order' GROUP BY o.post_status, currency, guest ORDER BY o.post_status, currency, guest`
	default:
		return nil, unknownStorage(storage)
	}
	var kinds []OrderKind
	err := sn.each(ctx, query, nil, func(r record) error {
		kinds = append(kinds, OrderKind{
			Status: strings.TrimPrefix(r.text(0), "wc-"), Currency: r.text(1), Guest: r.id(2) == 1, Orders: r.id(3),
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the orders: %w", err)
	}
	return kinds, nil
}

// LatestOrders returns the ids of the newest orders, at most limit.
func (sn *Snapshot) LatestOrders(ctx context.Context, storage Storage, limit int) ([]int64, error) {
	var query string
	switch storage {
	case HPOS:
		query = `SELECT id FROM {p}wc_orders WHERE type = 'shop_order' ORDER BY id DESC LIMIT ?`
	case Legacy:
		query = `SELECT ID FROM {p}posts WHERE post_type = 'shop_order' ORDER BY ID DESC LIMIT ?`
	default:
		return nil, unknownStorage(storage)
	}
	var ids []int64
	err := sn.each(ctx, query, []any{limit}, func(r record) error {
		ids = append(ids, r.id(0))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the newest orders: %w", err)
	}
	return ids, nil
}

// LatestChange returns the latest date of change of any order, which the
// site's own clock wrote, and the database's clock. Without orders the former
// is zero.
func (sn *Snapshot) LatestChange(ctx context.Context, storage Storage) (changed, now time.Time, err error) {
	var query string
	switch storage {
	case HPOS:
		query = `SELECT MAX(date_updated_gmt), UTC_TIMESTAMP() FROM {p}wc_orders`
	case Legacy:
		query = `SELECT MAX(post_modified_gmt), UTC_TIMESTAMP() FROM {p}posts WHERE post_type = 'shop_order'`
	default:
		return changed, now, unknownStorage(storage)
	}
	err = sn.each(ctx, query, nil, func(r record) error {
		changed, now = r.time(0), r.time(1)
		return nil
	})
	if err != nil {
		return changed, now, fmt.Errorf("find the latest change of an order: %w", err)
	}
	return changed, now, nil
}

// Compatibility reports whether WooCommerce keeps its orders in both storages
// at once and how many orders and refunds are not the same in both. The one
// that it reads is the truth.
func (sn *Snapshot) Compatibility(ctx context.Context) (on bool, differ int64, err error) {
	err = sn.each(ctx, `
		SELECT option_value FROM {p}options WHERE option_name = 'woocommerce_custom_orders_table_data_sync_enabled'`, nil,
		func(r record) error {
			on = r.text(0) == "yes"
			return nil
		})
	if err == nil && on {
		err = sn.each(ctx, `
			SELECT (SELECT COUNT(*) FROM {p}wc_orders o LEFT JOIN {p}posts p ON p.ID = o.id AND p.post_type = o.type
			        WHERE o.type IN ('shop_order', 'shop_order_refund') AND (p.ID IS NULL OR p.post_status <> o.status))
			  + (SELECT COUNT(*) FROM {p}posts p LEFT JOIN {p}wc_orders o ON o.id = p.ID
			     WHERE p.post_type IN ('shop_order', 'shop_order_refund') AND o.id IS NULL)`, nil,
			func(r record) error {
				differ = r.id(0)
				return nil
			})
	}
	if err != nil {
		return false, 0, fmt.Errorf("compare the two storages of orders: %w", err)
	}
	return on, differ, nil
}
