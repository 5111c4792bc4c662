package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
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

// requestHash tells whether a key comes back with the same request: what is
// asked, of whom and how much, and why.
func requestHash(kind string, first, second int64, note string) []byte {
	buffer := binary.BigEndian.AppendUint64([]byte(kind), uint64(first))
	buffer = binary.BigEndian.AppendUint64(buffer, uint64(second))
	sum := sha256.Sum256(append(buffer, note...))
	return sum[:]
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

// answeredRequest is a request that was made before, with the entry that answered it.
type answeredRequest struct {
	Key     string        `db:"idem_key"`
	Hash    []byte        `db:"body_hash"`
	Object  sql.NullInt64 `db:"object_id"`
	Balance sql.NullInt64 `db:"balance"`
}

// plainKey returns what keys have in common that the table takes for one: it
// compares without spaces at the end.
func plainKey(idemKey string) string { return strings.TrimRight(idemKey, " ") }

// record records requests with the entries that they led to.
func (t *Tx) record(ctx context.Context, errands []*errand) error {
	if len(errands) == 0 {
		return nil
	}
	const columns = 4
	args := make([]any, 0, len(errands)*columns)
	for _, e := range errands {
		args = append(args, e.key, e.hash, sql.NullInt64{Int64: e.entry, Valid: e.entry != 0}, t.Now)
	}
	_, err := t.ExecContext(ctx, t.ledger.sql(`
		INSERT INTO {p}loyalty_requests (idem_key, body_hash, entry_id, created_at) VALUES `)+rows(columns, len(errands)), args...)
	if err != nil {
		return fmt.Errorf("record the requests: %w", err)
	}
	return nil
}

// readFirstEntries reads which entries made the redemptions: of several at once
// not every kind of cluster tells it.
func (t *Tx) readFirstEntries(ctx context.Context, errands []*errand) error {
	redemptions := make([]int64, len(errands))
	for i, e := range errands {
		redemptions[i] = e.redemption.ID
	}
	ids := make(map[int64]int64, len(errands))
	err := eachPair(ctx, t.Tx, t.ledger.sql(`
		SELECT object_id, id FROM {p}loyalty_entries WHERE source = '`+string(Coupon)+`' AND revision = 0 AND object_id IN (`+idList(redemptions)+`)`),
		func(redemption, id int64) { ids[redemption] = id })
	if err != nil {
		return fmt.Errorf("read the numbers of entries: %w", err)
	}
	for _, e := range errands {
		if e.entry = ids[e.redemption.ID]; e.entry == 0 {
			return fmt.Errorf("there is no entry of redemption %d", e.redemption.ID)
		}
	}
	return nil
}

// eachPair visits the rows of a query, each of a key and a number.
func eachPair[K any](ctx context.Context, q sqlx.QueryerContext, query string, visit func(K, int64), args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k K
		var number int64
		if err := rows.Scan(&k, &number); err != nil {
			return err
		}
		visit(k, number)
	}
	return rows.Err()
}
