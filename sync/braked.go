package sync

import (
	"context"

	"loyaltyd/ledger"
)

// Braked returns the deductions that the brake withholds until a person
// accepts them, as of the last run, or nil.
func (e *Engine) Braked(ctx context.Context) (*BrakeError, error) {
	r := &run{Engine: e, ledger: ledger.Open(e.LedgerDB, e.Prefix, ledger.Options{})}
	s, err := r.loadState(ctx)
	if err != nil || s.Brake == nil {
		return nil, err
	}
	return &s.Brake.Error, nil
}
