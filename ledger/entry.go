package ledger

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is one line of an account, never changed after it was recorded.
type Entry struct {
	ID         int64     `db:"id"`
	User       int64     `db:"user_id"`
	Seq        int64     `db:"seq"`         // 1, 2, 3 … within the account
	OccurredAt time.Time `db:"occurred_at"` // when its cause happened
	RecordedAt time.Time `db:"recorded_at"` // database clock
	Type       Type      `db:"type"`
	Source     Source    `db:"source"`
	Object     int64     `db:"object_id"` // order, comment, user or request
	Revision   int64     `db:"revision"`  // counts the entries of (source, object) over all accounts, from 0
	Points     int64     `db:"points"`    // signed
	Pending    int64     `db:"pending"`   // signed
	Balance    int64     `db:"balance"`   // of the account after this entry
	Program    int64     `db:"program"`   // version it was valued by; 0: none
	FactAt     NullTime  `db:"fact_at"`   // time of the fact it was valued at
	Cause      string    `db:"cause"`     // short code of what made it necessary
	NoteHash   []byte    `db:"note_hash"` // of the side table's note; nil: none
	Hash       []byte    `db:"hash"`
}

const entryColumns = `id, user_id, seq, occurred_at, recorded_at, type, source, object_id, revision,
	points, pending, balance, program, fact_at, cause, note_hash, hash`

// Posting is an entry still to be made. Times outside the years 1000 to 9999
// become the nearest that the tables can keep.
type Posting struct {
	User       int64
	Type       Type
	Source     Source
	Object     int64
	Points     int64 // signed: what it adds to the balance
	Pending    int64 // signed: what it adds to the pending points
	OccurredAt time.Time
	FactAt     time.Time // zero: none
	Program    int64
	Cause      string
	Note       string    // for people; kept beside the chain
	Actor      string    // who asked for it; kept beside the chain
	ReleaseAt  time.Time // of a Hold: when it becomes available
	// Moves tells of a deduction that its object goes to another account, in the
	// same transaction. A frozen account gives it up too, and is not clamped.
	Moves bool
}

// What fits the columns.
const (
	maxCause = 64
	maxNote  = 65535 // bytes
	maxActor = 191   // characters
)

// check proves that the signs fit the type and the type fits the source, so
// that every report may rely on them, and that the texts fit the tables.
func (p Posting) check() error {
	row := typeRows[p.Type]
	fits := row != nil && row.Points.fits(p.Points) && row.Pending.fits(p.Pending) && (row.Pending != Positive || !p.ReleaseAt.IsZero())
	if !fits || p.User <= 0 || p.Source == "" || p.Object < 0 || p.Program < 0 || p.OccurredAt.IsZero() {
		return fmt.Errorf("malformed posting %+v", p)
	}
	if p.Moves && p.Type != Revoke && p.Type != CancelHold {
		return fmt.Errorf("only a deduction moves its object to another account: %+v", p)
	}
	if !p.Source.can(p.Type) {
		return fmt.Errorf("nothing is posted as %s for %s: %+v", p.Type, p.Source, p)
	}
	if len(p.Cause) > maxCause || !printable(p.Cause) {
		return fmt.Errorf("a cause has up to %d printable ASCII characters, not %q", maxCause, p.Cause)
	}
	if len(p.Note) > maxNote || !utf8.ValidString(p.Note) {
		return fmt.Errorf("a note is UTF-8 text of up to %d bytes", maxNote)
	}
	if utf8.RuneCountInString(p.Actor) > maxActor || !utf8.ValidString(p.Actor) {
		return fmt.Errorf("the name of who asks is UTF-8 text of up to %d characters", maxActor)
	}
	return nil
}

// printable reports whether text is printable ASCII.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
