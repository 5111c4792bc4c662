package sync

import (
	"sync/atomic"

	"loyaltyd/sync/store"
)

// density is how many lines orders have. What a page takes of the memory goes by
// its lines.
type density struct {
	perHundred atomic.Int64 // orders read last; 0: unknown
}

const (
	unknownOrders = 300 // of a page when nothing is known
	pageLines     = 6 * pageEvery
)

// note takes orders as what the next ones will be like.
func (d *density) note(records []store.OrderRecord) {
	if len(records) == 0 {
		return
	}
	lines := 0
	for i := range records {
		lines += len(records[i].Order.Lines)
		for _, refund := range records[i].Order.Refunds {
			lines += len(refund.Lines)
		}
	}
	d.perHundred.Store(max(1, int64(100*lines/len(records))))
}

// orders returns how many orders to read at a time, at most most.
func (d *density) orders(most int) int {
	per := d.perHundred.Load()
	if per == 0 {
		return min(unknownOrders, most)
	}
	return int(max(1, min(int64(most), 100*pageLines/per)))
}
