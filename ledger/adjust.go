package ledger

import (
	"bytes"
	"context"
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

// ErrNoNote says that an adjustment came without its reason.
var ErrNoNote = errors.New("an adjustment needs a note that says why")

func (a Adjustment) check() error {
	switch {
	case strings.TrimSpace(a.Note) == "":
		return ErrNoNote
	case a.Points == 0:
		return errors.New("an adjustment of 0 points changes nothing")
	case a.User <= 0:
		return fmt.Errorf("%d is not the id of a user", a.User)
	}
	return checkKey(a.Key)
}

func (a Adjustment) hash() []byte {
	return requestHash("adjust", a.User, a.Points, a.Note)
}

// Adjust posts an adjustment and returns its entry. The same key with the same
// request, whoever sends it, answers the first result again (repeated is
// true); with another request it fails with ErrKeyReused. A frozen account may
// be adjusted.
func (l *Ledger) Adjust(ctx context.Context, a Adjustment) (entry Entry, repeated bool, err error) {
	if err := a.check(); err != nil {
		return Entry{}, false, err
	}
	var posted []byte // hash of the entry; the answer to its COMMIT may be lost
	err = l.UpdateAlone(ctx, func(tx *Tx) error {
		request, first, err := tx.request(ctx, a.Key, a.hash())
		if err != nil {
			return err
		}
		if first != nil {
			entry = *first
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
		entry, posted, repeated = entries[0], entries[0].Hash, false
		return tx.answer(ctx, request, &entry)
	})
	if err != nil {
		return Entry{}, false, err
	}
	return entry, repeated, nil
}
