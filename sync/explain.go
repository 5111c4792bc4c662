package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// Explanation is why a customer has the points that he has.
type Explanation struct {
	User     int64            `json:"user"`
	Exists   bool             `json:"exists"`
	Excluded bool             `json:"excluded"`
	Account  ledger.Account   `json:"account"`
	Entries  []ExplainedEntry `json:"entries"` // in the order of recording
	Facts    []ExplainedFact  `json:"facts"`   // in the order of their first entry

	user *program.User // nil: there is none
}

// ExplainedEntry is an entry with its cause and note in words.
type ExplainedEntry struct {
	ledger.Entry
	Why   string `json:"why"`
	Note  string `json:"note,omitempty"`
	Actor string `json:"actor,omitempty"`
}

// ExplainedFact is an order, review, comment or sign-up with the arithmetic of what it
// is worth today, or a redemption with what became of its coupon.
type ExplainedFact struct {
	Kind    string    `json:"kind"` // order, review, comment, user or redemption
	ID      int64     `json:"id"`
	Program int64     `json:"program"`        // version it is judged by; 0: none, the redemption
	Since   time.Time `json:"since,omitzero"` // from when on the version counts; zero: from the beginning
	Posted  int64     `json:"posted"`         // points and pending points of all its entries
	Lines   []string  `json:"lines"`
}

// Explain returns the whole history of one account with its causes, and of
// each fact behind it the rule and the arithmetic.
func (e *Engine) Explain(ctx context.Context, user int64) (*Explanation, error) {
	r, err := e.reader(ctx)
	if err != nil {
		return nil, err
	}
	x := &Explanation{User: user}
	if x.Account, err = r.ledger.Account(ctx, user); err != nil {
		return nil, err
	}
	if err := r.explainEntries(ctx, x); err != nil {
		return nil, err
	}
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		users, err := sn.UsersByID(ctx, []int64{user})
		if err != nil {
			return err
		}
		x.Facts, x.user = nil, nil
		if len(users) == 1 {
			x.user = &users[0].User
			x.Exists, x.Excluded = true, r.exclusion.Excludes(x.user)
		}
		for _, k := range kinds() {
			if err := k.explain(r, ctx, sn, x); err != nil {
				return err
			}
		}
		return nil
	})
	return x, err
}

// ErrNotSynced says that there is nothing to explain yet.
var ErrNotSynced = errors.New("nothing has been synced yet: run loyaltyd sync first")

// reader returns a run that can only read: it has no lease.
func (e *Engine) reader(ctx context.Context) (*run, error) {
	settings, err := e.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{
		Engine: e, settings: settings, exclusion: e.Programme.Exclusion, brake: newBrake(), summary: newSummary(Increment),
		ledger: ledger.Open(e.LedgerDB, e.Prefix, ledger.Options{Zone: settings.Zone, Clamp: e.Programme.Clamp}),
	}
	if r.versions, err = r.ledger.Versions(ctx); err != nil {
		return nil, err
	}
	if len(r.versions) == 0 {
		return nil, ErrNotSynced
	}
	return r, r.compileVersions(ctx)
}

func (r *run) explainEntries(ctx context.Context, x *Explanation) error {
	notes, err := r.ledger.Notes(ctx, x.User)
	if err != nil {
		return err
	}
	const page = 1000
	for after := int64(0); ; {
		entries, err := r.ledger.Entries(ctx, x.User, after, page)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			after = entry.Seq
			note := notes[entry.ID]
			x.Entries = append(x.Entries, ExplainedEntry{Entry: entry, Why: why(&entry), Note: note.Note, Actor: note.Actor})
		}
		if len(entries) < page {
			return nil
		}
	}
}

// kindReview is what a comment that earned as a review is explained as.
const kindReview = string(ledger.ObjectReview)

// Title returns how people see what the fact is.
func (f *ExplainedFact) Title() string {
	if k, known := kindOf(f.Kind); known {
		return k.title
	}
	return ledger.Object(f.Kind).Label()
}

// causes says in words what made an entry necessary, and redemptionCauses what
// moved the points of a coupon.
var (
	causes = map[string]string{
		causeDeleted:      "the order was deleted",
		causeMoved:        "the order belongs to another customer now",
		causeFirstOrder:   "another order is the customer's first now",
		causeRecalculated: "found by a sweep: the store had changed without a date",
		causeLive:         "the account is live again",
		causeEmail:        "a guest order with the customer's e-mail",
		causeComment:      "the comment's approval, author or post changed, or another comment is the first now",
	}
	redemptionCauses = map[string]string{
		program.CauseCouponExpired: "the coupon expired unused",
		program.CauseCouponDeleted: "the coupon was deleted unused",
		program.CauseCouponAlive:   "the coupon is valid again",
		program.CauseCouponFree:    "the coupon is free again, whole",
		program.CauseCouponUsed:    "an order uses the coupon after all",
		program.CauseOrderEnded:    "the order that the coupon paid came to nothing",
		program.CauseUnrefunded:    "a refund of the order that the coupon paid was deleted",
		"redeemed":                 "spent on a coupon",
	}
)

// why says in words what made an entry necessary.
func why(e *ledger.Entry) string {
	refund, isRefund := strings.CutPrefix(e.Cause, "refund ")
	status, isStatus := strings.CutPrefix(e.Cause, "status ")
	words := causes
	switch {
	case e.Source == ledger.Clamp:
		return "the balance is kept from falling below zero"
	case e.Source == ledger.Coupon && isRefund:
		return "the order that the coupon paid was refunded: refund #" + refund
	case e.Source == ledger.Coupon:
		words = redemptionCauses
	case e.Cause == causeEarned && e.Type == ledger.Hold:
		return "earned, held for a while"
	case isRefund:
		return "because of refund #" + refund
	case isStatus:
		return fmt.Sprintf("the order changed; its status was %q", status)
	}
	if text, known := words[e.Cause]; known {
		return text
	}
	return e.Cause
}

// factsOf returns the objects of the sources in the order of their first
// entry, with what is posted for them in this account.
func (x *Explanation) factsOf(sources []ledger.Source) (ids []int64, posted map[int64]*ExplainedFact) {
	posted = map[int64]*ExplainedFact{}
	for i := range x.Entries {
		entry := &x.Entries[i].Entry
		if !slices.Contains(sources, entry.Source) {
			continue
		}
		fact := posted[entry.Object]
		if fact == nil {
			fact = &ExplainedFact{ID: entry.Object}
			posted[entry.Object] = fact
			ids = append(ids, entry.Object)
		}
		fact.Program = entry.Program
		fact.Posted += entry.Points + entry.Pending
	}
	return ids, posted
}

// posted returns the points and pending points of an object's entries.
func (x *Explanation) posted(source ledger.Source, object int64) (sum int64) {
	for i := range x.Entries {
		if entry := &x.Entries[i].Entry; entry.Source == source && entry.Object == object {
			sum += entry.Points + entry.Pending
		}
	}
	return sum
}

// earned says whether any entry of an object has that source.
func (x *Explanation) earned(source ledger.Source, object int64) bool {
	return slices.ContainsFunc(x.Entries, func(e ExplainedEntry) bool { return e.Source == source && e.Object == object })
}

func (x *Explanation) factAt(fact *ExplainedFact, sources []ledger.Source) time.Time {
	for i := range slices.Backward(x.Entries) {
		entry := &x.Entries[i].Entry
		if entry.Object == fact.ID && slices.Contains(sources, entry.Source) && entry.FactAt.Valid {
			return entry.FactAt.Time
		}
	}
	return time.Time{}
}

func (r *run) since(version int64) time.Time {
	for _, v := range r.versions {
		if v.ID == version {
			return v.From.Time
		}
	}
	return time.Time{}
}

func (r *run) explainOrders(ctx context.Context, sn *store.Snapshot, x *Explanation) error {
	ids, facts := x.factsOf(orderSources)
	for page := range slices.Chunk(ids, pageOrders) {
		records, err := sn.Orders(ctx, r.settings.Storage, page, true)
		if err != nil {
			return err
		}
		there := make(map[int64]*program.Order, len(records))
		var products []int64
		for i := range records {
			order := &records[i].Order
			there[order.ID] = order
			for j := range order.Lines {
				products = append(products, order.Lines[j].Product)
			}
		}
		slices.Sort(products)
		categories, err := r.readCategories(ctx, r.ledger.DB(), slices.Compact(products))
		if err != nil {
			return err
		}
		if err := r.markAnonymised(ctx, sn, there); err != nil {
			return err
		}
		kept, err := r.keptOf(ctx, x.User, page)
		if err != nil {
			return err
		}
		for _, id := range page {
			fact := facts[id]
			fact.Kind, fact.Since = kindOrder, r.since(fact.Program)
			p, order := r.programs[fact.Program], there[id]
			switch {
			case order == nil && kept[id]:
				fact.Lines = []string{"The order is no longer in the store: it keeps the points that it had (program.deleted_orders)."}
			case order == nil:
				fact.Lines = []string{"The order is no longer in the store: it is worth nothing."}
			case p == nil:
				fact.Lines = []string{fmt.Sprintf("Program version %d is missing from the ledger.", fact.Program)}
			default:
				at := x.factAt(fact, orderSources)
				fact.Lines = p.Explain(order, func(product int64) []program.CategoryPath { return categories.at(product, at) })
				if bonus := x.posted(ledger.FirstOrder, id); bonus != 0 {
					fact.Lines = append(fact.Lines, fmt.Sprintf("And it is the customer's first order: %d points more.", bonus))
				}
				if kept[id] {
					fact.Lines = append(fact.Lines, "Its number was another order's before, which was deleted and keeps the points that it had.")
				}
				switch {
				case order.Anonymised():
					fact.Lines = append(fact.Lines, "WooCommerce removed its personal data: it stays with the customer for whom it counted before.")
				case order.Customer != 0 && order.Customer != x.User:
					fact.Lines = append(fact.Lines, fmt.Sprintf("It belongs to customer %d now.", order.Customer))
				}
			}
			x.Facts = append(x.Facts, *fact)
		}
	}
	return nil
}

// markAnonymised reads which of the orders without a customer WooCommerce has
// made anonymous.
func (r *run) markAnonymised(ctx context.Context, sn *store.Snapshot, orders map[int64]*program.Order) error {
	var ids []int64
	for id, order := range orders {
		if order.Customer == 0 && !order.Anonymised() {
			ids = append(ids, id)
		}
	}
	marked, err := sn.Anonymised(ctx, r.settings.Storage, ids)
	for _, id := range marked {
		orders[id].Marked = true
	}
	return err
}

func (r *run) explainComments(ctx context.Context, sn *store.Snapshot, x *Explanation) error {
	ids, facts := x.factsOf(commentSources)
	records, err := sn.CommentsByID(ctx, ids)
	if err != nil {
		return err
	}
	there := make(map[int64]*program.Comment, len(records))
	for i := range records {
		there[records[i].Comment.ID] = &records[i].Comment
	}
	for _, id := range ids {
		fact := facts[id]
		fact.Kind, fact.Since = kindComment, r.since(fact.Program)
		if x.earned(ledger.ProductReview, id) {
			fact.Kind = kindReview
		}
		p, comment := r.programs[fact.Program], there[id]
		switch {
		case comment == nil:
			fact.Lines = []string{fmt.Sprintf("The %s was deleted: it is worth nothing.", fact.Kind)}
		case p != nil:
			fact.Lines = explainComment(p, comment)
		}
		x.Facts = append(x.Facts, *fact)
	}
	return nil
}

func explainComment(p *program.Program, c *program.Comment) []string {
	what := "Comment %d on post %d: approved state %q."
	if c.PostType == "product" {
		what = "Review %d of product %d: approved state %q."
	}
	head := fmt.Sprintf(what, c.ID, c.Post, c.Approved)
	source, points := p.Comment(c)
	if source == "" {
		return []string{head, "It does not meet every condition: 0 points."}
	}
	return []string{head, fmt.Sprintf("The customer's earliest one there earns %d points.", points)}
}

func (r *run) explainSignup(_ context.Context, _ *store.Snapshot, x *Explanation) error {
	if x.user == nil {
		return nil
	}
	ids, facts := x.factsOf([]ledger.Source{ledger.Signup})
	for _, id := range ids {
		fact := facts[id]
		fact.Kind, fact.Since = kindUser, r.since(fact.Program)
		if p := r.programs[fact.Program]; p != nil {
			fact.Lines = []string{fmt.Sprintf("Registered %s UTC: %d points.", x.user.Registered.Format(time.DateTime), p.Signup(x.user))}
		}
		x.Facts = append(x.Facts, *fact)
	}
	return nil
}
