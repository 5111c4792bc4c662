package sync_test

import (
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// A row may become visible with a date of change, or an id, that lies before
// what was seen already: it waited in a transaction, or its web server's clock
// is slow. The next increment finds it.
func TestRowsThatBecomeVisibleLate(t *testing.T) {
	storages(t, `earn: {product_review: {points: 3}, signup: {points: 7}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		s.now = time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
		start := s.now
		old := s.order(ann, "pending", "40.00")

		// Three writers took their ids, and one has not committed yet.
		late, err := s.DB.BeginTxx(s.ctx, nil)
		s.do(err)
		defer func() { _ = late.Rollback() }()
		exec := func(query string, args ...any) int64 {
			result, err := late.ExecContext(s.ctx, s.Prefix.SQL(query), args...)
			s.do(err)
			return must(result.LastInsertId())
		}
		user := exec(`INSERT INTO {p}users (user_login, user_email, user_registered) VALUES ('late', 'late@example.com', ?)`, start)
		const review = `INSERT INTO {p}comments (comment_post_ID, comment_date_gmt, comment_approved, comment_type, user_id, comment_content, comment_author)
			VALUES (?, ?, '1', 'review', ?, 'ok', 'ann')`
		exec(review, s.product, start, ann)
		status := func(id int64) {
			if s.Storage == testshop.HPOS {
				exec(`UPDATE {p}wc_orders SET status = 'wc-completed', date_updated_gmt = ? WHERE id = ?`, start.Add(time.Second), id)
				return
			}
			exec(`UPDATE {p}posts SET post_status = 'wc-completed' WHERE ID = ?`, id)
			exec(`INSERT INTO {p}postmeta (post_id, meta_key, meta_value) VALUES (?, '_date_completed', ?)`, id, start.Unix())
		}
		status(old)

		s.now = start.Add(10 * time.Minute) // as far behind as can be
		bob := s.customer("bob")
		for range 20 {
			s.order(bob, "completed", "1.00")
		}
		s.do(s.Exec(s.ctx, review, s.product, start, bob))
		s.run(sync.Increment)
		s.run(sync.Increment)
		want := map[int64]int64{1: 7, ann: 7, bob: 20 + 3 + 7}
		s.wantBalances("not committed yet", want)

		s.do(late.Commit())
		summary := s.run(sync.Increment)
		if summary.Mode != sync.Increment {
			t.Fatalf("mode %s", summary.Mode)
		}
		want[user] = 7
		want[ann] = 7 + 3 + 40
		s.wantBalances("committed late", want)
		s.sound()
	})
}

// Clocks of web servers are wrong: what is dated in the future is seen, and
// hides nothing that comes after it.
func TestAClockThatIsAhead(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, ``)
	ann, bob := s.customer("ann"), s.customer("bob")
	s.now = time.Now().UTC().Add(72 * time.Hour)
	ahead := s.order(ann, "completed", "10.00")
	s.run(sync.Increment)
	s.now = time.Now().UTC()
	s.order(bob, "completed", "20.00")
	s.run(sync.Increment)
	s.do(s.SetStatus(s.ctx, ahead, "cancelled"))
	s.run(sync.Increment)
	s.wantBalances("ahead", map[int64]int64{bob: 20})
	s.sound()
}
