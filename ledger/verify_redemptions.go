package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// VerifyRedemptions proves that every redemption's entries sum up to what it took less what it gave back, that each stands as
// its state says, that none took a balance below zero, and that no points were
// redeemed or given back without one. It reads one consistent snapshot and
// returns at most the first 20 findings.
func (l *Ledger) VerifyRedemptions(ctx context.Context) ([]Finding, error) {
	var result Verified
	tx, err := l.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin to verify redemptions: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := l.verifyWithout(ctx, tx, &result); err != nil {
		return nil, err
	}
	const batch = 1000
	for after := int64(0); len(result.Findings) < maxFindings; {
		found, err := l.redemptions(ctx, tx, `id > ? ORDER BY id LIMIT ?`, after, batch)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			break
		}
		last := found[len(found)-1].ID
		sums, err := l.redemptionSums(ctx, tx, after, last)
		if err != nil {
			return nil, err
		}
		for i := range found {
			if what := sums[found[i].ID].problem(&found[i]); what != "" {
				result.add(Finding{User: found[i].User, What: fmt.Sprintf("redemption %d: %s", found[i].ID, what)})
			}
		}
		after = last
	}
	return result.Findings, nil
}

// verifyWithout names entries that no redemption explains.
func (l *Ledger) verifyWithout(ctx context.Context, tx *sqlx.Tx, result *Verified) error {
	of, spend := Quoted(Coupon), Quoted(TypesOf(Redeemed)...)
	var entries []Entry
	err := tx.SelectContext(ctx, &entries, l.sql(`
		SELECT `+qualified+` FROM {p}loyalty_entries e
		LEFT JOIN {p}loyalty_redemptions r ON r.id = e.object_id AND r.user_id = e.user_id AND e.source = `+of+`
		WHERE (e.source = `+of+` OR e.type IN (`+spend+`))
		  AND (r.id IS NULL OR e.type NOT IN (`+spend+`))
		ORDER BY e.id LIMIT ?`), maxFindings)
	if err != nil {
		return fmt.Errorf("look for entries without a redemption: %w", err)
	}
	for _, e := range entries {
		what := fmt.Sprintf("%s of %d points for %s %d: the account has no such redemption", e.Type, e.Points, e.Source, e.Object)
		result.add(Finding{User: e.User, Seq: e.Seq, Entry: e.ID, What: what})
	}
	return nil
}

// redemptionSum is what the entries of a redemption say.
type redemptionSum struct {
	Redemption int64 `db:"object_id"`
	Points     int64 `db:"points"`
	Below      int64 `db:"below"` // entries that took the balance below zero
}

func (l *Ledger) redemptionSums(ctx context.Context, tx *sqlx.Tx, after, last int64) (map[int64]redemptionSum, error) {
	var found []redemptionSum
	err := tx.SelectContext(ctx, &found, l.sql(`
		SELECT object_id, SUM(points) AS points, SUM(type = `+Quoted(Redeem)+` AND balance < 0) AS below
		FROM {p}loyalty_entries WHERE source = `+Quoted(Coupon)+` AND object_id > ? AND object_id <= ? GROUP BY object_id`), after, last)
	if err != nil {
		return nil, fmt.Errorf("sum up the entries of redemptions: %w", err)
	}
	sums := make(map[int64]redemptionSum, len(found))
	for _, sum := range found {
		sums[sum.Redemption] = sum
	}
	return sums, nil
}

func (s redemptionSum) problem(r *Redemption) string {
	switch what := r.problem(); {
	case what != "":
		return what
	case s.Points != r.Returned-r.Points:
		return fmt.Sprintf("%d of %d points are given back, but its entries sum up to %d", r.Returned, r.Points, s.Points)
	case s.Below != 0:
		return "it took the balance below zero"
	}
	return ""
}
