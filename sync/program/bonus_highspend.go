package program

import "loyaltyd/ledger"

// highSpend gives the points of the highest threshold that the bases after
// refunds reach.
var highSpend = orderBonus{source: ledger.HighSpend, compile: compileThresholds}

type threshold struct {
	amount number
	points int64
}

type thresholds []threshold

func compileThresholds(p *Program) (bonusValue, error) {
	var all thresholds
	for i := range p.rules.Earn.HighSpend {
		t := &p.rules.Earn.HighSpend[i]
		all = append(all, threshold{numberOf(&t.Amount), t.Points})
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all.value, nil
}

func (all thresholds) value(o bonusOrder, t *trace) int64 {
	sum := o.left()
	var best *threshold
	for i := range all {
		reached := &all[i]
		if sum.cmp(reached.amount) >= 0 && (best == nil || reached.amount.cmp(best.amount) > 0) {
			best = reached
		}
	}
	if best == nil {
		if t != nil {
			t.say("Spending: %s %s after refunds reaches no threshold.", sum, o.p.currency)
		}
		return 0
	}
	if t != nil {
		t.say("Spending: %s %s after refunds reaches %s: %d points.", sum, o.p.currency, best.amount, best.points)
	}
	return best.points
}
