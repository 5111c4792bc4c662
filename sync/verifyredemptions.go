package sync

import (
	"context"
	"fmt"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// verifyRedemptions proves that every redemption stands as its coupon and its
// order say.
func (r *run) verifyRedemptions(ctx context.Context, v *Verified) error {
	for after := int64(0); after != lastID; {
		ids, through, err := r.everyRedemption(ctx, after)
		if err != nil {
			return err
		}
		after = through
		for len(ids) > 0 {
			page := ids[:min(len(ids), pageRedemptions)]
			ids = ids[len(page):]
			var found Verified
			err := r.only(ctx, func(tx *ledger.Tx) error {
				found = Verified{}
				return r.verifySomeRedemptions(ctx, tx, &found, page)
			})
			if err != nil {
				return err
			}
			v.add(found)
		}
	}
	return nil
}

func (r *run) verifySomeRedemptions(ctx context.Context, tx *ledger.Tx, found *Verified, ids []int64) error {
	cases, err := r.judgeRedemptions(ctx, tx, ids)
	if err != nil {
		return err
	}
	noted, err := r.noted(ctx, tx, kindRedemption, ids)
	if err != nil {
		return err
	}
	coupons, err := selectIn[seenCoupon](ctx, tx, r.sql(`
		SELECT redemption_id, coupon_id, digest FROM {p}loyalty_seen_coupons WHERE redemption_id IN (?)`), ids)
	if err != nil {
		return fmt.Errorf("read what was seen of coupons: %w", err)
	}
	digests := make(map[int64]uint64, len(coupons))
	for _, coupon := range coupons {
		digests[coupon.Redemption] = coupon.Digest
	}
	var rows []int64
	var users []int64
	for _, c := range cases {
		users = append(users, c.posted.User)
		for _, order := range c.orders {
			for _, row := range order.Rows {
				rows = append(rows, row.ID)
			}
		}
	}
	seen, err := r.seenOrders(ctx, tx, rows)
	if err != nil {
		return err
	}
	frozen, err := tx.Frozen(ctx, users)
	if err != nil {
		return err
	}
	for _, c := range cases {
		found.Facts++
		switch id := c.posted.ID; {
		case c.settled(c.posted) || c.uncovered() || frozen[c.posted.User]:
		case r.unsettled || noted[id] || digests[id] != c.digest || r.recheckRedemptions || c.orderChanged(seen):
			found.Waiting++
		default:
			found.find("redemption %d of account %d is %s with %d points given back, its coupon and its order say %s with %d",
				id, c.posted.User, c.posted.State, c.posted.Returned, c.judged.State, c.judged.Returned)
		}
	}
	return nil
}

// uncovered reports whether nothing but the balance keeps the redemption from
// what it should be.
func (c *redemptionCase) uncovered() bool {
	return c.kept || c.taken == 0 && string(c.posted.State) == c.judged.State && c.posted.Order == c.judged.Order &&
		c.posted.Returned > c.judged.Returned
}

// orderChanged reports whether an order that carries the code is not as it was
// last seen.
func (c *redemptionCase) orderChanged(seen map[int64]*seenOrder) bool {
	for _, order := range c.orders {
		for _, row := range order.Rows {
			if rowChanged(row, seen[row.ID]) {
				return true
			}
		}
	}
	return false
}

func rowChanged(row store.RowSums, seen *seenOrder) bool {
	return seen == nil || seen.Head != row.Head || seen.Body != row.Body
}
