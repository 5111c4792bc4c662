package sync

import (
	"fmt"
	"slices"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// value decides by which rules the order is judged, whom it counts for and
// what it is worth.
func (p *orderPlan) value(c *orderCase, categories categoryVersions) {
	for _, source := range orderSources {
		if by := c.valuedBy(source); by.Program != 0 && (c.version == 0 || by.FactAt.Before(c.factAt)) {
			c.version, c.factAt = by.Program, by.FactAt
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

	o := c.program.OrderOwner(order, p.known(c), p.users.customer, p.users.byEmail)
	c.owner, c.counts, c.claims = o.User, o.Counts, o.Claims
	p.judgeChange(c)
	if c.owner == 0 {
		return
	}
	valued := c.ahead
	if valued == nil || valued.version != c.version {
		at := func(product int64) []program.CategoryPath { return categories.at(product, c.factAt) }
		valued = valueOrder(c.version, c.program, order, at)
	}
	c.worth = valued.worth
	if c.seen == nil && len(c.posted) == 0 {
		c.story = valued.story
	}
}

// known returns what is known of an order from before.
func (p *orderPlan) known(c *orderCase) program.Known {
	var known program.Known
	accounts := c.accounts()
	for _, user := range accounts {
		// A frozen account from which all was taken back before has no claim.
		if p.live[user] || c.holds(user) {
			known.Posted = append(known.Posted, program.Account{User: user, Frozen: !p.live[user]})
		}
	}
	switch {
	case c.seen != nil:
		known.Counted = c.seen.User
	case len(accounts) > 0: // it was seen before it was gone for a while
		known.Counted = accounts[len(accounts)-1]
	}
	return known
}

// valuedOrder is what an order is worth under a version, and how it came to
// that.
type valuedOrder struct {
	version int64 // 0: it was not valued
	worth   program.Worth
	story   []program.Step
}

func valueOrder(version int64, rules *program.Program, order *program.Order, at program.Categories) *valuedOrder {
	worth := rules.Worth(order, at)
	return &valuedOrder{version, worth, rules.StoryTo(worth, order, at)}
}

// valueAhead values orders by the versions of their times, which are those that
// count unless the ledger says otherwise; nil if that cannot be told.
func (r *run) valueAhead(records []store.OrderRecord) []valuedOrder {
	if r.anyCategoryRules { // the ledger knows the categories
		return nil
	}
	valued := make([]valuedOrder, len(records))
	for i := range records {
		order := &records[i].Order
		version := ledger.VersionAt(r.versions, program.EarnsAt(order)).ID
		rules := r.programs[version]
		if rules != nil && (order.Customer != 0 || r.anyMatch) {
			valued[i] = *valueOrder(version, rules, order, nil)
		}
	}
	return valued
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
// it was last seen. Digests of another release do not tell.
func (p *orderPlan) isNew(c *orderCase, id int64) bool {
	seen := p.seen[id]
	if seen != nil && p.run.state.Site.Digests != store.DigestVersion {
		return false
	}
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
		before, moved := len(c.taken), int64(0)
		tells := source == ledger.Purchase && len(c.story) > 0
		if c.owner != 0 && !posted.Has(c.owner) && (tells || c.worth.Of(source) != 0) {
			accounts = append(slices.Clone(accounts), ledger.Standing{User: c.owner})
		}
		for _, standing := range accounts {
			leaves := !p.live[standing.User]
			if leaves && (!c.claims || standing.Points == 0 && standing.Pending == 0) {
				continue
			}
			w := worthOf{
				user: standing.User, source: source, object: c.id, program: c.version,
				factAt: c.factAt, earnsAt: c.earnsAt, now: p.tx.Now, holdEnds: holdEnds,
				posted: standing, known: len(posted.Accounts) > 0, changedAt: c.change, cause: c.cause, leaves: leaves,
			}
			if leaves {
				w.changedAt, w.cause = p.tx.Now, causeMoved
				c.left = append(c.left, standing.User)
			}
			if standing.User == c.owner {
				w.want = c.worth.Of(source)
				if source == ledger.Purchase {
					w.story = c.story
				}
			}
			if !w.known {
				w.cause = causeEarned
			} else if source == ledger.FirstOrder && c.cause == causeRecalculated {
				w.cause = causeFirstOrder
			}
			if !leaves {
				c.refunded(&w)
			}
			c.postings = append(c.postings, w.postings()...)
			if c.wrong.fits() {
				c.wrong = w.misfit()
			}
			moved += w.given()
			if taken := w.taken(); taken > 0 {
				c.taken = append(c.taken, deduction{source: source, object: c.id, user: standing.User, points: taken})
			}
		}
		c.taken = append(c.taken[:before], notMoved(c.taken[before:], moved)...)
	}
}
