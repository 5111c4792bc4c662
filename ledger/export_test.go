package ledger

// Queued returns how many changes of redemptions wait for their turn.
func (l *Ledger) Queued() int { return l.errands.Waiting() }
