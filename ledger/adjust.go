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
)

// Adjustment is a change of a balance that a person asks for.
type Adjustment struct {
	// Key makes the request one request however often it is sent.
	Key    string
	User   int64
	Points int64 // signed, not 0
	Note   string
	Actor  string
}

// ErrKeyReused says that an idempotency key came back with another request.
var ErrKeyReused = errors.New("this key was used for another request: use a new key")

// ErrNoNote says that an adjustment came without its reason.
var ErrNoNote = errors.New("an adjustment needs a note that says why")

const maxKey = 191

func (a Adjustment) check() error {
	switch {
	case strings.TrimSpace(a.Note) == "":
		return ErrNoNote
	case a.Points == 0:
		return errors.New("an adjustment of 0 points changes nothing")
	case a.User <= 0:
		return fmt.Errorf("%d is not the id of a user", a.User)
	case a.Key == "" || len(a.Key) > maxKey || !printable(a.Key):
		return fmt.Errorf("a request key has 1 to %d printable ASCII characters", maxKey)
	}
	return nil
}

func (a Adjustment) hash() []byte {
	buffer := binary.BigEndian.AppendUint64([]byte("adjust"), uint64(a.User))
	buffer = binary.BigEndian.AppendUint64(buffer, uint64(a.Points))
	buffer = append(buffer, a.Note...)
	sum := sha256.Sum256(buffer)
	return sum[:]
}

// Adjust posts an adjustment and returns its entry. The same key with the same
// request, whoever sends it, answers the first result again (repeated is
// true); with another request it fails with ErrKeyReused. A frozen account may
// be adjusted.
func (l *Ledger) Adjust(ctx context.Context, lease *Lease, a Adjustment) (entry Entry, repeated bool, err error) {
	if err := a.check(); err != nil {
		return Entry{}, false, err
	}
	var posted []byte // hash of the entry; the answer to its COMMIT may be lost
	err = l.Update(ctx, lease, func(tx *Tx) error {
		request, first, err := tx.request(ctx, a.Key, a.hash())
		if err != nil {
			return err
		}
		if first != 0 {
			err := tx.GetContext(ctx, &entry, l.sql(`SELECT `+entryColumns+` FROM {p}loyalty_entries WHERE id = ?`), first)
			if err != nil {
				return fmt.Errorf("read entry %d of request %d: %w", first, request, err)
			}
			repeated = !bytes.Equal(entry.Hash, posted)
			return nil
		}
		entries, err := tx.Post(ctx, []Posting{{
			User: a.User, Type: Adjust, Source: Admin, Object: request, Points: a.Points,
			OccurredAt: tx.Now, Cause: "adjusted by hand", Note: a.Note, Actor: a.Actor,
		}})
		if err != nil {
			return err
		}
		entry, posted = entries[0], entries[0].Hash
		_, err = tx.ExecContext(ctx, l.sql(`UPDATE {p}loyalty_requests SET entry_id = ? WHERE id = ?`), entry.ID, request)
		if err != nil {
			return fmt.Errorf("complete request %d: %w", request, err)
		}
		return nil
	})
	if err != nil {
		return Entry{}, false, err
	}
	return entry, repeated, nil
}

// request returns the number of the request with this key, making it when it
// is new, and the entry it led to before (0: none).
func (t *Tx) request(ctx context.Context, idemKey string, hash []byte) (id, entry int64, err error) {
	var row struct {
		ID    int64         `db:"id"`
		Hash  []byte        `db:"body_hash"`
		Entry sql.NullInt64 `db:"entry_id"`
	}
	err = t.GetContext(ctx, &row, t.ledger.sql(`SELECT id, body_hash, entry_id FROM {p}loyalty_requests WHERE idem_key = ?`), idemKey)
	if err == nil && !bytes.Equal(row.Hash, hash) {
		return 0, 0, ErrKeyReused
	}
	if err == nil {
		return row.ID, row.Entry.Int64, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, 0, fmt.Errorf("look for the request: %w", err)
	}
	result, err := t.ExecContext(ctx, t.ledger.sql(`
		INSERT INTO {p}loyalty_requests (idem_key, body_hash, created_at) VALUES (?, ?, ?)`), idemKey, hash, t.Now)
	if err != nil {
		return 0, 0, fmt.Errorf("record the request: %w", err)
	}
	if id, err = result.LastInsertId(); err != nil {
		return 0, 0, fmt.Errorf("read the request's number: %w", err)
	}
	return id, 0, nil
}
