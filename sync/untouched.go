package sync

import (
	"context"
	"hash/maphash"
	"slices"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// untouched is what a first run knows without asking, because the tables were
// empty when it began and nobody else writes to them: nothing was seen of the
// facts that it has not come to, and nothing posted for them.
type untouched struct {
	// known ends with the first transaction that fails or is tried again, as
	// that may have been committed all the same.
	known bool

	users, orders, comments int64 // highest ids that were come to

	refunds map[int64]struct{}  // that were seen
	pairs   map[uint64]struct{} // hashes of whose comments on which post were seen; nil: too many
	seed    maphash.Seed
}

// mostRemembered bounds each of what an untouched store makes a run remember,
// to some 10 MB.
const mostRemembered = 500_000

func newUntouched() untouched {
	return untouched{known: true, refunds: map[int64]struct{}{}, pairs: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// update is the ledger's Update, for what has to do with facts.
func (r *run) update(ctx context.Context, work func(*ledger.Tx) error) error {
	attempts := 0
	err := r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		if attempts++; attempts > 1 {
			r.untouched.known = false
		}
		return work(tx)
	})
	if err != nil {
		r.untouched.known = false
	}
	return err
}

// come reports whether nothing is known of any of the facts, because all are
// after those that were come to, and counts them among these.
func (u *untouched) come(to *int64, ids []int64) (first bool) {
	if len(ids) == 0 {
		return u.known
	}
	first = u.known && slices.Min(ids) > *to
	*to = max(*to, slices.Max(ids))
	return first
}

// comeToOrders returns which of the rows of a batch of orders, and of their
// refunds, may have been seen, and whether the run had not come to any of the
// orders.
func (u *untouched) comeToOrders(orders []int64, refunds []int64) (ask []int64, first bool) {
	before := u.orders
	if first = u.come(&u.orders, orders); !first {
		ask = slices.Concat(orders, refunds)
	} else {
		// A row can be moved to another order while the run is under way, or made
		// an order of its own.
		for _, id := range orders {
			if _, seen := u.refunds[id]; seen {
				ask = append(ask, id)
			}
		}
		for _, id := range refunds {
			if _, seen := u.refunds[id]; seen || id <= before {
				ask = append(ask, id)
			}
		}
	}
	if u.known {
		for _, id := range refunds {
			u.refunds[id] = struct{}{}
		}
		u.known = len(u.refunds) <= mostRemembered
	}
	return ask, first
}

// comeToPairs returns the pairs of which comments may have been seen before.
func (u *untouched) comeToPairs(pairs []store.UserPost) (ask []store.UserPost) {
	if !u.known || u.pairs == nil {
		return pairs
	}
	for _, pair := range pairs {
		if _, seen := u.pairs[maphash.Comparable(u.seed, pair)]; seen {
			ask = append(ask, pair)
		}
	}
	for _, pair := range pairs {
		u.pairs[maphash.Comparable(u.seed, pair)] = struct{}{}
	}
	if len(u.pairs) > mostRemembered {
		u.pairs = nil
	}
	return ask
}
