package sync_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

const convergenceProgram = `
starts: 2000-01-01
guests: ignore
exclude: {roles: [wholesale]}
earn:
  purchase: {points_per_unit: 1.5, shipping: true, tax: true, rounding: nearest, max_points: 200, credit: deduct, currencies: {EUR: 1.1},
             categories: {16: {points_per_unit: 3}, 17: {exclude: true}}}
  first_order: {points: 50}
  high_spend: [{amount: 60, points: 7}, {amount: 120, points: 20}]
  campaigns: [{from: "2026-01-01", to: "2026-06-01", multiplier: 1.5}]
  product_review: {points: 10}
  blog_comment: {points: 5}
  signup: {points: 25}
`

// freshBalances returns the balances that a daemon would reach that looks at
// the store for the first time now, knowing the same versions.
func (b *bench) freshBalances() map[int64]int64 {
	b.t.Helper()
	ctx := context.Background()
	if _, err := database.Migrate(ctx, b.engine.LedgerDB, fresh, ledger.Component(), sync.Component()); err != nil {
		b.t.Fatal(err)
	}
	for _, table := range []string{"entries", "accounts", "holds", "points_daily", "seen_orders", "seen_comments", "seen_users", "first_orders", "todo", "checkpoints", "programs", "product_categories", "product_rules", "store_currencies"} {
		if _, err := b.db.Exec(`DELETE FROM fresh_loyalty_` + table); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, copied := range []string{
		`INSERT INTO fresh_loyalty_programs SELECT * FROM wp_loyalty_programs`,
		`INSERT INTO fresh_loyalty_product_categories SELECT * FROM wp_loyalty_product_categories`,
		`INSERT INTO fresh_loyalty_product_rules SELECT * FROM wp_loyalty_product_rules`,
		`INSERT INTO fresh_loyalty_store_currencies SELECT * FROM wp_loyalty_store_currencies`,
		`UPDATE fresh_loyalty_writer SET zone = ''`,
	} {
		if _, err := b.db.Exec(copied); err != nil {
			b.t.Fatal(err)
		}
	}
	engine := *b.engine
	engine.Prefix = fresh
	if _, err := engine.Run(ctx, sync.Options{Mode: sync.Full}); err != nil {
		b.t.Fatal(err)
	}
	return b.liveBalances("fresh_")
}

// liveBalances returns balance plus pending of accounts that are not frozen,
// but for what was redeemed: a fresh run knows nothing of redemptions.
func (b *bench) liveBalances(prefix string) map[int64]int64 {
	b.t.Helper()
	var rows []struct {
		User   int64 `db:"user_id"`
		Points int64 `db:"points"`
	}
	err := b.db.Select(&rows, `SELECT user_id, SUM(points + pending) AS points FROM `+prefix+`loyalty_entries
		WHERE source <> 'coupon' AND user_id IN (SELECT user_id FROM `+prefix+`loyalty_accounts WHERE frozen = 0)
		GROUP BY user_id HAVING SUM(points + pending) <> 0`)
	if err != nil {
		b.t.Fatal(err)
	}
	balances := map[int64]int64{}
	for _, row := range rows {
		balances[row.User] = row.Points
	}
	return balances
}

// Whatever happens to a store, and whenever sync looks at it, a last sweep
// leaves the balances of a fresh run.
func TestAnyInterleavingOfEditsAndRunsConverges(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		rapid.Check(t, func(rt *rapid.T) {
			converge(t, rt, db)
		})
	})
}

// scope is a test whose clean-up comes early.
type scope struct {
	testing.TB
	cleanups []func()
}

func (s *scope) Cleanup(clean func()) { s.cleanups = append(s.cleanups, clean) }

func (s *scope) end() {
	for _, clean := range slices.Backward(s.cleanups) {
		clean()
	}
}

func converge(outer *testing.T, rt *rapid.T, db *testshop.Database) {
	t := &scope{TB: outer}
	defer t.end()
	inner := db.Fresh(t)
	w := newWorld(rt, inner, t, rapid.SampledFrom([]testshop.Storage{testshop.HPOS, testshop.Legacy}).Draw(rt, "storage"))
	b := newBench(t, inner, configured(t, convergenceProgram).Rules)
	b.engine.Programme = configured(t, convergenceProgram)
	b.engine.Programme.GiveBack = program.GiveBack{
		Expired: rapid.Bool().Draw(rt, "expired"), Deleted: rapid.Bool().Draw(rt, "deleted"), Refunded: rapid.Bool().Draw(rt, "refunded"),
	}
	faulty, proxy := b.faulty(inner)
	w.engines = []*sync.Engine{b.engine, faulty}
	done := false // the first run came to its end
	for range rapid.IntRange(5, 40).Draw(rt, "edits") {
		w.step()
		if rapid.IntRange(0, 3).Draw(rt, "sync") == 0 {
			mode := rapid.SampledFrom([]sync.Mode{sync.Increment, sync.Increment, sync.Sweep, sync.Full}).Draw(rt, "mode")
			fault := rapid.SampledFrom([]string{"none", "none", "cut", "lost answer", "cancelled"}).Draw(rt, "fault")
			w.did("--- %s, %s", mode, fault)
			engine, ctx, broken := b.engine, w.ctx, proxy.Broken()
			switch fault {
			case "cut":
				engine = faulty
				proxy.CutAfter(rapid.IntRange(0, 120).Draw(rt, "packets"))
			case "lost answer":
				engine = faulty
				proxy.LoseCommit(rapid.IntRange(0, 6).Draw(rt, "commits"))
			case "cancelled":
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(rapid.IntRange(1, 100).Draw(rt, "ms"))*time.Millisecond)
				defer cancel()
			}
			var err error
			if done && rapid.Bool().Draw(rt, "marks") {
				_, err = engine.Look(ctx, w.marks())
				mode = sync.Increment
			} else {
				_, err = engine.Run(ctx, sync.Options{Mode: mode})
			}
			if err != nil && proxy.Broken() == broken && ctx.Err() == nil {
				rt.Fatalf("%v\nafter\n%s", err, strings.Join(w.log, "\n"))
			}
			if done = done || err == nil; done {
				w.book = b.engine
			}
			if err == nil && mode != sync.Increment {
				clear(w.unsure)
			}
		}
	}
	if !done {
		// A first run that was interrupted goes on where it was.
		w.did("--- the rest of the first run")
		if _, err := b.engine.Run(w.ctx, sync.Options{}); err != nil {
			rt.Fatal(err)
		}
	}
	w.did("--- a last sweep")
	if _, err := b.engine.Run(w.ctx, sync.Options{Mode: sync.Sweep}); err != nil {
		rt.Fatal(err)
	}
	// Points that one redemption gave back may be there for another to take.
	for round := 0; ; round++ {
		summary, err := b.engine.Run(w.ctx, sync.Options{Mode: sync.Sweep})
		if err != nil || round == 5 {
			rt.Fatalf("sweep %d still posts: %+v, %v", round, summary, err)
		}
		if summary.Entries == 0 {
			break
		}
		if n := summary.Entries - summary.Redemptions; n > 0 {
			rt.Fatalf("another sweep posted %d entries for facts, after\n%s", n, strings.Join(w.log, "\n"))
		}
	}
	var want map[int64]int64
	w.named(func() { want = b.freshBalances() })
	got := b.liveBalances("wp_")
	if !maps.Equal(got, want) {
		rt.Fatalf("balances:\n got %v\nwant %v\nafter\n%s", got, want, strings.Join(w.log, "\n"))
	}
	b.soundness(rt, w)
}

// soundness proves chains and facts, and that nothing is left to post.
func (b *bench) soundness(rt *rapid.T, w *world) {
	if wrong := b.unsound(); wrong != "" {
		rt.Fatalf("%s after\n%s", wrong, strings.Join(w.log, "\n"))
	}
}

func (b *bench) sound() {
	b.t.Helper()
	if wrong := b.unsound(); wrong != "" {
		b.t.Fatal(wrong)
	}
}

func (b *bench) unsound() string {
	ctx := context.Background()
	chains, err := ledger.Open(b.db, prefix, ledger.Options{}).VerifyChains(ctx, nil)
	if err != nil {
		return err.Error()
	}
	facts, err := b.engine.Verify(ctx)
	if err != nil {
		return err.Error()
	}
	if len(chains.Findings) > 0 || len(facts.Findings) > 0 || facts.Waiting > 0 {
		return fmt.Sprintf("chains %v, facts %+v", chains.Findings, facts)
	}
	for _, mode := range []sync.Mode{sync.Increment, sync.Sweep, sync.Full} {
		summary, err := b.engine.Run(ctx, sync.Options{Mode: mode})
		if err != nil {
			return err.Error()
		}
		if summary.Entries != 0 {
			return fmt.Sprintf("a second run (%s) posted %d entries", mode, summary.Entries)
		}
	}
	return ""
}
