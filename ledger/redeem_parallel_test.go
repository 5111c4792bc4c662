package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// inParallel runs work for 0..n-1 at once, shared out to several ledgers, as
// if there were as many daemons.
func (d *desk) inParallel(n int, work func(l *ledger.Ledger, i int)) {
	d.Helper()
	own := pool(d, d.db.DSN())
	ledgers := []*ledger.Ledger{d.Ledger, d.with(ledger.Options{}), ledger.Open(own, prefix, ledger.Options{})}
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			work(ledgers[i%len(ledgers)], i)
		})
	}
	close(start)
	group.Wait()
}

func TestParallelReservationsSpendABalanceOnce(t *testing.T) {
	const requests = 200
	for _, users := range []int64{1, 8} {
		t.Run(fmt.Sprintf("%d balances", users), func(t *testing.T) {
			each(t, ledger.Options{}, func(t *testing.T, d *desk) {
				for user := range users {
					d.post(earn(user+1, user+1, 1099)) // ten times 100, not eleven
				}
				var done, refused atomic.Int64
				d.inParallel(requests, func(l *ledger.Ledger, i int) {
					asked := reservation(fmt.Sprint(i), 100)
					asked.User = int64(i)%users + 1
					_, balance, repeated, err := l.Reserve(t.Context(), asked)
					switch {
					case errors.Is(err, ledger.ErrInsufficient):
						refused.Add(1)
					case err != nil || repeated || balance < 99 || balance > 999 || balance%100 != 99:
						t.Errorf("balance %d, repeated %v, %v", balance, repeated, err)
					default:
						done.Add(1)
					}
				})
				if want := 10 * users; done.Load() != want || refused.Load() != requests-want {
					t.Errorf("%d redeemed and %d refused, want %d redeemed", done.Load(), refused.Load(), want)
				}
				for user := range users {
					if got := d.account(user + 1); got.Balance != 99 || got.Redeemed != 1000 {
						t.Errorf("account %+v", got)
					}
				}
				if n := d.number(`SELECT COUNT(DISTINCT code) FROM {p}loyalty_redemptions`); n != 10*users {
					t.Errorf("%d codes", n)
				}
				d.proveRedemptions()
			})
		})
	}
}

func TestOneKeyIsOneRedemptionHoweverOftenItIsSent(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 10_000))
		var first atomic.Int64
		var ids sync.Map
		d.inParallel(50, func(l *ledger.Ledger, _ int) {
			r, balance, repeated, err := l.Reserve(t.Context(), reservation("one", 100))
			if err != nil || balance != 9900 {
				t.Errorf("balance %d, %v", balance, err)
			}
			if !repeated {
				first.Add(1)
			}
			ids.Store(fmt.Sprint(r.ID, r.Code), true)
		})
		different := 0
		ids.Range(func(any, any) bool { different++; return true })
		if got := d.account(7); first.Load() != 1 || different != 1 || got.Redeemed != 100 || got.Seq != 2 {
			t.Errorf("%d first answers, %d different ones, account %+v", first.Load(), different, got)
		}
		d.proveRedemptions()
	})
}

// Confirming and cancelling race: one of them wins, and the other says so.
func TestAReservationIsConfirmedOrCancelledNotBoth(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		const races = 20
		d.post(earn(7, 1, races*100))
		var ids []int64
		for i := range races {
			ids = append(ids, d.reserve(fmt.Sprint(i), 100).ID)
		}
		var confirmed, cancelled atomic.Int64
		d.inParallel(2*races, func(l *ledger.Ledger, i int) {
			if i%2 == 0 {
				switch _, _, err := l.Confirm(t.Context(), "", ids[i/2], int64(i+1)); {
				case err == nil:
					confirmed.Add(1)
				case !errors.Is(err, ledger.ErrCancelled):
					t.Error(err)
				}
				return
			}
			switch _, _, err := l.Cancel(t.Context(), "", ids[i/2]); {
			case err == nil:
				cancelled.Add(1)
			case !errors.Is(err, ledger.ErrConfirmed):
				t.Error(err)
			}
		})
		if confirmed.Load()+cancelled.Load() != races || d.account(7).Balance != cancelled.Load()*100 {
			t.Errorf("%d confirmed, %d cancelled, balance %d", confirmed.Load(), cancelled.Load(), d.account(7).Balance)
		}
		d.proveRedemptions()
	})
}

// A run that holds the lease for minutes must not keep a shopper waiting: what
// stands alone goes between its chunks.
func TestWhatStandsAloneRunsBetweenTheChunksOfARun(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		other := ledger.Open(pool(t, d.db.DSN()), prefix, ledger.Options{})
		for chunk := int64(1); chunk <= 3; chunk++ {
			d.post(earn(7, chunk, 100))
			r, balance, _, err := other.Reserve(ctx, reservation(fmt.Sprint(chunk), 60))
			if want := 40 * chunk; err != nil || balance != want {
				t.Fatalf("reserved beside a run: %+v, balance %d, %v, want %d", r, balance, err, want)
			}
			if _, _, err := other.Adjust(ctx, ledger.Adjustment{Key: fmt.Sprint("a", chunk), User: 8, Points: 1, Note: "n"}); err != nil {
				t.Fatalf("adjusted beside a run: %v", err)
			}
		}
		// While a chunk is open it waits, and sees what the chunk posted.
		got := make(chan int64, 1)
		d.update(func(tx *ledger.Tx) error {
			go func() {
				_, balance, _, err := other.Reserve(context.WithoutCancel(ctx), reservation("waits", 500))
				if err != nil {
					t.Error(err)
				}
				got <- balance
			}()
			d.awaitWriter()
			_, err := tx.Post(ctx, []ledger.Posting{earn(7, 9, 400)})
			return err
		})
		if balance := <-got; balance != 20 {
			t.Errorf("balance %d, want 120 + 400 - 500", balance)
		}
		if err := d.Update(ctx, d.lease, func(*ledger.Tx) error { return nil }); err != nil {
			t.Errorf("the run lost its lease: %v", err)
		}
		d.proveRedemptions()
	})
}

// A run reads with the same pool that shoppers wait in.
func TestACrowdLeavesTheRunItsConnections(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		l := ledger.Open(pool(t, d.db.DSN()), prefix, ledger.Options{})
		d.post(earn(7, 1, 5000))
		var crowd sync.WaitGroup
		err := l.Update(t.Context(), d.lease, func(*ledger.Tx) error {
			for i := range 50 {
				crowd.Go(func() {
					if _, _, _, err := l.With(ledger.Options{}).Reserve(t.Context(), reservation(fmt.Sprint(i), 100)); err != nil {
						t.Error(err)
					}
				})
			}
			d.awaitWriter()
			for range 6 { // at once, of a pool of eight
				connection, err := l.DB().Connx(t.Context())
				if err != nil {
					return err
				}
				defer func() { _ = connection.Close() }()
			}
			return nil
		})
		crowd.Wait()
		if got := d.account(7); err != nil || got.Redeemed != 5000 {
			t.Errorf("%v, account %+v", err, got)
		}
	})
}

// awaitWriter returns when somebody waits for the writer's row.
func (d *desk) awaitWriter() {
	for d.number(`
		SELECT COUNT(*) FROM information_schema.processlist
		WHERE db = DATABASE() AND info LIKE '%SET n = n + 1%' AND id <> CONNECTION_ID()`) == 0 {
		if err := d.Context().Err(); err != nil {
			d.Fatal(err)
		}
	}
}

func TestWaitingForTheLedgerEndsWithItsContext(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	reason := errors.New("the request is over")
	err := d.UpdateAlone(t.Context(), func(*ledger.Tx) error {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(reason)
		for _, l := range []*ledger.Ledger{d.Ledger, d.With(ledger.Options{Clamp: true})} {
			if err := l.UpdateAlone(ctx, func(*ledger.Tx) error { return nil }); !errors.Is(err, reason) {
				t.Errorf("waited until %v", err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDaysOfAnotherZoneAreNotPostedAlone(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	d.post(earn(7, 1, 100))
	berlin := d.with(ledger.Options{Zone: zone(t, "Europe/Berlin")})
	if _, _, _, err := berlin.Reserve(t.Context(), reservation("k", 10)); err == nil {
		t.Error("posted to a roll-up of other days")
	}
}

// redeeming does one of each change of a redemption, the way callers do: it can
// be done again.
func redeeming(ctx context.Context, l *ledger.Ledger, round int64) error {
	reserve := func(key string, points int64) (ledger.Redemption, error) {
		r, _, repeated, err := l.Reserve(ctx, reservation(fmt.Sprint(key, round), points))
		if err == nil && repeated {
			err = errors.New("the first request was called a repetition")
		}
		return r, err
	}
	settle := func(id int64, s ledger.Settlement) error {
		return l.UpdateAlone(ctx, func(tx *ledger.Tx) error {
			_, err := tx.SettleRedemption(ctx, id, s)
			return err
		})
	}
	kept, err := reserve("kept", 10)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	if r, _, err := l.Confirm(ctx, fmt.Sprint("confirm", round), kept.ID, round+1); err != nil || r.State != ledger.Confirmed {
		return fmt.Errorf("confirm: %+v, %w", r, err)
	}
	used := ledger.Settlement{State: ledger.Used, Order: round + 1, Returned: 6}
	if err := settle(kept.ID, used); err != nil {
		return fmt.Errorf("give back: %w", err)
	}
	used.Returned = 2
	if err := settle(kept.ID, used); err != nil {
		return fmt.Errorf("take again: %w", err)
	}
	dropped, err := reserve("dropped", 5)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	if r, _, err := l.Cancel(ctx, fmt.Sprint("cancel", round), dropped.ID); err != nil || r.State != ledger.Cancelled {
		return fmt.Errorf("cancel: %+v, %w", r, err)
	}
	return nil
}

func (d *desk) wantRedeemed(rounds int64) {
	d.Helper()
	if got := d.account(7); got.Redeemed != 8*rounds || got.Seq != 1+5*rounds {
		d.Fatalf("after %d rounds %d points are redeemed in %d entries", rounds, got.Redeemed, got.Seq)
	}
	if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_redemptions`); n != 2*rounds {
		d.Fatalf("%d redemptions after %d rounds", n, rounds)
	}
	d.proveRedemptions()
}

func TestALostAnswerToAnyCommitRedeemsOnce(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 1_000_000))
		d.breaking("COMMIT", 6, (*testshop.Proxy).LoseCommit, func(l *ledger.Ledger, round int64) error {
			return redeeming(t.Context(), l, round)
		}, d.wantRedeemed)
	})
}

func TestAConnectionCutAtAnyPacketRedeemsOnce(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 1_000_000))
		d.breaking("packet", 60, (*testshop.Proxy).CutAfter, func(l *ledger.Ledger, round int64) error {
			return redeeming(t.Context(), l, round)
		}, d.wantRedeemed)
	})
}

// BenchmarkReserve reports reservations of 32 shoppers at once, each of their
// own balance.
func BenchmarkReserve(b *testing.B) {
	d := newDesk(b, testshop.New(b), ledger.Options{})
	const shoppers = 32
	for user := range int64(shoppers) {
		d.post(earn(user+1, user+1, 1<<40))
	}
	var group sync.WaitGroup
	var next atomic.Int64
	b.ResetTimer()
	for shopper := range int64(shoppers) {
		group.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				asked := reservation(fmt.Sprint(i), 1)
				asked.User = shopper + 1
				if _, _, _, err := d.Reserve(b.Context(), asked); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}
