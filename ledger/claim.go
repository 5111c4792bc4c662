package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Claim records that a key stands for a request that is harmless to repeat and
// changes nothing of the ledger, such as erasing notes. It fails with
// ErrKeyReused when the key stands for another request.
func (l *Ledger) Claim(ctx context.Context, idemKey, request string) error {
	if err := checkKey(idemKey); err != nil {
		return err
	}
	var stored []byte
	err := database.Transact(ctx, l.db, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, l.sql(`
			INSERT INTO {p}loyalty_requests (idem_key, body_hash, created_at) VALUES (?, ?, UTC_TIMESTAMP(6))
			ON DUPLICATE KEY UPDATE body_hash = body_hash`), idemKey, claimHash(request))
		if err != nil {
			return fmt.Errorf("record the request: %w", err)
		}
		if err := tx.GetContext(ctx, &stored, l.sql(`SELECT body_hash FROM {p}loyalty_requests WHERE idem_key = ?`), idemKey); err != nil {
			return fmt.Errorf("look for the request: %w", err)
		}
		return nil
	})
	if err == nil && !bytes.Equal(stored, claimHash(request)) {
		err = ErrKeyReused
	}
	return err
}

// claimHash identifies a request that is harmless to repeat.
func claimHash(request string) []byte {
	sum := sha256.Sum256([]byte("claim " + request))
	return sum[:]
}

// Reservation returns the redemption that an earlier Reserve with the same key
// made, as it stands now, and the balance as it was then; ErrNoRedemption
// when there was none, and ErrKeyReused when the key, the user or the points
// were others.
func (l *Ledger) Reservation(ctx context.Context, reservation Reservation) (Redemption, int64, error) {
	var row struct {
		Hash    []byte        `db:"body_hash"`
		Object  sql.NullInt64 `db:"object_id"`
		Balance sql.NullInt64 `db:"balance"`
	}
	err := l.db.GetContext(ctx, &row, l.sql(`
		SELECT q.body_hash, e.object_id, e.balance FROM {p}loyalty_requests q
		LEFT JOIN {p}loyalty_entries e ON e.id = q.entry_id WHERE q.idem_key = ?`), reservation.Key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Redemption{}, 0, ErrNoRedemption
	case err != nil:
		return Redemption{}, 0, fmt.Errorf("look for the request: %w", err)
	case !bytes.Equal(row.Hash, reservation.hash()):
		return Redemption{}, 0, ErrKeyReused
	}
	r, err := l.Redemption(ctx, row.Object.Int64)
	return r, row.Balance.Int64, err
}
