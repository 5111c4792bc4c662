package store

import (
	"context"
	"fmt"
)

// Some are orders that are alike: how many, and the first of them.
type Some struct {
	Count int64
	IDs   []int64
}

// Undated finds the orders that have no date at all, though their worth may
// depend on it, and names the first of them, at most limit. It looks at all
// orders: it is for a person who asks.
func (sn *Snapshot) Undated(ctx context.Context, storage Storage, limit int) (Some, error) {
	var query string
	switch storage {
	case HPOS:
		query = `
			SELECT o.id FROM {p}wc_orders o LEFT JOIN {p}wc_order_operational_data d ON d.order_id = o.id
			WHERE o.type = 'shop_order' AND ` + noDate("o.date_created_gmt") + ` AND ` + noDate("d.date_paid_gmt") + `
			  AND ` + noDate("d.date_completed_gmt") + ` AND COALESCE(o.status, '') NOT IN (` + quoted(idle) + `)
			  AND o.id > ? ORDER BY o.id LIMIT ?`
	case Legacy:
		query = `
			SELECT o.ID FROM {p}posts o
			WHERE o.post_type = 'shop_order' AND ` + noDate("o.post_date_gmt") + ` AND ` + noDate("o.post_date") + `
			  AND o.post_status NOT IN (` + quoted(idle) + `) AND o.ID > ? ORDER BY o.ID LIMIT ?`
	default:
		return Some{}, unknownStorage(storage)
	}
	// Meta may have a date after all.
	var found Some
	for after := int64(0); ; {
		var ids []int64
		err := sn.each(ctx, query, []any{after, maxList}, func(r record) error {
			after = r.id(0)
			ids = append(ids, after)
			return nil
		})
		if err != nil {
			return Some{}, fmt.Errorf("look for orders without a date: %w", err)
		}
		rows, err := sn.orderRows(ctx, storage, ids)
		if err != nil {
			return Some{}, fmt.Errorf("read the dates of orders: %w", err)
		}
		undated := map[int64]bool{}
		for _, row := range rows {
			undated[row.id] = row.undated
		}
		for _, id := range ids {
			if undated[id] {
				found.add(id, limit)
			}
		}
		if len(ids) < maxList {
			return found, nil
		}
	}
}

func (s *Some) add(id int64, limit int) {
	s.Count++
	if len(s.IDs) < limit {
		s.IDs = append(s.IDs, id)
	}
}

// WithoutCustomer finds the orders that name a customer who does not exist, and
// names the first of them, at most limit. It looks at all orders.
func (sn *Snapshot) WithoutCustomer(ctx context.Context, storage Storage, limit int) (Some, error) {
	var query string
	switch storage {
	case HPOS:
		query = `
			SELECT o.id FROM {p}wc_orders o LEFT JOIN {u}users u ON u.ID = o.customer_id
			WHERE o.type = 'shop_order' AND o.customer_id > 0 AND u.ID IS NULL ORDER BY o.id`
	case Legacy:
		query = `
			SELECT DISTINCT o.ID FROM {p}posts o
			JOIN {p}postmeta c ON c.post_id = o.ID AND c.meta_key = '_customer_user' AND c.meta_value NOT IN ('', '0')
			LEFT JOIN {u}users u ON u.ID = CAST(c.meta_value AS UNSIGNED)
			WHERE o.post_type = 'shop_order' AND u.ID IS NULL ORDER BY o.ID`
	default:
		return Some{}, unknownStorage(storage)
	}
	var found Some
	err := sn.each(ctx, query, nil, func(r record) error {
		found.add(r.id(0), limit)
		return nil
	})
	if err != nil {
		return Some{}, fmt.Errorf("look for orders of unknown customers: %w", err)
	}
	return found, nil
}
