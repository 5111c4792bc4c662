package sync

import (
	"fmt"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// Summary is what a run did.
type Summary struct {
	Mode         Mode                  `json:"mode"`
	Orders       int64                 `json:"orders"`      // looked at
	Comments     int64                 `json:"comments"`    // looked at
	Users        int64                 `json:"users"`       // looked at
	Redemptions  int64                 `json:"redemptions"` // looked at
	Entries      int64                 `json:"entries"`     // posted
	Points       map[ledger.Type]int64 `json:"points"`      // posted, by type; pending points for hold, release and cancel_hold
	Released     int64                 `json:"released"`    // holds that came to their end
	Skipped      int64                 `json:"skipped_currency"`
	Program      int64                 `json:"program"`        // version in force
	RolledUpAnew bool                  `json:"rolled_up_anew"` // because the time zone changed
	Notes        []string              `json:"notes,omitempty"`
	Problems     []string              `json:"problems,omitempty"` // unreadable amounts, taken as 0
	Failures     []string              `json:"failures,omitempty"` // facts that could not be valued
	Braked       *BrakeError           `json:"braked,omitempty"`
	Took         time.Duration         `json:"took_ns"`
	Complete     bool                  `json:"complete"` // the run came to its end

	moreProblems, moreFailures int64
}

// maxNamed bounds what a summary names one by one.
const maxNamed = 20

func newSummary(mode Mode) *Summary {
	return &Summary{Mode: mode, Points: map[ledger.Type]int64{}}
}

// FactsError says that facts could not be valued and were left as they are.
type FactsError struct {
	Count int64
	First string
}

// Error says how many facts there are and what is wrong with the first.
func (e *FactsError) Error() string {
	return fmt.Sprintf("%d facts could not be valued and were left as they are; the first: %s", e.Count, e.First)
}

// MissingVersionError says that entries name a version of the program that the
// ledger does not have: somebody changed its tables by hand.
type MissingVersionError struct {
	Fact    string
	Version int64
}

// Error names the fact and the version.
func (e *MissingVersionError) Error() string {
	return fmt.Sprintf("%s was valued by program version %d, which is missing from the ledger: restore its tables from a backup", e.Fact, e.Version)
}

// NoPlanError says that there is nothing to accept.
type NoPlanError struct{}

// Error says what to run instead.
func (*NoPlanError) Error() string {
	return "no plan of deductions waits to be accepted: run loyaltyd sync without --accept"
}

// FoundNothing reports whether the run looked at no fact and has nothing to
// tell.
func (s *Summary) FoundNothing() bool {
	looked := s.Orders + s.Comments + s.Users + s.Redemptions + s.Entries + s.Released
	told := len(s.Notes) + len(s.Problems) + len(s.Failures)
	return looked == 0 && told == 0 && s.Braked == nil && !s.RolledUpAnew
}

// failure returns the error that the run ends with though it came to its end.
func (s *Summary) failure() error {
	if s.Braked != nil {
		return s.Braked
	}
	if n := int64(len(s.Failures)) + s.moreFailures; n > 0 {
		return &FactsError{Count: n, First: s.Failures[0]}
	}
	return nil
}

// batchResult is what one posting transaction did. It counts only once the
// transaction is committed.
type batchResult struct {
	orders, comments, users, redemptions int64
	skipped                              int64
	entries                              int64
	points                               map[ledger.Type]int64
	problems                             []string
	failures                             []string

	withheld            []stake
	held                map[factKey]bool
	heldUsers           map[int64]bool
	withheldOrders      []found
	withheldRecords     []store.OrderRecord // those of them that the store has
	withheldGone        []goneRow
	withheldComments    []found
	withheldUsers       []int64
	withheldRedemptions []int64

	concerned []int64 // redemptions whose codes the orders carry, or carried
}

type factKey struct {
	kind string
	id   int64
}

func (b *batchResult) countEntries(entries []ledger.Entry) {
	if b.points == nil {
		b.points = map[ledger.Type]int64{}
	}
	b.entries += int64(len(entries))
	for i := range entries {
		b.points[entries[i].Type] += entries[i].Points + entries[i].Pending
	}
}

func (b *batchResult) withhold(s stake) {
	if b.held == nil {
		b.held, b.heldUsers = map[factKey]bool{}, map[int64]bool{}
	}
	b.held[factKey{s.kind, s.id}] = true
	for _, user := range s.users {
		b.heldUsers[user] = true
	}
	b.withheld = append(b.withheld, s)
}

func (b *batchResult) isWithheld(kind string, id int64) bool { return b.held[factKey{kind, id}] }

func (b *batchResult) userWithheld(user int64) bool { return b.heldUsers[user] }

func (r *run) count(b batchResult) {
	s := r.summary
	s.Orders += b.orders
	s.Comments += b.comments
	s.Users += b.users
	s.Redemptions += b.redemptions
	s.Skipped += b.skipped
	s.Entries += b.entries
	for kind, points := range b.points {
		s.Points[kind] += points
	}
	s.Problems, s.moreProblems = named(s.Problems, s.moreProblems, b.problems)
	s.Failures, s.moreFailures = named(s.Failures, s.moreFailures, b.failures)
	r.brake.add(&b)
	r.keepRecords(&b)
	if r.marked {
		r.concerned = append(r.concerned, b.concerned...)
	}
}

func named(have []string, more int64, add []string) ([]string, int64) {
	room := max(0, min(len(add), maxNamed-len(have)))
	return append(have, add[:room]...), more + int64(len(add)-room)
}
