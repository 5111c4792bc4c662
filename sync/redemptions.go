package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// redemptionCase is one redemption on its way from what the store says to a
// settlement.
type redemptionCase struct {
	posted ledger.Redemption
	coupon *store.CouponRecord // nil: there is none
	orders []*store.OrderRecord
	judged program.Judged
	digest uint64 // of the coupon as it was judged
	taken  int64  // points that it would take again, if the balance covers any of them
	kept   bool   // what it would take is not covered, and it takes all or nothing
}

// settled reports whether the redemption stands as it was judged.
func (c *redemptionCase) settled(as ledger.Redemption) bool {
	return string(as.State) == c.judged.State && as.Order == c.judged.Order && as.Returned == c.judged.Returned
}

// lookAtRedemptions brings redemptions up to date with their coupons and the
// orders that use them.
func (r *run) lookAtRedemptions(ctx context.Context, ids []int64) error {
	for page := range slices.Chunk(ids, pageRedemptions) {
		var result batchResult
		err := r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
			result = batchResult{kind: kindRedemption}
			cases, err := r.judgeRedemptions(ctx, tx, page)
			if err != nil {
				return err
			}
			return r.settleRedemptions(ctx, tx, page, cases, &result)
		})
		if err != nil {
			return fmt.Errorf("redemptions %s: %w", idRange(page), err)
		}
		r.count(result)
	}
	return nil
}

func (r *run) lookAtFoundRedemptions(ctx context.Context, redemptions []found) error {
	return r.lookAtRedemptions(ctx, foundIDs(redemptions))
}

// judgeRedemptions works out what redemptions should be. The store is read
// inside the ledger's transaction: nobody can confirm a redemption meanwhile
// whose coupon is younger than what is read.
func (r *run) judgeRedemptions(ctx context.Context, tx *ledger.Tx, ids []int64) ([]*redemptionCase, error) {
	found, err := tx.Redemptions(ctx, ids)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	links, err := selectIn[useRow](ctx, tx, r.sql(`SELECT order_id, redemption_id FROM {p}loyalty_seen_uses WHERE redemption_id IN (?)`), ids)
	if err != nil {
		return nil, fmt.Errorf("read which orders carry the codes of redemptions: %w", err)
	}
	orders := map[int64][]int64{}
	for _, link := range links {
		orders[link.Redemption] = append(orders[link.Redemption], link.Order)
	}
	for i := range found {
		if redemption := &found[i]; redemption.Order != 0 {
			orders[redemption.ID] = append(orders[redemption.ID], redemption.Order)
		}
	}
	facts, err := r.readRedemptionFacts(ctx, found, orders)
	if err != nil {
		return nil, err
	}
	clock := program.Clock{Now: tx.Now, Zone: r.settings.Zone}
	cases := make([]*redemptionCase, 0, len(found))
	left := map[int64]int64{} // of balances
	for _, redemption := range found {
		c := &redemptionCase{posted: redemption, coupon: facts.coupons[redemption.ID]}
		uses := program.Uses{Gone: redemption.Order != 0 && facts.orders[redemption.Order] == nil}
		asked := slices.Sorted(slices.Values(orders[redemption.ID]))
		for _, id := range slices.Compact(asked) {
			record := facts.orders[id]
			if record == nil {
				continue
			}
			c.orders = append(c.orders, record)
			if slices.Contains(record.Codes, redemption.Code) {
				uses.Orders = append(uses.Orders, &record.Order)
			}
		}
		c.digest = couponDigest(c.coupon, clock)
		c.judged = r.Programme.GiveBack.Judge(program.Redemption{
			State: string(redemption.State), Points: redemption.Points, Returned: redemption.Returned,
			Order: redemption.Order, ReservedAt: redemption.ReservedAt,
		}, c.storeCoupon(), uses, clock)
		if err := c.cover(ctx, tx, left); err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func (c *redemptionCase) storeCoupon() *program.Coupon {
	if c.coupon == nil {
		return nil
	}
	return &c.coupon.Coupon
}

// cover finds out whether the balance, less what others of the customer's
// redemptions take, covers what is to be taken again.
func (c *redemptionCase) cover(ctx context.Context, tx *ledger.Tx, left map[int64]int64) error {
	wanted := c.posted.Returned - c.judged.Returned
	if wanted <= 0 {
		return nil
	}
	account, err := tx.Account(ctx, c.posted.User)
	if err != nil {
		return err
	}
	balance, known := left[c.posted.User]
	if !known && !account.Frozen {
		balance = max(0, account.Balance)
	}
	covered := min(wanted, balance)
	if c.kept = c.judged.Covered && covered < wanted; c.kept {
		covered = 0
	}
	left[c.posted.User] = balance - covered
	if covered > 0 {
		c.taken = wanted
	}
	return nil
}

// redemptionFacts are what the store has of some redemptions.
type redemptionFacts struct {
	coupons map[int64]*store.CouponRecord // by redemption
	orders  map[int64]*store.OrderRecord
}

func (r *run) readRedemptionFacts(ctx context.Context, found []ledger.Redemption, orders map[int64][]int64) (facts redemptionFacts, err error) {
	var couponIDs, orderIDs []int64
	for i := range found {
		couponIDs = append(couponIDs, found[i].Coupon)
		orderIDs = append(orderIDs, orders[found[i].ID]...)
	}
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		facts = redemptionFacts{coupons: map[int64]*store.CouponRecord{}, orders: map[int64]*store.OrderRecord{}}
		known, err := sn.Coupons(ctx, couponIDs)
		if err != nil {
			return err
		}
		byID := make(map[int64]*store.CouponRecord, len(known))
		for i := range known {
			byID[known[i].Coupon.ID] = &known[i]
		}
		var without []int64
		codes := map[int64]string{}
		for i := range found {
			redemption := &found[i]
			if facts.coupons[redemption.ID] = byID[redemption.Coupon]; facts.coupons[redemption.ID] == nil {
				without = append(without, redemption.ID)
				codes[redemption.ID] = redemption.Code
			}
		}
		if len(without) > 0 {
			made, err := sn.CouponsFor(ctx, without)
			if err != nil {
				return err
			}
			for i := range made {
				have := facts.coupons[made[i].Redemption]
				if made[i].IsCalled(codes[made[i].Redemption]) && (have == nil || have.Coupon.Trashed && !made[i].Coupon.Trashed) {
					facts.coupons[made[i].Redemption] = &made[i]
				}
			}
		}
		records, err := sn.Orders(ctx, r.settings.Storage, orderIDs, false)
		for i := range records {
			facts.orders[records[i].Order.ID] = &records[i]
		}
		return err
	})
	return facts, err
}

// settleRedemptions withholds what the brake withholds and settles the rest.
func (r *run) settleRedemptions(ctx context.Context, tx *ledger.Tx, asked []int64, cases []*redemptionCase, result *batchResult) error {
	stakes := make([]stake, len(cases))
	for i, c := range cases {
		stakes[i] = stake{id: c.posted.ID, users: []int64{c.posted.User}}
		if c.taken > 0 {
			stakes[i].taken = []deduction{{source: ledger.Coupon, object: c.posted.ID, user: c.posted.User, points: c.taken}}
		}
	}
	r.brake.withhold(stakes, result)
	// What is given back first may cover what is taken then.
	slices.SortStableFunc(cases, func(a, b *redemptionCase) int { return cmp.Compare(a.taken, b.taken) })
	var seen []seenCoupon
	done := slices.Clone(asked)
	for _, c := range cases {
		id := c.posted.ID
		if result.isWithheld(id) {
			result.withheldFacts = append(result.withheldFacts, found{id: id})
			done = slices.DeleteFunc(done, func(d int64) bool { return d == id })
			continue
		}
		result.looked++
		now := c.posted
		if !c.kept && !c.settled(now) {
			var err error
			if now, err = tx.SettleRedemption(ctx, id, c.settlement()); err != nil {
				return err
			}
			result.countRedemption(c.posted, now)
		}
		if c.judged.Open || !c.settled(now) {
			c.digest = 0 // the next sweep looks again
		}
		row := seenCoupon{Redemption: id, Coupon: now.Coupon, Digest: c.digest}
		seen = append(seen, row)
	}
	if err := r.saveSeenCoupons(ctx, tx, seen); err != nil {
		return err
	}
	return r.doneTodos(ctx, tx, kindRedemption, done)
}

func (c *redemptionCase) settlement() ledger.Settlement {
	s := ledger.Settlement{
		State: ledger.RedemptionState(c.judged.State), Order: c.judged.Order, Returned: c.judged.Returned,
		OccurredAt: c.judged.At, Cause: c.judged.Cause,
	}
	if c.coupon != nil && c.judged.State != program.Cancelled {
		s.Coupon = c.coupon.Coupon.ID
	}
	return s
}

// countRedemption counts the entry that a settlement posted, if any.
func (b *batchResult) countRedemption(before, after ledger.Redemption) {
	given := after.Returned - before.Returned
	if given == 0 {
		return
	}
	kind := ledger.Restore
	if given < 0 {
		kind = ledger.Redeem
	}
	b.countEntries([]ledger.Entry{{Type: kind, Points: given}})
}
