package testshop

import (
	"context"
	"fmt"
	"math/big"
	"time"
)

// Save saves an order without a change: HPOS bumps date_updated_gmt (Synced
// post_modified too), Legacy writes nothing.
func (s *Shop) Save(ctx context.Context, order int64) error {
	return s.touch(ctx, order, s.now())
}

func (s *Shop) touch(ctx context.Context, order int64, at time.Time) error {
	if !s.Storage.hpos() {
		return nil
	}
	if err := s.run(ctx, `UPDATE {p}wc_orders SET date_updated_gmt = ? WHERE id = ?`, gmt(at), order); err != nil {
		return err
	}
	if s.Storage != Synced {
		return nil
	}
	return s.touchPost(ctx, order, at)
}

func (s *Shop) touchPost(ctx context.Context, order int64, at time.Time) error {
	return s.run(ctx, `UPDATE {p}posts SET post_modified = ?, post_modified_gmt = ? WHERE ID = ?`, s.local(at), gmt(at), order)
}

// Items returns the ids of an order's (or a refund's) items of a type:
// line_item, fee, shipping, tax or coupon, in the order they were added.
func (s *Shop) Items(ctx context.Context, order int64, kind string) ([]int64, error) {
	var ids []int64
	err := s.DB.SelectContext(ctx, &ids, s.sql(
		`SELECT order_item_id FROM {p}woocommerce_order_items WHERE order_id = ? AND order_item_type = ? ORDER BY order_item_id`), order, kind)
	if err != nil {
		return nil, fmt.Errorf("read items of order %d: %w", order, err)
	}
	return ids, nil
}

// EditItem changes one metadata row of an item (_line_total, _qty, …) as
// wc_update_order_item_meta does: no other row changes, in no storage mode.
func (s *Shop) EditItem(ctx context.Context, item int64, key, value string) error {
	return s.run(ctx, `UPDATE {p}woocommerce_order_itemmeta SET meta_value = ? WHERE order_item_id = ? AND meta_key = ?`, value, item, key)
}

// AddLine adds a product line to an order, as an admin does; the totals stay
// until Recalculate.
func (s *Shop) AddLine(ctx context.Context, order int64, line Line) (int64, error) {
	o, err := s.complete(ctx, Order{Lines: []Line{line}})
	if err != nil {
		return 0, err
	}
	ids, err := s.insertItems(ctx, order, orderItems(o, record{})[:1])
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// DeleteItem removes an item of an order; the totals stay until Recalculate.
func (s *Shop) DeleteItem(ctx context.Context, item int64) error {
	if err := s.run(ctx, `DELETE FROM {p}woocommerce_order_itemmeta WHERE order_item_id = ?`, item); err != nil {
		return err
	}
	return s.run(ctx, `DELETE FROM {p}woocommerce_order_items WHERE order_item_id = ?`, item)
}

// Recalculate is calculate_totals: an order's totals are summed up anew from
// its items and saved. With Legacy post_modified stays.
func (s *Shop) Recalculate(ctx context.Context, order int64) error {
	st, err := s.read(ctx, order)
	if err != nil {
		return err
	}
	var rows []struct {
		Kind  string `db:"order_item_type"`
		Key   string `db:"meta_key"`
		Value string `db:"meta_value"`
	}
	err = s.DB.SelectContext(ctx, &rows, s.sql(`
		SELECT i.order_item_type, m.meta_key, COALESCE(m.meta_value, '') AS meta_value
		FROM {p}woocommerce_order_items i JOIN {p}woocommerce_order_itemmeta m ON m.order_item_id = i.order_item_id
		WHERE i.order_id = ?`), order)
	if err != nil {
		return fmt.Errorf("read items of order %d: %w", order, err)
	}
	sums := map[string]*big.Rat{}
	for _, name := range []string{"tax", "total", "discount", "discountTax", "shipping", "shippingTax"} {
		sums[name] = new(big.Rat)
	}
	add := func(name, value string) { sums[name].Add(sums[name], rat(value)) }
	for _, row := range rows {
		switch row.Kind + " " + row.Key {
		case "line_item _line_total":
			add("total", row.Value)
			add("discount", negated(row.Value))
		case "line_item _line_subtotal":
			add("discount", row.Value)
		case "line_item _line_tax":
			add("tax", row.Value)
			add("discountTax", negated(row.Value))
		case "line_item _line_subtotal_tax":
			add("discountTax", row.Value)
		case "fee _line_total":
			add("total", row.Value)
		case "fee _line_tax":
			add("tax", row.Value)
		case "shipping cost":
			add("shipping", row.Value)
		case "shipping total_tax":
			add("shippingTax", row.Value)
		}
	}
	places := decimals(st.Currency)
	text := map[string]string{}
	for name, number := range sums {
		text[name] = rounded(number, places)
	}
	total := sum(text["tax"], text["shipping"], text["shippingTax"])
	text["total"] = rounded(total.Add(total, sums["total"]), places)
	if s.Storage.hpos() {
		err := s.run(ctx, `UPDATE {p}wc_orders SET tax_amount = ?, total_amount = ?, date_updated_gmt = ? WHERE id = ?`,
			text["tax"], text["total"], gmt(s.now()), order)
		if err != nil {
			return err
		}
		err = s.run(ctx, `UPDATE {p}wc_order_operational_data SET shipping_total_amount = ?, shipping_tax_amount = ?,
			discount_total_amount = ?, discount_tax_amount = ? WHERE order_id = ?`,
			text["shipping"], text["shippingTax"], text["discount"], text["discountTax"], order)
		if err != nil {
			return err
		}
	}
	if s.Storage == Synced {
		if err := s.touchPost(ctx, order, s.now()); err != nil {
			return err
		}
	}
	if !s.Storage.posts() {
		return nil
	}
	for _, meta := range [][2]string{
		{"_cart_discount", bare(rat(text["discount"]))},
		{"_cart_discount_tax", bare(rat(text["discountTax"]))},
		{"_order_shipping", bare(rat(text["shipping"]))},
		{"_order_shipping_tax", bare(rat(text["shippingTax"]))},
		{"_order_tax", bare(rat(text["tax"]))},
		{"_order_total", text["total"]},
	} {
		if err := s.setPostMeta(ctx, order, meta[0], meta[1]); err != nil {
			return err
		}
	}
	return nil
}

// SetCustomer gives an order to a user (0: to nobody) and saves it. With
// Legacy post_modified stays.
func (s *Shop) SetCustomer(ctx context.Context, order, user int64) error {
	if s.Storage.hpos() {
		err := s.run(ctx, `UPDATE {p}wc_orders SET customer_id = ?, date_updated_gmt = ? WHERE id = ?`, user, gmt(s.now()), order)
		if err != nil {
			return err
		}
	}
	if s.Storage == Synced {
		if err := s.touchPost(ctx, order, s.now()); err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		return s.setPostMeta(ctx, order, "_customer_user", fmt.Sprint(user))
	}
	return nil
}

// SetBillingEmail changes an order's billing e-mail and saves it. With Legacy
// post_modified stays.
func (s *Shop) SetBillingEmail(ctx context.Context, order int64, email string) error {
	if s.Storage.hpos() {
		err := s.run(ctx, `UPDATE {p}wc_orders SET billing_email = NULLIF(?, ''), date_updated_gmt = ? WHERE id = ?`, email, gmt(s.now()), order)
		if err != nil {
			return err
		}
		err = s.run(ctx, `UPDATE {p}wc_order_addresses SET email = NULLIF(?, '') WHERE order_id = ? AND address_type = 'billing'`, email, order)
		if err != nil {
			return err
		}
	}
	if s.Storage == Synced {
		if err := s.touchPost(ctx, order, s.now()); err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		return s.setPostMeta(ctx, order, "_billing_email", email)
	}
	return nil
}

// Dates are dates of an order to set; zero ones stay, Never removes one.
type Dates struct{ Created, Paid, Completed time.Time }

// SetDates moves an order's dates, back if you like, and saves it.
func (s *Shop) SetDates(ctx context.Context, order int64, d Dates) error {
	now := s.now()
	if s.Storage.hpos() {
		created := any(nil)
		if !d.Created.IsZero() {
			created = gmt(d.Created)
		}
		err := s.run(ctx, `UPDATE {p}wc_orders SET date_created_gmt = COALESCE(?, date_created_gmt), date_updated_gmt = ? WHERE id = ?`,
			created, gmt(now), order)
		if err != nil {
			return err
		}
		for _, date := range []struct {
			at     time.Time
			column string
		}{{d.Paid, "date_paid_gmt"}, {d.Completed, "date_completed_gmt"}} {
			if date.at.IsZero() {
				continue
			}
			value := any(gmt(date.at))
			if date.at.Equal(Never) {
				value = nil
			}
			err := s.run(ctx, `UPDATE {p}wc_order_operational_data SET `+date.column+` = ? WHERE order_id = ?`, value, order)
			if err != nil {
				return err
			}
		}
	}
	if !s.Storage.posts() {
		return nil
	}
	if !d.Created.IsZero() {
		err := s.run(ctx, `UPDATE {p}posts SET post_date = ?, post_date_gmt = ?, post_modified = ?, post_modified_gmt = ? WHERE ID = ?`,
			s.local(d.Created), gmt(d.Created), s.local(now), gmt(now), order)
		if err != nil {
			return err
		}
	} else if s.Storage == Synced {
		if err := s.touchPost(ctx, order, now); err != nil {
			return err
		}
	}
	for _, date := range []struct {
		at              *time.Time
		key, keyInWords string
	}{{&d.Paid, "_date_paid", "_paid_date"}, {&d.Completed, "_date_completed", "_completed_date"}} {
		if !date.at.Equal(Never) {
			continue
		}
		*date.at = time.Time{}
		err := s.run(ctx, `DELETE FROM {p}postmeta WHERE post_id = ? AND meta_key IN (?, ?)`, order, date.key, date.keyInWords)
		if err != nil {
			return err
		}
	}
	return s.dateMeta(ctx, order, d.Paid, d.Completed)
}

// WriteDate gives an order one metadata row of the key, as an importer or an
// old release leaves a date there (_date_paid, _paid_date, …): in words, in
// seconds, or both. No other row changes, in no storage mode.
func (s *Shop) WriteDate(ctx context.Context, order int64, key, value string) error {
	if s.Storage.hpos() {
		if err := s.run(ctx, `DELETE FROM {p}wc_orders_meta WHERE order_id = ? AND meta_key = ?`, order, key); err != nil {
			return err
		}
		if _, err := s.insert(ctx, ordersMetaTable, nil, order, key, value); err != nil {
			return err
		}
	}
	if !s.Storage.posts() {
		return nil
	}
	if err := s.run(ctx, `DELETE FROM {p}postmeta WHERE post_id = ? AND meta_key = ?`, order, key); err != nil {
		return err
	}
	_, err := s.insert(ctx, postMetaTable, nil, order, key, value)
	return err
}

// LoseDates leaves an order with zero dates of creation and no other, as moves
// between shops and storages did. No other row changes.
func (s *Shop) LoseDates(ctx context.Context, order int64) error {
	var statements []string
	if s.Storage.hpos() {
		statements = append(statements,
			`UPDATE {p}wc_orders SET date_created_gmt = '0000-00-00 00:00:00' WHERE id = ?`,
			`UPDATE {p}wc_order_operational_data SET date_paid_gmt = NULL, date_completed_gmt = NULL WHERE order_id = ?`,
			`DELETE FROM {p}wc_orders_meta WHERE order_id = ? AND meta_key IN ('_paid_date', '_completed_date')`)
	}
	if s.Storage.posts() {
		statements = append(statements,
			`UPDATE {p}posts SET post_date = '0000-00-00 00:00:00', post_date_gmt = '0000-00-00 00:00:00' WHERE ID = ?`,
			`DELETE FROM {p}postmeta WHERE post_id = ? AND meta_key IN ('_date_paid', '_date_completed', '_paid_date', '_completed_date')`)
	}
	for _, statement := range statements {
		if err := s.run(ctx, statement, order); err != nil {
			return err
		}
	}
	return nil
}

// SetModified is set_date_modified and a save with another change: the date
// may go backwards in HPOS and Synced; Legacy ignores it and stamps now.
func (s *Shop) SetModified(ctx context.Context, order int64, at time.Time) error {
	const note = "Please ring twice."
	if s.Storage.hpos() {
		err := s.run(ctx, `UPDATE {p}wc_orders SET date_updated_gmt = ?, customer_note = ? WHERE id = ?`, gmt(at), note, order)
		if err != nil {
			return err
		}
	}
	if !s.Storage.posts() {
		return nil
	}
	if s.Storage == Legacy {
		at = s.now()
	}
	return s.run(ctx, `UPDATE {p}posts SET post_excerpt = ?, post_modified = ?, post_modified_gmt = ? WHERE ID = ?`,
		note, s.local(at), gmt(at), order)
}

// EraseOrder is the privacy eraser's remove_order_personal_data: customer and
// e-mail go, a mark says so, the amounts stay. With Legacy post_modified stays.
func (s *Shop) EraseOrder(ctx context.Context, order int64) error {
	if err := s.SetCustomer(ctx, order, 0); err != nil {
		return err
	}
	if err := s.SetBillingEmail(ctx, order, "deleted@site.invalid"); err != nil {
		return err
	}
	return s.MarkErased(ctx, order)
}

// MarkErased sets the mark of orders whose personal data was removed.
func (s *Shop) MarkErased(ctx context.Context, order int64) error {
	if s.Storage.hpos() {
		if err := s.insertOrderMeta(ctx, order, [][2]string{{"_anonymized", "yes"}}); err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		return s.setPostMeta(ctx, order, "_anonymized", "yes")
	}
	return nil
}
