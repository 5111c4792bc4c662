package sync

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// seenCoupon is what sync last saw of the coupon of a redemption.
type seenCoupon struct {
	Redemption int64  `db:"redemption_id"`
	Coupon     int64  `db:"coupon_id"` // 0: none
	Digest     uint64 `db:"digest"`    // 0: to be looked at again
}

// noCoupon is the digest of a coupon that is not there.
const noCoupon = 1

// couponDigest sums up all that a redemption depends on in its coupon, the end
// of its last day included.
func couponDigest(c *store.CouponRecord, clock program.Clock) uint64 {
	if c == nil {
		return noCoupon
	}
	sum := c.Sum
	if c.Coupon.Expired(clock) {
		sum = ^sum
	}
	return max(noCoupon+1, sum)
}

func (r *run) saveSeenCoupons(ctx context.Context, tx *ledger.Tx, coupons []seenCoupon) error {
	for chunk := range slices.Chunk(coupons, maxRows) {
		args := make([]any, 0, len(chunk)*3)
		for _, c := range chunk {
			args = append(args, c.Redemption, c.Coupon, c.Digest)
		}
		_, err := tx.ExecContext(ctx, r.sql(`INSERT INTO {p}loyalty_seen_coupons (redemption_id, coupon_id, digest) VALUES `)+placeholders(3, len(chunk))+`
			ON DUPLICATE KEY UPDATE coupon_id = VALUES(coupon_id), digest = VALUES(digest)`, args...)
		if err != nil {
			return fmt.Errorf("save what was seen of coupons: %w", err)
		}
	}
	return nil
}

// useRow says that an order carries the code of a redemption.
type useRow struct {
	Order      int64 `db:"order_id"`
	Redemption int64 `db:"redemption_id"`
}

// noteUses remembers which of the batch's orders carry the codes of
// redemptions, and lists these, and those whose code an order has lost, to be
// looked at: also those of orders that the brake withholds, since their coupons
// belong to the same plan. What is known of an order that is gone stays.
func (p *orderPlan) noteUses(ctx context.Context, result *batchResult) error {
	done := p.batch.ids()
	var before []useRow
	var err error
	if !p.new {
		before, err = selectIn[useRow](ctx, p.tx, p.run.sql(`SELECT order_id, redemption_id FROM {p}loyalty_seen_uses WHERE order_id IN (?)`), done)
		if err != nil {
			return fmt.Errorf("read which codes orders carry: %w", err)
		}
	}
	now, err := p.uses(ctx, done)
	if err != nil || len(before)+len(now) == 0 {
		return err
	}
	var concerned []int64
	for _, use := range before {
		concerned = append(concerned, use.Redemption)
		if p.byID[use.Order].record == nil || slices.Contains(now, use) {
			continue
		}
		_, err := p.tx.ExecContext(ctx, p.run.sql(`DELETE FROM {p}loyalty_seen_uses WHERE order_id = ? AND redemption_id = ?`), use.Order, use.Redemption)
		if err != nil {
			return fmt.Errorf("forget the code of redemption %d on order %d: %w", use.Redemption, use.Order, err)
		}
	}
	for _, use := range now {
		concerned = append(concerned, use.Redemption)
		if slices.Contains(before, use) {
			continue
		}
		_, err := p.tx.ExecContext(ctx, p.run.sql(`INSERT INTO {p}loyalty_seen_uses (order_id, redemption_id) VALUES (?, ?)
			ON DUPLICATE KEY UPDATE order_id = order_id`), use.Order, use.Redemption)
		if err != nil {
			return fmt.Errorf("note the code of redemption %d on order %d: %w", use.Redemption, use.Order, err)
		}
	}
	slices.Sort(concerned)
	result.concerned = slices.Compact(concerned)
	return p.run.addTodos(ctx, p.tx, kindRedemption, causeOrder, result.concerned)
}

// uses returns which of the orders carry the code of which redemption.
func (p *orderPlan) uses(ctx context.Context, orders []int64) ([]useRow, error) {
	carriers := map[string][]int64{}
	var codes []string
	for _, id := range orders {
		c := p.byID[id]
		if c.record == nil {
			continue
		}
		for _, code := range c.record.Codes {
			if !maybeOurs(code) {
				continue
			}
			if carriers[code] == nil {
				codes = append(codes, code)
			}
			if !slices.Contains(carriers[code], id) {
				carriers[code] = append(carriers[code], id)
			}
		}
	}
	var uses []useRow
	for chunk := range slices.Chunk(codes, maxRows) {
		query, args, err := sqlx.In(p.run.sql(`SELECT id, code FROM {p}loyalty_redemptions WHERE code IN (?)`), chunk)
		if err != nil {
			return nil, err
		}
		var found []struct {
			ID   int64  `db:"id"`
			Code string `db:"code"`
		}
		if err := p.tx.SelectContext(ctx, &found, query, args...); err != nil {
			return nil, fmt.Errorf("look for redemptions by code: %w", err)
		}
		for _, row := range found {
			for _, order := range carriers[row.Code] {
				uses = append(uses, useRow{Order: order, Redemption: row.ID})
			}
		}
	}
	return uses, nil
}

// maybeOurs tells whether a code could be a redemption's: those are short and
// ASCII, others' are whatever a shop likes.
func maybeOurs(code string) bool {
	const longest = 64
	return len(code) <= longest && !slices.ContainsFunc([]byte(code), func(b byte) bool { return b >= 0x80 })
}
