package wpbridge

import (
	"github.com/cockroachdb/apd/v3"
)

// A coupon's amount has at most as many digits as its column.
const (
	amountDecimals = 8
	amountWhole    = 18
)

// exactly computes without rounding: what it cannot hold is an error.
var exactly = apd.BaseContext.WithPrecision(200)

// worth returns what points buy, rounded down to the store's prices. It is 0
// when redeeming is off, and not ok when it is more than a coupon can hold.
func (t *Terms) worth(points int64) (amount apd.Decimal, ok bool) {
	if t.PointsPerUnit.Sign() <= 0 {
		return amount, true
	}
	decimals := int32(t.decimals())
	var smallest apd.Decimal
	if _, err := exactly.QuoInteger(&smallest, apd.New(points, decimals), &t.PointsPerUnit); err != nil {
		return amount, false
	}
	amount.Set(&smallest)
	amount.Exponent -= decimals
	return amount, amount.NumDigits()+int64(amount.Exponent) <= amountWhole
}

// decimals returns how many decimals amounts have.
func (t *Terms) decimals() int { return max(0, min(t.Decimals, amountDecimals)) }

// money returns an amount as text with the store's decimals, or more when it
// has more.
func money(amount *apd.Decimal, decimals int) string {
	var d apd.Decimal
	d.Reduce(amount)
	if int(-d.Exponent) > decimals {
		return d.Text('f')
	}
	if _, err := exactly.Quantize(&d, amount, int32(-decimals)); err != nil {
		return amount.Text('f')
	}
	return d.Text('f')
}

// most returns the largest number of points that a balance lets redeem now,
// and what it buys.
func (t *Terms) most(balance int64) (points int64, amount apd.Decimal) {
	points = balance
	if t.Max > 0 {
		points = min(points, t.Max)
	}
	multiple := max(1, t.Multiple)
	points -= points % multiple
	if points < max(1, t.Min) {
		return 0, amount
	}
	amount, ok := t.worth(points)
	if !ok || amount.Sign() <= 0 {
		return 0, apd.Decimal{}
	}
	return points, amount
}

// refuses returns why so many points, above 0, cannot be redeemed, or nil.
func (t *Terms) refuses(points int64) *Error {
	if t.PointsPerUnit.Sign() <= 0 {
		return refuse(codeRedeemingOff, "Points cannot be redeemed in this store.")
	}
	if points < t.Min {
		return refuse(codeBelowMinimum, "At least %d points must be redeemed at a time.", t.Min)
	}
	if t.Max > 0 && points > t.Max {
		return refuse(codeAboveMaximum, "At most %d points can be redeemed at a time.", t.Max)
	}
	if multiple := max(1, t.Multiple); points%multiple != 0 {
		return refuse(codeNotAMultiple, "Points can be redeemed in steps of %d: choose %d or %d.", multiple, points-points%multiple, points-points%multiple+multiple)
	}
	amount, ok := t.worth(points)
	if !ok {
		return refuse(codeAboveMaximum, "That many points are worth more than a coupon can hold. Choose fewer.")
	}
	if amount.Sign() <= 0 {
		return refuse(codeWorthNothing, "So few points are worth nothing: %s points are worth 1 %s. Choose more.", t.PointsPerUnit.Text('f'), t.Currency)
	}
	return nil
}
