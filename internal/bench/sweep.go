package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// sweep measures the comparison of the whole store with what was seen of it,
// beside plain passes over the same rows, and what a checkout notices of it.
func (b *Bench) sweep(ctx context.Context) (lines []Line, err error) {
	for _, storage := range b.Storages {
		s, err := b.Synced(ctx, storage, b.Orders)
		if err != nil {
			return lines, err
		}
		more, err := b.sweepOf(ctx, s)
		lines = append(lines, more...)
		if err != nil {
			return lines, err
		}
		line, err := b.checkouts(ctx, s)
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// part is a part of a sweep: what the server spends on its statements, and the
// plain passes over the same rows, of which nothing leaves the server: a
// checksum of every column that must be compared, without a thought of which
// row belongs to what.
type part struct {
	what      string
	target    Target
	condition string // on the statements of a sweep
	slices    bool   // of one by the schedule, else of one that compares everything
	passes    []string
}

// The statements about lines, and those about what is stored of orders besides
// their status and of comments elsewhere; what a sweep by the schedule does else
// is about states.
const (
	aboutLines  = `sql_text REGEXP 'woocommerce_order_item|body'`
	aboutOrders = `sql_text REGEXP 'total_amount|_order_total|XOR\\(head\\)|commentmeta|XOR\\(digest\\) AS sum[[:space:]]+FROM wp_loyalty_seen_comments'`
)

// pass is a statement that reads a table along an index.
func pass(table, index string, columns ...string) string {
	sums := make([]string, len(columns))
	for i, column := range columns {
		sums[i] = "BIT_XOR(CRC32(" + column + "))"
	}
	return `SELECT COUNT(*), ` + strings.Join(sums, ", ") + ` FROM wp_` + table + ` FORCE INDEX (` + index + `)`
}

func parts(storage testshop.Storage) []part {
	const primary = "PRIMARY"
	states := part{
		what: "sweep of states: time of the server", target: Target{Ratio: 3}, condition: "NOT (" + aboutLines + " OR " + aboutOrders + ")", slices: true,
		passes: []string{
			pass("wc_orders", "type_status_date", "id", "status"),
			pass("comments", primary, "comment_ID", "user_id", "comment_post_ID", "comment_parent", "comment_date_gmt", "comment_approved", "comment_type"),
			pass("users", primary, "ID", "user_email", "user_registered"),
			pass("usermeta", primary, "user_id", "meta_key", "meta_value"),
		},
	}
	orders := part{
		what: "sweep of what else is stored of orders and comments: time of the server", condition: aboutOrders,
		passes: []string{
			pass("wc_orders", primary, "id", "type", "parent_order_id", "customer_id", "total_amount", "date_created_gmt", "status", "currency", "billing_email"),
			pass("wc_order_operational_data", primary, "order_id", "date_paid_gmt", "date_completed_gmt", "shipping_total_amount", "shipping_tax_amount"),
			pass("commentmeta", primary, "comment_id", "meta_key", "meta_value"),
		},
	}
	if storage != testshop.HPOS {
		states.passes[0] = pass("posts", "type_status_date", "ID", "post_status")
		orders.passes = []string{
			pass("posts", primary, "ID", "post_type", "post_parent", "post_date_gmt", "post_status"),
			pass("postmeta", primary, "post_id", "meta_key", "meta_value"),
			pass("commentmeta", primary, "comment_id", "meta_key", "meta_value"),
		}
	}
	return []part{states, orders, {
		what: "sweep of lines: time of the server", target: Target{Ratio: 2}, condition: aboutLines,
		passes: []string{
			pass("woocommerce_order_items", primary, "order_id", "order_item_type"),
			pass("woocommerce_order_itemmeta", primary, "order_item_id", "meta_key", "meta_value"),
		},
	}}
}

func (b *Bench) sweepOf(ctx context.Context, s *Store) (lines []Line, err error) {
	err = b.logged(ctx, s, func() error {
		d, err := b.daemon(ctx, s)
		if err != nil {
			return err
		}
		defer d.Close()
		if err := (&edits{Bench: b, store: s, daemon: d}).settle(ctx); err != nil {
			return err
		}
		w := &swept{Bench: b, store: s, daemon: d}
		lines, err = w.measure(ctx)
		if err != nil {
			return err
		}
		return b.profile(fmt.Sprintf("sweep-%s-%d", s.Storage, s.Orders), func() error {
			_, err := w.sweep(ctx, false)
			return err
		})
	})
	return lines, err
}

// swept is a store whose sweeps are measured.
type swept struct {
	*Bench
	store  *Store
	daemon *daemon
	cost   counters // of the last sweep
}

func (w *swept) measure(ctx context.Context) (lines []Line, err error) {
	// The first sweep remembers of the lines what the next ones go by.
	first, err := w.sweep(ctx, false)
	if err != nil {
		return nil, err
	}
	lines = append(lines, Line{
		Store: w.store.String(), What: "first sweep of everything, from start to end", Ours: Seconds(first),
		Counts: []Figure{Count(w.cost.Read, "rows read"), {w.cost.CPU.Seconds(), "s CPU of the server"}},
	})
	all := parts(w.store.Storage)
	// Both comparisons of states find the cache as the lines left it.
	afterLines := func(part bool, work func() (time.Duration, error)) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			if part {
				if err := w.pass(ctx, all[len(all)-1]); err != nil {
					return 0, err
				}
			}
			return work()
		}
	}
	var works []func() (time.Duration, error)
	for _, slices := range []bool{true, false} {
		works = append(works, afterLines(slices, func() (time.Duration, error) { return w.sweep(ctx, slices) }))
		for _, p := range all {
			if p.slices == slices {
				works = append(works, func() (time.Duration, error) { return loggedTime(ctx, w.store, p.condition) })
			}
		}
	}
	for _, p := range all {
		works = append(works, afterLines(p.slices, func() (time.Duration, error) {
			return timed(func() error { return w.pass(ctx, p) })
		}))
	}
	medians, err := w.InTurn(works...)
	if err != nil {
		return nil, err
	}
	// As the works above: a sweep in slices, the part of it, all of one, the
	// parts of that, the passes.
	ours, floors := []time.Duration{medians[1], medians[3], medians[4]}, medians[5:]
	var floor time.Duration
	for i, p := range all {
		floor += floors[i]
		lines = append(lines, Line{Store: w.store.String(), What: p.what, Ours: Seconds(ours[i]), Floor: Seconds(floors[i]), Target: p.target})
	}
	return append(lines, Line{
		Store: w.store.String(), What: "sweep of everything, from start to end", Ours: Seconds(medians[2]), Floor: Seconds(floor),
		Counts: []Figure{
			Count(w.cost.Statements, "statements"), Count(w.cost.Read, "rows read"), {w.cost.CPU.Seconds(), "s CPU of the server"},
		},
	}), nil
}

// pass reads what a part of a sweep must compare.
func (w *swept) pass(ctx context.Context, p part) error {
	w.Log("passing over %s", w.store)
	for _, query := range p.passes {
		if err := drain(ctx, w.store.text, query); err != nil {
			return err
		}
	}
	return nil
}

// sweep compares everything, or as much as one by the schedule does.
func (w *swept) sweep(ctx context.Context, slices bool) (took time.Duration, err error) {
	w.Log("sweep: %s", w.store)
	if err := forgetLog(ctx, w.store); err != nil {
		return 0, err
	}
	w.cost, err = w.count(ctx, w.store.DB, func() error {
		took, err = timed(func() error {
			_, err := w.daemon.Run(ctx, sync.Options{Mode: sync.Sweep, Slices: slices})
			return err
		})
		return err
	})
	return took, err
}

// checkoutEvery is the time between two checkouts.
const checkoutEvery = 20 * time.Millisecond

// checkouts measures the median time of what a checkout writes, at a steady
// pace, alone and beside sweeps as the schedule has them, one after the other.
func (b *Bench) checkouts(ctx context.Context, s *Store) (Line, error) {
	b.Log("checkouts: %s", s)
	d, err := b.daemon(ctx, s)
	if err != nil {
		return Line{}, err
	}
	defer d.Close()
	var alone, beside []time.Duration
	for range max(b.Rounds, 2) {
		times, err := s.checkoutsDuring(ctx, func(ctx context.Context) error { return pause(ctx, b.Watch) })
		if err != nil {
			return Line{}, err
		}
		alone = append(alone, times...)
		times, err = s.checkoutsDuring(ctx, func(ctx context.Context) error {
			watched, done := context.WithTimeout(ctx, b.Watch)
			defer done()
			for watched.Err() == nil {
				if _, err := d.Run(watched, sync.Options{Mode: sync.Sweep, Slices: true}); err != nil && watched.Err() == nil {
					return err
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return Line{}, err
		}
		beside = append(beside, times...)
	}
	return Line{
		Store: s.String(), What: "a checkout beside a sweep, median", Ours: Seconds(median(beside)), Floor: Seconds(median(alone)), Target: Target{Ratio: 1.1},
		Counts: []Figure{Count(int64(len(beside)), "checkouts beside"), Count(int64(len(alone)), "alone")},
	}, nil
}

// checkoutsDuring returns the times of the checkouts during work, and removes
// them.
func (s *Store) checkoutsDuring(ctx context.Context, work func(context.Context) error) (times []time.Duration, err error) {
	const first = 900_000_000
	working, done := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		defer done()
		ended <- work(ctx)
	}()
	tick := time.NewTicker(checkoutEvery)
	defer tick.Stop()
	for n := int64(0); working.Err() == nil; n++ {
		took, problem := timed(func() error { return s.checkout(ctx, first+n) })
		if problem != nil {
			err = problem
			break
		}
		times = append(times, took)
		<-tick.C
	}
	err = errors.Join(err, <-ended)
	for _, statement := range []string{
		`DELETE m FROM wp_woocommerce_order_itemmeta m JOIN wp_woocommerce_order_items i ON i.order_item_id = m.order_item_id WHERE i.order_id >= {first}`,
		`DELETE FROM wp_woocommerce_order_items WHERE order_id >= {first}`,
		`DELETE FROM wp_wc_order_operational_data WHERE order_id >= {first}`,
		`DELETE FROM wp_wc_orders WHERE id >= {first}`,
		`DELETE FROM wp_postmeta WHERE post_id >= {first}`,
		`DELETE FROM wp_posts WHERE ID >= {first}`,
	} {
		err = errors.Join(err, execute(ctx, s.DB, strings.ReplaceAll(statement, "{first}", strconv.Itoa(first))))
	}
	return times, err
}

// checkout writes an order that a guest has yet to pay, in one transaction.
func (s *Store) checkout(ctx context.Context, id int64) error {
	statements := []string{
		`INSERT INTO wp_wc_orders (id, status, currency, type, tax_amount, total_amount, customer_id, billing_email, date_created_gmt, date_updated_gmt, parent_order_id)
		 VALUES ({id}, 'wc-pending', 'USD', 'shop_order', 1.6, 10, 0, 'checkout@example.test', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)`,
		`INSERT INTO wp_wc_order_operational_data (order_id, created_via, shipping_tax_amount, shipping_total_amount) VALUES ({id}, 'checkout', 0, 4.9)`,
	}
	if s.Storage != testshop.HPOS {
		statements = []string{
			`INSERT INTO wp_posts (ID, post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status, to_ping, pinged, post_modified, post_modified_gmt, post_content_filtered, post_type)
			 VALUES ({id}, 1, NOW(), UTC_TIMESTAMP(), '', 'Order', '', 'wc-pending', '', '', NOW(), UTC_TIMESTAMP(), '', 'shop_order')`,
			`INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES ({id}, '_customer_user', '0'), ({id}, '_billing_email', 'checkout@example.test'),
			 ({id}, '_order_currency', 'USD'), ({id}, '_order_total', '10'), ({id}, '_order_shipping', '4.9'), ({id}, '_order_tax', '1.6')`,
		}
	}
	statements = append(statements,
		`INSERT INTO wp_woocommerce_order_items (order_item_name, order_item_type, order_id) VALUES ('Product', 'line_item', {id})`,
		`INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) VALUES (LAST_INSERT_ID(), '_product_id', '101')`,
		`INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)
		 SELECT order_item_id, k.name, '5.1' FROM wp_woocommerce_order_items, (SELECT '_qty' AS name UNION ALL SELECT '_line_subtotal' UNION ALL SELECT '_line_total'
		   UNION ALL SELECT '_line_tax' UNION ALL SELECT '_line_subtotal_tax' UNION ALL SELECT '_variation_id') k WHERE order_id = {id}`)
	tx, err := s.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, strings.ReplaceAll(statement, "{id}", strconv.FormatInt(id, 10))); err != nil {
			return fmt.Errorf("check out: %w", err)
		}
	}
	return tx.Commit()
}
