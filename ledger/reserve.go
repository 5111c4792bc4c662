package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/database"
)

// Reservation asks to take points for a coupon that is still to be made.
type Reservation struct {
	// Key makes the request one request however often it is sent.
	Key       string
	User      int64
	Points    int64       // above 0
	Amount    apd.Decimal // what the coupon will be worth, above 0, up to eight decimals
	Currency  string
	ExpiresOn string // the coupon's last day, YYYY-MM-DD in the site's zone; "": never
	Actor     string // who asks; kept beside the chain
}

// What fits the columns.
const (
	amountDecimals = 8
	amountDigits   = 26
	maxCurrency    = 32
)

func (r *Reservation) check() error {
	switch {
	case r.User <= 0:
		return fmt.Errorf("%d is not the id of a user", r.User)
	case r.Points <= 0:
		return fmt.Errorf("%d points cannot be redeemed: give a number above 0", r.Points)
	case r.Currency == "" || len(r.Currency) > maxCurrency || !printable(r.Currency):
		return fmt.Errorf("a currency has 1 to %d printable ASCII characters, not %q", maxCurrency, r.Currency)
	}
	if _, err := time.Parse(time.DateOnly, r.ExpiresOn); err != nil && r.ExpiresOn != "" {
		return fmt.Errorf("the coupon's last day is of the form YYYY-MM-DD, not %q", r.ExpiresOn)
	}
	var stored apd.Decimal
	condition, err := apd.BaseContext.WithPrecision(amountDigits).Quantize(&stored, &r.Amount, -amountDecimals)
	if err != nil || condition.Inexact() || r.Amount.Sign() <= 0 || r.Amount.Form != apd.Finite {
		return fmt.Errorf("a coupon's amount is above 0 with up to %d decimals, not %s", amountDecimals, &r.Amount)
	}
	r.Amount = stored
	return checkKey(r.Key)
}

// hash identifies the request. What the points are worth and how long is the
// daemon's business and may differ when the request is sent again.
func (r *Reservation) hash() []byte {
	buffer := binary.BigEndian.AppendUint64([]byte("redeem"), uint64(r.User))
	buffer = binary.BigEndian.AppendUint64(buffer, uint64(r.Points))
	sum := sha256.Sum256(buffer)
	return sum[:]
}

// Reserve takes points from an account for a coupon and returns the
// redemption, which is Reserved, with a code for the coupon, and the balance
// after it. The same key with the same user and points answers the redemption
// of the first request as it stands now (repeated is true) with the balance as
// it was then; with others it fails with ErrKeyReused. ErrInsufficient and
// ErrFrozen say why nothing was taken.
func (l *Ledger) Reserve(ctx context.Context, reservation Reservation) (r Redemption, balance int64, repeated bool, err error) {
	if err := reservation.check(); err != nil {
		return Redemption{}, 0, false, err
	}
	var posted string // code of the redemption; the answer to its COMMIT may be lost
	err = l.UpdateAlone(ctx, func(tx *Tx) error {
		request, first, err := tx.request(ctx, reservation.Key, reservation.hash())
		if err != nil {
			return err
		}
		if first != nil {
			found, err := tx.Redemptions(ctx, []int64{first.Object})
			r, err = only(found, first.Object, err)
			balance, repeated = first.Balance, r.Code != posted
			return err
		}
		if r, err = tx.reserve(ctx, &reservation); err != nil {
			return err
		}
		entries, err := tx.Post(ctx, []Posting{{
			User: r.User, Type: Redeem, Source: Coupon, Object: r.ID, Points: -r.Points,
			OccurredAt: tx.Now, Cause: "redeemed", Actor: reservation.Actor,
		}})
		if err != nil {
			return err
		}
		balance, repeated, posted = entries[0].Balance, false, r.Code
		return tx.answer(ctx, request, &entries[0])
	})
	if err != nil {
		return Redemption{}, 0, false, err
	}
	return r, balance, repeated, nil
}

// reserve makes the row of a redemption.
func (t *Tx) reserve(ctx context.Context, reservation *Reservation) (Redemption, error) {
	r := Redemption{
		User: reservation.User, Points: reservation.Points, Amount: reservation.Amount, Currency: reservation.Currency,
		State: Reserved, ReservedAt: Instant(t.Now), ChangedAt: Instant(t.Now), ExpiresOn: reservation.ExpiresOn,
	}
	const duplicate = 1062
	for attempt := 1; ; attempt++ {
		r.Code = newCode()
		result, err := t.ExecContext(ctx, t.ledger.sql(`
			INSERT INTO {p}loyalty_redemptions (user_id, points, amount, currency, code, state, reserved_at, changed_at, expires_on)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, ''))`),
			r.User, r.Points, r.Amount.Text('f'), r.Currency, r.Code, r.State, r.ReservedAt, r.ChangedAt, r.ExpiresOn)
		if database.Code(err) == duplicate && attempt < 5 {
			continue // another redemption has that code
		}
		if err != nil {
			return Redemption{}, fmt.Errorf("record the redemption: %w", err)
		}
		if r.ID, err = result.LastInsertId(); err != nil {
			return Redemption{}, fmt.Errorf("read the redemption's number: %w", err)
		}
		return r, nil
	}
}

// newCode returns a coupon's code that cannot be guessed and is read aloud
// without mistakes: of letters and digits those that look like no other.
func newCode() string {
	const letters, length = "abcdefghjkmnpqrstuvwxyz23456789", 12
	code := make([]byte, 0, length)
	random := make([]byte, 2*length)
	for {
		_, _ = rand.Read(random) // never fails (crypto/rand)
		for _, b := range random {
			// What is left over by division would favour the first letters.
			if int(b) < 256/len(letters)*len(letters) {
				code = append(code, letters[int(b)%len(letters)])
			}
			if len(code) == length {
				return "points-" + string(code)
			}
		}
	}
}

// Confirm records that a redemption's coupon exists. It may be repeated.
// ErrNoRedemption, ErrCancelled, ErrClosed and ErrOtherCoupon say why not.
func (l *Ledger) Confirm(ctx context.Context, id, coupon int64) (Redemption, error) {
	if coupon <= 0 {
		return Redemption{}, fmt.Errorf("%d is not the id of a coupon", coupon)
	}
	return l.decide(ctx, id, func(tx *Tx, r Redemption) (Redemption, error) {
		switch {
		case r.State == Cancelled:
			return r, ErrCancelled
		case r.State == Closed:
			return r, ErrClosed
		case r.Coupon == coupon:
			return r, nil
		case r.State != Reserved:
			return r, ErrOtherCoupon
		}
		return tx.settle(ctx, r, Settlement{State: Confirmed, Coupon: coupon})
	})
}

// Cancel gives a reservation's points back. It may be repeated.
// ErrNoRedemption, ErrConfirmed, ErrClosed and ErrFrozen say why not.
func (l *Ledger) Cancel(ctx context.Context, id int64) (Redemption, error) {
	return l.decide(ctx, id, func(tx *Tx, r Redemption) (Redemption, error) {
		switch r.State {
		case Cancelled:
			return r, nil
		case Closed:
			return r, ErrClosed
		case Confirmed, Used:
			return r, ErrConfirmed
		case Reserved:
		}
		if frozen, err := tx.Frozen(ctx, []int64{r.User}); err != nil || frozen[r.User] {
			return r, errors.Join(err, ErrFrozen)
		}
		return tx.settle(ctx, r, Settlement{State: Cancelled, Returned: r.Points, OccurredAt: tx.Now, Cause: "cancelled"})
	})
}

// decide changes one redemption in a transaction of its own.
func (l *Ledger) decide(ctx context.Context, id int64, change func(*Tx, Redemption) (Redemption, error)) (Redemption, error) {
	var r Redemption
	err := l.UpdateAlone(ctx, func(tx *Tx) error {
		found, err := tx.Redemptions(ctx, []int64{id})
		if r, err = only(found, id, err); err != nil {
			return err
		}
		if r, err = change(tx, r); err != nil {
			return fmt.Errorf("redemption %d: %w", id, err)
		}
		return nil
	})
	if err != nil {
		return Redemption{}, err
	}
	return r, nil
}
