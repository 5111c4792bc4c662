// Package batch answers many questions with few: whoever asks while an answer
// is on its way waits, and then all who wait are answered at once.
package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Batch collects questions. New makes one.
type Batch[Q, A any] struct {
	most     int
	patience time.Duration
	work     func(context.Context, []Q) ([]A, error)

	mu      sync.Mutex
	working bool
	waiting []*asked[Q, A]
	wanted  int           // how many are worth a round
	enough  chan struct{} // as many wait
}

// asked is a question with what becomes of it.
type asked[Q, A any] struct {
	question Q
	answer   A
	err      error
	panicked error
	round    *round        // nil: it waits
	done     chan struct{} // closed when it is answered
}

// round is one call of work.
type round struct {
	cancel  context.CancelFunc
	askers  int // who still want the answer
	context context.Context
}

// New returns a batch whose questions are answered by work, in the order of
// asking, up to most in a round and one round after the other. Work returns an
// answer for each question, or an error for all; it begins after the last of
// them was asked. Its context ends when nobody wants the answers any more.
//
// After a round of several the next waits for as long as patience for those
// that were answered to ask again: fewer rounds answer as many questions. A
// question that meets no other never waits.
func New[Q, A any](most int, patience time.Duration, work func(context.Context, []Q) ([]A, error)) *Batch[Q, A] {
	return &Batch[Q, A]{most: most, patience: patience, work: work, enough: make(chan struct{}, 1)}
}

// Ask returns the answer to a question. When the context ends before, it is not
// known whether the question was worked on.
func (b *Batch[Q, A]) Ask(ctx context.Context, question Q) (A, error) {
	q := &asked[Q, A]{question: question, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, q)
	if !b.working {
		b.working = true
		go b.answerAll()
	}
	if len(b.waiting) == b.wanted {
		b.enough <- struct{}{}
		b.wanted = 0
	}
	b.mu.Unlock()
	select {
	case <-q.done:
	case <-ctx.Done():
		b.leave(q)
		return *new(A), fmt.Errorf("wait for one's turn: %w", context.Cause(ctx))
	}
	if q.panicked != nil {
		panic(q.panicked) // where the asker can catch it
	}
	return q.answer, q.err
}

// Waiting returns how many wait for the next round.
func (b *Batch[Q, A]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// leave takes a question back; the last to leave a round ends it.
func (b *Batch[Q, A]) leave(q *asked[Q, A]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q.round == nil {
		b.waiting = slices.DeleteFunc(b.waiting, func(other *asked[Q, A]) bool { return other == q })
		return
	}
	if q.round.askers--; q.round.askers == 0 {
		q.round.cancel()
	}
}

// answerAll works in rounds until nobody waits.
func (b *Batch[Q, A]) answerAll() {
	for {
		questions, r := b.begin()
		if r == nil {
			return
		}
		b.answer(r, questions)
		if b.patience > 0 && len(questions) > 1 {
			b.gather(len(questions))
		}
	}
}

// gather waits a little until those who were answered asked again, if somebody
// waits already.
func (b *Batch[Q, A]) gather(answered int) {
	b.mu.Lock()
	waiting := len(b.waiting)
	if waiting == 0 || waiting >= b.most {
		b.mu.Unlock()
		return
	}
	b.wanted = min(answered+waiting, b.most)
	b.mu.Unlock()
	timer := time.NewTimer(b.patience)
	defer timer.Stop()
	select {
	case <-b.enough:
		return
	case <-timer.C:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wanted == 0 {
		<-b.enough
	}
	b.wanted = 0
}

// begin takes the questions of the next round. Without any there is none.
func (b *Batch[Q, A]) begin() ([]*asked[Q, A], *round) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(b.most, len(b.waiting))
	if n == 0 {
		b.working = false
		return nil, nil
	}
	questions := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	r := &round{askers: n}
	r.context, r.cancel = context.WithCancel(context.Background())
	for _, q := range questions {
		q.round = r
	}
	return questions, r
}

func (b *Batch[Q, A]) answer(r *round, questions []*asked[Q, A]) {
	var answers []A
	var err, panicked error
	defer func() {
		r.cancel()
		for i, q := range questions {
			if q.err, q.panicked = err, panicked; err == nil && panicked == nil {
				q.answer = answers[i]
			}
			close(q.done)
		}
	}()
	defer func() {
		if value := recover(); value != nil {
			panicked = fmt.Errorf("%v\n\n%s", value, debug.Stack())
		}
	}()
	plain := make([]Q, len(questions))
	for i, q := range questions {
		plain[i] = q.question
	}
	if answers, err = b.work(r.context, plain); err == nil && len(answers) != len(questions) {
		panic(fmt.Sprintf("%d answers to %d questions", len(answers), len(questions)))
	}
}
