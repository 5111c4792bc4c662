package wpbridge

import (
	"context"
	"errors"
	"net/http"
	"time"

	"loyaltyd/ledger"
)

// redemptionView is points spent on a coupon.
type redemptionView struct {
	ID         int64   `json:"id"`
	User       int64   `json:"user_id"`
	Points     int64   `json:"points"`
	Returned   int64   `json:"returned"`
	Amount     string  `json:"amount"`
	Currency   string  `json:"currency"`
	Code       string  `json:"code"`
	Coupon     *int64  `json:"coupon_id"`
	Order      *int64  `json:"order_id"`
	State      string  `json:"state"`
	ReservedAt stamp   `json:"reserved_at"`
	ChangedAt  stamp   `json:"changed_at"`
	ExpiresOn  *string `json:"expires_on"`
	Balance    int64   `json:"balance"`
	Repeated   bool    `json:"repeated"`
}

// orNull returns nil for the zero value.
func orNull[T comparable](value T) *T {
	if value == *new(T) {
		return nil
	}
	return &value
}

func (t *Terms) show(r *ledger.Redemption, balance int64, repeated bool) redemptionView {
	return redemptionView{
		ID: r.ID, User: r.User, Points: r.Points, Returned: r.Returned, Amount: money(&r.Amount, t.decimals()),
		Currency: r.Currency, Code: r.Code, Coupon: orNull(r.Coupon), Order: orNull(r.Order), State: string(r.State),
		ReservedAt: stamp(r.ReservedAt), ChangedAt: stamp(r.ChangedAt), ExpiresOn: orNull(r.ExpiresOn),
		Balance: balance, Repeated: repeated,
	}
}

func redeem(x *exchange) (answer, error) {
	user, err := x.pathID()
	if err != nil {
		return answer{}, err
	}
	var body struct {
		Points int64 `json:"points"`
	}
	if err := decode(x.body, &body); err != nil {
		return answer{}, err
	}
	if body.Points <= 0 {
		return answer{}, refuse(codeBadRequest, "The points to redeem are a whole number above 0.")
	}
	c, err := x.site.Standing(x.Context(), user)
	if err != nil {
		return answer{}, err
	}
	terms := &c.Terms
	request := ledger.Reservation{Key: x.idem, User: user, Points: body.Points, Currency: terms.Currency}
	if refused := c.mayRedeem(&request); refused != nil {
		// Not if it was done before: what holds now came later.
		r, balance, err := c.Ledger.Reservation(x.Context(), request)
		if errors.Is(err, ledger.ErrNoRedemption) {
			return answer{}, refused
		}
		if err != nil {
			return answer{}, err
		}
		return ok(terms.show(&r, balance, true)), nil
	}
	r, balance, repeated, err := c.Ledger.Reserve(x.Context(), request)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: http.StatusCreated, body: terms.show(&r, balance, repeated)}
	if repeated {
		a.status = http.StatusOK
	} else {
		x.site.Changed()
	}
	return a, nil
}

// mayRedeem returns why a customer cannot redeem so many points apart from his
// balance, or completes the reservation.
func (c *Standing) mayRedeem(request *ledger.Reservation) error {
	terms := &c.Terms
	switch {
	case !c.Exists && c.Account.Seq == 0:
		return noCustomer(request.User)
	case c.Frozen:
		return ledger.ErrFrozen
	}
	if refusal := terms.refuses(request.Points); refusal != nil {
		return refusal
	}
	request.Amount, _ = terms.worth(request.Points)
	if terms.CouponDays > 0 {
		request.ExpiresOn = terms.Now.AddDate(0, 0, terms.CouponDays).Format(time.DateOnly)
	}
	return nil
}

func showRedemption(x *exchange) (answer, error) {
	return x.changeRedemption(false, func(ctx context.Context, l *ledger.Ledger, id int64) (ledger.Redemption, int64, error) {
		r, err := l.Redemption(ctx, id)
		if err != nil {
			return r, 0, err
		}
		account, err := l.Account(ctx, r.User)
		return r, account.Balance, err
	})
}

func confirm(x *exchange) (answer, error) {
	var body struct {
		Coupon int64 `json:"coupon_id"`
	}
	if err := decode(x.body, &body); err != nil {
		return answer{}, err
	}
	if body.Coupon <= 0 {
		return answer{}, refuse(codeBadRequest, "The coupon_id is the id of a coupon.")
	}
	return x.changeRedemption(true, func(ctx context.Context, l *ledger.Ledger, id int64) (ledger.Redemption, int64, error) {
		return l.Confirm(ctx, x.idem, id, body.Coupon)
	})
}

func cancel(x *exchange) (answer, error) {
	if err := decode(x.body, &struct{}{}); err != nil {
		return answer{}, err
	}
	return x.changeRedemption(true, func(ctx context.Context, l *ledger.Ledger, id int64) (ledger.Redemption, int64, error) {
		return l.Cancel(ctx, x.idem, id)
	})
}

// changeRedemption answers with the redemption, and the balance beside it, that
// change returns for the id in the path.
func (x *exchange) changeRedemption(changes bool, change func(context.Context, *ledger.Ledger, int64) (ledger.Redemption, int64, error)) (answer, error) {
	id, err := x.pathID()
	if err != nil {
		return answer{}, err
	}
	at, err := x.site.Standing(x.Context(), 0)
	if err != nil {
		return answer{}, err
	}
	r, balance, err := change(x.Context(), at.Ledger, id)
	if err != nil {
		return answer{}, err
	}
	if changes {
		x.site.Changed()
	}
	return ok(at.Terms.show(&r, balance, false)), nil
}
