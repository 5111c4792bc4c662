package sync_test

import (
	"maps"
	"time"

	"pgregory.net/rapid"

	"loyaltyd/internal/testshop"
)

func (w *world) setStatus(id int64) {
	status := pick(w, "status", []string{"pending", "processing", "completed", "on-hold", "cancelled", "failed", "refunded", "shipped"})
	w.did("order %d becomes %s", id, status)
	w.do(w.shop.SetStatus(w.ctx, id, status))
	w.findRefunds(id)
}

func (w *world) findRefunds(id int64) {
	for _, refund := range must(w.shop.Refunds(w.ctx, id)) {
		w.refunds[refund] = id
	}
}

func (w *world) refund(id int64) {
	r := testshop.Refund{}
	items := must(w.shop.Items(w.ctx, id, "line_item"))
	switch rapid.IntRange(0, 3).Draw(w.t, "kind") {
	case 0:
		r.Amount = "1.23"
	case 1:
		if len(items) == 0 {
			return
		}
		r.Lines = []testshop.RefundLine{{Item: pick(w, "item", items), Qty: "1", Total: "2.50", Tax: "0.25"}}
	case 2: // a cent more than what it names, or two
		if len(items) == 0 {
			return
		}
		r.Amount = pick(w, "amount", []string{"2.76", "2.77"})
		r.Lines = []testshop.RefundLine{{Item: pick(w, "item", items), Qty: "1", Total: "2.504", Tax: "0.25"}}
	default:
		r.Shipping, r.ShippingTax = "1.00", "0.10"
	}
	refund, err := w.shop.Refund(w.ctx, id, r)
	w.did("order %d is refunded by %d: %+v (%v)", id, refund, r, err)
	if err == nil {
		w.refunds[refund] = id
	}
}

func (w *world) deleteRefund() {
	id := pick(w, "refund", keys(w.refunds))
	w.did("refund %d is deleted", id)
	w.do(w.shop.DeleteRefund(w.ctx, id))
	delete(w.refunds, id)
}

func (w *world) editLine(id int64) {
	items := must(w.shop.Items(w.ctx, id, "line_item"))
	if len(items) == 0 {
		return
	}
	item, total := pick(w, "item", items), w.amount("total")
	w.did("line %d of order %d is edited to %s", item, id, total)
	w.do(w.shop.EditItem(w.ctx, item, "_line_total", total))
}

func (w *world) addLine(id int64) {
	total := w.amount("total")
	w.did("order %d gets a line of %s", id, total)
	must(w.shop.AddLine(w.ctx, id, testshop.Line{Product: pick(w, "product", w.products), Qty: "1", Total: total, Subtotal: total}))
}

func (w *world) recalculate(id int64) {
	w.did("order %d is recalculated", id)
	w.do(w.shop.Recalculate(w.ctx, id))
}

// move gives an order to another customer. One that ever belonged to a frozen
// account stays: whose it was counts there, which a fresh run cannot know.
func (w *world) move(id int64) {
	if w.claimed[id] {
		return
	}
	to := pick(w, "customer", w.users)
	w.did("order %d moves to customer %d", id, to)
	w.do(w.shop.SetCustomer(w.ctx, id, to))
	w.left[w.orders[id]] = true
	w.orders[id] = to
	w.claimed[id] = w.out(to)
}

func (w *world) trash(id int64) {
	w.did("order %d goes to the trash", id)
	w.do(w.shop.Trash(w.ctx, id))
	w.trashed[id] = w.orders[id]
	delete(w.orders, id)
	w.forgetRefunds(id)
}

func (w *world) forgetRefunds(id int64) {
	maps.DeleteFunc(w.refunds, func(_, order int64) bool { return order == id })
}

func (w *world) untrash() {
	id := pick(w, "trashed", keys(w.trashed))
	w.did("order %d comes back from the trash", id)
	w.do(w.shop.Untrash(w.ctx, id))
	w.orders[id] = w.trashed[id]
	delete(w.trashed, id)
	w.findRefunds(id)
}

func (w *world) delete(id int64) {
	w.did("order %d is deleted for good", id)
	w.do(w.shop.Delete(w.ctx, id))
	delete(w.orders, id)
	w.forgetRefunds(id)
}

func (w *world) dates(id int64) {
	at := w.shop.Now().Add(-time.Duration(rapid.IntRange(1, 3000).Draw(w.t, "hours")) * time.Hour)
	w.did("order %d is dated %s", id, at)
	w.do(w.shop.SetDates(w.ctx, id, testshop.Dates{Created: at, Paid: at.Add(time.Hour)}))
}
