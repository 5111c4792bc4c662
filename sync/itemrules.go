package sync

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// Rules by product and category are remembered per id, from the version of the
// programme on that brought them: a shop may have thousands, and a version that
// changes one of them is to hold that one.

const itemRuleColumns = `kind, object_id, program, gives, amount`

// itemRules returns the rules by product and category of all versions.
func (r *run) itemRules(ctx context.Context, q sqlx.QueryerContext) ([]program.ItemRule, error) {
	var rows []struct {
		Kind    string `db:"kind"`
		ID      int64  `db:"object_id"`
		Version int64  `db:"program"`
		Gives   string `db:"gives"`
		Amount  string `db:"amount"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, r.sql(`
		SELECT `+itemRuleColumns+` FROM {p}loyalty_product_rules ORDER BY kind, object_id, program`))
	if err != nil {
		return nil, fmt.Errorf("read the rules by product and category: %w", err)
	}
	rules := make([]program.ItemRule, len(rows))
	for i, row := range rows {
		rules[i] = program.ItemRule(row)
	}
	return rules, nil
}

// saveItemRules makes rules by product and category those of a new version: of
// each that it changes, brings or takes away, one row.
func (r *run) saveItemRules(ctx context.Context, tx *ledger.Tx, version int64, rules []program.ItemRule) error {
	known, err := r.itemRules(ctx, tx)
	if err != nil {
		return err
	}
	type item struct {
		kind string
		id   int64
	}
	before := map[item]program.ItemRule{} // the last of each
	for _, rule := range known {
		rule.Version = 0
		before[item{rule.Kind, rule.ID}] = rule
	}
	var rows database.Rows
	add := func(rule program.ItemRule) {
		rows.Text(rule.Kind)
		rows.Int(rule.ID)
		rows.Int(version)
		rows.Text(rule.Gives)
		rows.Text(rule.Amount)
		rows.End()
	}
	for _, rule := range rules {
		key := item{rule.Kind, rule.ID}
		if before[key] != rule {
			add(rule)
		}
		delete(before, key)
	}
	for key, rule := range before {
		if rule.Gives != "" {
			add(program.ItemRule{Kind: key.kind, ID: key.id})
		}
	}
	into := database.Table{Name: r.sql("{p}loyalty_product_rules"), Columns: []string{"kind", "object_id", "program", "gives", "amount"}}
	if err := tx.Write(ctx, into, &rows); err != nil {
		return fmt.Errorf("save the rules by product and category: %w", err)
	}
	return nil
}
