package testshop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// state is what the shop must know of an order before it changes it.
type state struct {
	Kind      string       `db:"kind"` // shop_order, shop_order_refund
	Status    string       `db:"status"`
	Parent    int64        `db:"parent"`
	Currency  string       `db:"currency"`
	Total     string       `db:"total"`
	Email     string       `db:"email"`
	Paid      sql.NullTime `db:"paid"`
	Completed sql.NullTime `db:"completed"`
}

// read returns an order's or a refund's state from the tables that count.
func (s *Shop) read(ctx context.Context, order int64) (state, error) {
	query := `
		SELECT o.type AS kind, o.status, o.parent_order_id AS parent, o.currency, o.total_amount AS total,
		       COALESCE(o.billing_email, '') AS email, d.date_paid_gmt AS paid, d.date_completed_gmt AS completed
		FROM {p}wc_orders o LEFT JOIN {p}wc_order_operational_data d ON d.order_id = o.id
		WHERE o.id = ?`
	if !s.Storage.hpos() {
		query = `
		SELECT p.post_type AS kind, p.post_status AS status, p.post_parent AS parent,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_currency' THEN m.meta_value END), '') AS currency,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_total' THEN m.meta_value END), '') AS total,
		       COALESCE(MAX(CASE m.meta_key WHEN '_billing_email' THEN m.meta_value END), '') AS email,
		       FROM_UNIXTIME(MAX(CASE WHEN m.meta_key = '_date_paid' AND m.meta_value <> '' THEN CAST(m.meta_value AS UNSIGNED) END)) AS paid,
		       FROM_UNIXTIME(MAX(CASE WHEN m.meta_key = '_date_completed' AND m.meta_value <> '' THEN CAST(m.meta_value AS UNSIGNED) END)) AS completed
		FROM {p}posts p LEFT JOIN {p}postmeta m ON m.post_id = p.ID
		WHERE p.ID = ? AND p.post_type IN ('shop_order', 'shop_order_refund')
		GROUP BY p.ID, p.post_type, p.post_status, p.post_parent`
	}
	var st state
	err := s.DB.GetContext(ctx, &st, s.sql(query), order)
	if errors.Is(err, sql.ErrNoRows) {
		return st, fmt.Errorf("there is no order %d in the store (%s)", order, s.Storage)
	}
	if err != nil {
		return st, fmt.Errorf("read order %d: %w", order, err)
	}
	return st, nil
}

// Pay is payment_complete: the order becomes processing and gets its paid
// date.
func (s *Shop) Pay(ctx context.Context, order int64) error {
	st, err := s.read(ctx, order)
	if err != nil {
		return err
	}
	if err := s.changeStatus(ctx, order, st, "wc-processing"); err != nil {
		return err
	}
	transaction := record{id: order, paid: s.now()}.transaction()
	if s.Storage.hpos() {
		if err := s.run(ctx, `UPDATE {p}wc_orders SET transaction_id = ? WHERE id = ?`, transaction, order); err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		if err := s.setPostMeta(ctx, order, "_transaction_id", transaction); err != nil {
			return err
		}
	}
	if err := s.orderNote(ctx, order, "payment", "Payment complete."); err != nil {
		return err
	}
	return s.mails(ctx, order, "New order", "Processing order")
}

// SetStatus is update_status: the status and the modified date first, the
// paid and the completed date in a second statement (set again at each
// completion, never cleared), then the notes. The same status again only
// bumps the modified date, and not that with Legacy. "refunded" creates a
// refund, without lines, of what is not refunded yet.
func (s *Shop) SetStatus(ctx context.Context, order int64, status string) error {
	st, err := s.read(ctx, order)
	if err != nil {
		return err
	}
	status = stored(status)
	if st.Status == status {
		return s.Save(ctx, order)
	}
	if err := s.changeStatus(ctx, order, st, status); err != nil {
		return err
	}
	switch status {
	case "wc-refunded":
		rest, err := s.unrefunded(ctx, order, st)
		if err != nil {
			return err
		}
		if rest.Sign() > 0 {
			_, err := s.refund(ctx, order, Refund{Amount: rounded(rest, decimals(st.Currency)), Reason: "Order fully refunded."})
			if err != nil {
				return err
			}
		}
		if err := s.mails(ctx, order, "Refunded order"); err != nil {
			return err
		}
		err = s.orderNote(ctx, order, "order_update", "Order status set to refunded. To return funds to the customer you will need to issue a refund through your payment gateway.")
		if err != nil {
			return err
		}
	case "wc-completed":
		err = s.mails(ctx, order, "Completed order")
	case "wc-processing":
		if st.Status != "wc-completed" {
			err = s.mails(ctx, order, "Processing order")
		}
	case "wc-on-hold":
		err = s.mails(ctx, order, "Order on-hold")
	case "wc-failed":
		err = s.mails(ctx, order, "Failed order")
	}
	if err != nil {
		return err
	}
	return s.orderNote(ctx, order, "order_update", fmt.Sprintf("Order status changed from %s to %s.", statusName(st.Status), statusName(status)))
}

// changeStatus writes a new status and the dates that go with it.
func (s *Shop) changeStatus(ctx context.Context, order int64, st state, status string) error {
	now := s.now()
	paid, completed := time.Time{}, time.Time{}
	if !st.Paid.Valid && (status == "wc-processing" || status == "wc-completed") {
		paid = now
	}
	if status == "wc-completed" {
		completed = now
	}
	if s.Storage.hpos() {
		if err := s.run(ctx, `UPDATE {p}wc_orders SET status = ?, date_updated_gmt = ? WHERE id = ?`, status, gmt(now), order); err != nil {
			return err
		}
		if !paid.IsZero() || !completed.IsZero() {
			err := s.run(ctx, `UPDATE {p}wc_order_operational_data SET date_paid_gmt = COALESCE(?, date_paid_gmt),
				date_completed_gmt = COALESCE(?, date_completed_gmt) WHERE order_id = ?`, gmtOrNull(paid), gmtOrNull(completed), order)
			if err != nil {
				return err
			}
		}
	}
	if s.Storage.posts() {
		err := s.run(ctx, `UPDATE {p}posts SET post_status = ?, post_modified = ?, post_modified_gmt = ? WHERE ID = ?`,
			status, s.local(now), gmt(now), order)
		if err != nil {
			return err
		}
		if err := s.dateMeta(ctx, order, paid, completed); err != nil {
			return err
		}
	}
	return s.count(ctx, order, status)
}

// dateMeta writes the paid and the completed date as postmeta has them; zero
// dates are left as they are.
func (s *Shop) dateMeta(ctx context.Context, order int64, paid, completed time.Time) error {
	for _, date := range []struct {
		at              time.Time
		key, keyInWords string
	}{{paid, "_date_paid", "_paid_date"}, {completed, "_date_completed", "_completed_date"}} {
		if date.at.IsZero() {
			continue
		}
		if err := s.setPostMeta(ctx, order, date.key, unix(date.at)); err != nil {
			return err
		}
		if err := s.setPostMeta(ctx, order, date.keyInWords, s.local(date.at)); err != nil {
			return err
		}
	}
	return nil
}

// count records or takes back the order's coupons, sales and stock, as hooks of
// the status do in statements after it.
func (s *Shop) count(ctx context.Context, order int64, status string) error {
	if err := s.countUses(ctx, order, status, func() (bool, error) { return s.usesCounted(ctx, order) }); err != nil {
		return err
	}
	yes, word := 1, "yes"
	switch status {
	case "wc-completed", "wc-processing":
	case "wc-cancelled", "trash":
		yes, word = 0, "no"
	default:
		return nil
	}
	if s.Storage.hpos() {
		err := s.run(ctx, `UPDATE {p}wc_order_operational_data SET recorded_sales = ?, order_stock_reduced = ? WHERE order_id = ?`, yes, yes, order)
		if err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		if err := s.setPostMeta(ctx, order, "_recorded_sales", word); err != nil {
			return err
		}
		return s.setPostMeta(ctx, order, "_order_stock_reduced", word)
	}
	return nil
}

// setPostMeta updates a metadata row or adds it.
func (s *Shop) setPostMeta(ctx context.Context, post int64, key, value string) error {
	var id sql.NullInt64
	err := s.DB.GetContext(ctx, &id, s.sql(`SELECT MIN(meta_id) FROM {p}postmeta WHERE post_id = ? AND meta_key = ?`), post, key)
	if err != nil {
		return fmt.Errorf("read %s of post %d: %w", key, post, err)
	}
	if !id.Valid {
		_, err := s.insert(ctx, postMetaTable, nil, post, key, value)
		return err
	}
	return s.run(ctx, `UPDATE {p}postmeta SET meta_value = ? WHERE meta_id = ?`, value, id.Int64)
}

// AddOrderNote adds a note to an order, as add_order_note does: a comment of
// the type order_note; the order's own rows do not change.
func (s *Shop) AddOrderNote(ctx context.Context, order int64, text string) error {
	return s.orderNote(ctx, order, "", text)
}

func (s *Shop) mails(ctx context.Context, order int64, names ...string) error {
	for _, name := range names {
		if err := s.orderNote(ctx, order, "email_notification", `Email "`+name+`" sent.`); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shop) orderNote(ctx context.Context, order int64, group, text string) error {
	return s.orderNoteAt(ctx, order, group, text, s.now())
}

func (s *Shop) orderNoteAt(ctx context.Context, order int64, group, text string, at time.Time) error {
	id, err := s.insert(ctx, commentsTable, nil, order, "WooCommerce", "woocommerce@shop.example", "", "", s.local(at), gmt(at),
		text, 0, "1", "WooCommerce", "order_note", 0, 0)
	if err != nil {
		return err
	}
	if group != "" {
		if _, err := s.insert(ctx, commentMetaTable, nil, id, "note_group", group); err != nil {
			return err
		}
	}
	return s.recount(ctx, order)
}

func statusName(status string) string {
	status = strings.TrimPrefix(status, "wc-")
	switch status {
	case "pending":
		return "Pending payment"
	case "on-hold":
		return "On hold"
	case "checkout-draft":
		return "Draft"
	case "trash", "auto-draft", "":
		return status
	}
	return strings.ToUpper(status[:1]) + status[1:]
}
