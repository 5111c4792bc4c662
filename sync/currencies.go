package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// The store's currency, with the decimals of its prices, is remembered over
// time, as the categories of products are: an order that earned in what was the
// store's currency then keeps its points when the shop moves to another one.

type currencyVersion struct {
	Version    int64           `db:"version"`
	Currency   string          `db:"currency"`
	Decimals   int             `db:"decimals"`
	FormerSeen ledger.NullTime `db:"former_until"`
	Seen       ledger.NullTime `db:"effective_at"`
}

func (r *run) currencyVersions(ctx context.Context, q sqlx.QueryerContext) ([]currencyVersion, error) {
	var versions []currencyVersion
	err := sqlx.SelectContext(ctx, q, &versions, r.sql(`
		SELECT version, currency, decimals, former_until, effective_at FROM {p}loyalty_store_currencies ORDER BY version`))
	if err != nil {
		return nil, fmt.Errorf("read the store's currencies: %w", err)
	}
	return versions, nil
}

// storeCurrencies returns the currencies that the store had, the first one
// first.
func (r *run) storeCurrencies(ctx context.Context, q sqlx.QueryerContext) ([]program.StoreCurrency, error) {
	versions, err := r.currencyVersions(ctx, q)
	if err != nil {
		return nil, err
	}
	currencies := make([]program.StoreCurrency, len(versions))
	for i, v := range versions {
		currencies[i] = program.StoreCurrency{Code: v.Currency, Decimals: v.Decimals, FormerSeen: v.FormerSeen.Time, Seen: v.Seen.Time}
	}
	return currencies, nil
}

// StoreCurrencies returns the currencies that the store had as far as runs saw
// them, the first one first and today's last; none before the first run.
func (e *Engine) StoreCurrencies(ctx context.Context) ([]program.StoreCurrency, error) {
	r := &run{Engine: e}
	return r.storeCurrencies(ctx, e.LedgerDB)
}

// noteCurrency remembers the store's currency if it is not the one that was
// seen last.
func (r *run) noteCurrency(ctx context.Context) error {
	versions, err := r.currencyVersions(ctx, r.ledger.DB())
	if err != nil {
		return err
	}
	next := currencyVersion{Version: int64(len(versions)) + 1, Currency: r.settings.Currency, Decimals: r.settings.Decimals}
	if len(versions) > 0 {
		last := versions[len(versions)-1]
		if last.Currency == next.Currency && last.Decimals == next.Decimals {
			return nil
		}
		// Orders are dated by the second.
		next.FormerSeen, next.Seen = nullTime(r.state.Looked.Truncate(time.Second)), nullTime(r.clock)
		if last.Currency != next.Currency {
			r.summary.Notes = append(r.summary.Notes, fmt.Sprintf(
				"the store's currency was %s and is %s now: orders in %s of before keep their points, whose value is counted in %s from now on (program.redeem.points_per_unit says how much one is worth)",
				last.Currency, next.Currency, last.Currency, next.Currency))
		}
	}
	return r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		_, err := tx.ExecContext(ctx, r.sql(`
			INSERT INTO {p}loyalty_store_currencies (version, currency, decimals, former_until, effective_at) VALUES (?, ?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE version = version`), next.Version, next.Currency, next.Decimals, next.FormerSeen, next.Seen)
		if err != nil {
			return fmt.Errorf("remember the store's currency: %w", err)
		}
		return nil
	})
}
