package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"
)

// RedemptionState says how far a redemption has come.
type RedemptionState string

// A redemption begins as Reserved (its points are taken, no coupon is known)
// and becomes Confirmed (the coupon exists) or Cancelled (given back). A
// Confirmed one is Used by an order, and Confirmed again if the order frees the
// coupon, or Closed when the coupon ended unused.
const (
	Reserved  RedemptionState = "reserved"
	Confirmed RedemptionState = "confirmed"
	Used      RedemptionState = "used"
	Closed    RedemptionState = "closed"
	Cancelled RedemptionState = "cancelled"
)

// Redemption is points that were spent on a coupon.
type Redemption struct {
	ID         int64           `db:"id"`
	User       int64           `db:"user_id"`
	Points     int64           `db:"points"`   // spent, above 0
	Returned   int64           `db:"returned"` // of them, given back so far
	Amount     apd.Decimal     `db:"amount"`   // worth in Currency, with eight decimals
	Currency   string          `db:"currency"`
	Code       string          `db:"code"`      // of the coupon
	Coupon     int64           `db:"coupon_id"` // 0: none known
	Order      int64           `db:"order_id"`  // that used it; 0: none
	State      RedemptionState `db:"state"`
	ReservedAt time.Time       `db:"reserved_at"` // database clock
	ChangedAt  time.Time       `db:"changed_at"`  // database clock
	ExpiresOn  string          `db:"expires_on"`  // last day of the coupon, YYYY-MM-DD in the site's zone; "": never
}

// Why a redemption is not what was asked for.
var (
	ErrNoRedemption = errors.New("there is no such redemption")
	ErrCancelled    = errors.New("the redemption was cancelled and its points given back: redeem again")
	ErrClosed       = errors.New("the redemption is closed: its coupon has ended unused")
	ErrConfirmed    = errors.New("the redemption has its coupon: delete the coupon instead")
	ErrOtherCoupon  = errors.New("the redemption has another coupon")
)

const redemptionColumns = `id, user_id, points, returned, amount, currency, code, COALESCE(coupon_id, 0) AS coupon_id,
	COALESCE(order_id, 0) AS order_id, state, reserved_at, changed_at,
	COALESCE(DATE_FORMAT(expires_on, '%Y-%m-%d'), '') AS expires_on`

// problem returns what contradicts the meaning of the state, or "".
func (r *Redemption) problem() string {
	coupon, order := r.Coupon != 0, r.Order != 0
	switch {
	case r.Points <= 0 || r.Returned < 0 || r.Returned > r.Points:
		return fmt.Sprintf("%d of %d points are given back", r.Returned, r.Points)
	case order && r.State != Used:
		return fmt.Sprintf("it is %s, but order %d used it", r.State, r.Order)
	}
	switch r.State {
	case Reserved:
		if coupon || r.Returned != 0 {
			return "it is reserved, but has a coupon or has given points back"
		}
	case Confirmed:
		if !coupon {
			return "it is confirmed, but has no coupon"
		}
	case Used:
		if !order {
			return "it is used, but by no order"
		}
	case Cancelled:
		if coupon || r.Returned != r.Points {
			return "it is cancelled, but has a coupon or has not given all its points back"
		}
	case Closed:
	default:
		return fmt.Sprintf("%q is not a state", r.State)
	}
	return ""
}

// Redemption returns one redemption, or ErrNoRedemption.
func (l *Ledger) Redemption(ctx context.Context, id int64) (Redemption, error) {
	found, err := l.redemptions(ctx, l.db, `id = ?`, id)
	return only(found, id, err)
}

func only(found []Redemption, id int64, err error) (Redemption, error) {
	switch {
	case err != nil:
		return Redemption{}, err
	case len(found) == 0:
		return Redemption{}, fmt.Errorf("redemption %d: %w", id, ErrNoRedemption)
	}
	return found[0], nil
}

// RedemptionFilter chooses redemptions; what is left out does not matter.
type RedemptionFilter struct {
	States []RedemptionState
	User   int64
	Codes  []string // of coupons, lower case; those of no redemption may be among them
	After  int64    // only higher ids
	Limit  int      // 0: all
}

// Redemptions returns the redemptions that pass the filter, by id.
func (l *Ledger) Redemptions(ctx context.Context, filter RedemptionFilter) ([]Redemption, error) {
	// A shop's own coupons have codes of any kind; the column compares ASCII only.
	codes := slices.DeleteFunc(slices.Clone(filter.Codes), func(code string) bool { return !printable(code) })
	if filter.States != nil && len(filter.States) == 0 || filter.Codes != nil && len(codes) == 0 {
		return nil, nil
	}
	where, args := `id > ?`, []any{filter.After}
	add := func(condition string, arg any) {
		where += ` AND ` + condition
		args = append(args, arg)
	}
	if filter.States != nil {
		add(`state IN (?)`, filter.States)
	}
	if filter.User != 0 {
		add(`user_id = ?`, filter.User)
	}
	if filter.Codes != nil {
		add(`code IN (?)`, codes)
	}
	where += ` ORDER BY id`
	if filter.Limit > 0 {
		where += ` LIMIT ?`
		args = append(args, filter.Limit)
	}
	return l.redemptions(ctx, l.db, where, args...)
}

// Redemptions returns those of the redemptions that exist, by id, as they stand
// in this transaction. Nobody else changes them while it is open.
func (t *Tx) Redemptions(ctx context.Context, ids []int64) ([]Redemption, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	var all []Redemption
	err := inChunks(slices.Compact(ids), func(chunk []int64) error {
		found, err := t.ledger.redemptions(ctx, t.Tx, `id IN (?) ORDER BY id`, chunk)
		all = append(all, found...)
		return err
	})
	return all, err
}

// redemptions reads the rows that fulfil a condition, in which (?) stands for
// a list.
func (l *Ledger) redemptions(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Redemption, error) {
	query, args, err := sqlx.In(l.sql(`SELECT `+redemptionColumns+` FROM {p}loyalty_redemptions WHERE `+where), args...)
	if err != nil {
		return nil, fmt.Errorf("read redemptions: %w", err)
	}
	var found []Redemption
	if err := sqlx.SelectContext(ctx, q, &found, query, args...); err != nil {
		return nil, fmt.Errorf("read redemptions: %w", err)
	}
	return found, nil
}
