package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// itemRows returns the rules by product and category as they are kept.
func (b *bench) itemRows() []string {
	b.t.Helper()
	var rows []string
	err := b.db.Select(&rows, `SELECT CONCAT_WS(' ', kind, object_id, program, gives, amount)
		FROM wp_loyalty_product_rules ORDER BY program, kind, object_id`)
	if err != nil {
		b.t.Fatal(err)
	}
	return rows
}

func (b *bench) wantItemRows(what string, want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.itemRows()); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// products returns a programme with the rules given for products and categories.
func products(products, categories string) string {
	return fmt.Sprintf(`earn: {purchase: {products: {%s}, categories: {%s}}}`, products, categories)
}

// A version keeps of the rules by product and category those that it changes.
func TestAVersionKeepsTheRulesThatItChanges(t *testing.T) {
	storages(t, products(`7: {points: "2.50"}, 8: {exclude: true}`, `3: {points_per_unit: 4}`), func(t *testing.T, s *stage) {
		s.run(sync.Increment)
		s.wantItemRows("first version", "category 3 1 points_per_unit 4", "product 7 1 points 2.5", "product 8 1 exclude ")
		s.engine.Programme = configured(t, products(`7: {points: 2.5}, 9: {points_per_unit: "0.1"}`, `3: {points_per_unit: 5}`))
		if summary := s.run(sync.Increment); summary.Program != 2 {
			t.Errorf("version %d, want 2", summary.Program)
		}
		first := s.itemRows()[:3]
		s.wantItemRows("one changed, one new, one gone", append(first,
			"category 3 2 points_per_unit 5", "product 8 2  ", "product 9 2 points_per_unit 0.1")...)
		s.engine.Programme = configured(t, products(`7: {points: 2.5}, 8: {exclude: true}`, ``))
		s.run(sync.Increment)
		s.wantItemRows("one back, two gone", append(s.itemRows()[:6], "category 3 3  ", "product 8 3 exclude ", "product 9 3  ")...)
		s.run(sync.Sweep)
		s.engine.Programme = configured(t, products(`8: {exclude: true}, 7: {points: "2.500"}`, ``))
		if summary := s.run(sync.Full); summary.Program != 3 {
			t.Errorf("the same rules in other words are version %d, want 3", summary.Program)
		}
		var texts string
		if err := s.db.Get(&texts, `SELECT GROUP_CONCAT(rules) FROM wp_loyalty_programs`); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(texts, "2.5") || strings.Contains(texts, "products") || strings.Contains(texts, "categories") {
			t.Errorf("the versions hold what has a table of its own:\n%s", texts)
		}
		s.sound()
	})
}

// The rule that awarded is the rule that takes back, also where it is that of a
// product or a category.
func TestRulesByProductLeaveThePastAlone(t *testing.T) {
	for _, c := range []struct {
		of, before, after string
		second            int64 // points of an order of 10.00 by the second rule
	}{
		{"products", `points_per_unit: 3`, `points: 5`, 5},
		{"categories", `points_per_unit: 3`, `points_per_unit: 7`, 70},
	} {
		t.Run(c.of, func(t *testing.T) {
			storages(t, `{}`, func(t *testing.T, s *stage) {
				id := s.product
				if c.of == "categories" {
					id = must(s.AddCategory(s.ctx, "Shoes", 0))
					s.do(s.SetCategories(s.ctx, s.product, id))
				}
				rule := func(rule string) sync.Programme {
					return configured(t, fmt.Sprintf(`earn: {purchase: {%s: {%d: {%s}}}}`, c.of, id, rule))
				}
				ann, bob, cid := s.customer("ann"), s.customer("bob"), s.customer("cid")
				s.engine.Programme = rule(c.before)
				old := s.on(1).order(ann, "completed", "100.00")
				s.run(sync.Increment)
				s.wantBalances("first rule", map[int64]int64{ann: 300})

				s.engine.Programme = rule(c.after)
				s.run(sync.Increment)
				s.now = time.Now().UTC().Add(time.Minute) // after it took effect
				s.refund(old, "40.00")
				s.order(bob, "completed", "10.00")
				s.run(sync.Sweep)
				want := map[int64]int64{ann: 180, bob: c.second}
				s.wantBalances("second rule", want)

				s.engine.Programme = configured(t, `{}`)
				s.run(sync.Increment)
				s.now = time.Now().UTC().Add(2 * time.Minute)
				s.order(cid, "completed", "10.00")
				s.refund(old, "10.00")
				s.run(sync.Sweep)
				want[ann], want[cid] = 150, 10
				s.wantBalances("no rule any more", want)
				s.sound()
			})
		})
	}
}

// Thousands of rules are one version, and a change of one of them is one row.
func TestThousandsOfRulesAreOneVersion(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		many := func(rate int) sync.Programme {
			var rules []string
			for id := range 5000 {
				points := rate
				if id == 0 {
					points++
				}
				rules = append(rules, fmt.Sprintf("%d: {points_per_unit: %d}", id+1, points))
			}
			return configured(t, products(strings.Join(rules, ", "), ""))
		}
		b := newStage(t, db, testshop.HPOS, `{}`).bench
		b.engine.Programme = many(1)
		b.run(sync.Increment)
		if n := len(b.itemRows()); n != 5000 {
			t.Fatalf("%d rows, want 5000", n)
		}
		changed := many(1)
		rule := changed.Rules.Earn.Purchase.Products[77]
		rule.Exclude, rule.PointsPerUnit = true, nil
		changed.Rules.Earn.Purchase.Products[77] = rule
		b.engine.Programme = changed
		if summary := b.run(sync.Increment); summary.Program != 2 || len(b.itemRows()) != 5001 {
			t.Errorf("one changed rule: version %d, %d rows", summary.Program, len(b.itemRows()))
		}
		b.engine.Programme = many(2)
		if summary := b.run(sync.Increment); summary.Program != 3 || len(b.itemRows()) != 10001 {
			t.Errorf("all of them changed: version %d, %d rows", summary.Program, len(b.itemRows()))
		}
		var longest int
		if err := db.Root.Get(&longest, `SELECT MAX(LENGTH(rules)) FROM wp_loyalty_programs`); err != nil {
			t.Fatal(err)
		}
		if longest > 1000 {
			t.Errorf("a version holds %d bytes", longest)
		}
	})
}

// A rule that somebody changed by hand stops the run and is named.
func TestARuleThatCannotBeReadStopsTheRun(t *testing.T) {
	storages(t, products(`7: {points: 2}`, ``), func(t *testing.T, s *stage) {
		s.run(sync.Increment)
		if _, err := s.db.Exec(`UPDATE wp_loyalty_product_rules SET amount = 'many'`); err != nil {
			t.Fatal(err)
		}
		_, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Full})
		if err == nil || !strings.Contains(err.Error(), `the rule of product 7, points "many", cannot be read`) {
			t.Errorf("got %v", err)
		}
	})
}
