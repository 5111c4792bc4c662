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

// found is a fact that sync has to look at, with the cause if it is one that
// the fact itself does not show.
type found struct {
	id    int64
	cause string
}

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

func (b orderBatch) ids() []int64 {
	ids := make([]int64, len(b.orders))
	for i, f := range b.orders {
		ids[i] = f.id
	}
	return ids
}

var orderSources = []ledger.Source{ledger.Purchase, ledger.FirstOrder, ledger.HighSpend, ledger.Campaign}

// orderCase is one order on its way from what the store says to postings.
type orderCase struct {
	id      int64
	record  *store.OrderRecord // nil: the order is gone
	seen    *seenOrder         // nil: never seen
	posted  map[ledger.Source]ledger.Posted
	outside bool // not of this batch: only its first-order bonus is at stake

	version  int64
	program  *program.Program
	factAt   time.Time // the categories are those of this time
	earnsAt  time.Time
	counts   int64 // whom it counts for, or would: 0 nobody known
	owner    int64 // who earns; 0 nobody
	worth    program.Worth
	story    []program.Step
	first    bool // bonus of the customer's first order
	change   time.Time
	cause    string
	refund   *program.Refund // the latest that was not seen as it is now
	postings []ledger.Posting
	taken    []deduction
	wrong    []string // differences between worth and posted, for verify
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
	live  map[int64]bool // accounts that may be posted to
	first map[int64]int64
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
	var result batchResult
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.Orders(ctx, r.settings.Storage, batch.ids(), false)
		if err != nil {
			return err
		}
		return r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
			result = batchResult{}
			plan, err := r.planOrders(ctx, sn, tx, batch, records)
			if err != nil {
				return err
			}
			return plan.apply(ctx, &result)
		})
	})
	if err != nil {
		return fmt.Errorf("orders %s: %w", idRange(batch.ids()), err)
	}
	r.count(result)
	return nil
}

// planOrders works out what the batch's orders are worth now and what is to be
// posted for it, without changing anything but frozen marks.
func (r *run) planOrders(ctx context.Context, sn *store.Snapshot, tx *ledger.Tx, batch orderBatch, records []store.OrderRecord) (*orderPlan, error) {
	p := &orderPlan{run: r, batch: batch, tx: tx, byID: map[int64]*orderCase{}}
	p.open(records)
	if err := p.readLedger(ctx); err != nil {
		return nil, err
	}
	if err := p.readUsers(ctx, sn); err != nil {
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

func (p *orderPlan) open(records []store.OrderRecord) {
	byID := make(map[int64]*store.OrderRecord, len(records))
	for i := range records {
		byID[records[i].Order.ID] = &records[i]
	}
	for _, f := range p.batch.orders {
		if p.byID[f.id] != nil {
			continue
		}
		c := &orderCase{id: f.id, record: byID[f.id], cause: f.cause, posted: map[ledger.Source]ledger.Posted{}}
		p.byID[f.id] = c
		p.cases = append(p.cases, c)
	}
}

func (p *orderPlan) readLedger(ctx context.Context) error {
	rows := p.batch.ids()
	for _, c := range p.cases {
		if c.record != nil {
			for _, row := range c.record.Rows {
				rows = append(rows, row.ID)
			}
		}
	}
	var err error
	if p.seen, err = p.run.seenOrders(ctx, p.tx, rows); err != nil {
		return err
	}
	for _, c := range p.cases {
		c.seen = p.seen[c.id]
	}
	if p.run.empty && len(p.seen) == 0 {
		// Nothing was posted before this run, no order comes twice, and this is
		// not another attempt after a COMMIT whose answer was lost.
		return nil
	}
	for _, source := range orderSources {
		posted, err := p.tx.Posted(ctx, source, p.batch.ids())
		if err != nil {
			return err
		}
		for id, standing := range posted {
			p.byID[id].posted[source] = standing
		}
	}
	return nil
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
			emails = append(emails, c.record.Order.Email)
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

// value decides by which rules the order is judged, whom it counts for and
// what it is worth.
func (p *orderPlan) value(c *orderCase, categories categoryVersions) {
	for _, source := range orderSources {
		if posted := c.posted[source]; posted.Program != 0 && (c.version == 0 || posted.FactAt.Before(c.factAt)) {
			c.version, c.factAt = posted.Program, posted.FactAt
		}
	}
	if c.record == nil {
		c.change, c.cause = p.tx.Now, causeDeleted
		c.program, c.earnsAt = p.run.programs[c.version], c.factAt
		return
	}
	order := &c.record.Order
	c.earnsAt = program.EarnsAt(order)
	if c.version == 0 {
		c.version, c.factAt = ledger.VersionAt(p.run.versions, c.earnsAt).ID, c.earnsAt
	}
	if c.program = p.run.programs[c.version]; c.program == nil {
		c.failed = &MissingVersionError{Fact: fmt.Sprintf("order %d", c.id), Version: c.version}
		return
	}

	var accounts []program.Account
	for _, user := range c.accounts() {
		// A frozen account from which all was taken back before has no claim.
		if p.live[user] || c.holds(user) {
			accounts = append(accounts, program.Account{User: user, Frozen: !p.live[user]})
		}
	}
	c.owner, _ = c.program.OrderOwner(order, accounts, p.users.customer, p.users.byEmail)
	c.counts = c.owner
	if c.counts == 0 && order.Customer != 0 {
		c.counts = order.Customer
	} else if c.counts == 0 && len(accounts) > 0 {
		c.counts = accounts[len(accounts)-1].User
	}
	p.judgeChange(c)
	if c.owner == 0 {
		return
	}
	at := func(product int64) []int64 { return categories.at(product, c.factAt) }
	if c.worth, c.failed = c.program.Worth(order, at); c.failed != nil {
		return
	}
	if c.seen == nil && len(c.posted) == 0 {
		c.story, c.failed = c.program.Story(order, at)
	}
}

// judgeChange finds the date and the cause of a difference that is not the
// order's first earning.
func (p *orderPlan) judgeChange(c *orderCase) {
	order := &c.record.Order
	c.change = p.tx.Now
	cause := causeRecalculated
	if c.seen != nil {
		for i := range order.Refunds {
			if p.isNew(c, order.Refunds[i].ID) {
				c.refund = &order.Refunds[i]
			}
		}
		switch {
		case !p.isNew(c, c.id):
		case c.seen.User != 0 && c.seen.User != c.counts:
			cause = causeMoved
		default:
			cause = statusCause(order.Status)
			if !order.Modified.IsZero() {
				c.change = order.Modified
			}
		}
	}
	if c.cause == "" || c.cause == causeSettling {
		c.cause = cause
	}
}

// isNew reports whether the row of the order, or of a refund of it, is not as
// it was last seen.
func (p *orderPlan) isNew(c *orderCase, id int64) bool {
	seen := p.seen[id]
	return seen == nil || slices.ContainsFunc(c.record.Rows, func(row store.RowSums) bool {
		return row.ID == id && (row.Head != seen.Head || row.Body != seen.Body)
	})
}

// refunded dates a deduction by the refund that it comes from, if there is one.
func (c *orderCase) refunded(w *worthOf) {
	if c.refund == nil || w.taken() == 0 {
		return
	}
	w.cause = refundCause(c.refund.ID)
	if !c.refund.Created.IsZero() {
		w.changedAt = c.refund.Created
	}
}

// target returns what the order is worth to its owner under a source.
func (c *orderCase) target(source ledger.Source) int64 {
	switch source {
	case ledger.Purchase:
		return c.worth.Purchase
	case ledger.HighSpend:
		return c.worth.HighSpend
	case ledger.Campaign:
		return c.worth.Campaign
	default:
		if c.first {
			return c.program.Rules().Earn.FirstOrder.Points
		}
		return 0
	}
}

// post turns the difference between worth and posted into postings, account
// by account.
func (p *orderPlan) post(c *orderCase) {
	var holdEnds time.Time
	if c.program != nil { // else nothing is left of the order but its entries
		holdEnds, _ = c.program.HoldEnds(c.earnsAt)
	}
	for _, source := range orderSources {
		posted := c.posted[source]
		accounts := posted.Accounts
		tells := source == ledger.Purchase && len(c.story) > 0
		if c.owner != 0 && !posted.Has(c.owner) && (tells || c.target(source) != 0) {
			accounts = append(slices.Clone(accounts), ledger.Standing{User: c.owner})
		}
		for _, standing := range accounts {
			if !p.live[standing.User] {
				continue
			}
			w := worthOf{
				user: standing.User, source: source, object: c.id, program: c.version,
				factAt: c.factAt, earnsAt: c.earnsAt, now: p.tx.Now, holdEnds: holdEnds,
				posted: standing, known: len(posted.Accounts) > 0, changedAt: c.change, cause: c.cause,
			}
			if standing.User == c.owner {
				w.want = c.target(source)
				if source == ledger.Purchase {
					w.story = c.story
				}
			}
			if !w.known {
				w.cause = causeEarned
			} else if source == ledger.FirstOrder && c.cause == causeRecalculated {
				w.cause = causeFirstOrder
			}
			c.refunded(&w)
			c.postings = append(c.postings, w.postings()...)
			if wrong := w.wrong(); wrong != "" {
				c.wrong = append(c.wrong, wrong)
			}
			if taken := w.taken(); taken > 0 {
				c.taken = append(c.taken, deduction{source: source, object: c.id, user: standing.User, points: taken})
			}
		}
	}
}

// apply withholds what the brake withholds and posts the rest.
func (p *orderPlan) apply(ctx context.Context, result *batchResult) error {
	r := p.run
	p.withhold(result)
	var postings []ledger.Posting
	var done, settle, left []int64
	var seen []seenOrder
	for _, c := range p.cases {
		if c.record != nil {
			result.problems = append(result.problems, c.record.Problems...)
		}
		if c.failed != nil {
			result.failures = append(result.failures, c.failed.Error())
			continue
		}
		if result.isWithheld(kindOrder, c.id) {
			continue
		}
		postings = append(postings, c.postings...)
		if c.outside {
			continue
		}
		result.orders++
		if c.worth.Skipped != "" {
			result.skipped++
		}
		done = append(done, c.id)
		rows := c.seenRows()
		seen = append(seen, rows...)
		for _, row := range rows {
			// A refund that was another order's leaves that one.
			if before := p.seen[row.ID]; before != nil && before.Parent != 0 && before.Parent != row.Parent {
				left = append(left, before.Parent)
			}
		}
		if p.batch.settle && c.record != nil {
			settle = append(settle, c.id)
		}
	}
	entries, err := p.tx.Post(ctx, inOrder(postings))
	if err != nil {
		return err
	}
	result.countEntries(entries)
	if err := r.saveSeenOrders(ctx, p.tx, seen); err != nil {
		return err
	}
	if err := r.forgetOrders(ctx, p.tx, p.goneRows(done)); err != nil {
		return err
	}
	if err := p.saveFirstOrders(ctx, result); err != nil {
		return err
	}
	if err := p.reschedule(ctx, result); err != nil {
		return err
	}
	if r.mayHaveTodos {
		if err := r.doneTodos(ctx, p.tx, kindOrder, done); err != nil {
			return err
		}
	}
	if err := r.addTodos(ctx, p.tx, kindOrder, causeSettling, settle); err != nil {
		return err
	}
	if err := r.addTodos(ctx, p.tx, kindOrder, causeUnrefunded, left); err != nil {
		return err
	}
	if p.batch.done != nil {
		return p.batch.done(ctx, p.tx)
	}
	return nil
}

// goneRows returns the ids to forget: those of orders that were dealt with. A
// withheld one has to be found again.
func (p *orderPlan) goneRows(done []int64) []int64 {
	dealt := make(map[int64]bool, len(done))
	for _, id := range done {
		dealt[id] = true
	}
	var ids []int64
	for _, row := range p.batch.gone {
		if dealt[row.order] {
			ids = append(ids, row.id)
		}
	}
	for _, c := range p.cases {
		if c.record == nil && dealt[c.id] {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// seenRows returns what to remember of the order and its refunds.
func (c *orderCase) seenRows() []seenOrder {
	if c.record == nil {
		return nil
	}
	rows := make([]seenOrder, 0, len(c.record.Rows))
	for _, row := range c.record.Rows {
		seen := seenOrder{ID: row.ID, Parent: row.Parent, Head: row.Head, Body: row.Body}
		if row.ID == c.id {
			order := &c.record.Order
			seen.User, seen.EarnsAt = c.counts, nullTime(c.earnsAt)
			if c.owner != 0 {
				seen.Purchase = c.worth.Purchase
			}
			if order.Customer == 0 {
				seen.EmailKey = emailKey(order.Email)
			}
		}
		rows = append(rows, seen)
	}
	return rows
}

// reschedule moves the end of holdings whose earning time has moved.
func (p *orderPlan) reschedule(ctx context.Context, result *batchResult) error {
	for _, c := range p.cases {
		if c.program == nil || c.seen == nil || c.record == nil || c.outside || result.isWithheld(kindOrder, c.id) {
			continue
		}
		ends, held := c.program.HoldEnds(c.earnsAt)
		if !held || !c.seen.EarnsAt.Valid || c.seen.EarnsAt.Time.Equal(c.earnsAt) {
			continue
		}
		for _, source := range orderSources {
			if err := p.tx.Reschedule(ctx, source, c.id, ends); err != nil {
				return err
			}
		}
	}
	return nil
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
