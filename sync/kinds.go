package sync

import (
	"context"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// The names of the kinds of facts.
const (
	kindUser       = string(ledger.ObjectUser)
	kindOrder      = string(ledger.ObjectOrder)
	kindComment    = string(ledger.ObjectComment)
	kindRedemption = string(ledger.ObjectRedemption)
)

// kind is a kind of fact, and all that a run, a verification and an explanation
// do with its facts.
//
// A new kind is a row below, its functions in files of its own, and its count in
// Summary. Its sources get rows in the ledger's table of sources. If the store
// does not say what changed, what was observed of the facts is kept in a table
// with their ids. And if they are to be marked when they change, the plugin does
// so by the kind's name.
type kind struct {
	name     string // in marks, in the list of what to recheck, in explanations
	title    string // for people
	sources  []ledger.Source
	observed string // table of what was last seen of its facts, by their ids; "": none
	page     int    // how many are rechecked at a time

	// find finds the facts that a run has to reconcile, and does so. It is a
	// stage of a first run, under that name; kinds without are found when all
	// others have been, whose facts tell of theirs.
	stage string
	find  func(*run, context.Context) error

	// Reconcile given facts: those that are said to have changed (nil: they are
	// not marked), those that were noted for rechecking, or only to let them
	// settle (nil: find does), and those that the brake withheld.
	marked, recheck, settle, release func(*run, context.Context, []found) error

	// noteOf notes for rechecking what concerns a user whose account is live
	// again; nil: nothing does.
	noteOf func(*run, context.Context, *ledger.Tx, kind, int64) error

	// verify proves that what is posted for the facts is what they are worth,
	// verifyOrphans the same of ids that have entries but were not observed.
	verify        func(*run, context.Context, *Verified) error
	verifyOrphans func(*run, context.Context, *Verified, []int64) error

	explain func(*run, context.Context, *store.Snapshot, *Explanation) error
	count   func(*Summary) *int64 // where a run counts those that it looked at
}

// kinds returns the kinds in the order in which a run deals with them: a
// customer's sign-up shows before his orders.
func kinds() []kind {
	return []kind{
		{
			name: kindUser, title: "Sign-up of user", sources: []ledger.Source{ledger.Signup}, observed: "seen_users",
			stage: "users", find: (*run).lookForUsers,
			marked: (*run).lookAtFoundUsers, release: (*run).lookAtFoundUsers,
			verify: (*run).verifyUsers, verifyOrphans: (*run).verifyOrphanSignups,
			explain: (*run).explainSignup,
			count:   func(s *Summary) *int64 { return &s.Users },
		},
		{
			name: kindOrder, title: "Order", sources: orderSources, observed: "seen_orders", page: pageOrders,
			stage: "orders", find: (*run).lookForOrders,
			marked: (*run).lookAtMarkedOrders, recheck: (*run).recheckOrders, settle: (*run).settleOrders, release: (*run).releaseOrders,
			noteOf: (*run).noteOwned,
			verify: (*run).verifyOrders, verifyOrphans: (*run).verifyOrphanOrders,
			explain: (*run).explainOrders,
			count:   func(s *Summary) *int64 { return &s.Orders },
		},
		{
			name: kindComment, title: "Comment", sources: commentSources, observed: "seen_comments", page: pageComments,
			stage: "comments", find: (*run).lookForComments,
			marked: (*run).lookAtFoundComments, recheck: (*run).lookAtFoundComments, settle: (*run).lookAtFoundComments, release: (*run).lookAtFoundComments,
			noteOf: (*run).noteOwned,
			verify: (*run).verifyComments, verifyOrphans: (*run).verifyOrphanComments,
			explain: (*run).explainComments,
			count:   func(s *Summary) *int64 { return &s.Comments },
		},
		{
			// What is observed of one is its coupon, under the redemption's id.
			name: kindRedemption, title: "Redemption", sources: []ledger.Source{ledger.Coupon},
			find:    (*run).lookForRedemptions,
			release: (*run).lookAtFoundRedemptions,
			noteOf:  (*run).noteRedemptionsOf,
			verify:  (*run).verifyRedemptions,
			explain: (*run).explainRedemptions,
			count:   func(s *Summary) *int64 { return &s.Redemptions },
		},
	}
}

// kindOf returns the kind of that name.
func kindOf(name string) (kind, bool) {
	for _, k := range kinds() {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

// stageDone reports whether a first run that has come to a stage is through
// with another one.
func stageDone(stage, at string) bool {
	after := false
	for _, k := range kinds() {
		if k.stage == at {
			return after && at != ""
		}
		after = after || k.stage == stage
	}
	return false
}

// found is a fact that sync has to look at, with the cause if it is one that
// the fact itself does not show.
type found struct {
	id    int64
	cause string
}

func foundIDs(facts []found) []int64 {
	ids := make([]int64, len(facts))
	for i, f := range facts {
		ids[i] = f.id
	}
	return ids
}

func foundOf(ids []int64) []found {
	facts := make([]found, len(ids))
	for i, id := range ids {
		facts[i] = found{id: id}
	}
	return facts
}
