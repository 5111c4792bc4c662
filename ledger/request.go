package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrKeyReused says that an idempotency key came back with another request.
var ErrKeyReused = errors.New("this key was used for another request: use a new key")

const maxKey = 191

func checkKey(idemKey string) error {
	if idemKey == "" || len(idemKey) > maxKey || !printable(idemKey) {
		return fmt.Errorf("a request key has 1 to %d printable ASCII characters", maxKey)
	}
	return nil
}

// request returns the number of the request with this key, making it when it
// is new, and the entry that answered it before (nil: none).
func (t *Tx) request(ctx context.Context, idemKey string, hash []byte) (int64, *Entry, error) {
	var row struct {
		ID    int64         `db:"id"`
		Hash  []byte        `db:"body_hash"`
		Entry sql.NullInt64 `db:"entry_id"`
	}
	err := t.GetContext(ctx, &row, t.ledger.sql(`SELECT id, body_hash, entry_id FROM {p}loyalty_requests WHERE idem_key = ?`), idemKey)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t.newRequest(ctx, idemKey, hash)
	case err != nil:
		return 0, nil, fmt.Errorf("look for the request: %w", err)
	case !bytes.Equal(row.Hash, hash):
		return 0, nil, ErrKeyReused
	}
	var entry Entry
	err = t.GetContext(ctx, &entry, t.ledger.sql(`SELECT `+entryColumns+` FROM {p}loyalty_entries WHERE id = ?`), row.Entry)
	if err != nil {
		return 0, nil, fmt.Errorf("read entry %d of request %d: %w", row.Entry.Int64, row.ID, err)
	}
	return row.ID, &entry, nil
}

func (t *Tx) newRequest(ctx context.Context, idemKey string, hash []byte) (int64, *Entry, error) {
	result, err := t.ExecContext(ctx, t.ledger.sql(`
		INSERT INTO {p}loyalty_requests (idem_key, body_hash, created_at) VALUES (?, ?, ?)`), idemKey, hash, t.Now)
	if err != nil {
		return 0, nil, fmt.Errorf("record the request: %w", err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, nil, fmt.Errorf("read the request's number: %w", err)
	}
	return id, nil, nil
}

// answer records the entry that a request led to.
func (t *Tx) answer(ctx context.Context, request int64, entry *Entry) error {
	_, err := t.ExecContext(ctx, t.ledger.sql(`UPDATE {p}loyalty_requests SET entry_id = ? WHERE id = ?`), entry.ID, request)
	if err != nil {
		return fmt.Errorf("complete request %d: %w", request, err)
	}
	return nil
}
