package main

import (
	"context"
	"fmt"

	"loyaltyd/reports"
)

// namedDebts is how many of the frozen accounts below zero doctor names.
const namedDebts = 10

// debts names the frozen accounts below zero and who has the orders now that
// they were paid for.
func (x *examination) debts(ctx context.Context) {
	debts, err := x.engine.Debts(ctx, namedDebts)
	if err != nil {
		x.failed("frozen accounts", err)
		return
	}
	for _, d := range debts {
		what := fmt.Sprintf("account %d stands at %s", d.User, reports.Number(d.Balance))
		if d.Receiver == 0 {
			x.add(warning, "frozen accounts", fmt.Sprintf("`loyaltyd merge %d USER` moves the debt to a customer, `loyaltyd adjust` forgives it", d.User), "%s", what)
			continue
		}
		x.add(warning, "frozen accounts", fmt.Sprintf("`loyaltyd merge %d %d` moves the debt there", d.User, d.Receiver),
			"%s; its orders are those of user %d now", what, d.Receiver)
	}
}
