package sync_test

import (
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// In a network only who has capabilities in the site signed up there; what was
// given for a sign-up stays. Whoever orders is a customer all the same.
func TestSignUpsOfANetwork(t *testing.T) {
	storages(t, `{earn: {signup: {points: 50}}}`, func(t *testing.T, s *stage) {
		user := func(login string) int64 {
			id := s.customer(login)
			s.do(s.Exec(s.ctx, `DELETE FROM {u}usermeta WHERE user_id = ?`, id))
			return id
		}
		capable := func(id int64, key, value string) error {
			return s.Exec(s.ctx, `INSERT INTO {u}usermeta (user_id, meta_key, meta_value) VALUES (?, ?, ?)`, id, key, value)
		}
		const admin = 1
		ann, bob := s.customer("ann"), user("bob")
		s.run(sync.Increment)
		s.wantBalances("one site, where everybody counts", map[int64]int64{admin: 50, ann: 50, bob: 50})

		// The network's second site comes to be, with users of its own.
		cid, dov, eve := user("cid"), user("dov"), user("eve")
		s.do(capable(cid, "wp_2_capabilities", `a:1:{s:8:"customer";b:1;}`), capable(eve, "wp_capabilities", `a:0:{}`))
		s.on(1).order(dov, "completed", "20.00")
		s.run(sync.Increment)
		want := map[int64]int64{admin: 50, ann: 50, bob: 50, dov: 20, eve: 50}
		s.wantBalances("a network", want)
		s.sound()

		// Who becomes a user of this site counts from then on, and who leaves it
		// keeps what he has.
		s.do(capable(cid, "wp_capabilities", `a:1:{s:10:"subscriber";b:1;}`), s.Exec(s.ctx, `DELETE FROM {u}usermeta WHERE user_id = ?`, ann))
		s.run(sync.Sweep)
		want[cid] = 50
		s.wantBalances("one came, one left", want)
		s.run(sync.Full)
		s.wantBalances("all looked at again", want)
		s.sound()

		// Without the other site, they are all this one's.
		s.do(s.Exec(s.ctx, `DELETE FROM {u}usermeta WHERE meta_key = 'wp_2_capabilities'`))
		s.run(sync.Increment)
		want[dov] = 70
		s.wantBalances("one site again", want)
		s.sound()
	})
}

// A first run of a network's main site.
func TestFirstRunOfANetwork(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db, testshop.HPOS, `{earn: {signup: {points: 50}}}`)
		ann := s.customer("ann")
		for _, login := range []string{"bob", "cid", "dov"} {
			id := s.customer(login)
			s.do(s.Exec(s.ctx, `UPDATE {u}usermeta SET meta_key = 'wp_17_capabilities' WHERE user_id = ? AND meta_key = 'wp_capabilities'`, id))
		}
		s.run(sync.Increment)
		s.wantBalances("a network", map[int64]int64{1: 50, ann: 50})
		s.sound()
	})
}
