package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// ErrFrozen says that a posting met a frozen account that neither adjusts it nor
// gives what it has of an object to another one.
var ErrFrozen = errors.New("the account is frozen (its user is excluded or deleted): only adjustments can be posted")

// ErrInsufficient says that a redemption would take the balance below zero.
var ErrInsufficient = errors.New("the balance does not cover the redemption")

// ErrNotHeld says that more pending points would leave an object than it has.
var ErrNotHeld = errors.New("more points would be released or cancelled than are held")

// Post appends the postings as entries, in order, and brings accounts, holds
// and the daily roll-up up to date with them. It returns the entries it made;
// with clamping there can be more of them than postings. Only entries with a
// note, and one that is posted alone, have their ID filled in. After an error
// nothing of the transaction can be kept: Update fails with it, whatever its
// work says.
func (t *Tx) Post(ctx context.Context, postings []Posting) ([]Entry, error) {
	if len(postings) == 0 || t.failed != nil {
		return nil, t.failed
	}
	entries, err := t.post(ctx, postings)
	t.failed = err
	return entries, err
}

func (t *Tx) post(ctx context.Context, postings []Posting) ([]Entry, error) {
	if err := t.prepare(ctx, postings); err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(postings))
	notes := map[int]sideNote{} // by index into entries
	for _, p := range postings {
		before := t.open[p.User].Balance
		note := newSideNote(p)
		entry, err := t.entry(p, note.hash)
		if err != nil {
			return nil, err
		}
		if note.hash != nil {
			notes[len(entries)] = note
		}
		entries = append(entries, entry)
		if clamp, needed := t.clamp(p, before); needed {
			entry, err := t.entry(clamp, nil)
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry)
		}
	}
	if err := t.insert(ctx, entries, notes); err != nil {
		return nil, err
	}
	if err := t.saveAccounts(ctx, entries); err != nil {
		return nil, err
	}
	if err := t.rollUp(ctx, entries); err != nil {
		return nil, err
	}
	return entries, t.saveHolds(ctx, postings)
}

// prepare checks the postings and reads the accounts and revisions they need.
func (t *Tx) prepare(ctx context.Context, postings []Posting) error {
	var users []int64
	unknown := map[Source][]int64{}
	asked := map[key]bool{}
	ask := func(k key) {
		if _, known := t.next[k]; !known && !asked[k] {
			asked[k] = true
			unknown[k.source] = append(unknown[k.source], k.object)
		}
	}
	for _, p := range postings {
		if err := p.check(); err != nil {
			return err
		}
		users = append(users, p.User)
		ask(key{p.Source, p.Object})
		if t.ledger.clamp && p.Points < 0 && p.Type != Adjust {
			ask(key{Clamp, p.Object})
		}
	}
	if err := t.accounts(ctx, users); err != nil {
		return err
	}
	for source, objects := range unknown {
		if err := t.readRevisions(ctx, source, objects); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) readRevisions(ctx context.Context, source Source, objects []int64) error {
	return inChunks(objects, func(chunk []int64) error {
		query, args, err := sqlx.In(t.ledger.sql(`
			SELECT object_id, MAX(revision) + 1 AS next FROM {p}loyalty_entries
			WHERE source = ? AND object_id IN (?) GROUP BY object_id`), source, chunk)
		if err != nil {
			return fmt.Errorf("read revisions of %s: %w", source, err)
		}
		var rows []struct {
			Object int64 `db:"object_id"`
			Next   int64 `db:"next"`
		}
		if err := t.SelectContext(ctx, &rows, query, args...); err != nil {
			return fmt.Errorf("read revisions of %s: %w", source, err)
		}
		for _, object := range chunk {
			t.next[key{source, object}] = 0
		}
		for _, row := range rows {
			t.next[key{source, row.Object}] = row.Next
		}
		return nil
	})
}

// refuses returns why an account as it stands does not take a posting, or nil.
func (a *Account) refuses(p Posting) error {
	if a.Frozen && p.Type != Adjust && !p.Moves {
		return fmt.Errorf("%s for %s %d in account %d: %w", p.Type, p.Source, p.Object, p.User, ErrFrozen)
	}
	if p.Type == Redeem && a.Balance < -p.Points {
		return fmt.Errorf("redeem %d of %d points in account %d: %w", -p.Points, a.Balance, p.User, ErrInsufficient)
	}
	return nil
}

// entry appends a posting to its account and returns it as an entry.
func (t *Tx) entry(p Posting, noteHash []byte) (Entry, error) {
	account := t.open[p.User]
	if err := account.refuses(p); err != nil {
		return Entry{}, err
	}
	k := key{p.Source, p.Object}
	e := Entry{
		User: p.User, Seq: account.Seq + 1,
		OccurredAt: Instant(p.OccurredAt), RecordedAt: Instant(t.Now),
		Type: p.Type, Source: p.Source, Object: p.Object, Revision: t.next[k],
		Points: p.Points, Pending: p.Pending, Program: p.Program, Cause: p.Cause, NoteHash: noteHash,
	}
	if !p.FactAt.IsZero() {
		e.FactAt = NullTime{Time: Instant(p.FactAt), Valid: true}
	}
	if err := account.apply(&e); err != nil {
		return Entry{}, err
	}
	e.Balance = account.Balance
	sum := chainHash(account.Head, &e)
	e.Hash = sum[:]
	account.Head = e.Hash
	account.Seq = e.Seq
	account.LastEntryAt = NullTime{Time: e.RecordedAt, Valid: true}
	t.next[k]++
	return e, nil
}

// clamp returns the adjustment that keeps a deduction from taking the balance
// below zero: at most what was deducted.
func (t *Tx) clamp(p Posting, before int64) (Posting, bool) {
	account := t.open[p.User]
	after := account.Balance
	if !t.ledger.clamp || p.Type == Adjust || p.Points >= 0 || after >= 0 || p.Moves && account.Frozen {
		return Posting{}, false
	}
	shortfall := min(-after, before-after)
	return Posting{
		User: p.User, Type: Adjust, Source: Clamp, Object: p.Object, Points: shortfall,
		OccurredAt: p.OccurredAt, FactAt: p.FactAt, Program: p.Program, Cause: p.Cause,
	}, true
}

// sideNote is what is kept of a note beside the chain.
type sideNote struct {
	note, actor string
	salt, hash  []byte
}

func newSideNote(p Posting) sideNote {
	if p.Note == "" && p.Actor == "" {
		return sideNote{}
	}
	salt := newSalt()
	return sideNote{note: p.Note, actor: p.Actor, salt: salt, hash: noteHash(salt, p.Note, p.Actor)}
}

// insert stores the entries in order. One with a note goes alone, because
// only then does the server tell its id on every kind of cluster.
func (t *Tx) insert(ctx context.Context, entries []Entry, notes map[int]sideNote) error {
	from := 0
	for i := range entries {
		note, has := notes[i]
		if !has {
			continue
		}
		if err := t.insertEntries(ctx, entries[from:i]); err != nil {
			return err
		}
		if err := t.insertWithNote(ctx, &entries[i], note); err != nil {
			return err
		}
		from = i + 1
	}
	return t.insertEntries(ctx, entries[from:])
}

func (t *Tx) insertWithNote(ctx context.Context, e *Entry, note sideNote) error {
	if err := t.insertAlone(ctx, e); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, t.ledger.sql(`
		INSERT INTO {p}loyalty_entry_notes (entry_id, note, actor, salt) VALUES (?, ?, ?, ?)`),
		e.ID, note.note, note.actor, note.salt)
	if err != nil {
		return fmt.Errorf("keep the note of entry %d: %w", e.ID, err)
	}
	return nil
}

var storedColumns = []string{
	"user_id", "seq", "occurred_at", "recorded_at", "type", "source", "object_id", "revision",
	"points", "pending", "balance", "program", "fact_at", "cause", "note_hash", "hash",
}

// insertAlone stores one entry and fills in its ID.
func (t *Tx) insertAlone(ctx context.Context, e *Entry) error {
	result, err := t.ExecContext(ctx, t.ledger.sql(`
		INSERT INTO {p}loyalty_entries (`+strings.Join(storedColumns, ", ")+`) VALUES `)+rows(len(storedColumns), 1),
		e.User, e.Seq, e.OccurredAt, e.RecordedAt, e.Type, e.Source, e.Object, e.Revision,
		e.Points, e.Pending, e.Balance, e.Program, e.FactAt, e.Cause, e.NoteHash, e.Hash)
	if err != nil {
		return fmt.Errorf("append an entry: %w", err)
	}
	e.ID, err = result.LastInsertId()
	return err
}

func (t *Tx) insertEntries(ctx context.Context, entries []Entry) error {
	if len(entries) == 1 {
		return t.insertAlone(ctx, &entries[0])
	}
	var rows database.Rows
	for i := range entries {
		e := &entries[i]
		rows.Int(e.User)
		rows.Int(e.Seq)
		rows.Time(e.OccurredAt)
		rows.Time(e.RecordedAt)
		rows.Text(string(e.Type))
		rows.Text(string(e.Source))
		rows.Int(e.Object)
		rows.Int(e.Revision)
		rows.Int(e.Points)
		rows.Int(e.Pending)
		rows.Int(e.Balance)
		rows.Int(e.Program)
		rows.NullTime(e.FactAt)
		rows.Text(e.Cause)
		rows.Bytes(e.NoteHash)
		rows.Bytes(e.Hash)
		rows.End()
	}
	if err := t.Write(ctx, database.Table{Name: t.ledger.sql("{p}loyalty_entries"), Columns: storedColumns}, &rows); err != nil {
		return fmt.Errorf("append %d entries: %w", len(entries), err)
	}
	return nil
}

// Write writes rows to a table of the ledger's database as part of the
// transaction, in the fastest way that the server has.
func (t *Tx) Write(ctx context.Context, into database.Table, rows *database.Rows) error {
	return t.ledger.bulk.Write(ctx, t.Tx, into, rows)
}

// rows returns the placeholders of n rows of so many columns.
func rows(columns, n int) string {
	row := "(" + strings.Repeat("?,", columns-1) + "?)"
	return strings.Repeat(row+",", n-1) + row
}

func (t *Tx) saveAccounts(ctx context.Context, entries []Entry) error {
	touched := map[int64]bool{}
	var users []int64
	for i := range entries {
		if user := entries[i].User; !touched[user] {
			touched[user] = true
			users = append(users, user)
		}
	}
	slices.Sort(users)
	var rows database.Rows
	for _, user := range users {
		a := t.open[user]
		rows.Int(a.User)
		rows.Int(a.Balance)
		rows.Int(a.Pending)
		rows.Int(a.Earned)
		rows.Int(a.Redeemed)
		rows.Int(a.Expired)
		rows.Int(a.Revoked)
		rows.Int(a.Adjusted)
		rows.Int(a.Seq)
		rows.NullTime(a.LastEntryAt)
		rows.Bool(a.Frozen)
		rows.Bytes(a.Head)
		rows.End()
	}
	into := database.Table{Name: t.ledger.sql("{p}loyalty_accounts"), Columns: accountColumnList, Upsert: true}
	if err := t.Write(ctx, into, &rows); err != nil {
		return fmt.Errorf("save %d accounts: %w", len(users), err)
	}
	return nil
}
