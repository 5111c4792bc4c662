package wpbridge

import (
	"context"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// customer is a user of the site with his account.
type customer struct {
	ledger.Account
	frozen bool // also by what the ledger learns at the next sync
}

// customer returns the customer with an id; one that is unknown to the site
// and to the ledger is refused.
func (x *exchange) customer(ctx context.Context, l *ledger.Ledger, id int64) (customer, error) {
	account, err := l.Account(ctx, id)
	if err != nil {
		return customer{}, err
	}
	engine, err := x.site.Engine(ctx)
	if err != nil {
		return customer{}, err
	}
	c := customer{Account: account, frozen: account.Frozen}
	exists := false
	err = engine.Store.Snapshot(ctx, func(sn *store.Snapshot) error {
		users, err := sn.UsersByID(ctx, []int64{id})
		if exists = len(users) == 1; exists {
			c.frozen = c.frozen || engine.Programme.Exclusion.Excludes(&users[0].User)
		}
		return err
	})
	if err != nil {
		return customer{}, err
	}
	if !exists && account.Seq == 0 {
		return customer{}, refuse(codeNoCustomer, "There is no customer %d, and there never was one with points.", id)
	}
	c.frozen = c.frozen || !exists
	return c, nil
}

// customerView is a customer's standing.
type customerView struct {
	User       int64          `json:"user_id"`
	Balance    int64          `json:"balance"`
	Pending    int64          `json:"pending"`
	Earned     int64          `json:"earned"`
	Redeemed   int64          `json:"redeemed"`
	Expired    int64          `json:"expired"`
	Revoked    int64          `json:"revoked"`
	Adjusted   int64          `json:"adjusted"`
	Entries    int64          `json:"entries"`
	LastEntry  stamp          `json:"last_entry_at"`
	Frozen     bool           `json:"frozen"`
	Tier       any            `json:"tier"`        // no tiers yet
	NextExpiry any            `json:"next_expiry"` // nothing expires yet
	Redeemable redeemableView `json:"redeemable"`
}

type redeemableView struct {
	On            bool   `json:"on"`
	PointsPerUnit string `json:"points_per_unit"`
	Min           int64  `json:"min"`
	Max           int64  `json:"max"`
	Multiple      int64  `json:"multiple"`
	Most          int64  `json:"most"`
	MostAmount    string `json:"most_amount"`
	Currency      string `json:"currency"`
	CouponDays    int    `json:"coupon_days"`
}

func showCustomer(x *exchange) (answer, error) {
	id, err := x.pathID()
	if err != nil {
		return answer{}, err
	}
	ctx := x.Context()
	l, err := x.site.Ledger(ctx)
	if err != nil {
		return answer{}, err
	}
	c, err := x.customer(ctx, l, id)
	if err != nil {
		return answer{}, err
	}
	terms, err := x.site.Terms(ctx)
	if err != nil {
		return answer{}, err
	}
	return ok(customerView{
		User: id, Balance: c.Balance, Pending: c.Pending, Earned: c.Earned, Redeemed: c.Redeemed, Expired: c.Expired,
		Revoked: c.Revoked, Adjusted: c.Adjusted, Entries: c.Seq, LastEntry: stamp(c.LastEntryAt.Time), Frozen: c.frozen,
		Redeemable: terms.redeemable(&c),
	}), nil
}

// redeemable returns what a customer can redeem now.
func (t *Terms) redeemable(c *customer) redeemableView {
	v := redeemableView{
		On: t.PointsPerUnit.Sign() > 0, PointsPerUnit: t.PointsPerUnit.Text('f'), Min: t.Min, Max: t.Max, Multiple: max(1, t.Multiple),
		Currency: t.Currency, CouponDays: t.CouponDays,
	}
	most, amount := t.most(c.Balance)
	if c.frozen {
		most, amount = t.most(0)
	}
	v.Most, v.MostAmount = most, money(&amount, t.decimals())
	return v
}
