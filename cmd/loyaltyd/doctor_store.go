package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// storeSettings tells how the store is read.
func (x *examination) storeSettings(ctx context.Context) {
	settings, err := x.store.Settings(ctx)
	if err != nil {
		x.failed("store", err)
		return
	}
	storage := "WooCommerce's order tables (HPOS)"
	if settings.Storage == store.Legacy {
		storage = "posts (legacy)"
	}
	x.ok("store", "%s keeps its orders in %s, in %s", settings.Home, storage, settings.Currency)
	if users := x.store.UserTables(); settings.SharedUsers || users != database.UsersUnder(x.site.Prefix) {
		whose := "all of them are this site's"
		if settings.SharedUsers {
			whose = "this site's are those who have capabilities in it"
		}
		x.ok("users", "in %s and %s; %s", users.Users, users.Meta, whose)
	}
	x.ok("time zone", "%s, weeks from %s", settings.ZoneName, settings.StartOfWeek)
	err = x.snapshot(ctx, func(sn *store.Snapshot) error {
		on, differ, err := sn.Compatibility(ctx)
		switch {
		case err != nil:
			return err
		case differ > 0:
			x.add(warning, "storage", "let WooCommerce finish its synchronization before switching the storage (WooCommerce > Settings > Advanced > Features)",
				"compatibility mode is on, and %s not the same in both storages", count(differ, "order or refund is", "orders and refunds are"))
		case on:
			x.ok("storage", "compatibility mode is on, both storages agree")
		}
		return nil
	})
	if err != nil {
		x.failed("storage", err)
	}
}

const (
	clockSlack = 30 * time.Second // what clocks may differ without a word
	siteSlack  = 2 * time.Minute
)

// clocks compares the clocks of this machine, the databases and the site.
func (x *examination) clocks(ctx context.Context) {
	for _, s := range x.servedBy() {
		before := time.Now()
		var theirs time.Time
		if err := s.db.GetContext(ctx, &theirs, `SELECT UTC_TIMESTAMP(6)`); err != nil {
			x.failed("clock", fmt.Errorf("ask the %s's database for the time: %w", s.name, err))
			continue
		}
		skew := theirs.Sub(before.Add(time.Since(before) / 2))
		if skew.Abs() > clockSlack {
			x.add(warning, "clock", "set both machines' clocks by NTP; loyaltyd goes by the database's",
				"the %s's database is %s %s this machine", s.name, ago(skew.Abs()), aheadOf(skew))
		} else {
			x.ok("clock", "the %s's database and this machine agree", s.name)
		}
	}
	err := x.snapshot(ctx, func(sn *store.Snapshot) error {
		settings, err := x.store.Settings(ctx)
		if err != nil {
			return err
		}
		changed, now, err := sn.LatestChange(ctx, settings.Storage)
		if ahead := changed.Sub(now); err == nil && ahead > siteSlack {
			x.add(warning, "clock", "set the web server's clock by NTP, or look at what dated that order",
				"an order was changed %s in the future: the site's clock is ahead, or was", ago(ahead))
		}
		return err
	})
	if err != nil {
		x.failed("clock", err)
	}
}

func aheadOf(skew time.Duration) string {
	if skew > 0 {
		return "ahead of"
	}
	return "behind"
}

// earns reports whether orders of that status, as it is stored, can earn under
// the rules.
func earns(purchase *program.Purchase, status string) bool {
	names := func(listed string) bool { return program.StoredStatus(listed) == status }
	if slices.ContainsFunc(purchase.Statuses, names) {
		return true
	}
	if !program.CustomStatus(status) {
		return false
	}
	switch purchase.CustomStatuses.Mode {
	case program.CustomEarn:
		return true
	case program.CustomList:
		return slices.ContainsFunc(purchase.CustomStatuses.List, names)
	}
	return false
}

// sampleOrders is how many of the newest orders are read for odd amounts.
const sampleOrders = 500

// orders looks for orders that would earn but cannot, and for statuses that
// the programme names in vain.
func (x *examination) orders(ctx context.Context) {
	settings, err := x.store.Settings(ctx)
	if err != nil {
		x.failed("orders", err)
		return
	}
	err = x.snapshot(ctx, func(sn *store.Snapshot) error {
		kinds, err := sn.OrderKinds(ctx, settings.Storage)
		if err != nil {
			return err
		}
		had, err := x.storeCurrencies(ctx, settings)
		if err != nil {
			return err
		}
		x.currencies(kinds, had)
		x.statuses(kinds)
		if err := x.namedOrders(ctx, sn, settings.Storage); err != nil {
			return err
		}
		ids, err := sn.LatestOrders(ctx, settings.Storage, sampleOrders)
		if err != nil {
			return err
		}
		records, err := sn.Orders(ctx, settings.Storage, ids, false)
		if err != nil {
			return err
		}
		var dates []string
		for i := range records {
			if !records[i].Undated {
				dates = append(dates, records[i].Dates...)
			}
		}
		const shown = 3
		if len(dates) > 0 {
			x.add(warning, "dates", "correct them in WooCommerce; until then they count as missing",
				"%s cannot be read among the newest %s: %s", count(int64(len(dates)), "date", "dates"),
				count(int64(len(records)), "order", "orders"), strings.Join(dates[:min(len(dates), shown)], "; "))
		}
		odd, err := x.oddAmounts(ctx, sn, settings, records)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			x.ok("amounts", "there are no orders yet")
			return nil
		}
		if len(odd) == 0 {
			x.ok("amounts", "the newest %s can be read", count(int64(len(records)), "order", "orders"))
			return nil
		}
		x.add(warning, "amounts", "correct the orders in WooCommerce; until then these amounts count as 0",
			"%s cannot be read, or cannot be meant, among the newest %s: %s", count(int64(len(odd)), "amount", "amounts"),
			count(int64(len(records)), "order", "orders"), strings.Join(odd[:min(len(odd), shown)], "; "))
		return nil
	})
	if err != nil {
		x.failed("orders", err)
	}
}

// namedOrders names orders without any date, and those of customers who do not
// exist.
func (x *examination) namedOrders(ctx context.Context, sn *store.Snapshot, storage store.Storage) error {
	const shown = 10
	undated, err := sn.Undated(ctx, storage, shown)
	if err != nil {
		return err
	}
	if undated.Count > 0 {
		x.add(warning, "dates", "give them a date of creation in WooCommerce; until then they count as of 1970-01-01, before any program.starts",
			"%s without any date: %s", count(undated.Count, "order", "orders"), orderNumbers(undated))
	} else {
		x.ok("dates", "every order has a date")
	}
	ownerless, err := sn.WithoutCustomer(ctx, storage, shown)
	if err == nil && ownerless.Count > 0 {
		x.add(warning, "customers", "choose the customer again in WooCommerce, or none; until then they earn for nobody",
			"%s of customers who are no users of WordPress: %s", count(ownerless.Count, "order", "orders"), orderNumbers(ownerless))
	}
	return err
}

// orderNumbers names orders by their numbers.
func orderNumbers(some store.Some) string {
	names := make([]string, len(some.IDs))
	for i, id := range some.IDs {
		names[i] = fmt.Sprintf("#%d", id)
	}
	text := strings.Join(names, ", ")
	if some.Count > int64(len(some.IDs)) {
		text += " …"
	}
	return text
}

// oddAmounts names what counts as 0 because nobody means so much, or because it
// cannot be read: whole orders first.
func (x *examination) oddAmounts(ctx context.Context, sn *store.Snapshot, settings store.Settings, records []store.OrderRecord) ([]string, error) {
	rules, err := program.Compile(x.programme().config.Program.Rules, program.Site{
		Zone: settings.Zone, Currency: settings.Currency, Decimals: settings.Decimals,
	})
	if err != nil {
		return nil, err
	}
	var products []int64
	for i := range records {
		for j := range records[i].Order.Lines {
			products = append(products, records[i].Order.Lines[j].Product)
		}
	}
	categories, err := sn.Categories(ctx, products)
	if err != nil {
		return nil, err
	}
	var odd, amounts []string
	for i := range records {
		order := &records[i].Order
		amounts = append(amounts, records[i].Problems...)
		worth := rules.Worth(order, func(product int64) []program.CategoryPath { return categories[product] })
		if problem := worth.Problem(order.ID); problem != "" {
			odd = append(odd, problem)
		}
	}
	return append(odd, amounts...), nil
}

// storeCurrencies returns the codes of the currencies that the store has and
// had, in capitals, and says so if it changed.
func (x *examination) storeCurrencies(ctx context.Context, settings store.Settings) (map[string]bool, error) {
	had := map[string]bool{"": true, strings.ToUpper(settings.Currency): true}
	known, err := x.engine.StoreCurrencies(ctx)
	const noTable = 1146
	if err != nil && database.Code(err) != noTable {
		return nil, err
	}
	for _, c := range known {
		had[strings.ToUpper(c.Code)] = true
	}
	perUnit := x.programme().config.Program.Redeem.PointsPerUnit
	for i := len(known) - 1; i > 0; i-- {
		now, former := known[i], known[i-1]
		if now.Code != former.Code { // else only the decimals changed
			x.ok("store currency", "%s until %s, %s since; %s points are worth 1 %s now and were worth 1 %s: program.redeem.points_per_unit says how many",
				former.Code, now.Seen.In(settings.Zone).Format(time.DateOnly), now.Code, perUnit.Text('f'), now.Code, former.Code)
			break
		}
	}
	return had, nil
}

// currencies counts the orders that earn nothing for want of a rate. Those in a
// currency that the store once had are left out: most of them earned then.
func (x *examination) currencies(kinds []store.OrderKind, had map[string]bool) {
	rules := &x.programme().config.Program.Rules
	missing := map[string]int64{}
	for _, k := range kinds {
		code := strings.ToUpper(k.Currency)
		_, hasRate := rules.Earn.Purchase.Currencies[code]
		if !had[code] && !hasRate && earns(&rules.Earn.Purchase, k.Status) && (!k.Guest || rules.Guests == "match_email") {
			missing[code] += k.Orders
		}
	}
	if len(missing) == 0 {
		x.ok("currencies", "every currency of orders that can earn has a rate")
		return
	}
	var counts []string
	for _, code := range slices.Sorted(maps.Keys(missing)) {
		counts = append(counts, fmt.Sprintf("%s in %s", count(missing[code], "order", "orders"), code))
	}
	x.add(warning, "currencies", "set program.earn.purchase.currencies, or leave them without points",
		"no rate for %s", strings.Join(counts, ", "))
}

// statuses names listed statuses that no order has, which may be misspelt.
func (x *examination) statuses(kinds []store.OrderKind) {
	purchase := &x.programme().config.Program.Rules.Earn.Purchase
	there := map[string]bool{}
	for _, k := range kinds {
		there[k.Status] = true
	}
	var custom []string
	for _, status := range slices.Sorted(maps.Keys(there)) {
		if program.CustomStatus(status) {
			custom = append(custom, status)
		}
	}
	var unused []string
	for _, status := range append(slices.Clone(purchase.Statuses), purchase.CustomStatuses.List...) {
		if program.CustomStatus(status) && !there[program.StoredStatus(status)] {
			unused = append(unused, status)
		}
	}
	if len(unused) > 0 {
		advice := "check the spelling"
		if len(custom) > 0 {
			advice += "; custom statuses of orders here: " + strings.Join(custom, ", ")
		}
		x.add(warning, "statuses", advice, "no order has the status %s", strings.Join(unused, ", "))
	}
}

// rules looks for rules that cannot do what they seem to.
func (x *examination) rules(ctx context.Context) {
	p := &x.programme().config.Program
	if problem := x.programme().problem; problem != "" {
		x.add(failure, "programme", "correct it on the Loyalty page's Settings tab", "the programme in WordPress is not used, the last good one stays in force: %s", problem)
	}
	before := len(x.findings)
	purchase := &p.Rules.Earn.Purchase
	if len(purchase.Products) > 0 {
		ids := slices.Sorted(maps.Keys(purchase.Products))
		err := x.snapshot(ctx, func(sn *store.Snapshot) error {
			there, err := sn.Categories(ctx, ids)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if _, exists := there[id]; !exists {
					x.add(warning, "programme", "check program.earn.purchase.products", "there is no product %d, for which there is a rule", id)
				}
			}
			return nil
		})
		if err != nil {
			x.failed("programme", err)
		}
	}
	if p.Redeem.PointsPerUnit.IsZero() {
		x.add(warning, "programme", "set program.redeem.points_per_unit if points are worth money", "points have no value")
	}
	if purchase.PointsPerUnit.IsZero() && len(purchase.Products) == 0 && len(purchase.Categories) == 0 {
		x.add(warning, "programme", "set program.earn.purchase.points_per_unit", "no purchase earns points")
	}
	if len(x.findings) == before {
		x.ok("programme", "nothing odd in the rules (%s)", x.programme().says())
	}
}
