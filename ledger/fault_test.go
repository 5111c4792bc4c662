package ledger_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// everything does one of each kind of write, the way callers do: it can be
// done again.
func everything(ctx context.Context, l *ledger.Ledger, lease *ledger.Lease, round int64) error {
	if err := settle(ctx, l, lease, 1, map[int64]int64{round*10 + 1: 5, round*10 + 2: 7}); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	err := l.Update(ctx, lease, func(tx *ledger.Tx) error {
		posted, err := tx.Posted(ctx, ledger.Purchase, []int64{round*10 + 3})
		if err != nil || len(posted) > 0 {
			return err
		}
		_, err = tx.Post(ctx, []ledger.Posting{until(hold(2, round*10+3, 11), "2026-03-15")})
		return err
	})
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	if _, err := l.ReleaseDue(ctx, lease, 10); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	rules := fmt.Sprintf("rules %d", round)
	if _, err := l.UseRules(ctx, lease, rules, sha256.Sum256([]byte(rules)), nil); err != nil {
		return fmt.Errorf("use rules: %w", err)
	}
	_, repeated, err := l.Adjust(ctx, ledger.Adjustment{Key: rules, User: 3, Points: 13, Note: "n", Actor: "a"})
	if err != nil {
		return fmt.Errorf("adjust: %w", err)
	}
	if repeated {
		return fmt.Errorf("the first adjustment with key %q was called a repetition", rules)
	}
	if err := l.RebuildDaily(ctx, lease); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	return nil
}

// wantRounds fails the test unless everything was done exactly once in each
// of n rounds.
func (d *desk) wantRounds(n int64) {
	d.Helper()
	for user, want := range map[int64]ledger.Account{
		1: {Balance: 12 * n, Seq: 2 * n}, 2: {Balance: 11 * n, Seq: 3 * n}, 3: {Balance: 13 * n, Seq: n},
	} {
		if got := d.account(user); got.Balance != want.Balance || got.Seq != want.Seq || got.Pending != 0 {
			d.Fatalf("after %d rounds account %d has %d points in %d entries and %d pending, want %d in %d",
				n, user, got.Balance, got.Seq, got.Pending, want.Balance, want.Seq)
		}
	}
	if got := d.number(`SELECT COUNT(*) FROM {p}loyalty_programs`); got != n {
		d.Fatalf("%d versions after %d rounds", got, n)
	}
	d.proven()
}

// behindProxy returns the desk's ledger as seen through a proxy.
func (d *desk) behindProxy() (*testshop.Proxy, *ledger.Ledger) {
	d.Helper()
	proxy := testshop.StartProxy(d, d.db.DSN())
	return proxy, ledger.Open(pool(d, proxy.DSN()), prefix, ledger.Options{LoadFrom: d.loadFrom})
}

// eachWay runs test on each server with each way of writing rows through a
// proxy.
func eachWay(t *testing.T, test func(t *testing.T, d *desk)) {
	for way, from := range map[string]int{"LOAD DATA": 1, "INSERT": math.MaxInt} {
		t.Run(way, func(t *testing.T) {
			each(t, ledger.Options{}, func(t *testing.T, d *desk) {
				d.loadFrom = from
				test(t, d)
			})
		})
	}
}

// breaking does rounds with a ledger behind a proxy that breaks the connection
// one COMMIT or packet later in each, up to the first round that it no longer
// reaches. There must be at least so many before.
func (d *desk) breaking(what string, least int64, order func(*testshop.Proxy, int), do func(l *ledger.Ledger, round int64) error, check func(rounds int64)) {
	d.Helper()
	proxy, l := d.behindProxy()
	for round := int64(0); ; round++ {
		before := proxy.Broken()
		order(proxy, int(round))
		if err := do(l, round); err != nil {
			d.Fatalf("at %s %d: %v", what, round, err)
		}
		check(round + 1)
		if proxy.Broken() == before {
			if round < least {
				d.Errorf("broken at only %d of at least %d", round, least)
			}
			return
		}
	}
}

func TestALostAnswerToAnyCommitChangesNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, d *desk) {
		d.breaking("COMMIT", 6, (*testshop.Proxy).LoseCommit, func(l *ledger.Ledger, round int64) error {
			return everything(t.Context(), l, d.lease, round)
		}, d.wantRounds)
	})
}

func TestAConnectionCutAtAnyPacketChangesNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, d *desk) {
		d.breaking("packet", 40, (*testshop.Proxy).CutAfter, func(l *ledger.Ledger, round int64) error {
			// Statements outside transactions are not repeated: their caller is told.
			err := everything(t.Context(), l, d.lease, round)
			for attempt := 0; err != nil && database.ConnectionLost(err) && attempt < 3; attempt++ {
				err = everything(t.Context(), l, d.lease, round)
			}
			return err
		}, d.wantRounds)
	})
}

func TestKilledConnectionsPostEachPointOnce(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		const writers, rounds, kills = 4, 25, 60
		own := pool(t, d.db.DSN())
		var killed, left atomic.Int64
		left.Store(writers)
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				defer left.Add(-1)
				l := ledger.Open(own, prefix, ledger.Options{})
				for round := int64(0); round < rounds || i == 0 && killed.Load() < kills && !t.Failed(); round++ {
					targets := map[int64]int64{round%rounds*2 + 1: 5, round%rounds*2 + 2: 7}
					for {
						err := settle(t.Context(), l, d.lease, int64(i%2+1), targets)
						if err == nil {
							break
						}
						// MySQL may tell a killed statement that it was interrupted,
						// before the connection goes.
						const interrupted = 1317
						if !database.Retryable(err) && database.Code(err) != interrupted {
							t.Errorf("writer %d: %v", i, err)
							return
						}
					}
				}
			})
		}
		for killed.Load() < kills && left.Load() > 0 {
			var ids []int64
			err := d.db.Root.SelectContext(t.Context(), &ids, `
				SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command = 'Query'`)
			// MySQL cannot show a statement with binary values and says so.
			const cannotConvert = 3854
			if err != nil && database.Code(err) != cannotConvert {
				t.Error(err)
				break
			}
			for _, id := range ids {
				if _, err := d.db.Root.ExecContext(t.Context(), fmt.Sprintf("KILL CONNECTION %d", id)); err == nil {
					killed.Add(1)
				}
			}
		}
		group.Wait()
		t.Logf("killed %d connections", killed.Load())
		if killed.Load() < kills {
			t.Errorf("only %d connections were killed", killed.Load())
		}
		for _, user := range []int64{1, 2} {
			if got := d.account(user); got.Balance != 12*rounds || got.Seq != 2*rounds {
				t.Errorf("account %d has %d points in %d entries, want %d in %d", user, got.Balance, got.Seq, 12*rounds, 2*rounds)
			}
		}
		d.proven()
	})
}

func TestALeaseSurvivesLostConnections(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		if err := d.lease.Release(); err != nil {
			t.Fatal(err)
		}
		proxy, l := d.behindProxy()
		proxy.LoseCommit(0) // that of taking the lease
		lease, err := l.Acquire(t.Context(), 30*time.Millisecond, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = lease.Release() }()
		for n := range 5 {
			before := proxy.Broken()
			proxy.CutAfter(n)
			for proxy.Broken() == before {
				if err := lease.Context(t.Context()).Err(); err != nil {
					t.Fatalf("the lease ended: %v", context.Cause(lease.Context(t.Context())))
				}
			}
		}
		if err := settle(t.Context(), l, lease, 1, map[int64]int64{1: 1}); err != nil {
			t.Error(err)
		}
	})
}
