package sync

import (
	"context"
	"encoding/json"
	"fmt"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

const (
	// pageRedemptions bounds how long reservations wait for a transaction that
	// reads the store.
	pageRedemptions  = 200
	sweepRedemptions = 1000
)

func (r *run) lookForRedemptions(ctx context.Context) error {
	switch {
	case r.mode == Full || r.recheckRedemptions:
		if err := r.eachRedemption(ctx, r.everyRedemption); err != nil {
			return err
		}
	case r.mode == Sweep:
		if err := r.eachRedemption(ctx, r.sweepCoupons); err != nil {
			return err
		}
	}
	return r.eachRedemption(ctx, r.dueRedemptions)
}

// eachRedemption looks, page by page, at the redemptions that next returns: ids
// above after, and the id up to which it looked.
func (r *run) eachRedemption(ctx context.Context, next func(ctx context.Context, after int64) (ids []int64, through int64, err error)) error {
	for after := int64(0); after != lastID; {
		ids, through, err := next(ctx, after)
		if err != nil {
			return err
		}
		if err := r.lookAtRedemptions(ctx, ids); err != nil {
			return err
		}
		after = through
	}
	return nil
}

// dueRedemptions returns reservations that should have become coupons, and
// redemptions whose order changed.
func (r *run) dueRedemptions(ctx context.Context, after int64) (ids []int64, through int64, err error) {
	err = r.ledger.DB().SelectContext(ctx, &ids, r.sql(`
		SELECT id FROM {p}loyalty_redemptions
		WHERE state = 'reserved' AND changed_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND AND id > ?
		UNION SELECT id FROM {p}loyalty_todo WHERE kind = '`+kindRedemption+`' AND id > ?
		ORDER BY id LIMIT ?`), int(program.MakingCoupon.Seconds()), after, after, sweepRedemptions)
	if err != nil {
		return nil, 0, fmt.Errorf("look for redemptions that are due: %w", err)
	}
	return ids, throughPage(ids), nil
}

func throughPage(ids []int64) int64 {
	if len(ids) < sweepRedemptions {
		return lastID
	}
	return ids[len(ids)-1]
}

// everyRedemption returns the redemptions that may ever change.
func (r *run) everyRedemption(ctx context.Context, after int64) (ids []int64, through int64, err error) {
	err = r.ledger.DB().SelectContext(ctx, &ids, r.sql(`
		SELECT id FROM {p}loyalty_redemptions WHERE id > ? AND state <> 'cancelled' ORDER BY id LIMIT ?`), after, sweepRedemptions)
	if err != nil {
		return nil, 0, fmt.Errorf("list redemptions: %w", err)
	}
	return ids, throughPage(ids), nil
}

// sweepCoupons returns the redemptions whose coupon is not as it was last
// seen: deleted, expired, free, alive again.
func (r *run) sweepCoupons(ctx context.Context, after int64) (ids []int64, through int64, err error) {
	var rows []struct {
		ID     int64  `db:"id"`
		Coupon int64  `db:"coupon"`
		Digest uint64 `db:"digest"`
	}
	err = r.ledger.DB().SelectContext(ctx, &rows, r.sql(`
		SELECT r.id, COALESCE(r.coupon_id, 0) AS coupon, COALESCE(s.digest, 0) AS digest
		FROM {p}loyalty_redemptions r LEFT JOIN {p}loyalty_seen_coupons s ON s.redemption_id = r.id
		WHERE r.id > ? AND r.state <> 'cancelled' ORDER BY r.id LIMIT ?`), after, sweepRedemptions)
	if err != nil {
		return nil, 0, fmt.Errorf("list redemptions: %w", err)
	}
	if len(rows) == 0 {
		return nil, lastID, nil
	}
	coupons := make([]int64, len(rows))
	for i, row := range rows {
		coupons[i] = row.Coupon
	}
	byID := make(map[int64]*store.CouponRecord, len(rows))
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.Coupons(ctx, coupons)
		for i := range records {
			byID[records[i].Coupon.ID] = &records[i]
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	clock := program.Clock{Now: r.clock, Zone: r.settings.Zone}
	all := make([]int64, len(rows))
	for i, row := range rows {
		all[i] = row.ID
		if row.Digest != couponDigest(byID[row.Coupon], clock) {
			ids = append(ids, row.ID)
		}
	}
	return ids, throughPage(all), nil
}

// noteGiveBack compares which ends of a coupon give points back with what the
// last run went by.
func (r *run) noteGiveBack() error {
	now, err := json.Marshal(r.Programme.GiveBack)
	if err != nil {
		return fmt.Errorf("encode what gives points back: %w", err)
	}
	r.giveBack = string(now)
	r.recheckRedemptions = r.state.Changing || r.state.GiveBack != r.giveBack
	return nil
}

// noteRedemptionsOf lists the redemptions of a customer whose account is live
// again.
func (r *run) noteRedemptionsOf(ctx context.Context, tx *ledger.Tx, k kind, user int64) error {
	_, err := tx.ExecContext(ctx, r.sql(`
		INSERT INTO {p}loyalty_todo (kind, id, cause)
		SELECT ?, id, ? FROM {p}loyalty_redemptions WHERE user_id = ? AND state <> 'cancelled'
		ON DUPLICATE KEY UPDATE cause = VALUES(cause)`), k.name, causeLive, user)
	return err
}
