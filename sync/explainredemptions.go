package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// explainRedemptions tells of each redemption what it cost, what became of its
// coupon, and what came back.
func (r *run) explainRedemptions(ctx context.Context, sn *store.Snapshot, x *Explanation) error {
	ids, facts := x.factsOf([]ledger.Source{ledger.Coupon})
	if len(ids) == 0 {
		return nil
	}
	redemptions, err := r.ledger.Redemptions(ctx, ledger.RedemptionFilter{User: x.User})
	if err != nil {
		return err
	}
	byID := make(map[int64]*ledger.Redemption, len(redemptions))
	var orders []int64
	for i := range redemptions {
		byID[redemptions[i].ID] = &redemptions[i]
		if order := redemptions[i].Order; order != 0 {
			orders = append(orders, order)
		}
	}
	records, err := sn.Orders(ctx, r.settings.Storage, orders, false)
	if err != nil {
		return err
	}
	there := make(map[int64]*program.Order, len(records))
	for i := range records {
		there[records[i].Order.ID] = &records[i].Order
	}
	for _, id := range ids {
		fact := facts[id]
		fact.Kind = kindRedemption
		if redemption := byID[id]; redemption != nil {
			fact.Lines = r.explainRedemption(redemption, there[redemption.Order])
		}
		x.Facts = append(x.Facts, *fact)
	}
	return nil
}

func (r *run) explainRedemption(p *ledger.Redemption, order *program.Order) []string {
	var amount apd.Decimal
	amount.Reduce(&p.Amount)
	at := p.ReservedAt.In(r.settings.Zone).Format(time.DateTime)
	lines := []string{fmt.Sprintf("%s: %d points for a coupon of %s %s, %q.", at, p.Points, amount.Text('f'), p.Currency, p.Code)}
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch p.State {
	case ledger.Reserved:
		say("No coupon is known yet. If none was made after %d minutes, the points come back.", int(program.MakingCoupon.Minutes()))
	case ledger.Confirmed:
		say("The coupon is unused.")
		if p.ExpiresOn != "" {
			say("It was made to be valid until the end of %s.", p.ExpiresOn)
		}
	case ledger.Used:
		if order == nil {
			say("Order %d used it and is no longer in the store: what came back by then stays so.", p.Order)
		} else {
			lines = append(lines, r.Programme.GiveBack.Explain(order, p.Points)...)
		}
	case ledger.Closed:
		say("The coupon ended unused, expired or deleted.")
	case ledger.Cancelled:
		say("No coupon was made.")
	}
	say("Given back: %d points.", p.Returned)
	return lines
}
