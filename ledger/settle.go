package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Settlement is how a redemption ought to stand.
type Settlement struct {
	State      RedemptionState // not Reserved
	Coupon     int64           // 0: the one that is known stays
	Order      int64           // 0: none
	Returned   int64           // points given back in all
	OccurredAt time.Time       // when that came about; zero: now
	Cause      string          // short code of what made it necessary
}

// SettleRedemption brings a redemption to a settlement and returns how it then
// stands. Points to be given back are posted as a Restore. Points to be taken
// again (the refund that gave them back was deleted) are posted as a Redeem of
// as much as the balance covers, so Returned may stay above what was asked for
// until a later settlement finds more. While its account is frozen a
// redemption whose points would move stays as it is. Settling again what is
// settled changes nothing.
func (t *Tx) SettleRedemption(ctx context.Context, id int64, s Settlement) (Redemption, error) {
	found, err := t.Redemptions(ctx, []int64{id})
	r, err := only(found, id, err)
	if err != nil {
		return Redemption{}, err
	}
	after, err := t.settle(ctx, r, s)
	if err != nil || sameRedemption(&after, &r) {
		return after, err
	}
	return after, t.saveRedemptions(ctx, []Redemption{after})
}

// settle posts what a settlement moves and returns how the redemption then
// stands, which is still to be saved.
func (t *Tx) settle(ctx context.Context, before Redemption, s Settlement) (Redemption, error) {
	r := before
	r.State, r.Order, r.Returned = s.State, s.Order, s.Returned
	if s.Coupon != 0 {
		r.Coupon = s.Coupon
	}
	problem := r.problem()
	if r.State == Reserved {
		problem = "nothing becomes reserved again"
	}
	if problem != "" {
		return Redemption{}, fmt.Errorf("redemption %d cannot be settled as %+v: %s", r.ID, s, problem)
	}
	if r.Returned != before.Returned {
		account, err := t.Account(ctx, r.User)
		switch {
		case err != nil:
			return Redemption{}, err
		case account.Frozen:
			return before, nil
		}
		// What is taken again must be there.
		r.Returned = max(r.Returned, before.Returned-max(account.Balance, 0))
	}
	if sameRedemption(&r, &before) {
		return before, nil
	}
	if err := t.giveBack(ctx, &r, r.Returned-before.Returned, s); err != nil {
		return Redemption{}, err
	}
	r.ChangedAt = Instant(t.Now)
	return r, nil
}

// saveRedemptions stores how redemptions stand that changed in this transaction.
func (t *Tx) saveRedemptions(ctx context.Context, all []Redemption) error {
	if len(all) == 0 {
		return nil
	}
	var args []any
	each := func(value func(*Redemption) any) string {
		first := value(&all[0])
		if !slices.ContainsFunc(all, func(r Redemption) bool { return value(&r) != first }) {
			args = append(args, first)
			return "?"
		}
		for i := range all {
			args = append(args, all[i].ID, value(&all[i]))
		}
		return "CASE id" + strings.Repeat(" WHEN ? THEN ?", len(all)) + " END"
	}
	query := `UPDATE {p}loyalty_redemptions SET
		state = ` + each(func(r *Redemption) any { return r.State }) + `,
		coupon_id = NULLIF(` + each(func(r *Redemption) any { return r.Coupon }) + `, 0),
		order_id = NULLIF(` + each(func(r *Redemption) any { return r.Order }) + `, 0),
		returned = ` + each(func(r *Redemption) any { return r.Returned }) + `,
		changed_at = ? WHERE id IN ` + rows(len(all), 1)
	args = append(args, all[0].ChangedAt)
	for i := range all {
		args = append(args, all[i].ID)
	}
	if _, err := t.ExecContext(ctx, t.ledger.sql(query), args...); err != nil {
		return fmt.Errorf("save %d redemptions, %d the first: %w", len(all), all[0].ID, err)
	}
	return nil
}

func sameRedemption(a, b *Redemption) bool {
	return a.State == b.State && a.Coupon == b.Coupon && a.Order == b.Order && a.Returned == b.Returned
}

// giveBack posts points of a redemption; below 0 they are taken again.
func (t *Tx) giveBack(ctx context.Context, r *Redemption, points int64, s Settlement) error {
	if points == 0 {
		return nil
	}
	p := Posting{User: r.User, Type: Restore, Source: Coupon, Object: r.ID, Points: points, OccurredAt: s.OccurredAt, Cause: s.Cause}
	if points < 0 {
		p.Type = Redeem
	}
	if p.OccurredAt.IsZero() {
		p.OccurredAt = t.Now
	}
	_, err := t.Post(ctx, []Posting{p})
	return err
}
