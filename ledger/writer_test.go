package ledger_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// expire makes the lease look as if its holder had died.
func (d *desk) expire() {
	d.Helper()
	d.exec(`UPDATE {p}loyalty_writer SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE id = 1`)
}

func TestOnlyOneHoldsTheLease(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		_, err := d.Acquire(ctx, time.Hour, 0)
		held := (*ledger.HeldError)(nil)
		if !errors.As(err, &held) || held.ExpiresIn <= 0 || held.ExpiresIn > time.Hour || !strings.Contains(err.Error(), "process") {
			t.Fatalf("a second holder got %v", err)
		}
		waiting, stop := context.WithCancelCause(ctx)
		reason := errors.New("asked to stop")
		stop(reason)
		if _, err := d.Acquire(waiting, time.Hour, time.Hour); err == nil {
			t.Error("a waiter that was told to stop got the lease")
		}
		if err := d.lease.Release(); err != nil {
			t.Fatal(err)
		}
		d.acquire(d.Ledger, time.Hour)
	})
}

func TestAWaiterGetsTheLeaseThatIsReleased(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	got := make(chan error, 1)
	go func() {
		lease, err := d.Acquire(context.WithoutCancel(t.Context()), time.Hour, time.Minute)
		if err == nil {
			err = lease.Release()
		}
		got <- err
	}()
	if err := d.lease.Release(); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Errorf("the waiter got %v", err)
	}
}

func TestAFencedWriterPostsNothing(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(1, 1, 10))
		d.expire()
		// Nobody took over yet: the lease ended, its fence did not.
		d.post(earn(1, 2, 10))
		d.expire()
		second := d.acquire(d.Ledger, time.Hour)

		called := false
		err := d.Update(ctx, d.lease, func(*ledger.Tx) error { called = true; return nil })
		if !errors.Is(err, ledger.ErrFenced) || called {
			t.Errorf("the old writer's update answered %v, its work was called: %v", err, called)
		}
		if err := d.RebuildDaily(ctx, d.lease); !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("the old writer's rebuild answered %v", err)
		}
		if _, err := d.UseRules(ctx, d.lease, "x", [32]byte{}, nil); !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("the old writer's rules answered %v", err)
		}
		// Releasing what was lost must not free what another holds.
		if err := d.lease.Release(); err != nil {
			t.Error(err)
		}
		if _, err := d.Acquire(ctx, time.Hour, 0); err == nil {
			t.Error("the old writer released the new one's lease")
		}
		if err := settle(ctx, d.Ledger, second, 1, map[int64]int64{1: 10, 2: 10, 3: 10}); err != nil {
			t.Errorf("the new writer: %v", err)
		}
		if got := d.account(1); got.Balance != 30 || got.Seq != 3 {
			t.Errorf("account %+v", got)
		}
		d.proven()
	})
}

// A writer that is fenced while its transaction is open has the row lock: the
// other one waits for it.
func TestATakeoverWaitsForTheOpenTransaction(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		got := make(chan *ledger.Lease, 1)
		d.expire()
		d.update(func(tx *ledger.Tx) error {
			go func() {
				lease, err := d.Acquire(context.WithoutCancel(t.Context()), time.Hour, time.Minute)
				if err != nil {
					t.Error(err)
				}
				got <- lease
			}()
			d.awaitTakeover()
			_, err := tx.Post(t.Context(), []ledger.Posting{earn(1, 1, 1)})
			return err
		})
		second := <-got
		defer func() { _ = second.Release() }()
		if err := settle(t.Context(), d.Ledger, second, 1, map[int64]int64{1: 5}); err != nil {
			t.Error(err)
		}
		if got := d.account(1); got.Balance != 5 || got.Seq != 2 {
			t.Errorf("account %+v", got)
		}
		d.proven()
	})
}

// awaitTakeover returns when somebody's statement to take the lease runs, which
// has to wait for whoever has the row.
func (d *desk) awaitTakeover() {
	for d.number(`
		SELECT COUNT(*) FROM information_schema.processlist
		WHERE db = DATABASE() AND info LIKE '%SET holder = %' AND id <> CONNECTION_ID()`) == 0 {
		if err := d.Context().Err(); err != nil {
			d.Fatal(err)
		}
	}
}

func TestALostLeaseEndsTheWork(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		if err := d.lease.Release(); err != nil {
			t.Fatal(err)
		}
		lease := d.acquire(d.Ledger, 30*time.Millisecond)
		ctx := lease.Context(t.Context())
		if err := ctx.Err(); err != nil {
			t.Fatalf("the context of a held lease: %v", err)
		}
		d.exec(`UPDATE {p}loyalty_writer SET holder = 'another', fence = fence + 1 WHERE id = 1`)
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), ledger.ErrFenced) {
			t.Errorf("the context ended with %v", context.Cause(ctx))
		}
		if err := lease.Release(); err != nil {
			t.Error(err)
		}
		if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_writer WHERE holder = 'another'`); n != 1 {
			t.Error("the other one's lease was released")
		}
	})
}

func TestALeaseRenewsItself(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		if err := d.lease.Release(); err != nil {
			t.Fatal(err)
		}
		d.acquire(d.Ledger, 30*time.Millisecond)
		d.expire()
		for d.number(`SELECT COUNT(*) FROM {p}loyalty_writer WHERE expires_at > UTC_TIMESTAMP(6)`) == 0 {
			if err := t.Context().Err(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestADeadWritersLeaseIsTakenOver(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		if err := d.lease.Release(); err != nil {
			t.Fatal(err)
		}
		mortal := pool(t, d.db.DSN())
		d.acquire(ledger.Open(mortal, prefix, ledger.Options{}), time.Second)
		_ = mortal.Close()
		second, err := d.Acquire(t.Context(), time.Hour, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Release(); err != nil {
			t.Error(err)
		}
	})
}

// Each writer works out the difference within the transaction, so overlapping
// work posts every point once.
func TestConcurrentWritersPostEachPointOnce(t *testing.T) {
	const writers, objects = 8, 40
	targets := func(shift int) map[int64]int64 {
		some := map[int64]int64{}
		for i := range objects / 2 {
			object := int64((i+shift*5)%objects + 1)
			some[object] = object * 3
		}
		return some
	}
	check := func(t *testing.T, d *desk) {
		t.Helper()
		got := d.account(1)
		if want := int64(3 * objects * (objects + 1) / 2); got.Balance != want || got.Seq != objects || got.Revoked != 0 {
			t.Errorf("account %+v, want a balance of %d from %d entries", got, want, objects)
		}
		d.proven()
	}
	t.Run("one lease", func(t *testing.T) {
		each(t, ledger.Options{}, func(t *testing.T, d *desk) {
			var group sync.WaitGroup
			for i := range writers {
				group.Go(func() {
					if err := settle(t.Context(), d.with(ledger.Options{}), d.lease, 1, targets(i)); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			check(t, d)
		})
	})
	t.Run("each takes the lease from the others", func(t *testing.T) {
		each(t, ledger.Options{}, func(t *testing.T, d *desk) {
			var group sync.WaitGroup
			for i := range writers {
				group.Go(func() {
					for {
						d.expire()
						l := d.with(ledger.Options{})
						lease, err := l.Acquire(t.Context(), time.Hour, time.Minute)
						if err != nil {
							t.Error(err)
							return
						}
						err = settle(t.Context(), l, lease, 1, targets(i))
						if released := lease.Release(); released != nil {
							t.Error(released)
						}
						if err == nil {
							return
						}
						if !errors.Is(err, ledger.ErrFenced) {
							t.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
			check(t, d)
		})
	})
}

func TestCancellingKeepsNothing(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("told to stop")
		err := d.Update(ctx, d.lease, func(tx *ledger.Tx) error {
			if _, err := tx.Post(ctx, []ledger.Posting{earn(1, 1, 5), hold(1, 2, 5)}); err != nil {
				return err
			}
			cancel(reason)
			_, err := tx.Post(ctx, []ledger.Posting{earn(1, 3, 5)})
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled update answered %v", err)
		}
		// Also when the work does not notice.
		ctx, cancel = context.WithCancelCause(t.Context())
		err = d.Update(ctx, d.lease, func(tx *ledger.Tx) error {
			_, err := tx.Post(ctx, []ledger.Posting{earn(1, 1, 5)})
			cancel(reason)
			return err
		})
		if err == nil {
			t.Error("a cancelled update said it was done")
		}
		if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_entries`) + d.number(`SELECT COUNT(*) FROM {p}loyalty_holds`); n != 0 {
			t.Errorf("%d rows were kept", n)
		}
		d.post(earn(1, 1, 5))
		d.proven()
	})
}
