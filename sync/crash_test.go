package sync_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"testing"
	"time"

	gosync "sync"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

// faulty returns an engine like the bench's behind a proxy that breaks
// connections.
func (b *bench) faulty(db *testshop.Database) (*sync.Engine, *testshop.Proxy) {
	b.t.Helper()
	proxy := testshop.StartProxy(b.t, db.User(b.t, granted(b.t, db, prefix)))
	engine := newEngine(b.t, proxy.DSN(), proxy.DSN())
	engine.Programme = b.engine.Programme
	return engine, proxy
}

// eachWay runs test for each way of writing rows, on each server.
func eachWay(t *testing.T, test func(t *testing.T, db *testshop.Database, loadFrom int)) {
	for way, from := range map[string]int{"LOAD DATA": 1, "INSERT": math.MaxInt} {
		t.Run(way, func(t *testing.T) {
			testshop.Each(t, func(t *testing.T, db *testshop.Database) { test(t, db, from) })
		})
	}
}

// eventful is a store with every kind of fact, and its worth.
func eventful(t *testing.T, db *testshop.Database, storage testshop.Storage) (s *stage, want map[int64]int64) {
	t.Helper()
	s = newStage(t, db, storage, `{guests: match_email, earn: {signup: {points: 7}, product_review: {points: 3}, first_order: {points: 50}}}`)
	want = map[int64]int64{1: 7}
	for i := range 3 {
		user := s.on(0).customer(fmt.Sprint("customer", i))
		order := s.on(1).order(user, "completed", "100.00")
		s.on(2).refund(order, "10.00")
		s.on(3).order(user, "processing", "20.00")
		s.place(testshop.Order{Email: fmt.Sprintf("customer%d@example.com", i), Status: "completed"}, "5.00")
		must(s.AddComment(s.ctx, testshop.Comment{User: user, Post: s.product}))
		want[user] = 7 + 90 + 20 + 5 + 3 + 50
	}
	return s, want
}

// entryCount returns the number of entries.
func (b *bench) entryCount() (n int) {
	b.t.Helper()
	if err := b.db.Get(&n, `SELECT COUNT(*) FROM wp_loyalty_entries`); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// A first run whose answer to any one COMMIT is lost posts each point once.
func TestALostAnswerToACommitPostsOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, db *testshop.Database, loadFrom int) {
		s, want := eventful(t, db, testshop.HPOS)
		s.run(sync.Increment)
		entries := s.entryCount()
		engine, proxy := s.faulty(db)
		engine.LoadFrom = loadFrom
		for k := 0; ; k++ {
			s.reset()
			broken := proxy.Broken()
			proxy.LoseCommit(k)
			if _, err := engine.Run(s.ctx, sync.Options{}); err != nil {
				t.Fatalf("commit %d: %v", k, err)
			}
			s.wantBalances(fmt.Sprintf("the answer to commit %d is lost", k), want)
			if n := s.entryCount(); n != entries {
				t.Errorf("commit %d: %d entries, want %d", k, n, entries)
			}
			if proxy.Broken() == broken {
				if k < 5 {
					t.Errorf("there were only %d commits", k)
				}
				break
			}
		}
		s.sound()
	})
}

// A connection that breaks at any statement costs at most work.
func TestAConnectionThatBreaksAnywhere(t *testing.T) {
	eachWay(t, func(t *testing.T, db *testshop.Database, loadFrom int) {
		s, want := eventful(t, db, testshop.Legacy)
		s.run(sync.Increment)
		entries := s.entryCount()
		engine, proxy := s.faulty(db)
		engine.LoadFrom = loadFrom
		engine.Lease = 2 * time.Second
		for packets := 0; ; packets += 11 {
			s.reset()
			broken := proxy.Broken()
			proxy.CutAfter(packets)
			_, _ = engine.Run(s.ctx, sync.Options{})
			reached := proxy.Broken() > broken
			proxy.CutAfter(1 << 30)
			if _, err := engine.Run(s.ctx, sync.Options{}); err != nil {
				t.Fatalf("after %d packets: %v", packets, err)
			}
			s.wantBalances(fmt.Sprintf("cut after %d packets", packets), want)
			if n := s.entryCount(); n != entries {
				t.Errorf("cut after %d packets: %d entries, want %d", packets, n, entries)
			}
			if !reached {
				break
			}
		}
		s.sound()
	})
}

// Several daemons at once post each point once.
func TestRunsAtOnce(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s, want := eventful(t, db, testshop.HPOS)
		s.run(sync.Increment)
		entries := s.entryCount()
		s.reset()
		dsn := db.User(t, granted(t, db, prefix))
		var runs gosync.WaitGroup
		for _, mode := range []sync.Mode{sync.Increment, sync.Sweep, sync.Full, sync.Increment} {
			engine := newEngine(t, dsn, dsn)
			engine.Programme = s.engine.Programme
			runs.Go(func() {
				for range 2 {
					if _, err := engine.Run(context.Background(), sync.Options{Mode: mode}); err != nil {
						t.Errorf("%s: %v", mode, err)
					}
				}
			})
		}
		runs.Wait()
		s.wantBalances("four at once", want)
		if n := s.entryCount(); n != entries {
			t.Errorf("%d entries, want %d", n, entries)
		}
		s.sound()
	})
}

// One that does not wait is told who is at work.
func TestARunWithoutPatience(t *testing.T) {
	s, _ := eventful(t, testshop.New(t), testshop.HPOS)
	lease, err := ledger.Open(s.db, prefix, ledger.Options{}).Acquire(s.ctx, time.Minute, 0)
	s.do(err)
	s.engine.Patience = 0
	_, err = s.engine.Run(s.ctx, sync.Options{})
	if held, ok := errors.AsType[*ledger.HeldError](err); !ok || held.Holder == "" {
		t.Errorf("while another is at work: %v", err)
	}
	s.do(lease.Release())
	s.run(sync.Increment)
}

// One whose lease was taken over ends with that error and posts nothing more.
func TestAFencedRunEnds(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s, want := eventful(t, db, testshop.HPOS)
		dsn := db.User(t, granted(t, db, prefix))
		other := newEngine(t, dsn, dsn)
		other.Programme = s.engine.Programme
		taken := false
		s.engine.Progress = func(stage string, _, _ int64) {
			if taken {
				return
			}
			taken = true
			if _, err := s.db.Exec(`UPDATE wp_loyalty_writer SET expires_at = '2001-01-01'`); err != nil {
				t.Error(err)
			}
			if _, err := other.Run(context.Background(), sync.Options{}); err != nil {
				t.Errorf("the one who takes over: %v", err)
			}
		}
		_, err := s.engine.Run(s.ctx, sync.Options{})
		if !taken || !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("the fenced run ends with %v", err)
		}
		s.engine.Progress = nil
		s.wantBalances("after the fight", want)
		s.sound()
	})
}

// A run may be cancelled at any moment; those after it end in the same
// balances.
func TestARunCancelledAtAnyMoment(t *testing.T) {
	s, want := eventful(t, testshop.New(t), testshop.Legacy)
	started := time.Now()
	s.run(sync.Increment)
	took := time.Since(started)
	const moments = 12
	for i := range moments {
		s.reset()
		ctx, cancel := context.WithTimeout(s.ctx, took*time.Duration(i)/moments)
		_, err := s.engine.Run(ctx, sync.Options{})
		cancel()
		if err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		s.run(sync.Increment)
		if got := s.balances(); !maps.Equal(got, want) {
			t.Errorf("cancelled at %d of %d: %v, want %v", i, moments, got, want)
		}
	}
	s.sound()
}
