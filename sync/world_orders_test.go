package sync_test

import (
	"fmt"
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

// move gives an order to another customer.
func (w *world) move(id int64) {
	w.give(id, pick(w, "customer", w.users))
}

func (w *world) give(id, to int64) {
	w.did("order %d moves to customer %d", id, to)
	w.do(w.shop.SetCustomer(w.ctx, id, to))
	w.belongs(id, to)
}

// belongs notes that an order has another customer.
func (w *world) belongs(id, to int64) {
	if _, trashed := w.trashed[id]; trashed {
		w.trashed[id] = to
	} else {
		w.orders[id] = to
	}
	w.unsure[id] = true
	delete(w.erased, id)
}

// ordersOf returns all orders of a customer that name him.
func (w *world) ordersOf(user int64) (ids []int64) {
	for _, orders := range []map[int64]int64{w.orders, w.trashed} {
		for _, id := range keys(orders) {
			if _, erased := w.erased[id]; orders[id] == user && !erased {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// erase makes an order anonymous. Sync has seen whose it was: else that would
// depend on which runs came to it.
func (w *world) erase(id int64) {
	if w.unsure[id] {
		return
	}
	w.did("order %d is made anonymous", id)
	w.do(w.shop.EraseOrder(w.ctx, id))
	w.erased[id], w.marked[id] = w.orders[id], true
}

// named runs work while the orders that were made anonymous name their
// customers, as a fresh run has to see them.
func (w *world) named(work func()) {
	name := func(id, customer int64) {
		w.do(w.shop.Exec(w.ctx, fmt.Sprintf(`UPDATE {p}postmeta SET meta_value = '%d' WHERE post_id = %d AND meta_key = '_customer_user'`, customer, id)))
		if w.shop.Storage != testshop.Legacy {
			w.do(w.shop.Exec(w.ctx, fmt.Sprintf(`UPDATE {p}wc_orders SET customer_id = %d WHERE id = %d`, customer, id)))
		}
	}
	for id, customer := range w.erased {
		name(id, customer)
	}
	work()
	for id := range w.erased {
		name(id, 0)
	}
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
	delete(w.erased, id)
	delete(w.marked, id)
	w.forgetRefunds(id)
	var posts int
	w.do(w.shop.DB.GetContext(w.ctx, &posts, `SELECT COUNT(*) FROM wp_posts WHERE ID = ?`, id))
	if posts == 0 { // else another storage left something behind
		w.freed = append(w.freed, id)
	}
}

func (w *world) dates(id int64) {
	at := w.shop.Now().Add(-time.Duration(rapid.IntRange(1, 3000).Draw(w.t, "hours")) * time.Hour)
	w.did("order %d is dated %s", id, at)
	w.do(w.shop.SetDates(w.ctx, id, testshop.Dates{Created: at, Paid: at.Add(time.Hour)}))
}

// writeDate leaves an order with a date of payment or completion in its meta
// only, as an importer or an old release does.
func (w *world) writeDate(id int64) {
	at := w.shop.Now().Add(-time.Duration(rapid.IntRange(1, 3000).Draw(w.t, "hours")) * time.Hour)
	key := pick(w, "key", []string{"_paid_date", "_completed_date"})
	layout := pick(w, "layout", []string{time.DateTime, time.RFC3339, "January 2, 2006 3:04 pm", "02.01.2006", "none"})
	w.did("order %d has only the date %s %q", id, key, at.Format(layout))
	w.do(w.shop.SetDates(w.ctx, id, testshop.Dates{Paid: testshop.Never, Completed: testshop.Never}))
	w.do(w.shop.WriteDate(w.ctx, id, key, at.Format(layout)))
}
