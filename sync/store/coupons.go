package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"loyaltyd/sync/program"
)

// couponOf is the meta key under which a coupon names its redemption.
const couponOf = "_loyalty_redemption"

// CouponRecord is a coupon as read.
type CouponRecord struct {
	Coupon     program.Coupon
	Code       string // as stored
	Redemption int64  // that it was made for; 0: none
	Sum        uint64 // of all that a redemption depends on, never 0
}

// Coupons returns those of the ids that are coupons, those in the trash
// included, by id. WooCommerce keeps a coupon as a post of the type
// shop_coupon, its code as the title; the meta usage_count counts the orders
// that use it, date_expires is when it ends in seconds since 1970.
func (sn *Snapshot) Coupons(ctx context.Context, ids []int64) ([]CouponRecord, error) {
	var all []CouponRecord
	err := chunks(ids, maxList, func(part []int64) error {
		records, err := sn.coupons(ctx, `{p}posts p`, `p.ID IN (`+list(part)+`)`)
		all = append(all, records...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read coupons: %w", err)
	}
	return all, nil
}

// CouponsFor returns the coupons that were made for these redemptions, by id:
// those that name one in their meta. It looks at all such coupons, so it is for
// the few redemptions of which no coupon is known.
func (sn *Snapshot) CouponsFor(ctx context.Context, redemptions []int64) ([]CouponRecord, error) {
	var all []CouponRecord
	err := chunks(redemptions, maxList, func(part []int64) error {
		texts := make([]string, len(part))
		for i, id := range part {
			texts[i] = strconv.FormatInt(id, 10)
		}
		records, err := sn.coupons(ctx, `{p}postmeta n JOIN {p}posts p ON p.ID = n.post_id`,
			`n.meta_key = '`+couponOf+`' AND n.meta_value IN (`+quoted(texts)+`)`)
		all = append(all, records...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for the coupons of redemptions: %w", err)
	}
	slices.SortFunc(all, func(a, b CouponRecord) int { return cmp.Compare(a.Coupon.ID, b.Coupon.ID) })
	return all, nil
}

func (sn *Snapshot) coupons(ctx context.Context, from, condition string) ([]CouponRecord, error) {
	var all []CouponRecord
	var read map[string]bool // meta keys of the last coupon; of several rows the first counts
	err := sn.each(ctx, `
		SELECT p.ID, p.post_status, CONVERT(p.post_title USING utf8mb4), LOWER(CONVERT(m.meta_key USING utf8mb4)), m.meta_value
		FROM `+from+`
		LEFT JOIN {p}postmeta m ON m.post_id = p.ID AND m.meta_key IN ('usage_count', 'date_expires', '`+couponOf+`')
		WHERE p.post_type = 'shop_coupon' AND `+condition+` ORDER BY p.ID, m.meta_id`, nil,
		func(r record) error {
			id := r.id(0)
			if n := len(all); n == 0 || all[n-1].Coupon.ID != id {
				all = append(all, CouponRecord{Coupon: program.Coupon{ID: id, Trashed: r.text(1) == "trash"}, Code: r.text(2)})
				read = map[string]bool{}
			}
			c, key := &all[len(all)-1], r.text(3)
			if read[key] {
				return nil
			}
			read[key] = true
			switch key {
			case "usage_count":
				c.Coupon.Uses = parseID(r.text(4))
			case "date_expires":
				c.Coupon.Expires = parseUnix(r.text(4))
			case couponOf:
				c.Redemption = parseID(r.text(4))
			}
			return nil
		})
	for i := range all {
		all[i].Sum = all[i].sum()
	}
	return all, err
}

func (c *CouponRecord) sum() uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d|%t|%d|%d", c.Coupon.ID, c.Coupon.Trashed, c.Coupon.Uses, c.Coupon.Expires.Unix()))
	return max(1, binary.BigEndian.Uint64(sum[:]))
}

// IsCalled reports whether that is the coupon's code. Case does not matter to
// WooCommerce.
func (c *CouponRecord) IsCalled(code string) bool { return strings.EqualFold(c.Code, code) }
