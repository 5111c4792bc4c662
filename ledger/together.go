package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"loyaltyd/internal/batch"
	"loyaltyd/internal/database"
)

// errand is one change of a redemption that stands alone. Those of a process
// that wait for their turn share a transaction, because the cost of one is
// mostly the way to the server and to its disk.
type errand struct {
	ledger      *Ledger      // with the options that it was asked under
	key         string       // makes the request one request; "": none
	hash        []byte       // of what the key stands for
	reservation *Reservation // what to reserve; nil: there is a redemption to change
	id          int64
	change      func(context.Context, *Tx, Redemption) (Redemption, error)

	posted string // code of the redemption; the answer to its COMMIT may be lost
	entry  int64  // that the request led to; 0: none

	// How it ended.
	redemption Redemption
	balance    int64
	repeated   bool
	err        error
}

const mostTogether = 64

func newErrands() *batch.Batch[*errand, struct{}] {
	return batch.New(mostTogether, 0, func(ctx context.Context, errands []*errand) ([]struct{}, error) {
		answers := make([]struct{}, len(errands))
		for len(errands) > 0 {
			together, later := compatible(errands)
			carryOut(ctx, together)
			errands = later
		}
		return answers, nil
	})
}

// do carries out an errand and returns why it was refused.
func (l *Ledger) do(ctx context.Context, e *errand) error {
	e.ledger = l
	if _, err := l.errands.Ask(ctx, e); err != nil {
		return err // while it may still be under way
	}
	return e.err
}

// compatible returns those that can share a transaction with the first, and the
// others: a request that is there twice must find its own first answer.
func compatible(errands []*errand) (together, later []*errand) {
	first := errands[0].ledger
	seen := map[string]bool{}
	for _, e := range errands {
		id, name := "id "+strconv.FormatInt(e.id, 10), "key "+plainKey(e.key)
		if e.id != 0 && seen[id] || e.key != "" && seen[name] || e.ledger.clamp != first.clamp || e.ledger.zone.String() != first.zone.String() {
			later = append(later, e)
			continue
		}
		seen[id], seen[name] = true, true
		together = append(together, e)
	}
	return together, later
}

// errNothing ends a transaction that has nothing to keep.
var errNothing = errors.New("nothing to commit")

// carryOut does errands in one transaction. When that fails by what one of them
// asks for, each is tried alone, so that none fails for another's reason.
func carryOut(ctx context.Context, errands []*errand) {
	const duplicate, attempts = 1062, 3
	l := errands[0].ledger
	var err error
	var keys []string
	for _, e := range errands {
		if e.key != "" {
			keys = append(keys, e.key)
		}
	}
	for range attempts {
		err = l.updateAlone(ctx, l.postingAfter(ctx, keys, func(tx *Tx, answered []answeredRequest) error {
			return tx.carryOut(ctx, errands, answered)
		}))
		// Somebody else took one of the keys meanwhile: now it can be seen.
		if database.Code(err) != duplicate {
			break
		}
	}
	switch {
	case err == nil, errors.Is(err, errNothing):
	case len(errands) > 1 && ctx.Err() == nil && !database.Retryable(err):
		for _, e := range errands {
			carryOut(ctx, []*errand{e})
		}
	default:
		for _, e := range errands {
			e.err = err
		}
	}
}

// carryOut does errands, of which those answered were done before.
func (t *Tx) carryOut(ctx context.Context, errands []*errand, before []answeredRequest) error {
	answered := make(map[string]answeredRequest, len(before))
	for _, request := range before {
		answered[plainKey(request.Key)] = request
	}
	var repeat, reserve, change, record []*errand
	for _, e := range errands {
		e.err = nil
		before, known := answered[plainKey(e.key)]
		known = known && e.key != ""
		switch {
		case known && !bytes.Equal(before.Hash, e.hash):
			e.err = ErrKeyReused
		case e.reservation != nil && known:
			repeat = append(repeat, e)
		case e.reservation != nil:
			reserve = append(reserve, e)
		default: // harmless to repeat
			change = append(change, e)
			if !known && e.key != "" {
				record = append(record, e)
			}
		}
	}
	if err := t.repeatAll(ctx, repeat, answered); err != nil {
		return err
	}
	reserved, err := t.reserveAll(ctx, reserve)
	if err != nil {
		return err
	}
	changed, err := t.changeAll(ctx, change)
	if err != nil {
		return err
	}
	if record = append(record, reserved...); len(record) == 0 && !changed {
		return errNothing
	}
	return t.record(ctx, record)
}

// changeAll changes redemptions, and reports whether any is not as it was.
func (t *Tx) changeAll(ctx context.Context, errands []*errand) (changed bool, err error) {
	if len(errands) == 0 {
		return false, nil
	}
	ids := make([]int64, len(errands))
	for i, e := range errands {
		ids[i] = e.id
	}
	found, err := t.Redemptions(ctx, ids)
	if err != nil {
		return false, err
	}
	users := make([]int64, len(found))
	byID := make(map[int64]Redemption, len(found))
	for i, r := range found {
		users[i], byID[r.ID] = r.User, r
	}
	if err := t.accounts(ctx, users); err != nil {
		return false, err
	}
	var save []Redemption
	for _, e := range errands {
		before, exists := byID[e.id]
		if !exists {
			e.err = fmt.Errorf("redemption %d: %w", e.id, ErrNoRedemption)
			continue
		}
		after, err := e.change(ctx, t, before)
		switch {
		case err == nil:
			e.redemption, e.balance = after, t.open[after.User].Balance
			if !sameRedemption(&before, &after) {
				save = append(save, after)
			}
		case t.failed == nil && refusesChange(err):
			e.err = fmt.Errorf("redemption %d: %w", e.id, err)
		default:
			return false, fmt.Errorf("redemption %d: %w", e.id, err)
		}
	}
	return len(save) > 0, t.saveRedemptions(ctx, save)
}

// refusesChange reports whether a redemption was left alone, as it says.
func refusesChange(err error) bool {
	for _, refusal := range []error{ErrCancelled, ErrClosed, ErrConfirmed, ErrOtherCoupon, ErrFrozen} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
