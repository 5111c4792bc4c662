package wpbridge

// customer returns the customer with an id; one that is unknown to the site
// and to the ledger is refused.
func (x *exchange) customer(id int64) (Standing, error) {
	c, err := x.site.Standing(x.Context(), id)
	if err == nil && !c.Exists && c.Account.Seq == 0 {
		err = noCustomer(id)
	}
	return c, err
}

func noCustomer(id int64) error {
	return refuse(codeNoCustomer, "There is no customer %d, and there never was one with points.", id)
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
	c, err := x.customer(id)
	if err != nil {
		return answer{}, err
	}
	a := &c.Account
	return ok(customerView{
		User: id, Balance: a.Balance, Pending: a.Pending, Earned: a.Earned, Redeemed: a.Redeemed, Expired: a.Expired,
		Revoked: a.Revoked, Adjusted: a.Adjusted, Entries: a.Seq, LastEntry: stamp(a.LastEntryAt.Time), Frozen: c.Frozen,
		Redeemable: c.redeemable(),
	}), nil
}

// redeemable returns what a customer can redeem now.
func (c *Standing) redeemable() redeemableView {
	t := &c.Terms
	v := redeemableView{
		On: t.PointsPerUnit.Sign() > 0, PointsPerUnit: t.PointsPerUnit.Text('f'), Min: t.Min, Max: t.Max, Multiple: max(1, t.Multiple),
		Currency: t.Currency, CouponDays: t.CouponDays,
	}
	most, amount := t.most(c.Account.Balance)
	if c.Frozen {
		most, amount = t.most(0)
	}
	v.Most, v.MostAmount = most, money(&amount, t.decimals())
	return v
}
