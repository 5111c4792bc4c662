package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// NullTime is a time that may be missing.
type NullTime = sql.NullTime

// Account is the standing of one user. Redeemed, Expired and Revoked count
// what left the account as positive numbers; Earned is what was earned less
// what was revoked, so Balance = Earned − Redeemed − Expired + Adjusted.
type Account struct {
	User        int64    `db:"user_id"`
	Balance     int64    `db:"balance"`
	Pending     int64    `db:"pending"`
	Earned      int64    `db:"earned"`
	Redeemed    int64    `db:"redeemed"`
	Expired     int64    `db:"expired"`
	Revoked     int64    `db:"revoked"`
	Adjusted    int64    `db:"adjusted"`
	Seq         int64    `db:"seq"` // number of entries
	LastEntryAt NullTime `db:"last_entry_at"`
	Frozen      bool     `db:"frozen"` // nothing but adjustments may be posted
	Head        []byte   `db:"head"`   // hash of the last entry
}

const accountColumns = `user_id, balance, pending, earned, redeemed, expired, revoked, adjusted,
	seq, last_entry_at, frozen, head`

var accountColumnList = strings.Split(accountColumns, ",")

func newAccount(user int64) *Account {
	return &Account{User: user, Head: make([]byte, sha256.Size)}
}

// apply adds the entry's amounts to the account.
func (a *Account) apply(e *Entry) error {
	overflow := false
	add := func(to *int64, amount int64) {
		sum := *to + amount
		if (sum > *to) != (amount > 0) && amount != 0 {
			overflow = true
		}
		*to = sum
	}
	add(&a.Balance, e.Points)
	add(&a.Pending, e.Pending)
	if row := typeRows[e.Type]; row != nil {
		if row.Earned {
			add(&a.Earned, e.Points)
		}
		if figure := a.figure(row.Figure); figure != nil {
			add(figure, row.Counts*e.Points)
		}
	}
	if overflow || e.Points == math.MinInt64 {
		return &OverflowError{User: a.User, What: fmt.Sprintf("%s of %d points for %s %d", e.Type, e.Points+e.Pending, e.Source, e.Object)}
	}
	return nil
}

// figure returns where an account keeps a figure; nil: it does not.
func (a *Account) figure(f Figure) *int64 {
	switch f {
	case Redeemed:
		return &a.Redeemed
	case Expired:
		return &a.Expired
	case Revoked:
		return &a.Revoked
	case Adjusted:
		return &a.Adjusted
	default:
		return nil
	}
}

// Account returns the account of a user; one without entries is all zero.
func (l *Ledger) Account(ctx context.Context, user int64) (Account, error) {
	var account Account
	err := l.db.GetContext(ctx, &account, l.sql(`SELECT `+accountColumns+` FROM {p}loyalty_accounts WHERE user_id = ?`), user)
	if errors.Is(err, sql.ErrNoRows) {
		return *newAccount(user), nil
	}
	if err != nil {
		return Account{}, fmt.Errorf("read account %d: %w", user, err)
	}
	return account, nil
}

// Accounts returns the accounts of users, at most a thousand of them; one
// without entries is left out.
func (l *Ledger) Accounts(ctx context.Context, users []int64) (map[int64]Account, error) {
	accounts := make(map[int64]Account, len(users))
	err := eachAccount(ctx, l.db, l, users, func(account *Account) { accounts[account.User] = *account })
	return accounts, err
}

// eachAccount visits those of the accounts that there are. At the pace of
// shoppers what finds the fields by reflection costs more than the server.
func eachAccount(ctx context.Context, q sqlx.QueryerContext, l *Ledger, users []int64, visit func(*Account)) error {
	rows, err := q.QueryContext(ctx, l.sql(`SELECT `+accountColumns+` FROM {p}loyalty_accounts WHERE user_id IN (`+idList(users)+`)`))
	if err != nil {
		return fmt.Errorf("read accounts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a Account
		err := rows.Scan(&a.User, &a.Balance, &a.Pending, &a.Earned, &a.Redeemed, &a.Expired, &a.Revoked, &a.Adjusted,
			&a.Seq, &a.LastEntryAt, &a.Frozen, &a.Head)
		if err != nil {
			return fmt.Errorf("read accounts: %w", err)
		}
		visit(&a)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read accounts: %w", err)
	}
	return nil
}

// idList returns ids as they stand between the brackets of IN.
func idList(ids []int64) string {
	var list []byte
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, id, 10)
	}
	return string(list)
}

// Entries returns up to limit entries of an account with a sequence number
// above after, in the order of recording.
func (l *Ledger) Entries(ctx context.Context, user, after int64, limit int) ([]Entry, error) {
	var entries []Entry
	err := l.db.SelectContext(ctx, &entries, l.sql(`
		SELECT `+entryColumns+` FROM {p}loyalty_entries
		WHERE user_id = ? AND seq > ? ORDER BY seq LIMIT ?`), user, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read entries of account %d: %w", user, err)
	}
	return entries, nil
}

// Note is what a person wrote when asking for an entry.
type Note struct {
	Entry int64  `db:"entry_id"`
	Note  string `db:"note"`
	Actor string `db:"actor"`
}

// Notes returns the notes of an account's entries by entry id.
func (l *Ledger) Notes(ctx context.Context, user int64) (map[int64]Note, error) {
	var notes []Note
	err := l.db.SelectContext(ctx, &notes, l.sql(`
		SELECT n.entry_id, n.note, n.actor FROM {p}loyalty_entries e
		JOIN {p}loyalty_entry_notes n ON n.entry_id = e.id WHERE e.user_id = ?`), user)
	if err != nil {
		return nil, fmt.Errorf("read notes of account %d: %w", user, err)
	}
	byEntry := make(map[int64]Note, len(notes))
	for _, note := range notes {
		byEntry[note.Entry] = note
	}
	return byEntry, nil
}

// accounts returns the accounts of users for changing them, new ones included.
// The fence's row lock keeps all other writers out, so no row locks are taken.
func (t *Tx) accounts(ctx context.Context, users []int64) error {
	missing := slices.DeleteFunc(slices.Clone(users), func(user int64) bool {
		if t.open[user] == nil {
			if known := t.known.find(user); known != nil {
				t.open[user] = known
			}
		}
		return t.open[user] != nil
	})
	slices.Sort(missing)
	return inChunks(slices.Compact(missing), func(chunk []int64) error {
		for _, user := range chunk {
			t.open[user] = newAccount(user)
		}
		return eachAccount(ctx, t.Tx, t.ledger, chunk, func(account *Account) { t.open[account.User] = account })
	})
}

// Account returns the account as it stands in this transaction.
func (t *Tx) Account(ctx context.Context, user int64) (Account, error) {
	if err := t.accounts(ctx, []int64{user}); err != nil {
		return Account{}, err
	}
	return *t.open[user], nil
}

// Frozen returns which of the users' accounts are frozen.
func (t *Tx) Frozen(ctx context.Context, users []int64) (map[int64]bool, error) {
	if err := t.accounts(ctx, users); err != nil {
		return nil, err
	}
	frozen := map[int64]bool{}
	for _, user := range users {
		if t.open[user].Frozen {
			frozen[user] = true
		}
	}
	return frozen, nil
}

// Freeze marks a user's account as frozen, or as live again. An account
// without entries keeps the mark for this transaction only.
func (t *Tx) Freeze(ctx context.Context, user int64, frozen bool) error {
	if err := t.accounts(ctx, []int64{user}); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, t.ledger.sql(`UPDATE {p}loyalty_accounts SET frozen = ? WHERE user_id = ?`), frozen, user)
	if err != nil {
		return fmt.Errorf("freeze account %d: %w", user, err)
	}
	t.open[user].Frozen = frozen
	return nil
}

const maxInList = 900

// inChunks calls work with at most maxInList of ids at a time, which bounds
// the length of a statement.
func inChunks(ids []int64, work func([]int64) error) error {
	for len(ids) > 0 {
		n := min(len(ids), maxInList)
		if err := work(ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}
