package testshop

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// SwitchStorage moves the store to another storage mode: it brings the tables
// that will count up to date with those that counted, then flips the options.
// The tables that no longer count keep their rows, more stale with each
// change, as WooCommerce leaves them.
func (s *Shop) SwitchStorage(ctx context.Context, to Storage) error {
	var err error
	switch {
	case s.Storage == Legacy && to.hpos():
		err = s.copyToOrders(ctx)
	case s.Storage == HPOS && to.posts():
		err = s.copyToPosts(ctx)
	}
	if err != nil {
		return err
	}
	yes := map[bool]string{true: "yes", false: "no"}
	if err := s.SetOption(ctx, optionSync, yes[to == Synced]); err != nil {
		return err
	}
	if err := s.SetOption(ctx, optionHPOS, yes[to.hpos()]); err != nil {
		return err
	}
	s.Storage = to
	return nil
}

// copyToOrders fills the tables of HPOS anew from posts.
func (s *Shop) copyToOrders(ctx context.Context) error {
	for statement := range strings.SplitSeq(schemaHPOS, ";\n") {
		if !strings.Contains(statement, "CREATE TABLE") {
			continue
		}
		if err := s.run(ctx, strings.Replace(statement, "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1)); err != nil {
			return err
		}
	}
	records, err := s.records(ctx, `
		SELECT p.ID AS id, p.post_parent AS parent, p.post_type AS type, p.post_status AS status,
		       p.post_date_gmt AS created, p.post_modified_gmt AS modified, p.post_excerpt AS note,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_currency' THEN m.meta_value END), '') AS currency,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_tax' THEN m.meta_value END), '0') AS tax,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_total' THEN m.meta_value END), '0') AS total,
		       COALESCE(MAX(CASE m.meta_key WHEN '_customer_user' THEN m.meta_value END), '0') AS customer,
		       COALESCE(MAX(CASE m.meta_key WHEN '_billing_email' THEN m.meta_value END), '') AS email,
		       COALESCE(MAX(CASE m.meta_key WHEN '_billing_first_name' THEN m.meta_value END), '') AS first,
		       COALESCE(MAX(CASE m.meta_key WHEN '_billing_last_name' THEN m.meta_value END), '') AS last,
		       COALESCE(MAX(CASE m.meta_key WHEN '_billing_country' THEN m.meta_value END), '') AS country,
		       FROM_UNIXTIME(MAX(CASE WHEN m.meta_key = '_date_paid' AND m.meta_value <> '' THEN CAST(m.meta_value AS UNSIGNED) END)) AS paid,
		       FROM_UNIXTIME(MAX(CASE WHEN m.meta_key = '_date_completed' AND m.meta_value <> '' THEN CAST(m.meta_value AS UNSIGNED) END)) AS completed,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_shipping' THEN m.meta_value END), '0') AS shipping,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_shipping_tax' THEN m.meta_value END), '0') AS shipping_tax,
		       COALESCE(MAX(CASE m.meta_key WHEN '_cart_discount' THEN m.meta_value END), '0') AS discount,
		       COALESCE(MAX(CASE m.meta_key WHEN '_cart_discount_tax' THEN m.meta_value END), '0') AS discount_tax,
		       COALESCE(MAX(CASE m.meta_key WHEN '_created_via' THEN m.meta_value END), '') AS via,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_key' THEN m.meta_value END), '') AS order_key,
		       COALESCE(MAX(CASE m.meta_key WHEN '_refund_amount' THEN m.meta_value END), '') AS amount,
		       COALESCE(MAX(CASE m.meta_key WHEN '_refund_reason' THEN m.meta_value END), '') AS reason,
		       COALESCE(MAX(CASE m.meta_key WHEN '_refund_type' THEN m.meta_value END), '') AS kind,
		       COALESCE(MAX(CASE m.meta_key WHEN '_wp_trash_meta_status' THEN m.meta_value END), '') AS untrashed
		FROM {p}posts p LEFT JOIN {p}postmeta m ON m.post_id = p.ID
		WHERE p.post_type IN ('shop_order', 'shop_order_refund')
		GROUP BY p.ID, p.post_parent, p.post_type, p.post_status, p.post_date_gmt, p.post_modified_gmt, p.post_excerpt
		ORDER BY p.ID`)
	if err != nil {
		return err
	}
	for _, table := range []table{ordersTable, ordersMetaTable, operationalTable, addressesTable} {
		if err := s.run(ctx, `DELETE FROM `+table.name); err != nil {
			return err
		}
	}
	batch, err := s.newBatch(ctx)
	if err != nil {
		return err
	}
	writer := *s
	writer.sink, writer.Storage = batch, Synced // HPOS rows without a placeholder's metadata
	for _, r := range records {
		if err := writer.insertHPOS(ctx, r.record()); err != nil {
			return err
		}
		if r.Untrashed == "" {
			continue
		}
		if err := writer.insertOrderMeta(ctx, r.ID, [][2]string{{"_wp_trash_meta_status", r.Untrashed}}); err != nil {
			return err
		}
	}
	return batch.close(ctx)
}

// copyToPosts makes posts out of the tables of HPOS; posts of orders that are
// gone go too.
func (s *Shop) copyToPosts(ctx context.Context) error {
	records, err := s.records(ctx, `
		SELECT o.id, COALESCE(o.parent_order_id, 0) AS parent, o.type, o.status, o.date_created_gmt AS created,
		       o.date_updated_gmt AS modified, COALESCE(o.customer_note, '') AS note, COALESCE(o.currency, '') AS currency,
		       COALESCE(o.tax_amount, 0) AS tax, COALESCE(o.total_amount, 0) AS total, COALESCE(o.customer_id, 0) AS customer,
		       COALESCE(o.billing_email, '') AS email, COALESCE(a.first_name, '') AS first, COALESCE(a.last_name, '') AS last,
		       COALESCE(a.country, '') AS country, d.date_paid_gmt AS paid, d.date_completed_gmt AS completed,
		       COALESCE(d.shipping_total_amount, 0) AS shipping, COALESCE(d.shipping_tax_amount, 0) AS shipping_tax,
		       COALESCE(d.discount_total_amount, 0) AS discount, COALESCE(d.discount_tax_amount, 0) AS discount_tax,
		       COALESCE(d.created_via, '') AS via, COALESCE(d.order_key, '') AS order_key,
		       COALESCE((SELECT MAX(meta_value) FROM {p}wc_orders_meta WHERE order_id = o.id AND meta_key = '_refund_amount'), '') AS amount,
		       COALESCE((SELECT MAX(meta_value) FROM {p}wc_orders_meta WHERE order_id = o.id AND meta_key = '_refund_reason'), '') AS reason,
		       COALESCE((SELECT MAX(meta_value) FROM {p}wc_orders_meta WHERE order_id = o.id AND meta_key = '_refund_type'), '') AS kind,
		       COALESCE((SELECT MAX(meta_value) FROM {p}wc_orders_meta WHERE order_id = o.id AND meta_key = '_wp_trash_meta_status'), '') AS untrashed
		FROM {p}wc_orders o
		LEFT JOIN {p}wc_order_operational_data d ON d.order_id = o.id
		LEFT JOIN {p}wc_order_addresses a ON a.order_id = o.id AND a.address_type = 'billing'
		ORDER BY o.id`)
	if err != nil {
		return err
	}
	for _, statement := range []string{
		`DELETE m FROM {p}postmeta m JOIN {p}posts p ON p.ID = m.post_id
		 WHERE p.post_type IN ('shop_order', 'shop_order_refund', 'shop_order_placehold')`,
		`DELETE p FROM {p}posts p LEFT JOIN {p}wc_orders o ON o.id = p.ID
		 WHERE p.post_type IN ('shop_order', 'shop_order_refund') AND o.id IS NULL`,
	} {
		if err := s.run(ctx, statement); err != nil {
			return err
		}
	}
	batch, err := s.newBatch(ctx)
	if err != nil {
		return err
	}
	writer := *s
	writer.sink = batch
	for _, row := range records {
		r := row.record()
		p := s.recordPost(r)
		err := s.run(ctx, `UPDATE {p}posts SET post_type = ?, post_status = ?, post_title = ?, post_name = ?, comment_status = ?,
			post_excerpt = ?, post_date = ?, post_date_gmt = ?, post_modified = ?, post_modified_gmt = ? WHERE ID = ?`,
			p.kind, p.status, p.title, p.name, p.comments, p.excerpt, s.local(p.at), gmt(p.at), s.local(p.modified), gmt(p.modified), r.id)
		if err != nil {
			return err
		}
		meta := s.recordMeta(r)
		if row.Untrashed != "" {
			meta = append(meta, [2]string{"_wp_trash_meta_status", row.Untrashed})
		}
		for _, m := range meta {
			if _, err := writer.insert(ctx, postMetaTable, nil, r.id, m[0], m[1]); err != nil {
				return err
			}
		}
	}
	return batch.close(ctx)
}

// recordRow is a record as either storage's query returns it.
type recordRow struct {
	ID          int64        `db:"id"`
	Parent      int64        `db:"parent"`
	Type        string       `db:"type"`
	Status      string       `db:"status"`
	Created     sql.NullTime `db:"created"`
	Modified    sql.NullTime `db:"modified"`
	Note        string       `db:"note"`
	Currency    string       `db:"currency"`
	Tax         string       `db:"tax"`
	Total       string       `db:"total"`
	Customer    int64        `db:"customer"`
	Email       string       `db:"email"`
	First       string       `db:"first"`
	Last        string       `db:"last"`
	Country     string       `db:"country"`
	Paid        sql.NullTime `db:"paid"`
	Completed   sql.NullTime `db:"completed"`
	Shipping    string       `db:"shipping"`
	ShippingTax string       `db:"shipping_tax"`
	Discount    string       `db:"discount"`
	DiscountTax string       `db:"discount_tax"`
	Via         string       `db:"via"`
	Key         string       `db:"order_key"`
	Amount      string       `db:"amount"`
	Reason      string       `db:"reason"`
	Kind        string       `db:"kind"`
	Untrashed   string       `db:"untrashed"`
}

func (s *Shop) records(ctx context.Context, query string) ([]recordRow, error) {
	var rows []recordRow
	if err := s.DB.SelectContext(ctx, &rows, s.sql(query)); err != nil {
		return nil, fmt.Errorf("read all orders (%s): %w", s.Storage, err)
	}
	return rows, nil
}

func (r recordRow) record() record {
	return record{
		id: r.ID, parent: r.Parent, refund: r.Type == "shop_order_refund", status: r.Status, currency: r.Currency,
		tax: bare(rat(r.Tax)), total: bare(rat(r.Total)), customer: r.Customer, email: r.Email, first: r.First, last: r.Last, country: r.Country,
		created: r.Created.Time, modified: r.Modified.Time, paid: r.Paid.Time, completed: r.Completed.Time,
		shipping: r.Shipping, shippingTax: r.ShippingTax, discount: r.Discount, discountTax: r.DiscountTax,
		via: r.Via, key: r.Key, note: r.Note, amount: r.Amount, reason: r.Reason, kind: r.Kind,
	}
}
