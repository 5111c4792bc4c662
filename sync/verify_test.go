package sync_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

// found proves that verify names something with these words.
func (b *bench) found(what string, words ...string) {
	b.t.Helper()
	facts, err := b.engine.Verify(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, finding := range facts.Findings {
		all := true
		for _, word := range words {
			all = all && strings.Contains(finding, word)
		}
		if all {
			return
		}
	}
	b.t.Errorf("%s: no finding has %q: %+v", what, words, facts)
}

func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db, testshop.HPOS, `earn: {signup: {points: 7}, product_review: {points: 3}, first_order: {points: 50}}`)
		ann, bob := s.customer("ann"), s.customer("bob")
		order := s.on(1).order(ann, "completed", "100.00")
		review := must(s.on(2).AddComment(s.ctx, testshop.Comment{User: bob, Post: s.product}))
		s.run(sync.Increment)
		s.sound()
		forge := func(source string, object int64, revision, program int64) {
			s.do(s.Exec(s.ctx, `INSERT INTO {p}loyalty_entries (user_id, seq, occurred_at, recorded_at, type, source, object_id, revision,
				points, pending, balance, program, hash) VALUES (?, 90, '2025-03-05', '2025-03-05', 'earn', ?, ?, ?, 1000, 0, 1000, ?, REPEAT('x', 32))`,
				bob, source, object, revision, program))
		}
		mend := func() {
			s.do(s.Exec(s.ctx, `DELETE FROM {p}loyalty_entries WHERE seq = 90`))
			s.sound()
		}
		for _, program := range []int64{0, 1, 77} {
			for _, revision := range []int64{0, 5} {
				name := fmt.Sprintf("program %d, revision %d", program, revision)
				forge("purchase", 4711, revision, program)
				s.found("an entry for no order, "+name, "order 4711", "has 1000 points")
				mend()
				forge("blog_comment", 4711, revision, program)
				s.found("an entry for no comment, "+name, "comment 4711", "has 1000 points")
				mend()
			}
			forge("purchase", order, 5, program)
			s.found("an entry in another account", fmt.Sprintf("order %d", order), fmt.Sprintf("account %d has 1000", bob))
			mend()
		}
		// What somebody else may have posted under another source is his.
		forge("signup", 4711, 0, 1)
		s.found("a sign-up of nobody", "user 4711")
		mend()

		// Entries that name a version that there is not.
		var entry int64
		s.do(s.db.Get(&entry, `SELECT id FROM wp_loyalty_entries WHERE source = 'purchase' AND object_id = ?`, order))
		s.do(s.Exec(s.ctx, `UPDATE {p}loyalty_entries SET program = 77 WHERE source IN ('purchase', 'product_review', 'signup')`))
		s.found("an order of a missing version", fmt.Sprintf("order %d", order), "version 77")
		s.found("a comment of a missing version", fmt.Sprintf("comment %d", review), "version 77")
		s.found("a sign-up of a missing version", "sign-up of user", "version 77")
		before := s.balances()
		summary, err := s.runError(sync.Options{Mode: sync.Full})
		if _, ok := errors.AsType[*sync.FactsError](err); !ok || !maps.Equal(before, s.balances()) {
			t.Errorf("a full run: %v, %+v", err, summary)
		}
		s.do(s.Exec(s.ctx, `UPDATE {p}loyalty_entries SET program = 1 WHERE program = 77`))
		s.run(sync.Full)
		s.sound()

		// A missing entry is named, and a full run posts what is missing.
		for _, object := range []struct {
			source string
			id     int64
			words  string
		}{{"purchase", order, "order"}, {"first_order", order, "order"}, {"product_review", review, "comment"}, {"signup", bob, "user"}} {
			s.do(s.Exec(s.ctx, `DELETE FROM {p}loyalty_entries WHERE source = ? AND object_id = ?`, object.source, object.id))
			s.found("a missing entry", fmt.Sprintf("%s %d", object.words, object.id), object.source)
			if summary := s.run(sync.Full); summary.Entries != 1 {
				t.Errorf("%s: a full run posted %d entries", object.source, summary.Entries)
			}
			facts, err := s.engine.Verify(s.ctx)
			if err != nil || len(facts.Findings) > 0 {
				t.Errorf("%s: after the repair: %+v, %v", object.source, facts, err)
			}
		}
		// The gaps stay to be seen.
		chains, err := ledger.Open(s.db, prefix, ledger.Options{}).VerifyChains(s.ctx, nil)
		if err != nil || len(chains.Findings) == 0 {
			t.Errorf("the chains: %+v, %v", chains, err)
		}
	})
}

// The ledger may live in another database than the store, and ends the same.
func TestALedgerInAnotherDatabase(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db, testshop.Legacy, `{}`)
		s.do(s.Fill(s.ctx, testshop.FillOptions{Orders: 60, Months: 6}))
		programme := configured(t, `{guests: match_email, hold_days: 20, exclude: {roles: [editor]},
			earn: {signup: {points: 7}, product_review: {points: 3}, blog_comment: {points: 2}, first_order: {points: 50},
			       purchase: {currencies: {EUR: 1.1}, categories: {5: {points_per_unit: 2}}}}}`)
		s.engine.Programme = programme
		elsewhere := db.Fresh(t)
		// The two databases need not know of each other.
		apart := newEngine(t, db.User(t, grantedReading(t, db)), elsewhere.User(t, grantedWriting(t, elsewhere, prefix)))
		apart.Programme = programme
		other := &bench{t: t, engine: apart, db: elsewhere.Root}
		compare := func(when string) {
			t.Helper()
			s.equal(when+": balances", other.balances(), s.balances())
			s.equal(when+": pending", other.pending(), s.pending())
			const dated = `occurred_at <> recorded_at`
			if a, b := s.story(dated), other.story(dated); a != b {
				t.Errorf("%s: the entries differ:\n%s\n%s", when, a, b)
			}
		}
		s.run(sync.Increment)
		other.run(sync.Increment)
		compare("at first")
		if len(s.balances()) < 3 {
			t.Fatalf("a store without life: %v", s.balances())
		}
		for seed := range uint64(2) {
			must(s.Change(s.ctx, seed))
			for _, mode := range []sync.Mode{sync.Increment, sync.Sweep} {
				s.run(mode)
				other.run(mode)
			}
			compare(fmt.Sprint("after change ", seed))
		}
		s.sound()
		other.sound()
	})
}

// story returns entries without what depends on when they were recorded.
func (b *bench) story(condition string) string {
	b.t.Helper()
	var rows []string
	err := b.db.Select(&rows, `SELECT CONCAT_WS(' ', user_id, seq, occurred_at, type, source, object_id, revision, points, pending, balance, program, cause)
		FROM wp_loyalty_entries WHERE `+condition+` ORDER BY user_id, seq`)
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.Join(rows, "\n")
}
