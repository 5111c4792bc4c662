package sync

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
)

// Debt is a frozen account that is below zero, mostly because points had been
// spent when the orders that they came from went to another customer.
type Debt struct {
	ledger.Debt
	Receiver int64 // the live customer who has most of these orders now; 0: none is known
}

// Debts returns frozen accounts that are below zero, the lowest first, at most
// limit of them. Their sum can be moved with the ledger's Merge.
func (e *Engine) Debts(ctx context.Context, limit int) ([]Debt, error) {
	found, err := ledger.Open(e.LedgerDB, e.Prefix, ledger.Options{}).Debts(ctx, limit)
	if err != nil {
		return nil, err
	}
	query, args, err := sqlx.In(e.Prefix.SQL(`
		SELECT s.user_id FROM {p}loyalty_entries t
		JOIN {p}loyalty_seen_orders s ON s.id = t.object_id AND s.user_id <> t.user_id
		JOIN {p}loyalty_accounts a ON a.user_id = s.user_id AND a.frozen = 0
		WHERE t.user_id = ? AND t.source IN (?) AND t.cause = ?
		GROUP BY s.user_id ORDER BY SUM(t.points), s.user_id LIMIT 1`), 0, orderSources, causeMoved)
	if err != nil {
		return nil, fmt.Errorf("look for who has the orders of an account: %w", err)
	}
	debts := make([]Debt, len(found))
	for i, debt := range found {
		debts[i].Debt, args[0] = debt, debt.User
		err := e.LedgerDB.GetContext(ctx, &debts[i].Receiver, query, args...)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("look for who has the orders of account %d: %w", debt.User, err)
		}
	}
	return debts, nil
}
