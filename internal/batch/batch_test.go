package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loyaltyd/internal/batch"
)

// doubling answers each number with its double, after so long, and records the
// rounds.
type doubling struct {
	takes  time.Duration
	mu     sync.Mutex
	rounds [][]int
}

func (d *doubling) work(ctx context.Context, numbers []int) ([]int, error) {
	d.mu.Lock()
	d.rounds = append(d.rounds, slices.Clone(numbers))
	d.mu.Unlock()
	select {
	case <-time.After(d.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	doubles := make([]int, len(numbers))
	for i, n := range numbers {
		doubles[i] = 2 * n
	}
	return doubles, nil
}

func (d *doubling) want(t *testing.T, want string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if got := fmt.Sprint(d.rounds); got != want {
		t.Errorf("rounds %s, want %s", got, want)
	}
}

// after asks in a goroutine when so much time has passed.
func after(t *testing.T, wait time.Duration, b *batch.Batch[int, int], question int) {
	go func() {
		time.Sleep(wait)
		if answer, err := b.Ask(t.Context(), question); err != nil || answer != 2*question {
			t.Errorf("the answer to %d is %d, %v", question, answer, err)
		}
	}()
}

const ms = time.Millisecond

func TestWhoAsksDuringARoundIsAnsweredInTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubling{takes: 10 * ms}
		b := batch.New(3, 0, d.work)
		for i := range 6 {
			after(t, time.Duration(i)*ms, b, i)
		}
		after(t, 100*ms, b, 9)
		time.Sleep(time.Second)
		d.want(t, "[[0] [1 2 3] [4 5] [9]]")
	})
}

func TestARoundWaitsForThoseWhoWereJustAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubling{takes: 10 * ms}
		b := batch.New(100, 5*ms, d.work)
		after(t, 0, b, 1)
		after(t, 1*ms, b, 2)
		after(t, 2*ms, b, 3) // 2 and 3 are answered at 20
		after(t, 15*ms, b, 4)
		after(t, 21*ms, b, 5)
		after(t, 22*ms, b, 6) // as many as there were: from 22 to 32
		after(t, 30*ms, b, 7)
		after(t, 36*ms, b, 8) // four are not there at 37: from 37 to 47
		after(t, 60*ms, b, 9) // meets nobody
		time.Sleep(time.Second)
		d.want(t, "[[1] [2 3] [4 5 6] [7 8] [9]]")
	})
}

func TestAnErrorIsEverybodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reason := errors.New("no luck")
		b := batch.New(10, 0, func(context.Context, []int) ([]int, error) {
			time.Sleep(ms)
			return nil, reason
		})
		var group sync.WaitGroup
		for i := range 3 {
			group.Go(func() {
				if _, err := b.Ask(t.Context(), i); !errors.Is(err, reason) {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

func TestAPanicIsTheAskers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := batch.New(10, 0, func(_ context.Context, numbers []int) ([]int, error) {
			if numbers[0] == 0 {
				panic("out of order")
			}
			return numbers[:0], nil // not even an answer each
		})
		for i, want := range []string{"out of order", "0 answers to 1 questions"} {
			func() {
				defer func() {
					if value := fmt.Sprint(recover()); !strings.Contains(value, want) || !strings.Contains(value, "batch_test.go") && i == 0 {
						t.Errorf("panicked with %s", value)
					}
				}()
				_, err := b.Ask(t.Context(), i)
				t.Errorf("returned %v", err)
			}()
		}
	})
}

func TestAQuestionEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubling{takes: 10 * ms}
		b := batch.New(10, 0, d.work)
		giveUp := func(at time.Duration, question int) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), at, errors.New("the client went away"))
			defer cancel()
			if _, err := b.Ask(ctx, question); err == nil || !strings.Contains(err.Error(), "went away") {
				t.Errorf("the question %d ended with %v", question, err)
			}
		}
		after(t, 0, b, 1)
		time.Sleep(ms)
		after(t, 0, b, 2)
		giveUp(4*ms, 3) // while it waits: nobody works on it
		giveUp(8*ms, 4) // waits until 10, is left at 13: the round goes on
		time.Sleep(100 * ms)
		began := time.Now()
		giveUp(3*ms, 5) // nobody else wants it: the round ends
		after(t, 0, b, 6)
		time.Sleep(100 * ms)
		d.want(t, "[[1] [2 4] [5] [6]]")
		if waited := time.Since(began); waited != 103*ms {
			t.Errorf("it took %s", waited)
		}
	})
}
