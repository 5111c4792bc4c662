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
	Problems     []string              `json:"problems,omitempty"` // amounts that are unreadable or absurd, and orders worth absurdly much, taken as 0; what is wrong with dates
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
	looked := s.Entries + s.Released
	for _, k := range kinds() {
		looked += *k.count(s)
	}
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
	kind     string // of its facts
	looked   int64  // how many of them were dealt with
	skipped  int64
	entries  int64
	points   map[ledger.Type]int64
	problems []string
	failures []string

	withheld        []stake
	held            map[int64]bool // facts
	heldUsers       map[int64]bool
	withheldFacts   []found             // those that were asked for
	withheldRecords []store.OrderRecord // of orders that the store has
	withheldGone    []goneRow           // likewise, that it has not

	concerned []int64 // redemptions whose codes the orders carry, or carried
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
		b.held, b.heldUsers = map[int64]bool{}, map[int64]bool{}
	}
	b.held[s.id] = true
	for _, user := range s.users {
		b.heldUsers[user] = true
	}
	b.withheld = append(b.withheld, s)
}

func (b *batchResult) isWithheld(id int64) bool { return b.held[id] }

func (b *batchResult) userWithheld(user int64) bool { return b.heldUsers[user] }

func (r *run) count(b batchResult) {
	s := r.summary
	if k, known := kindOf(b.kind); known {
		*k.count(s) += b.looked
	}
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
