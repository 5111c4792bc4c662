package testshop

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Coupon is a coupon of a fixed amount for a cart, usable once.
type Coupon struct {
	Code       string
	Amount     string // decimal text
	Email      string // of the only customer who may use it; empty: anybody
	Status     string // publish when empty
	Expires    time.Time
	Redemption int64 // that it was made for; 0: none
}

// AddCoupon writes a coupon as WC_Coupon::save does and returns its id. It
// goes to the trash, comes back, changes its status and is deleted as any post:
// TrashPost, UntrashPost, SetPostStatus, DeletePost.
func (s *Shop) AddCoupon(ctx context.Context, c Coupon) (int64, error) {
	id, err := s.insertPost(ctx, nil, postRow{
		author: 1, at: s.now(), status: orDefault(c.Status, "publish"), comments: "closed",
		title: strings.ToLower(c.Code), name: slug(c.Code), kind: "shop_coupon",
	})
	if err != nil {
		return 0, err
	}
	meta := [][2]string{
		{"discount_type", "fixed_cart"},
		{"coupon_amount", c.Amount},
		{"individual_use", "no"},
		{"usage_limit", "1"},
		{"usage_limit_per_user", "1"},
		{"limit_usage_to_x_items", "0"},
		{"usage_count", "0"},
		{"date_expires", ends(c.Expires)},
		{"free_shipping", "no"},
		{"exclude_sale_items", "no"},
	}
	if c.Email != "" {
		meta = append(meta, [2]string{"customer_email", fmt.Sprintf(`a:1:{i:0;s:%d:"%s";}`, len(c.Email), c.Email)})
	}
	if c.Redemption != 0 {
		meta = append(meta, [2]string{"_loyalty_redemption", strconv.FormatInt(c.Redemption, 10)})
	}
	for _, m := range meta {
		if _, err := s.insert(ctx, postMetaTable, nil, id, m[0], m[1]); err != nil {
			return id, err
		}
	}
	return id, nil
}

// ends is a coupon's end as its meta holds it.
func ends(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return unix(at)
}

// SetCouponEnd changes when a coupon ends; the zero time is never.
func (s *Shop) SetCouponEnd(ctx context.Context, coupon int64, at time.Time) error {
	return s.setPostMeta(ctx, coupon, "date_expires", ends(at))
}

// CouponUses returns WooCommerce's count of a coupon's uses.
func (s *Shop) CouponUses(ctx context.Context, coupon int64) (int64, error) {
	var n int64
	err := s.DB.GetContext(ctx, &n, s.sql(`
		SELECT CAST(meta_value AS SIGNED) FROM {p}postmeta WHERE post_id = ? AND meta_key = 'usage_count'`), coupon)
	if err != nil {
		return 0, fmt.Errorf("read the uses of coupon %d: %w", coupon, err)
	}
	return n, nil
}

// RemoveCoupon takes a coupon off an order, as an admin does: its item goes,
// its use is no longer counted. The totals stay until Recalculate.
func (s *Shop) RemoveCoupon(ctx context.Context, order int64, code string) error {
	counted, err := s.usesCounted(ctx, order)
	if err != nil {
		return err
	}
	var items []int64
	err = s.DB.SelectContext(ctx, &items, s.sql(`SELECT order_item_id FROM {p}woocommerce_order_items
		WHERE order_id = ? AND order_item_type = 'coupon' AND LOWER(order_item_name) = LOWER(?)`), order, code)
	if err != nil {
		return fmt.Errorf("read the coupons of order %d: %w", order, err)
	}
	for _, item := range items {
		if err := s.DeleteItem(ctx, item); err != nil {
			return err
		}
	}
	if !counted {
		return nil
	}
	coupons, err := s.coupons(ctx, []string{code})
	if err != nil {
		return err
	}
	return s.addUses(ctx, coupons, order, -1)
}

// countUses is wc_update_coupon_usage_counts: some statuses count the uses of
// an order's coupons; cancelling, failing and the trash take them back; all
// others change nothing.
func (s *Shop) countUses(ctx context.Context, order int64, status string, counted func() (bool, error)) error {
	uses := slices.Contains([]string{"wc-pending", "wc-processing", "wc-on-hold", "wc-completed"}, status)
	if s.sink != nil || !uses && !slices.Contains([]string{"wc-cancelled", "wc-failed", "trash"}, status) {
		return nil
	}
	var codes []string
	err := s.DB.SelectContext(ctx, &codes, s.sql(`SELECT order_item_name FROM {p}woocommerce_order_items
		WHERE order_id = ? AND order_item_type = 'coupon'`), order)
	if err != nil {
		return fmt.Errorf("read the coupons of order %d: %w", order, err)
	}
	coupons, err := s.coupons(ctx, codes)
	if err != nil || len(coupons) == 0 {
		return err
	}
	before, err := counted()
	if err != nil || before == uses {
		return err
	}
	if s.Storage.hpos() {
		err := s.run(ctx, `UPDATE {p}wc_order_operational_data SET coupon_usages_are_counted = ? WHERE order_id = ?`, uses, order)
		if err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		word := map[bool]string{true: "yes", false: "no"}[uses]
		if err := s.setPostMeta(ctx, order, "_recorded_coupon_usage_counts", word); err != nil {
			return err
		}
	}
	if uses {
		return s.addUses(ctx, coupons, order, 1)
	}
	return s.addUses(ctx, coupons, order, -1)
}

// usesCounted reads whether the uses of an order's coupons are counted.
func (s *Shop) usesCounted(ctx context.Context, order int64) (bool, error) {
	query := `SELECT COALESCE(MAX(coupon_usages_are_counted), 0) FROM {p}wc_order_operational_data WHERE order_id = ?`
	if !s.Storage.hpos() {
		query = `SELECT COALESCE(MAX(meta_value = 'yes'), 0) FROM {p}postmeta WHERE post_id = ? AND meta_key = '_recorded_coupon_usage_counts'`
	}
	var counted bool
	if err := s.DB.GetContext(ctx, &counted, s.sql(query), order); err != nil {
		return false, fmt.Errorf("read whether the coupons of order %d are counted: %w", order, err)
	}
	return counted, nil
}

// coupons returns the ids of the coupons with these codes.
func (s *Shop) coupons(ctx context.Context, codes []string) ([]int64, error) {
	var ids []int64
	for _, code := range codes {
		var found []int64
		err := s.DB.SelectContext(ctx, &found, s.sql(`SELECT ID FROM {p}posts
			WHERE post_type = 'shop_coupon' AND post_status = 'publish' AND LOWER(post_title) = LOWER(?) ORDER BY ID DESC LIMIT 1`), code)
		if err != nil {
			return nil, fmt.Errorf("look for coupon %q: %w", code, err)
		}
		ids = append(ids, found...)
	}
	return ids, nil
}

// addUses counts a use of the coupons by an order's customer, or takes one
// back.
func (s *Shop) addUses(ctx context.Context, coupons []int64, order int64, by int) error {
	query := `SELECT COALESCE(NULLIF(customer_id, 0), billing_email, '') FROM {p}wc_orders WHERE id = ?`
	if !s.Storage.hpos() {
		query = `SELECT COALESCE(NULLIF(MAX(CASE meta_key WHEN '_customer_user' THEN meta_value END), '0'),
			MAX(CASE meta_key WHEN '_billing_email' THEN meta_value END), '') FROM {p}postmeta WHERE post_id = ?`
	}
	var customer string
	if err := s.DB.GetContext(ctx, &customer, s.sql(query), order); err != nil {
		return fmt.Errorf("read who uses the coupons of order %d: %w", order, err)
	}
	for _, coupon := range coupons {
		err := s.run(ctx, `UPDATE {p}postmeta SET meta_value = GREATEST(0, CAST(meta_value AS SIGNED) + ?)
			WHERE post_id = ? AND meta_key = 'usage_count'`, by, coupon)
		if err != nil {
			return err
		}
		if by < 0 {
			err = s.run(ctx, `DELETE FROM {p}postmeta WHERE post_id = ? AND meta_key = '_used_by' AND meta_value = ? LIMIT 1`, coupon, customer)
		} else {
			_, err = s.insert(ctx, postMetaTable, nil, coupon, "_used_by", customer)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
