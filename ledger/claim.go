package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/batch"
	"loyaltyd/internal/database"
)

// claim is a key with the digest of what it stands for.
type claim struct {
	ledger *Ledger
	key    string
	hash   []byte
}

// newClaims returns where claims wait for each other: those that come while
// others are recorded are recorded together.
func newClaims() *batch.Batch[claim, error] {
	return batch.New(mostTogether, 0, func(ctx context.Context, claims []claim) ([]error, error) {
		return claims[0].ledger.recordClaims(ctx, claims)
	})
}

// Claim records that a key stands for a request that is harmless to repeat and
// has no entry of its own to be found by, such as confirming a redemption. It
// fails with ErrKeyReused when the key stands for another request.
func (l *Ledger) Claim(ctx context.Context, idemKey, request string) error {
	if err := checkKey(idemKey); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte("claim " + request))
	reused, err := l.claims.Ask(ctx, claim{l, idemKey, sum[:]})
	return cmp.Or(err, reused)
}

// recordClaims returns for each claim why its key does not stand for it, or nil.
func (l *Ledger) recordClaims(ctx context.Context, claims []claim) ([]error, error) {
	const columns = 2
	keys := make([]string, len(claims))
	args := make([]any, 0, columns*len(claims))
	for i, c := range claims {
		keys[i] = c.key
		args = append(args, c.key, c.hash)
	}
	look, sought, err := sqlx.In(l.sql(`SELECT idem_key, body_hash FROM {p}loyalty_requests WHERE idem_key IN (?)`), keys)
	if err != nil {
		return nil, fmt.Errorf("look for the requests: %w", err)
	}
	hashes := map[string][]byte{}
	err = database.Transact(ctx, l.db, func(tx *sqlx.Tx) error {
		row := "(?, ?, UTC_TIMESTAMP(6))"
		_, err := tx.ExecContext(ctx, l.sql(`
			INSERT INTO {p}loyalty_requests (idem_key, body_hash, created_at) VALUES `)+
			strings.Repeat(row+", ", len(claims)-1)+row+` ON DUPLICATE KEY UPDATE body_hash = body_hash`, args...)
		if err != nil {
			return fmt.Errorf("record the requests: %w", err)
		}
		var rows []struct {
			Key  string `db:"idem_key"`
			Hash []byte `db:"body_hash"`
		}
		if err := tx.SelectContext(ctx, &rows, look, sought...); err != nil {
			return fmt.Errorf("look for the requests: %w", err)
		}
		for _, row := range rows {
			hashes[plainKey(row.Key)] = row.Hash
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answers := make([]error, len(claims))
	for i, c := range claims {
		if !bytes.Equal(hashes[plainKey(c.key)], c.hash) {
			answers[i] = ErrKeyReused
		}
	}
	return answers, nil
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
