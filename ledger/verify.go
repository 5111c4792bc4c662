package ledger

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jmoiron/sqlx"
)

// Finding is a place where the ledger contradicts itself.
type Finding struct {
	User  int64  // account
	Seq   int64  // entry within the account; 0: the account as a whole
	Entry int64  // id; 0: none
	What  string // what is wrong, for people
}

// String names the account, the entry if there is one, and what is wrong.
func (f Finding) String() string {
	switch {
	case f.Entry != 0:
		return fmt.Sprintf("account %d, entry %d (number %d of the account): %s", f.User, f.Entry, f.Seq, f.What)
	default:
		return fmt.Sprintf("account %d: %s", f.User, f.What)
	}
}

// Verified says how much was proven.
type Verified struct {
	Accounts int64
	Entries  int64
	Findings []Finding // the first of each account that has any, at most maxFindings
}

const maxFindings = 20

// VerifyChains proves for every account that its entries are numbered 1..n
// without gaps, that each balance is the one before plus its points, that the
// hashes chain to the account's head, that the account's figures are the sums
// of its entries, that what is held of each object is the sum of its pending
// points, and that notes which were not erased are those recorded. It reads
// one consistent snapshot, a batch of accounts at a time. progress, if not nil,
// hears of the accounts done. What it cannot see is an account that vanished
// as a whole; the daily roll-up still counts it.
func (l *Ledger) VerifyChains(ctx context.Context, progress func(accounts int64)) (Verified, error) {
	var result Verified
	tx, err := l.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return result, fmt.Errorf("begin to verify: %w", err)
	}
	defer func() { _ = tx.Rollback() }()

	const batch = 500
	after := int64(-1) // nobody is user 0, which a forger may not know
	for {
		var accounts []Account
		err := tx.SelectContext(ctx, &accounts, l.sql(`
			SELECT `+accountColumns+` FROM {p}loyalty_accounts WHERE user_id > ? ORDER BY user_id LIMIT ?`), after, batch)
		if err != nil {
			return result, fmt.Errorf("read accounts after %d: %w", after, err)
		}
		last := len(accounts) < batch
		through := int64(math.MaxInt64)
		if !last {
			through = accounts[len(accounts)-1].User
		}
		if err := l.verifyRange(ctx, tx, accounts, after, through, &result); err != nil {
			return result, err
		}
		if progress != nil {
			progress(result.Accounts)
		}
		if last || len(result.Findings) >= maxFindings {
			return result, nil
		}
		after = through
	}
}

// verifyRange proves the accounts with after < user <= through.
func (l *Ledger) verifyRange(ctx context.Context, tx *sqlx.Tx, accounts []Account, after, through int64, result *Verified) error {
	proof := accountProof{ledger: result, stored: make(map[int64]*Account, len(accounts))}
	for i := range accounts {
		proof.stored[accounts[i].User] = &accounts[i]
	}
	var err error
	if proof.held, err = l.heldPoints(ctx, tx, after, through); err != nil {
		return err
	}
	rows, err := tx.QueryxContext(ctx, l.sql(`
		SELECT `+qualified+`, n.salt, n.note, n.actor
		FROM {p}loyalty_entries e LEFT JOIN {p}loyalty_entry_notes n ON n.entry_id = e.id
		WHERE e.user_id > ? AND e.user_id <= ? ORDER BY e.user_id, e.seq`), after, through)
	if err != nil {
		return fmt.Errorf("read entries of accounts after %d: %w", after, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row struct {
			Entry
			Salt  []byte         `db:"salt"`
			Note  sql.NullString `db:"note"`
			Actor sql.NullString `db:"actor"`
		}
		if err := rows.StructScan(&row); err != nil {
			return fmt.Errorf("read an entry after account %d: %w", after, err)
		}
		if proof.account == nil || proof.account.User != row.User {
			proof.finish()
			proof.begin(row.User)
		}
		proof.entry(&row.Entry)
		if row.Salt != nil && !bytes.Equal(noteHash(row.Salt, row.Note.String, row.Actor.String), row.NoteHash) {
			proof.find(&row.Entry, "its note is not the one it was recorded with")
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read entries of accounts after %d: %w", after, err)
	}
	proof.finish()
	proof.withoutEntries()
	return nil
}

const qualified = `e.id, e.user_id, e.seq, e.occurred_at, e.recorded_at, e.type, e.source, e.object_id, e.revision,
	e.points, e.pending, e.balance, e.program, e.fact_at, e.cause, e.note_hash, e.hash`

// heldPoints returns what is held in each account, by object.
func (l *Ledger) heldPoints(ctx context.Context, tx *sqlx.Tx, after, through int64) (map[int64]map[key]int64, error) {
	var holds []DueHold
	err := tx.SelectContext(ctx, &holds, l.sql(`
		SELECT source, object_id, user_id, pending, release_at
		FROM {p}loyalty_holds WHERE user_id > ? AND user_id <= ?`), after, through)
	if err != nil {
		return nil, fmt.Errorf("read holds: %w", err)
	}
	held := map[int64]map[key]int64{}
	for _, hold := range holds {
		if held[hold.User] == nil {
			held[hold.User] = map[key]int64{}
		}
		held[hold.User][key{hold.Source, hold.Object}] = hold.Pending
	}
	return held, nil
}

func (v *Verified) add(f Finding) {
	if len(v.Findings) < maxFindings {
		v.Findings = append(v.Findings, f)
	}
}

// accountProof replays one account after the other.
type accountProof struct {
	ledger  *Verified
	stored  map[int64]*Account      // accounts still to be proven
	held    map[int64]map[key]int64 // their holds
	account *Account                // as replayed
	pending map[key]int64           // as replayed
	broken  bool                    // only the first finding of an account is worth telling
}

func (p *accountProof) begin(user int64) {
	p.account, p.pending, p.broken = newAccount(user), map[key]int64{}, false
}

func (p *accountProof) find(e *Entry, what string) {
	if p.broken {
		return
	}
	p.broken = true
	f := Finding{User: p.account.User, What: what}
	if e != nil {
		f.Seq, f.Entry = e.Seq, e.ID
	}
	p.ledger.add(f)
}

func (p *accountProof) entry(e *Entry) {
	p.ledger.Entries++
	if e.Seq != p.account.Seq+1 {
		p.find(e, fmt.Sprintf("number %d is missing before it: an entry was deleted or renumbered", p.account.Seq+1))
	}
	if err := p.account.apply(e); err != nil {
		p.find(e, err.Error())
	}
	if e.Balance != p.account.Balance {
		p.find(e, fmt.Sprintf("its balance is %d, the entries up to it give %d", e.Balance, p.account.Balance))
	}
	if sum := chainHash(p.account.Head, e); !bytes.Equal(sum[:], e.Hash) {
		p.find(e, "its hash does not fit: it was changed after it was recorded, or one before it was")
	}
	p.account.Seq, p.account.Head = e.Seq, e.Hash
	p.account.LastEntryAt = NullTime{Time: e.RecordedAt, Valid: true}
	if e.Pending != 0 {
		k := key{e.Source, e.Object}
		if p.pending[k] += e.Pending; p.pending[k] == 0 {
			delete(p.pending, k)
		}
	}
}

// finish compares the replayed account with the stored one.
func (p *accountProof) finish() {
	replayed := p.account
	if replayed == nil {
		return
	}
	stored, ok := p.stored[replayed.User]
	if !ok {
		p.find(nil, fmt.Sprintf("it has no row in the accounts, but %d entries", replayed.Seq))
		delete(p.held, replayed.User)
		return
	}
	delete(p.stored, replayed.User)
	p.ledger.Accounts++
	for _, figure := range []struct {
		name      string
		got, want int64
	}{
		{"number of entries", stored.Seq, replayed.Seq},
		{"balance", stored.Balance, replayed.Balance},
		{"pending", stored.Pending, replayed.Pending},
		{"earned", stored.Earned, replayed.Earned},
		{"redeemed", stored.Redeemed, replayed.Redeemed},
		{"expired", stored.Expired, replayed.Expired},
		{"revoked", stored.Revoked, replayed.Revoked},
		{"adjusted", stored.Adjusted, replayed.Adjusted},
	} {
		if figure.got != figure.want {
			p.find(nil, fmt.Sprintf("its %s is %d, its entries give %d", figure.name, figure.got, figure.want))
		}
	}
	if !bytes.Equal(stored.Head, replayed.Head) {
		p.find(nil, "its head is not the hash of its last entry: the last entries were cut off or changed")
	}
	if !stored.LastEntryAt.Time.Equal(replayed.LastEntryAt.Time) {
		p.find(nil, "the time of its last entry is not that of its last entry")
	}
	p.compareHolds(replayed.User)
}

func (p *accountProof) compareHolds(user int64) {
	held := p.held[user]
	delete(p.held, user)
	for k, pending := range held {
		if p.pending[k] -= pending; p.pending[k] == 0 {
			delete(p.pending, k)
		}
	}
	wrong := slices.SortedFunc(maps.Keys(p.pending), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.object, b.object))
	})
	for _, k := range wrong {
		p.find(nil, fmt.Sprintf("%d points are held of %s %d, its entries give %d", held[k], k.source, k.object, held[k]+p.pending[k]))
	}
}

// withoutEntries proves what is left: accounts that have no entries must be
// empty, and nothing may be held in none.
func (p *accountProof) withoutEntries() {
	for _, user := range slices.Sorted(maps.Keys(p.stored)) {
		p.begin(user)
		p.finish()
	}
	for _, user := range slices.Sorted(maps.Keys(p.held)) {
		p.begin(user)
		p.find(nil, "points are held, but it has no entries")
	}
}
