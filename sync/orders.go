package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// orderBatch is a page of orders to look at.
type orderBatch struct {
	orders []found
	gone   []goneRow // rows that the store no longer has
	settle bool      // look once more in the next run: they may be half written
	// refused is why the only order of the batch cannot be posted.
	refused error
	// done saves how far sync has come, in the transaction that posts.
	done func(context.Context, *ledger.Tx) error
}

// goneRow is the row of an order or of its refund that is to be forgotten when
// the order was dealt with.
type goneRow struct{ id, order int64 }

func (b orderBatch) ids() []int64 { return foundIDs(b.orders) }

var orderSources = ledger.SourcesOf(ledger.ObjectOrder)

// orderCase is one order on its way from what the store says to postings.
type orderCase struct {
	id       int64
	record   *store.OrderRecord // nil: the order is gone
	seen     *seenOrder         // nil: never seen
	posted   map[ledger.Source]ledger.Posted
	keep     []keptRow // what accounts keep of it, which is gone from now on
	back     bool      // it was kept, and the store has it again
	former   int64     // the last entry of another order that had the number before; 0: none
	newly    bool      // that is not known yet
	unpinned bool      // nothing was posted for this one: it is judged by the rules of its time
	outside  bool      // not of this batch: only its first-order bonus is at stake

	ahead    *valuedOrder // nil: not valued before
	version  int64
	program  *program.Program
	factAt   time.Time // the categories are those of this time
	earnsAt  time.Time
	counts   int64   // whom it counts for, or would: 0 nobody known
	owner    int64   // who earns; 0 nobody
	claims   bool    // it is the owner's whatever a frozen account holds of it
	left     []int64 // frozen accounts that it leaves
	worth    program.Worth
	story    []program.Step
	change   time.Time
	cause    string
	refund   *program.Refund // the latest that was not seen as it is now
	postings []ledger.Posting
	taken    []deduction
	wrong    misfit // the first there is
	failed   error
}

// orderPlan is what a batch comes to.
type orderPlan struct {
	run   *run
	batch orderBatch
	tx    *ledger.Tx
	cases []*orderCase
	byID  map[int64]*orderCase
	users *userStates
	seen  map[int64]*seenOrder
	new   bool            // no run has come to any of the batch's orders
	live  map[int64]bool  // accounts that may be posted to
	first map[int64]int64 // customer → first order, of customers that the batch concerns
	held  map[int64]int64 // the same, as it was before
}

// halves splits the batch; the second saves how far sync has come.
func (b orderBatch) halves() (first, second orderBatch) {
	middle := len(b.orders) / 2
	first, second = b, b
	first.orders, first.gone, first.done = b.orders[:middle], nil, nil
	second.orders, second.gone = b.orders[middle:], nil
	for _, row := range b.gone {
		if slices.ContainsFunc(first.orders, func(f found) bool { return f.id == row.order }) {
			first.gone = append(first.gone, row)
		} else {
			second.gone = append(second.gone, row)
		}
	}
	return first, second
}

// lookAtOrders brings the ledger up to date with a page of orders. One whose
// points do not fit its account, or the totals, is left out.
func (r *run) lookAtOrders(ctx context.Context, batch orderBatch) error {
	if len(batch.orders) == 0 && len(batch.gone) == 0 && batch.done == nil {
		return nil
	}
	err := r.lookAtBatch(ctx, batch)
	if !overflows(err) {
		return err
	}
	if len(batch.orders) > 1 {
		first, second := batch.halves()
		if err := r.lookAtOrders(ctx, first); err != nil {
			return err
		}
		return r.lookAtOrders(ctx, second)
	}
	batch.refused = err
	return r.lookAtBatch(ctx, batch)
}

// overflows reports whether amounts leave the range of 64 bits, in an account
// or in the totals that the database adds up.
func overflows(err error) bool {
	const outOfRange = 1690
	_, over := errors.AsType[*ledger.OverflowError](err)
	return over || database.Code(err) == outOfRange
}

func (r *run) lookAtBatch(ctx context.Context, batch orderBatch) error {
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.Orders(ctx, r.settings.Storage, batch.ids(), false)
		if err != nil {
			return err
		}
		return r.lookAtRecords(ctx, sn, batch, orderPage{records: records})
	})
	if err != nil {
		return fmt.Errorf("orders %s: %w", idRange(batch.ids()), err)
	}
	return nil
}

// lookAtRecords brings the ledger up to date with a batch of orders as read.
func (r *run) lookAtRecords(ctx context.Context, sn *store.Snapshot, batch orderBatch, page orderPage) error {
	var result batchResult
	err := r.update(ctx, func(tx *ledger.Tx) error {
		result = batchResult{kind: kindOrder}
		plan, err := r.planOrders(ctx, sn, tx, batch, page)
		if err != nil {
			return err
		}
		return plan.apply(ctx, &result)
	})
	if err == nil {
		r.count(result)
	}
	return err
}

// planOrders works out what the batch's orders are worth now and what is to be
// posted for it, without changing anything but frozen marks.
func (r *run) planOrders(ctx context.Context, sn *store.Snapshot, tx *ledger.Tx, batch orderBatch, page orderPage) (*orderPlan, error) {
	p := &orderPlan{run: r, batch: batch, tx: tx, byID: make(map[int64]*orderCase, len(batch.orders))}
	p.open(page)
	if err := p.readLedger(ctx); err != nil {
		return nil, err
	}
	if err := p.readUsers(ctx, sn); err != nil {
		return nil, err
	}
	if err := p.readMarks(ctx, sn); err != nil {
		return nil, err
	}
	categories, err := r.categoriesOf(ctx, sn, tx, p.cases)
	if err != nil {
		return nil, err
	}
	for _, c := range p.cases {
		if p.value(c, categories); c.failed == nil {
			c.failed = batch.refused
		}
	}
	if err := p.chooseFirstOrders(ctx); err != nil {
		return nil, err
	}
	for _, c := range p.cases {
		if c.failed == nil {
			p.post(c)
		}
	}
	return p, nil
}

func (p *orderPlan) open(page orderPage) {
	byID := make(map[int64]int, len(page.records))
	for i := range page.records {
		byID[page.records[i].Order.ID] = i
	}
	cases := make([]orderCase, 0, len(p.batch.orders)) // never grows: they are pointed to
	for _, f := range p.batch.orders {
		if p.byID[f.id] != nil {
			continue
		}
		cases = append(cases, orderCase{id: f.id, cause: f.cause})
		c := &cases[len(cases)-1]
		if i, there := byID[f.id]; there {
			c.record = &page.records[i]
			if page.valued != nil {
				c.ahead = &page.valued[i]
			}
		}
		p.byID[f.id] = c
		p.cases = append(p.cases, c)
	}
}

func (p *orderPlan) readLedger(ctx context.Context) error {
	var refunds []int64
	for _, c := range p.cases {
		if c.record != nil {
			for _, row := range c.record.Rows {
				if row.ID != c.id {
					refunds = append(refunds, row.ID)
				}
			}
		}
	}
	var rows []int64
	rows, p.new = p.run.untouched.comeToOrders(p.batch.ids(), refunds)
	var err error
	if p.seen, err = p.run.seenOrders(ctx, p.tx, rows); err != nil {
		return err
	}
	for _, c := range p.cases {
		c.seen = p.seen[c.id]
	}
	p.new = p.new && len(p.seen) == 0
	if p.new {
		p.tx.NothingPosted(orderSources, p.batch.ids())
	}
	if p.run.empty && len(p.seen) == 0 {
		// Nothing was posted before this run, no order comes twice, and this is
		// not another attempt after a COMMIT whose answer was lost.
		return nil
	}
	posted, err := p.tx.PostedUnder(ctx, orderSources, p.batch.ids())
	for source, standings := range posted {
		for id, standing := range standings {
			c := p.byID[id]
			if c.posted == nil {
				c.posted = map[ledger.Source]ledger.Posted{}
			}
			c.posted[source] = standing
		}
	}
	if err != nil {
		return err
	}
	if err := p.readReused(ctx, p.cases); err != nil {
		return err
	}
	return p.readKept(ctx, p.cases)
}

// accounts returns the users whose accounts have entries of the order, the
// one with the latest entry last.
func (c *orderCase) accounts() []int64 {
	latest := map[int64]int64{}
	for _, posted := range c.posted {
		for _, standing := range posted.Accounts {
			latest[standing.User] = max(latest[standing.User], standing.Last)
		}
	}
	users := slices.Collect(maps.Keys(latest))
	slices.SortFunc(users, func(a, b int64) int { return cmp.Compare(latest[a], latest[b]) })
	return users
}

// holds reports whether the order has points or pending points in a user's
// account.
func (c *orderCase) holds(user int64) bool {
	for _, posted := range c.posted {
		if standing := posted.Of(user); standing.Points != 0 || standing.Pending != 0 {
			return true
		}
	}
	return false
}

// readUsers finds out who of the users that matter exists and is not excluded,
// and marks their accounts accordingly.
func (p *orderPlan) readUsers(ctx context.Context, sn *store.Snapshot) error {
	var users []int64
	var emails []string
	for _, c := range p.cases {
		users = append(users, c.accounts()...)
		if c.seen != nil && c.seen.User != 0 {
			users = append(users, c.seen.User)
		}
		if c.record == nil {
			continue
		}
		if c.record.Order.Customer != 0 {
			users = append(users, c.record.Order.Customer)
		} else {
			emails = append(emails, c.record.Order.ContactEmail())
		}
	}
	var err error
	p.users, err = p.run.userStates(ctx, sn, p.tx, users, emails)
	if err != nil {
		return err
	}
	p.live, err = p.run.liveAccounts(ctx, p.tx, p.users)
	return err
}

// readMarks finds out which orders without a customer WooCommerce has made
// anonymous. Mostly their e-mail tells; the mark is read of those that belonged
// to somebody or would.
func (p *orderPlan) readMarks(ctx context.Context, sn *store.Snapshot) error {
	orders := map[int64]*program.Order{}
	for _, c := range p.cases {
		if c.record == nil {
			continue
		}
		order := &c.record.Order
		if c.seen != nil && c.seen.User != 0 || len(c.posted) > 0 || len(p.users.matches[emailKey(order.Email)]) > 0 {
			orders[c.id] = order
		}
	}
	return p.run.markAnonymised(ctx, sn, orders)
}

func idRange(ids []int64) string {
	switch len(ids) {
	case 0:
		return "none"
	case 1:
		return strconv.FormatInt(ids[0], 10)
	}
	return fmt.Sprintf("%d to %d", slices.Min(ids), slices.Max(ids))
}

// snapshot runs work over one consistent view of the store, and once more when
// the connection is lost.
func (r *run) snapshot(ctx context.Context, work func(*store.Snapshot) error) error {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		err := r.Store.Snapshot(ctx, work)
		if err == nil || attempt == attempts || !database.Retryable(err) {
			return err
		}
	}
}
