package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// Mark names a fact that is said to have changed.
type Mark struct {
	Kind string // one of the constants below; others are passed over
	ID   int64
}

// What can be marked.
const (
	MarkOrder   = kindOrder // or a refund of one
	MarkComment = kindComment
	MarkUser    = kindUser
	MarkCoupon  = "coupon"  // only those that redemptions made matter
	MarkProduct = "product" // its categories and the reviews on it
)

type markKind struct {
	name string
	look func(*run, context.Context, []int64) error
}

// markKinds returns what can be marked, in the order in which it is looked at:
// the facts, and what leads to some.
func markKinds() []markKind {
	all := []markKind{{MarkProduct, (*run).lookAtMarkedProducts}}
	for _, k := range kinds() {
		if k.marked != nil {
			all = append(all, markKind{k.name, func(r *run, ctx context.Context, ids []int64) error { return k.marked(r, ctx, foundOf(ids)) }})
		}
	}
	return append(all, markKind{MarkCoupon, (*run).noteMarkedCoupons})
}

// errRunFirst says that something concerns more than the marked facts.
var errRunFirst = errors.New("a run over everything comes first")

// Look brings the ledger up to date with exactly the facts marked, as a run
// would; facts that are gone, or never were, are ordinary. It moves no
// checkpoint. If there has been no run yet, or the site's settings have changed
// since, it does one first. A *BrakeError says that deductions were withheld:
// the next run finds them again and shows the whole plan.
func (e *Engine) Look(ctx context.Context, marks []Mark) (*Summary, error) {
	summary, err := e.lookAtMarked(ctx, marks)
	if !errors.Is(err, errRunFirst) {
		return summary, err
	}
	if summary, err := e.Run(ctx, Options{Mode: Increment}); err != nil {
		return summary, err
	}
	return e.lookAtMarked(ctx, marks)
}

func (e *Engine) lookAtMarked(ctx context.Context, marks []Mark) (*Summary, error) {
	r, end, err := e.begin(ctx, Increment)
	if err != nil {
		return nil, err
	}
	defer end()
	started := e.Now()
	held := r.lease.Context(ctx)
	err = r.lookAtMarked(held, marks)
	if err != nil && errors.Is(context.Cause(held), ledger.ErrFenced) {
		err = fmt.Errorf("%w (%w)", ledger.ErrFenced, err)
	}
	r.summary.Took = e.Now().Sub(started)
	return r.summary, err
}

func (r *run) lookAtMarked(ctx context.Context, marks []Mark) error {
	var err error
	if r.state, err = r.loadState(ctx); err != nil {
		return err
	}
	if err := r.readSite(); err != nil {
		return err
	}
	// A run that was cut off may have left the days of a zone that the site had
	// for a while.
	zoned := r.rolledUpIn == "" || r.rolledUpIn == r.site.Zone
	if !r.state.Done || r.state.Changing || r.state.Site != r.site || !zoned {
		return errRunFirst
	}
	if err := r.compile(ctx); err != nil {
		return err
	}
	r.marked = true
	marked := map[string][]int64{}
	for _, mark := range marks {
		if mark.ID > 0 {
			marked[mark.Kind] = append(marked[mark.Kind], mark.ID)
		}
	}
	for _, ids := range marked {
		slices.Sort(ids)
	}
	for _, k := range markKinds() {
		for page := range slices.Chunk(slices.Compact(marked[k.name]), pageOrders) {
			if err := k.look(r, ctx, page); err != nil {
				return err
			}
		}
	}
	if err := r.lookAtConcerned(ctx); err != nil {
		return err
	}
	if err := r.settleMarkedBrake(ctx); err != nil {
		return err
	}
	r.summary.Complete = true
	return r.summary.failure()
}

// lookAtConcerned looks at the redemptions whose coupons were marked, or whose
// orders were looked at.
func (r *run) lookAtConcerned(ctx context.Context) error {
	ids := r.concerned
	r.concerned = nil
	slices.Sort(ids)
	return r.lookAtRedemptions(ctx, slices.Compact(ids))
}

// settleMarkedBrake posts what was withheld if it is within the limits. A plan
// is for a run to show: it finds all that belongs to it.
func (r *run) settleMarkedBrake(ctx context.Context) error {
	b := r.brake
	if b.empty() {
		return nil
	}
	if r.state.Brake != nil {
		r.summary.Braked = &r.state.Brake.Error
		return nil
	}
	outstanding, err := r.ledger.Outstanding(ctx)
	if err != nil {
		return err
	}
	spans, recent := recentlyTaken(r.state.Taken, r.clock)
	if over := b.tooMuch(r.Programme.Brake, recent, outstanding); over != nil {
		over.Reason = r.reason()
		r.summary.Braked = over
		return nil
	}
	if err := r.releaseWithheld(ctx); err != nil {
		return err
	}
	if err := r.lookAtConcerned(ctx); err != nil {
		return err
	}
	r.state.Taken = addTaken(spans, r.clock, b.points, b.entries)
	return r.keepState(ctx)
}

// lookAtMarkedOrders looks at orders by their own ids or by those of refunds.
func (r *run) lookAtMarkedOrders(ctx context.Context, marked []found) error {
	ids := foundIDs(marked)
	var rows []store.Row
	err := r.once(func(sn *store.Snapshot) error {
		var err error
		rows, err = sn.Rows(ctx, r.settings.Storage, ids)
		return err
	})
	if err != nil {
		return fmt.Errorf("read marked orders: %w", err)
	}
	batch := orderBatch{settle: true}
	there := map[int64]bool{}
	listed := map[int64]bool{}
	for _, row := range rows {
		there[row.ID] = true
		if order := row.Order(); !listed[order] {
			listed[order] = true
			batch.orders = append(batch.orders, found{id: order})
		}
	}
	gone := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return there[id] })
	seen, err := r.seenOrders(ctx, r.ledger.DB(), gone)
	if err != nil {
		return err
	}
	for _, id := range gone {
		if row := seen[id]; row != nil {
			batch.vanished(*row)
		}
	}
	return r.lookAtOrders(ctx, batch)
}

// lookAtMarkedProducts records the products' categories, and looks at the
// reviews that are not as they were seen: their post's status or author is part
// of them. Reviews that went with their product are marked by themselves.
func (r *run) lookAtMarkedProducts(ctx context.Context, ids []int64) error {
	var products []store.ProductCategories
	var reviews []store.CommentRecord
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		if r.anyCategoryRules {
			if products, err = sn.CategoriesOf(ctx, ids); err != nil {
				return err
			}
		}
		reviews, err = sn.CommentsOn(ctx, ids)
		return err
	})
	if err != nil {
		return fmt.Errorf("read marked products: %w", err)
	}
	if err := r.noteCategories(ctx, products); err != nil {
		return err
	}
	for page := range slices.Chunk(reviews, pageComments) {
		changed, err := r.changedComments(ctx, page)
		if err != nil {
			return err
		}
		if err := r.lookAtComments(ctx, changed, nil); err != nil {
			return err
		}
	}
	return nil
}

// noteMarkedCoupons finds out which redemptions the coupons belong to.
func (r *run) noteMarkedCoupons(ctx context.Context, coupons []int64) error {
	known := map[int64]bool{}
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.Coupons(ctx, coupons)
		for _, record := range records {
			known[record.Coupon.ID] = true
			if record.Redemption != 0 {
				r.concerned = append(r.concerned, record.Redemption)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(slices.Clone(coupons), func(id int64) bool { return known[id] })
	seen, err := selectIn[seenCoupon](ctx, r.ledger.DB(), r.sql(`
		SELECT redemption_id, coupon_id, digest FROM {p}loyalty_seen_coupons WHERE coupon_id IN (?)`), gone)
	if err != nil {
		return fmt.Errorf("look for the redemptions of coupons that are gone: %w", err)
	}
	for _, row := range seen {
		known[row.Coupon] = true
		r.concerned = append(r.concerned, row.Redemption)
	}
	// One that was deleted before it was ever seen.
	never := slices.DeleteFunc(gone, func(id int64) bool { return known[id] })
	unseen, err := selectIn[int64](ctx, r.ledger.DB(), r.sql(`
		SELECT id FROM {p}loyalty_redemptions WHERE state = 'confirmed' AND coupon_id IN (?)`), never)
	if err != nil {
		return fmt.Errorf("look for the redemptions of coupons that are gone: %w", err)
	}
	r.concerned = append(r.concerned, unseen...)
	return nil
}
