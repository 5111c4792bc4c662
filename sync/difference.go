package sync

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// worthOf is what one object is worth in one account under one source, beside
// what is posted for it. Its postings are the difference.
type worthOf struct {
	user      int64
	source    ledger.Source
	object    int64
	program   int64
	factAt    time.Time // the time it was, or is now, first valued at
	earnsAt   time.Time // its time as it stands now
	now       time.Time // database clock
	holdEnds  time.Time // zero: never held
	posted    ledger.Standing
	known     bool // any entry at all in any account
	want      int64
	story     []program.Step // only at first sight, for what has a story
	changedAt time.Time      // of a change that is not a first earning
	cause     string
	leaves    bool // a frozen account: all that is posted goes to another one
}

// taken returns how many points the postings take back.
func (w *worthOf) taken() int64 {
	return max(0, w.posted.Points+w.posted.Pending-w.want)
}

// given returns how many points the postings give.
func (w *worthOf) given() int64 {
	return max(0, w.want-w.posted.Points-w.posted.Pending)
}

// misfit is how far what is posted is from what it should be, for verify.
type misfit struct {
	user, object, program int64
	source                ledger.Source
	have, want            int64
}

func (w *worthOf) misfit() misfit {
	return misfit{w.user, w.object, w.program, w.source, w.posted.Points + w.posted.Pending, w.want}
}

// fits is true of the zero misfit too.
func (m misfit) fits() bool { return m.have == m.want }

func (m misfit) String() string {
	return fmt.Sprintf("account %d has %d points under %s for %d, program version %d gives %d",
		m.user, m.have, m.source, m.object, m.program, m.want)
}

func (w *worthOf) postings() []ledger.Posting {
	switch {
	case w.leaves:
		return w.leave()
	case len(w.story) > 0:
		return w.tell()
	case w.holdEnds.IsZero() || !w.now.Before(w.holdEnds):
		return w.settle()
	default:
		return w.hold()
	}
}

func (w *worthOf) posting(kind ledger.Type, amount int64, at time.Time, cause string) ledger.Posting {
	p := ledger.Posting{
		User: w.user, Type: kind, Source: w.source, Object: w.object,
		OccurredAt: at, FactAt: w.factAt, Program: w.program, Cause: cause,
	}
	switch kind {
	case ledger.Hold:
		p.Pending, p.ReleaseAt = amount, w.holdEnds
	case ledger.CancelHold, ledger.Release:
		p.Pending = -amount
	case ledger.Revoke:
		p.Points = -amount
	default:
		p.Points = amount
	}
	return p
}

// when returns the date of an increase: the first one has the time of its
// fact, or the end of the holding that it never saw.
func (w *worthOf) when() time.Time {
	if w.known {
		return w.changedAt
	}
	if !w.holdEnds.IsZero() && !w.now.Before(w.holdEnds) {
		return w.holdEnds
	}
	return w.earnsAt
}

// settle posts the difference for an object that is not held, or no longer.
func (w *worthOf) settle() []ledger.Posting {
	var all []ledger.Posting
	pending, difference := w.posted.Pending, w.want-w.posted.Points-w.posted.Pending
	if pending > 0 {
		ends := w.holdEnds
		if ends.IsZero() {
			ends = w.now
		}
		if cancelled := min(pending, -difference); cancelled > 0 && w.changedAt.Before(ends) {
			all = append(all, w.posting(ledger.CancelHold, cancelled, w.changedAt, w.cause))
			pending -= cancelled
			difference += cancelled
		}
		if pending > 0 {
			all = append(all, ledger.ReleasePostings(ledger.DueHold{
				Source: w.source, Object: w.object, User: w.user, Pending: pending, ReleaseAt: ends,
			}, w.program, w.factAt)...)
		}
	}
	switch {
	case difference > 0:
		all = append(all, w.posting(ledger.Earn, difference, w.when(), w.cause))
	case difference < 0:
		all = append(all, w.posting(ledger.Revoke, -difference, w.changedAt, w.cause))
	}
	return all
}

// hold posts the difference for an object whose points are still pending.
func (w *worthOf) hold() []ledger.Posting {
	var all []ledger.Posting
	difference := w.want - w.posted.Points - w.posted.Pending
	if difference > 0 {
		all = append(all, w.posting(ledger.Hold, difference, w.when(), w.cause))
	}
	if cancelled := min(w.posted.Pending, -difference); cancelled > 0 {
		all = append(all, w.posting(ledger.CancelHold, cancelled, w.changedAt, w.cause))
		difference += cancelled
	}
	if difference < 0 {
		all = append(all, w.posting(ledger.Revoke, -difference, w.changedAt, w.cause))
	}
	return all
}

// leave takes all that is posted out of a frozen account, in which nothing held
// is ever released.
func (w *worthOf) leave() []ledger.Posting {
	var all []ledger.Posting
	if w.posted.Pending > 0 {
		all = append(all, w.posting(ledger.CancelHold, w.posted.Pending, w.changedAt, w.cause))
	}
	if w.posted.Points > 0 {
		all = append(all, w.posting(ledger.Revoke, w.posted.Points, w.changedAt, w.cause))
	}
	for i := range all {
		all[i].Moves = true
	}
	return all
}

// tell posts the story of an order seen for the first time: its earning, then
// a step at each refund. What happened before the end of a holding that is
// over already is told as one earning at that end.
func (w *worthOf) tell() []ledger.Posting {
	var all []ledger.Posting
	steps, held := w.story, false
	told := int64(0)
	if !w.holdEnds.IsZero() {
		held = w.now.Before(w.holdEnds)
		if !held {
			steps = w.afterHolding()
		}
	}
	for i, step := range steps {
		difference := step.Purchase - told
		told = step.Purchase
		switch {
		case difference > 0 && held:
			all = append(all, w.posting(ledger.Hold, difference, step.At, stepCause(step, i == 0)))
		case difference > 0:
			all = append(all, w.posting(ledger.Earn, difference, step.At, stepCause(step, i == 0)))
		case difference < 0 && held:
			all = append(all, w.posting(ledger.CancelHold, -difference, step.At, stepCause(step, i == 0)))
		case difference < 0:
			all = append(all, w.posting(ledger.Revoke, -difference, step.At, stepCause(step, i == 0)))
		}
	}
	return all
}

// afterHolding folds all steps up to the end of the holding into one.
func (w *worthOf) afterHolding() []program.Step {
	var earned program.Step
	var later []program.Step
	for _, step := range w.story {
		if step.At.After(w.holdEnds) {
			later = append(later, step)
		} else {
			earned.Purchase = step.Purchase
		}
	}
	earned.At = w.holdEnds
	return append([]program.Step{earned}, later...)
}

func stepCause(step program.Step, first bool) string {
	switch {
	case step.Refund != 0:
		return refundCause(step.Refund)
	case first:
		return causeEarned
	default: // the end of an order whose refund is gone
		return statusCause("refunded")
	}
}

// inOrder sorts postings by their dates, but leaves those for one object in
// one account in the order given: what a refund takes, however it is dated,
// comes after what the order earned.
func inOrder(postings []ledger.Posting) []ledger.Posting {
	type dated struct {
		at time.Time
		i  int
	}
	all := make([]dated, len(postings))
	for i := range postings {
		p := &postings[i]
		all[i] = dated{p.OccurredAt, i}
		if i == 0 {
			continue
		}
		before := &postings[i-1]
		if p.Source == before.Source && p.Object == before.Object && p.User == before.User && all[i-1].at.After(p.OccurredAt) {
			all[i].at = all[i-1].at
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return a.at.Compare(b.at) })
	sorted := make([]ledger.Posting, len(all))
	for i := range all {
		sorted[i] = postings[all[i].i]
	}
	return sorted
}

// Causes, as kept on entries and shown by explain.
const (
	causeEarned       = "earned"
	causeEdited       = "order edited"
	causeDeleted      = "order deleted"
	causeMoved        = "customer changed"
	causeFirstOrder   = "first order changed"
	causeRecalculated = "recalculated"
	causeLive         = "account live again"
	causeEmail        = "e-mail matched"
	causeUnrefunded   = "refund deleted"
	causeComment      = "comment changed"
	causeGone         = "comment deleted"
	causeSignup       = "registered"
	causeSettling     = "settling"
	causeOrder        = "order looked at"
)

func refundCause(id int64) string { return "refund " + strconv.FormatInt(id, 10) }

func statusCause(status string) string {
	const longest = 40
	clean := make([]byte, 0, longest)
	for i := 0; i < len(status) && len(clean) < longest; i++ {
		if c := status[i]; c > ' ' && c < 0x7f {
			clean = append(clean, c)
		}
	}
	return "status " + string(clean)
}
