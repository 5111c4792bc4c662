package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
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
	return requestHash("redeem", r.User, r.Points, "")
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
	e := errand{key: reservation.Key, hash: reservation.hash(), reservation: &reservation}
	if err := l.do(ctx, &e); err != nil {
		return Redemption{}, 0, false, err
	}
	return e.redemption, e.balance, e.repeated, nil
}

// reserveAll makes the reservations that are covered, in order, and returns them.
func (t *Tx) reserveAll(ctx context.Context, errands []*errand) ([]*errand, error) {
	if len(errands) == 0 {
		return nil, nil
	}
	covered, err := t.covered(ctx, errands)
	if err != nil || len(covered) == 0 {
		return nil, err
	}
	if err := t.addRedemptions(ctx, covered); err != nil {
		return nil, err
	}
	postings := make([]Posting, len(covered))
	for i, e := range covered {
		r := &e.redemption
		t.next[key{Coupon, r.ID}] = 0 // nothing was posted for what is new
		postings[i] = redeemPosting(t, r, e.reservation.Actor)
	}
	entries, err := t.Post(ctx, postings)
	if err != nil {
		return nil, err
	}
	for i, e := range covered {
		e.balance, e.repeated, e.posted = entries[i].Balance, false, e.redemption.Code
	}
	if len(covered) == 1 {
		covered[0].entry = entries[0].ID
		return covered, nil
	}
	return covered, t.readFirstEntries(ctx, covered)
}

func redeemPosting(t *Tx, r *Redemption, actor string) Posting {
	return Posting{
		User: r.User, Type: Redeem, Source: Coupon, Object: r.ID, Points: -r.Points, OccurredAt: t.Now, Cause: "redeemed", Actor: actor,
	}
}

// repeatAll answers reservations as they were answered before.
func (t *Tx) repeatAll(ctx context.Context, errands []*errand, answered map[string]answeredRequest) error {
	if len(errands) == 0 {
		return nil
	}
	ids := make([]int64, len(errands))
	for i, e := range errands {
		ids[i] = answered[plainKey(e.key)].Object.Int64
	}
	found, err := t.Redemptions(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[int64]Redemption, len(found))
	for _, r := range found {
		byID[r.ID] = r
	}
	for i, e := range errands {
		r, exists := byID[ids[i]]
		if !exists {
			return fmt.Errorf("redemption %d of the request %q: %w", ids[i], e.key, ErrNoRedemption)
		}
		e.redemption, e.balance, e.repeated = r, answered[plainKey(e.key)].Balance.Int64, r.Code != e.posted
	}
	return nil
}

// covered refuses those that their account does not allow, each after what
// those before it take, and returns the others.
func (t *Tx) covered(ctx context.Context, errands []*errand) ([]*errand, error) {
	users := make([]int64, len(errands))
	for i, e := range errands {
		users[i] = e.reservation.User
	}
	if err := t.accounts(ctx, users); err != nil {
		return nil, err
	}
	var covered []*errand
	left := map[int64]*Account{}
	for _, e := range errands {
		r := e.reservation
		if left[r.User] == nil {
			account := *t.open[r.User]
			left[r.User] = &account
		}
		if e.err = left[r.User].refuses(Posting{User: r.User, Type: Redeem, Points: -r.Points, Source: Coupon}); e.err == nil {
			left[r.User].Balance -= r.Points
			covered = append(covered, e)
		}
	}
	return covered, nil
}

// addRedemptions makes the rows of redemptions.
func (t *Tx) addRedemptions(ctx context.Context, errands []*errand) error {
	const duplicate, columns = 1062, 9
	codes := make([]string, len(errands))
	for attempt := 1; ; attempt++ {
		args := make([]any, 0, len(errands)*columns)
		for i, e := range errands {
			asked := e.reservation
			codes[i] = newCode()
			e.redemption = Redemption{
				User: asked.User, Points: asked.Points, Amount: asked.Amount, Currency: asked.Currency, Code: codes[i],
				State: Reserved, ReservedAt: Instant(t.Now), ChangedAt: Instant(t.Now), ExpiresOn: asked.ExpiresOn,
			}
			r := &e.redemption
			args = append(args, r.User, r.Points, r.Amount.Text('f'), r.Currency, r.Code, r.State, r.ReservedAt, r.ChangedAt,
				sql.NullString{String: r.ExpiresOn, Valid: r.ExpiresOn != ""})
		}
		result, err := t.ExecContext(ctx, t.ledger.sql(`
			INSERT INTO {p}loyalty_redemptions (user_id, points, amount, currency, code, state, reserved_at, changed_at, expires_on)
			VALUES `)+rows(columns, len(errands)), args...)
		if database.Code(err) == duplicate && attempt < 5 {
			continue // another redemption has one of the codes
		}
		if err != nil {
			return fmt.Errorf("record %d redemptions: %w", len(errands), err)
		}
		if len(errands) > 1 {
			return t.numberRedemptions(ctx, errands, codes)
		}
		if errands[0].redemption.ID, err = result.LastInsertId(); err != nil {
			return fmt.Errorf("read the redemption's number: %w", err)
		}
		return nil
	}
}

// numberRedemptions reads the ids of new rows: of several at once not every kind
// of cluster tells them.
func (t *Tx) numberRedemptions(ctx context.Context, errands []*errand, codes []string) error {
	args := make([]any, len(codes))
	for i, code := range codes {
		args[i] = code
	}
	ids := make(map[string]int64, len(codes))
	err := eachPair(ctx, t.Tx, t.ledger.sql(`SELECT code, id FROM {p}loyalty_redemptions WHERE code IN `)+rows(len(codes), 1),
		func(code string, id int64) { ids[code] = id }, args...)
	if err != nil {
		return fmt.Errorf("read the numbers of redemptions: %w", err)
	}
	for _, e := range errands {
		if e.redemption.ID = ids[e.redemption.Code]; e.redemption.ID == 0 {
			return fmt.Errorf("the redemption with the code %s is not there", e.redemption.Code)
		}
	}
	return nil
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

// Confirm records that a redemption's coupon exists, and returns it with its
// account's balance. It may be repeated. The key stands for this request from
// then on ("": none does); ErrKeyReused says that it stands for another one, and
// ErrNoRedemption, ErrCancelled, ErrClosed and ErrOtherCoupon say why not.
func (l *Ledger) Confirm(ctx context.Context, idemKey string, id, coupon int64) (r Redemption, balance int64, err error) {
	if coupon <= 0 {
		return Redemption{}, 0, fmt.Errorf("%d is not the id of a coupon", coupon)
	}
	return l.change(ctx, idemKey, fmt.Sprintf("confirm %d %d", id, coupon), id, func(ctx context.Context, tx *Tx, r Redemption) (Redemption, error) {
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

// Cancel gives a reservation's points back, and returns it with its account's
// balance then. It may be repeated. The key stands for this request from then on
// ("": none does); ErrKeyReused says that it stands for another one, and
// ErrNoRedemption, ErrConfirmed, ErrClosed and ErrFrozen say why not.
func (l *Ledger) Cancel(ctx context.Context, idemKey string, id int64) (r Redemption, balance int64, err error) {
	return l.change(ctx, idemKey, fmt.Sprintf("cancel %d", id), id, func(ctx context.Context, tx *Tx, r Redemption) (Redemption, error) {
		switch r.State {
		case Cancelled:
			return r, nil
		case Closed:
			return r, ErrClosed
		case Confirmed, Used:
			return r, ErrConfirmed
		case Reserved:
		}
		frozen, err := tx.Frozen(ctx, []int64{r.User})
		switch {
		case err != nil:
			return r, err
		case frozen[r.User]:
			return r, ErrFrozen
		}
		return tx.settle(ctx, r, Settlement{State: Cancelled, Returned: r.Points, OccurredAt: tx.Now, Cause: "cancelled"})
	})
}

// change changes one redemption, as a request says in words.
func (l *Ledger) change(
	ctx context.Context, idemKey, request string, id int64, change func(context.Context, *Tx, Redemption) (Redemption, error),
) (Redemption, int64, error) {
	e := errand{id: id, change: change}
	if idemKey != "" {
		if err := checkKey(idemKey); err != nil {
			return Redemption{}, 0, err
		}
		e.key, e.hash = idemKey, claimHash(request)
	}
	if err := l.do(ctx, &e); err != nil {
		return Redemption{}, 0, err
	}
	return e.redemption, e.balance, nil
}
