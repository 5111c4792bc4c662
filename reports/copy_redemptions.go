package reports

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// redemption is a row of the ledger's redemptions as it is copied.
type redemption struct {
	ID         int64          `db:"id"`
	User       int64          `db:"user_id"`
	Points     int64          `db:"points"`
	Returned   int64          `db:"returned"`
	Amount     string         `db:"amount"`
	Currency   string         `db:"currency"`
	Code       string         `db:"code"`
	Coupon     sql.NullInt64  `db:"coupon_id"`
	Order      sql.NullInt64  `db:"order_id"`
	State      string         `db:"state"`
	ReservedAt time.Time      `db:"reserved_at"`
	ChangedAt  time.Time      `db:"changed_at"`
	ExpiresOn  sql.NullString `db:"expires_on"`
}

const redemptionsOf = `
	SELECT id, user_id, points, returned, CAST(amount AS CHAR) AS amount, currency, code, coupon_id, order_id, state,
	  reserved_at, changed_at, CAST(expires_on AS CHAR) AS expires_on
	FROM {p}loyalty_redemptions `

// The ledger's writer changes redemptions one transaction after the other, so
// what changed later has a later time, unless its clock was set back. By this
// much it may be.
const clockSlack = time.Minute

// copyRedemptions brings the site's copy of the redemptions up to date, or
// makes it anew.
func (u *update) copyRedemptions(ctx context.Context, anew bool) error {
	if !u.copied {
		return nil
	}
	if anew {
		if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_redemptions`)); err != nil {
			return fmt.Errorf("empty the copy of the redemptions: %w", err)
		}
	}
	at, err := u.redemptionsThrough(ctx, u.tx)
	if err != nil {
		return err
	}
	for id := int64(0); ; {
		var rows []redemption
		err := sqlx.SelectContext(ctx, u.ledgerReader(), &rows, u.ledger.Prefix.SQL(redemptionsOf+`
			WHERE changed_at >= ? AND (changed_at > ? OR id > ?) ORDER BY changed_at, id LIMIT ?`), at, at, id, copyBatch)
		if err != nil {
			return fmt.Errorf("read the redemptions that changed since %s: %w", at, err)
		}
		if err := u.insertRedemptions(ctx, rows); err != nil {
			return err
		}
		if len(rows) < copyBatch {
			return nil
		}
		at, id = rows[len(rows)-1].ChangedAt, rows[len(rows)-1].ID
	}
}

// redemptionsThrough returns the time before which all changes are copied.
func (r *Reports) redemptionsThrough(ctx context.Context, q sqlx.QueryerContext) (time.Time, error) {
	var last sql.NullTime
	if err := sqlx.GetContext(ctx, q, &last, r.sql(`SELECT MAX(changed_at) FROM {p}loyalty_redemptions`)); err != nil {
		return time.Time{}, fmt.Errorf("read the last copied redemption: %w", err)
	}
	if !last.Valid {
		return time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), nil
	}
	return last.Time.Add(-clockSlack), nil
}

func (u *update) insertRedemptions(ctx context.Context, rows []redemption) error {
	if len(rows) == 0 {
		return nil
	}
	args := make([]any, 0, len(rows)*13)
	for _, r := range rows {
		args = append(args, r.ID, r.User, r.Points, r.Returned, r.Amount, r.Currency, r.Code, r.Coupon, r.Order, r.State,
			r.ReservedAt, r.ChangedAt, r.ExpiresOn)
	}
	_, err := u.tx.ExecContext(ctx, u.sql(`
		INSERT INTO {p}loyalty_redemptions (id, user_id, points, returned, amount, currency, code, coupon_id, order_id, state,
		  reserved_at, changed_at, expires_on) VALUES `+values(13, len(rows))+`
		ON DUPLICATE KEY UPDATE returned = VALUES(returned), coupon_id = VALUES(coupon_id), order_id = VALUES(order_id),
		  state = VALUES(state), changed_at = VALUES(changed_at)`), args...)
	if err != nil {
		return fmt.Errorf("copy %d redemptions: %w", len(rows), err)
	}
	return nil
}

// verifyRedemptions compares the copied redemptions with the ledger's, as far
// as they did not change since they were copied.
func (r *Reports) verifyRedemptions(ctx context.Context, tx *sqlx.Tx, found *findings) error {
	through, err := r.redemptionsThrough(ctx, tx)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		var copied, of []redemption
		err := errors.Join(
			tx.SelectContext(ctx, &copied, r.sql(redemptionsOf+`WHERE id > ? ORDER BY id LIMIT ?`), after, copyBatch),
			r.ledger.DB.SelectContext(ctx, &of, r.ledger.Prefix.SQL(redemptionsOf+`WHERE id > ? ORDER BY id LIMIT ?`), after, copyBatch))
		if err != nil {
			return fmt.Errorf("compare the redemptions after %d: %w", after, err)
		}
		// Both pages reach at least as far as the shorter one.
		end := int64(1<<63 - 1)
		for _, page := range [][]redemption{copied, of} {
			if len(page) == copyBatch {
				end = min(end, page[len(page)-1].ID)
			}
		}
		compareRedemptions(found, copied, of, end, through)
		if end == 1<<63-1 {
			return nil
		}
		after = end
	}
}

func compareRedemptions(found *findings, copied, of []redemption, end int64, through time.Time) {
	stored, want := map[int64]redemption{}, map[int64]redemption{}
	var keys []int64
	for _, r := range copied {
		if r.ID <= end {
			stored[r.ID] = r
			keys = append(keys, r.ID)
		}
	}
	for _, r := range of {
		switch {
		case r.ID > end:
		case r.ChangedAt.After(through):
			delete(stored, r.ID)
		default:
			want[r.ID] = r
			keys = append(keys, r.ID)
		}
	}
	compare(found, "redemptions", unique(keys), stored, want, func(id int64, r redemption) string {
		return fmt.Sprintf("redemption %d (user %d, %d of %d points given back, %s, coupon %d, order %d)",
			id, r.User, r.Returned, r.Points, r.State, r.Coupon.Int64, r.Order.Int64)
	})
}
