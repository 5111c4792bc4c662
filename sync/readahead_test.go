package sync_test

import (
	"fmt"
	"maps"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// Of a user's reviews of one product the earliest earns, also when the first
// run meets it pages after another one.
func TestAnEarlierReviewPagesLaterWins(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, `earn: {product_review: {points: 3}}`)
	s.many(100_000, 1200)
	const user, later, earlier = 100_007, 100_007, 300_000
	s.do(s.Exec(s.ctx, fmt.Sprintf(`INSERT INTO {p}comments (comment_ID, comment_post_ID, comment_date_gmt, comment_approved, comment_type, user_id, comment_content, comment_author)
		VALUES (%d, %d, '2024-01-01', '1', 'review', %d, 'ok', 'u')`, earlier, s.product, user)))
	for _, what := range []string{"first", "second"} {
		s.run(sync.Full)
		for comment, want := range map[int64]int64{later: 0, earlier: 3} {
			var points int64
			s.do(s.db.Get(&points, `SELECT COALESCE(SUM(points), 0) FROM wp_loyalty_entries WHERE source = 'product_review' AND object_id = ?`, comment))
			if points != want {
				t.Errorf("after the %s run review %d has %d points, not %d", what, comment, points, want)
			}
		}
	}
}

// A run over everything that is interrupted between two pages, of which one is
// posted and one is read, goes on where it stopped.
func TestAnInterruptedReadingAheadGoesOn(t *testing.T) {
	db := testshop.New(t)
	s := newStage(t, db, testshop.HPOS, `earn: {first_order: {points: 50}}`)
	s.many(100_000, 3300)
	const stop = "enough"
	var pages int
	s.engine.Progress = func(stage string, _, _ int64) {
		if pages++; stage == "orders" && pages > 4 {
			panic(stop)
		}
	}
	func() {
		defer func() {
			if reason := recover(); reason != stop {
				t.Fatalf("the run was not interrupted: %v", reason)
			}
		}()
		s.run(sync.Full)
	}()
	if n := s.entryCount(); n == 0 || n >= 3300 {
		t.Fatalf("%d entries were posted before the end", n)
	}
	s.engine.Progress = nil
	s.run(sync.Full)
	want := maps.Clone(s.balances())
	if n := s.entryCount(); n != 3300+1000 {
		t.Errorf("%d entries", n)
	}
	s.run(sync.Full)
	if got := s.balances(); !maps.Equal(got, want) {
		t.Errorf("the next run changes balances: %d accounts, then %d", len(want), len(got))
	}
}
