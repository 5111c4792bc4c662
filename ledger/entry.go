package ledger

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Type is what an entry does to its account.
type Type string

// The types of entries. Earn and Restore add points, Revoke, Redeem and Expire
// take points, Adjust does either. Hold, Release and CancelHold leave points
// alone and move the pending amount.
const (
	Earn       Type = "earn"
	Revoke     Type = "revoke"
	Redeem     Type = "redeem"
	Restore    Type = "restore" // an unused reward given back
	Expire     Type = "expire"
	Adjust     Type = "adjust"
	Hold       Type = "hold"
	Release    Type = "release"
	CancelHold Type = "cancel_hold"
)

// Source is what an entry was posted for.
type Source string

// The sources of entries, as stored and as shown in reports.
const (
	Purchase      Source = "purchase"
	FirstOrder    Source = "first_order"
	HighSpend     Source = "high_spend"
	Campaign      Source = "campaign"
	ProductReview Source = "product_review"
	BlogComment   Source = "blog_comment"
	Signup        Source = "signup"
	Referral      Source = "referral"
	Birthday      Source = "birthday"
	Tier          Source = "tier"
	Coupon        Source = "coupon"
	Expiry        Source = "expiry"
	Admin         Source = "admin"
	Clamp         Source = "clamp"
	Import        Source = "import"
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
}

// What fits the columns.
const (
	maxCause = 64
	maxNote  = 65535 // bytes
	maxActor = 191   // characters
)

// check proves that the signs fit the type, so that every report may rely on
// them, and that the texts fit the tables.
func (p Posting) check() error {
	var fits bool
	switch p.Type {
	case Earn, Restore:
		fits = p.Points > 0 && p.Pending == 0
	case Revoke, Redeem, Expire:
		fits = p.Points < 0 && p.Pending == 0
	case Adjust:
		fits = p.Points != 0 && p.Pending == 0
	case Hold:
		fits = p.Points == 0 && p.Pending > 0 && !p.ReleaseAt.IsZero()
	case Release, CancelHold:
		fits = p.Points == 0 && p.Pending < 0
	}
	if !fits || p.User <= 0 || p.Source == "" || p.Object < 0 || p.Program < 0 || p.OccurredAt.IsZero() {
		return fmt.Errorf("malformed posting %+v", p)
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
