package sync

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// EstimateOrder is an order that does not exist yet, as a cart shows it.
// Amounts are exact.
type EstimateOrder struct {
	User        int64  // 0: a guest
	Currency    string // the store's when empty
	Lines       []program.Line
	Shipping    apd.Decimal
	ShippingTax apd.Decimal
	Fees        []program.Fee
}

// estimateSources are those of orders, as an estimate lists them: what the
// contents earn first, the others by name.
var estimateSources = func() []ledger.Source {
	sources := ledger.SourcesOf(ledger.ObjectOrder)
	slices.Sort(sources[1:])
	return sources
}()

// Estimate is what an order would earn.
type Estimate struct {
	Points  int64
	Sources []EstimateSource // purchase always, the others if they earn
	Why     []string         // the arithmetic, for people
}

// EstimateSource is the part of an estimate under one source.
type EstimateSource struct {
	Source ledger.Source
	Points int64
}

// Estimate returns what an order would earn if it were placed and paid now, by
// rules or, if they are nil, by those configured. It reads the categories of
// its products from the store. A guest is taken for a customer who registers:
// these would be his first points. Nothing is written.
func (e *Engine) Estimate(ctx context.Context, order EstimateOrder, rules *program.Rules) (*Estimate, error) {
	settings, err := e.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if rules == nil {
		rules = &e.Programme.Rules
	}
	compiled, err := program.Compile(*rules, program.Site{Zone: settings.Zone, Currency: settings.Currency, Decimals: settings.Decimals})
	if err != nil {
		return nil, err
	}
	facts, err := e.estimateFacts(ctx, order)
	if err != nil {
		return nil, err
	}
	if facts.excluded {
		return &Estimate{
			Sources: []EstimateSource{{Source: ledger.Purchase}},
			Why:     []string{"The customer is excluded from the programme: 0 points."},
		}, nil
	}
	placed := order.placed(facts.now, settings, compiled)
	for i := range placed.Lines {
		if line := &placed.Lines[i]; line.Name == "" {
			line.Name = facts.names[line.Product]
		}
	}
	categories := func(product int64) []program.CategoryPath { return facts.categories[product] }
	worth := compiled.Worth(placed, categories)
	estimate := &Estimate{Why: compiled.Explain(placed, categories)[1:]} // without its number and status
	if worth.Of(ledger.Purchase) != 0 && !facts.earned {
		compiled.AddFirstOrder(&worth)
	}
	if bonus := worth.Of(ledger.FirstOrder); bonus != 0 {
		estimate.Why = append(estimate.Why, fmt.Sprintf("And it would be the customer's first order: %d points more.", bonus))
	}
	for _, source := range estimateSources {
		part := EstimateSource{source, worth.Of(source)}
		estimate.Points += part.Points
		if part.Points != 0 || part.Source == ledger.Purchase {
			estimate.Sources = append(estimate.Sources, part)
		}
	}
	return estimate, nil
}

// placed is the order as it would be, paid now and in a status that earns if
// there is one.
func (o *EstimateOrder) placed(now time.Time, settings store.Settings, p *program.Program) *program.Order {
	placed := &program.Order{
		Customer: o.User, Currency: o.Currency, Status: "completed", Created: now, Paid: now, Completed: now,
		Lines: slices.Clone(o.Lines), Shipping: o.Shipping, ShippingTax: o.ShippingTax, Fees: o.Fees,
	}
	if statuses := p.Rules().Earn.Purchase.Statuses; len(statuses) > 0 && !slices.Contains(statuses, placed.Status) {
		placed.Status = statuses[0]
	}
	if placed.Currency == "" {
		placed.Currency = settings.Currency
	}
	for i := range placed.Lines {
		placed.Lines[i].ID = int64(i) + 1
	}
	placed.Total = placed.Bought()
	return placed
}

// estimateFacts are what is known of a customer and of products now.
type estimateFacts struct {
	now        time.Time // the database's clock
	excluded   bool
	earned     bool // by an order before
	categories map[int64][]program.CategoryPath
	names      map[int64]string
}

func (e *Engine) estimateFacts(ctx context.Context, order EstimateOrder) (facts estimateFacts, err error) {
	products := make([]int64, len(order.Lines))
	for i := range order.Lines {
		products[i] = order.Lines[i].Product
	}
	err = e.Store.Snapshot(ctx, func(sn *store.Snapshot) error {
		facts = estimateFacts{}
		if order.User != 0 {
			users, err := sn.UsersByID(ctx, []int64{order.User})
			if err != nil {
				return err
			}
			facts.excluded = len(users) == 1 && e.Programme.Exclusion.Excludes(&users[0].User)
		}
		var err error
		if facts.categories, err = sn.Categories(ctx, products); err != nil {
			return err
		}
		facts.names, err = sn.ProductNames(ctx, products)
		return err
	})
	if err != nil {
		return facts, err
	}
	err = e.LedgerDB.QueryRowxContext(ctx, e.Prefix.SQL(`
		SELECT UTC_TIMESTAMP(6), EXISTS (SELECT 1 FROM {p}loyalty_seen_orders WHERE user_id = ? AND purchase > 0)
			OR EXISTS (SELECT 1 FROM {p}loyalty_kept_orders WHERE user_id = ? AND source = ? AND points > 0)`),
		order.User, order.User, ledger.FirstOrder).Scan(&facts.now, &facts.earned)
	if err != nil {
		return facts, fmt.Errorf("look for orders of user %d: %w", order.User, err)
	}
	return facts, nil
}
