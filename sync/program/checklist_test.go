package program

import (
	"slices"
	"strings"
	"testing"

	"loyaltyd/internal/settings"
	"loyaltyd/ledger"
)

// The checklist of CONTRIBUTING.md for a bonus on orders; each failure names
// the step that is missing.
func TestABonusOnOrdersIsWhole(t *testing.T) {
	t.Parallel()
	listed := []ledger.Source{ledger.Purchase, ledger.FirstOrder}
	for _, bonus := range orderBonuses {
		listed = append(listed, bonus.source)
		info := bonus.source.Info()
		if !bonus.source.Known() || info.Object != ledger.ObjectOrder {
			t.Errorf("%s is not a source of orders in ledger/sources.go (CONTRIBUTING.md, A bonus on orders, step 1)", bonus.source)
		}
		for _, kind := range []ledger.Type{ledger.Earn, ledger.Revoke, ledger.Hold, ledger.Release, ledger.CancelHold} {
			if !slices.Contains(info.Types, kind) {
				t.Errorf("%s cannot have entries of type %s: points of orders can be held and taken back (CONTRIBUTING.md, A source, step 2)", bonus.source, kind)
			}
		}
	}
	for _, source := range ledger.SourcesOf(ledger.ObjectOrder) {
		key := slices.ContainsFunc(Keys(), func(k settings.Key) bool { return strings.HasPrefix(k.Path, "earn."+string(source)) && k.Versioned })
		if !key {
			t.Errorf("no versioned key earn.%s switches it on (CONTRIBUTING.md, A bonus on orders, step 2)", source)
		}
		if !slices.Contains(listed, source) {
			t.Errorf("%s is not in orderBonuses of sync/program/rules.go (CONTRIBUTING.md, A bonus on orders, step 4)", source)
		}
	}
}
