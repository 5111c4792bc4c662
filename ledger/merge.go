package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Merger is the wish to move what is left of a frozen account, or its debt, to
// a live one.
type Merger struct {
	// Key makes the request one request however often it is sent.
	Key   string
	From  int64 // the frozen account
	Into  int64 // the live one
	Note  string
	Actor string
}

// Why an account is not merged into another one.
var (
	ErrNotFrozen = errors.New("the account is not frozen")
	ErrNothing   = errors.New("the account is at 0: nothing is left of it to move")
)

func (m Merger) check() error {
	switch {
	case strings.TrimSpace(m.Note) == "":
		return ErrNoNote
	case m.From <= 0 || m.Into <= 0:
		return fmt.Errorf("%d is not the id of a user", min(m.From, m.Into))
	case m.From == m.Into:
		return errors.New("an account is not merged into itself")
	}
	return checkKey(m.Key)
}

func (m Merger) hash() []byte {
	return requestHash("merge", m.From, m.Into, m.Note)
}

// Merge moves the balance of a frozen account to a live one by a pair of
// adjustments, both or none, and returns them: first what leaves the one, then
// what the other gets. The same key with the same request, whoever sends it,
// answers the first result again (repeated is true); with another request it
// fails with ErrKeyReused. ErrNotFrozen, ErrFrozen (of the account that would
// get the points) and ErrNothing say why nothing was moved.
func (l *Ledger) Merge(ctx context.Context, m Merger) (left, came Entry, repeated bool, err error) {
	if err := m.check(); err != nil {
		return Entry{}, Entry{}, false, err
	}
	var posted []byte // hash of the second entry; the answer to its COMMIT may be lost
	err = l.UpdateAlone(ctx, func(tx *Tx) error {
		request, last, err := tx.request(ctx, m.Key, m.hash())
		if err != nil {
			return err
		}
		if last != nil {
			came = *last
			repeated = !bytes.Equal(came.Hash, posted)
			return tx.firstOf(ctx, request, &left)
		}
		postings, err := tx.merge(ctx, m, request)
		if err != nil {
			return err
		}
		entries, err := tx.Post(ctx, postings)
		if err != nil {
			return err
		}
		left, came, posted, repeated = entries[0], entries[1], entries[1].Hash, false
		return tx.answer(ctx, request, &came)
	})
	if err != nil {
		return Entry{}, Entry{}, false, err
	}
	return left, came, repeated, nil
}

// merge returns the pair of adjustments.
func (t *Tx) merge(ctx context.Context, m Merger, request int64) ([]Posting, error) {
	frozen, err := t.Frozen(ctx, []int64{m.From, m.Into})
	switch {
	case err != nil:
		return nil, err
	case !frozen[m.From]:
		return nil, fmt.Errorf("account %d: %w", m.From, ErrNotFrozen)
	case frozen[m.Into]:
		return nil, fmt.Errorf("account %d: %w", m.Into, ErrFrozen)
	}
	account, err := t.Account(ctx, m.From)
	if err != nil {
		return nil, err
	}
	if account.Balance == 0 {
		return nil, fmt.Errorf("account %d: %w", m.From, ErrNothing)
	}
	out := Posting{
		User: m.From, Type: Adjust, Source: Admin, Object: request, Points: -account.Balance,
		OccurredAt: t.Now, Cause: fmt.Sprintf("merged into account %d", m.Into), Note: m.Note, Actor: m.Actor,
	}
	in := out
	in.User, in.Points, in.Cause = m.Into, account.Balance, fmt.Sprintf("merged from account %d", m.From)
	return []Posting{out, in}, nil
}

// firstOf reads the first entry that a request led to.
func (t *Tx) firstOf(ctx context.Context, request int64, entry *Entry) error {
	err := t.GetContext(ctx, entry, t.ledger.sql(`
		SELECT `+entryColumns+` FROM {p}loyalty_entries WHERE source = ? AND object_id = ? AND revision = 0`), Admin, request)
	if err != nil {
		return fmt.Errorf("read the first entry of request %d: %w", request, err)
	}
	return nil
}

// Debt is a frozen account that is below zero.
type Debt struct {
	User    int64 `db:"user_id"`
	Balance int64 `db:"balance"`
}

// Debts returns the frozen accounts that are below zero, the lowest first, at
// most limit of them.
func (l *Ledger) Debts(ctx context.Context, limit int) ([]Debt, error) {
	var debts []Debt
	err := l.db.SelectContext(ctx, &debts, l.sql(`
		SELECT user_id, balance FROM {p}loyalty_accounts
		WHERE frozen = 1 AND balance < 0 ORDER BY balance, user_id LIMIT ?`), limit)
	if err != nil {
		return nil, fmt.Errorf("read frozen accounts below zero: %w", err)
	}
	return debts, nil
}
