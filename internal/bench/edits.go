package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// edits makes orders of a store completed that waited, lets the daemon see it,
// and undoes both. Sets of orders take turns: what was posted for an order
// before costs at each change, and no store's orders change a dozen times.
type edits struct {
	*Bench
	store  *Store
	daemon *daemon
	sets   int      // of orders, each as large
	set    int      // that changes
	counts counters // of the last run
	last   int64    // entry before it
}

func (b *Bench) newEdits(ctx context.Context, s *Store) (*edits, error) {
	b.Log("copying the ledger: %s", s)
	for _, statement := range []string{
		"CREATE OR REPLACE TABLE bench_ledger LIKE wp_loyalty_entries",
		"INSERT INTO bench_ledger SELECT * FROM wp_loyalty_entries ORDER BY id",
	} {
		if err := execute(ctx, s.DB, statement); err != nil {
			return nil, err
		}
	}
	d, err := b.daemon(ctx, s)
	if err != nil {
		return nil, err
	}
	return &edits{Bench: b, store: s, daemon: d}, nil
}

func (e *edits) close() error { return e.daemon.Close() }

// choose chooses sets of orders, each evenly spread over the latest of them,
// among those of customers that were not refunded.
func (e *edits) choose(ctx context.Context, latest int) error {
	if err := e.settle(ctx); err != nil {
		return err
	}
	latest = min(latest, e.store.Orders)
	query := `SELECT id, status, date_updated_gmt AS updated FROM wp_wc_orders
		WHERE type = 'shop_order' AND customer_id > 0 AND status <> 'wc-refunded' AND id > %d`
	if e.store.Storage != testshop.HPOS {
		query = `SELECT ID AS id, post_status AS status, post_modified_gmt AS updated FROM wp_posts JOIN wp_postmeta m ON m.post_id = ID AND m.meta_key = '_customer_user'
			WHERE post_type = 'shop_order' AND m.meta_value <> '0' AND post_status <> 'wc-refunded' AND ID > %d`
	}
	query = fmt.Sprintf(query, 10_000_000+e.store.Orders-latest)
	var there int
	if err := e.store.DB.GetContext(ctx, &there, `SELECT COUNT(*) FROM (`+query+`) c`); err != nil {
		return err
	}
	every := there / e.changed()
	e.sets, e.set = min(moreRounds*e.Rounds, every), 0
	values := strings.NewReplacer("{every}", strconv.Itoa(every), "{sets}", strconv.Itoa(e.sets), "{all}", strconv.Itoa(every*e.changed()))
	return execute(ctx, e.store.DB, values.Replace(`CREATE OR REPLACE TABLE bench_changed (PRIMARY KEY (place, id)) AS
		SELECT MOD(n, {every}) AS place, id, status, updated FROM (SELECT c.*, ROW_NUMBER() OVER (ORDER BY id) - 1 AS n FROM (`+query+`) c) r
		WHERE MOD(n, {every}) < {sets} AND n < {all} ORDER BY place, id`))
}

// settle runs increments until one finds nothing.
func (e *edits) settle(ctx context.Context) error {
	for range 20 {
		summary, err := e.daemon.run(ctx, sync.Increment)
		if err != nil {
			return err
		}
		if summary.Orders+summary.Comments+summary.Users == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s: increments do not come to rest", e.store)
}

// edit writes what WooCommerce writes when somebody changes the status of a set
// of orders.
func (e *edits) edit(ctx context.Context, status string) error {
	statements := []string{
		`UPDATE bench_changed c STRAIGHT_JOIN wp_wc_orders o ON o.id = c.id SET o.status = {status}, o.date_updated_gmt = UTC_TIMESTAMP() WHERE c.place = {set}`,
		`UPDATE bench_changed c STRAIGHT_JOIN wp_wc_order_operational_data d ON d.order_id = c.id SET d.date_completed_gmt = UTC_TIMESTAMP() WHERE c.place = {set}`,
	}
	if e.store.Storage != testshop.HPOS {
		statements = []string{
			`UPDATE bench_changed c STRAIGHT_JOIN wp_posts o ON o.ID = c.id SET o.post_status = {status}, o.post_modified = NOW(), o.post_modified_gmt = UTC_TIMESTAMP() WHERE c.place = {set}`,
			`UPDATE bench_changed c STRAIGHT_JOIN wp_postmeta m ON m.post_id = c.id SET m.meta_value = UNIX_TIMESTAMP() WHERE c.place = {set} AND m.meta_key = '_date_completed'`,
		}
	}
	statements = append(statements, `INSERT INTO wp_comments (comment_post_ID, comment_author, comment_date, comment_date_gmt, comment_content, comment_approved, comment_type, user_id)
		SELECT id, 'WooCommerce', NOW(), UTC_TIMESTAMP(), 'Order status changed.', '1', 'order_note', 0 FROM bench_changed WHERE place = {set}`)
	values := strings.NewReplacer("{status}", status, "{set}", strconv.Itoa(e.set))
	for _, statement := range statements {
		if err := execute(ctx, e.store.DB, values.Replace(statement)); err != nil {
			return err
		}
	}
	return nil
}

// ours is the run that finds the next set of orders completed.
func (e *edits) ours(ctx context.Context) (time.Duration, error) {
	if err := e.age(ctx); err != nil {
		return 0, err
	}
	e.set = (e.set + 1) % e.sets
	if err := errors.Join(e.edit(ctx, "'wc-on-hold'"), e.settle(ctx), e.edit(ctx, "'wc-completed'")); err != nil {
		return 0, err
	}
	if err := e.store.DB.GetContext(ctx, &e.last, `SELECT COALESCE(MAX(id), 0) FROM wp_loyalty_entries`); err != nil {
		return 0, err
	}
	var took time.Duration
	var summary *sync.Summary
	var err error
	e.counts, err = e.count(ctx, e.store.DB, func() error {
		started := time.Now()
		summary, err = e.daemon.Run(ctx, sync.Options{Mode: sync.Increment})
		took = time.Since(started)
		return err
	})
	if err != nil {
		return 0, err
	}
	e.Log("increment: %s, %d orders, %d entries in %v", e.store, summary.Orders, summary.Entries, took.Round(time.Millisecond))
	if summary.Entries == 0 {
		return 0, fmt.Errorf("%s: the increment posted nothing", e.store)
	}
	return took, e.daemon.refresh(ctx)
}

// age makes what changed look as if it had long ago: an increment looks again
// at what changed within minutes.
func (e *edits) age(ctx context.Context) error {
	statement := `UPDATE bench_changed c STRAIGHT_JOIN wp_wc_orders o ON o.id = c.id SET o.date_updated_gmt = c.updated WHERE c.place = %d`
	if e.store.Storage != testshop.HPOS {
		statement = `UPDATE bench_changed c STRAIGHT_JOIN wp_posts o ON o.ID = c.id SET o.post_modified = c.updated, o.post_modified_gmt = c.updated WHERE c.place = %d`
	}
	return execute(ctx, e.store.DB, fmt.Sprintf(statement, e.set))
}

// restore leaves the orders as they were before, and that seen.
func (e *edits) restore(ctx context.Context) error {
	for e.set = range e.sets {
		if err := e.edit(ctx, "c.status"); err != nil {
			return err
		}
	}
	return errors.Join(e.settle(ctx), e.store.undoEdits(ctx))
}

// undoEdits gives the orders that were chosen last their status and date back,
// also those that a benchmark left that was cut off.
func (s *Store) undoEdits(ctx context.Context) error {
	var some bool
	err := s.DB.GetContext(ctx, &some, `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'bench_changed'`)
	if err != nil || !some {
		return err
	}
	undo := `UPDATE bench_changed c STRAIGHT_JOIN wp_wc_orders o ON o.id = c.id SET o.status = c.status, o.date_updated_gmt = c.updated`
	if s.Storage != testshop.HPOS {
		undo = `UPDATE bench_changed c STRAIGHT_JOIN wp_posts o ON o.ID = c.id SET o.post_status = c.status, o.post_modified = c.updated, o.post_modified_gmt = c.updated`
	}
	return errors.Join(execute(ctx, s.DB, undo), execute(ctx, s.DB, "DROP TABLE bench_changed"))
}

// floor reads the changed orders by key and writes the entries that the last
// run wrote, in one durable transaction, to a table that holds as much.
func (e *edits) floor(ctx context.Context) (time.Duration, error) {
	var ids []string
	if err := e.store.DB.SelectContext(ctx, &ids, `SELECT id FROM bench_changed WHERE place = ?`, e.set); err != nil {
		return 0, err
	}
	columns, entries, err := e.entries(ctx)
	if err != nil {
		return 0, err
	}
	took, err := timed(func() error {
		if err := e.readByKey(ctx, ids); err != nil {
			return err
		}
		row := "(" + strings.Repeat("?,", columns-1) + "?)"
		_, err := e.store.DB.ExecContext(ctx, "INSERT INTO bench_ledger VALUES "+strings.Repeat(row+",", len(entries)/columns-1)+row, entries...)
		return err
	})
	if err != nil {
		return 0, err
	}
	_, err = e.store.DB.ExecContext(ctx, "DELETE FROM bench_ledger WHERE id > ?", e.last)
	return took, err
}

// readByKey reads all that counts of some orders.
func (e *edits) readByKey(ctx context.Context, ids []string) error {
	in := " IN (" + strings.Join(ids, ",") + ")"
	queries := []string{
		`SELECT id, type, parent_order_id, status, currency, customer_id, billing_email, total_amount, date_created_gmt, date_updated_gmt FROM wp_wc_orders WHERE id` + in,
		`SELECT id, type, parent_order_id, status, currency, customer_id, billing_email, total_amount, date_created_gmt, date_updated_gmt FROM wp_wc_orders WHERE parent_order_id` + in,
		`SELECT order_id, date_paid_gmt, date_completed_gmt, shipping_total_amount, shipping_tax_amount FROM wp_wc_order_operational_data WHERE order_id` + in,
	}
	if e.store.Storage != testshop.HPOS {
		queries = []string{
			`SELECT ID, post_type, post_parent, post_status, post_date_gmt, post_modified_gmt FROM wp_posts WHERE ID` + in,
			`SELECT ID, post_type, post_parent, post_status, post_date_gmt, post_modified_gmt FROM wp_posts WHERE post_parent` + in,
			`SELECT meta_id, post_id, meta_key, meta_value FROM wp_postmeta WHERE post_id` + in,
		}
	}
	for _, query := range queries {
		if err := drain(ctx, e.store.text, query); err != nil {
			return err
		}
	}
	var items []string
	err := eachRow(ctx, e.store.text, `SELECT order_item_id, order_id, order_item_type FROM wp_woocommerce_order_items WHERE order_id`+in, func(row []sql.RawBytes) error {
		items = append(items, string(row[0]))
		return nil
	})
	if err != nil {
		return err
	}
	return drain(ctx, e.store.text, `SELECT meta_id, order_item_id, meta_key, meta_value FROM wp_woocommerce_order_itemmeta WHERE order_item_id IN (`+strings.Join(items, ",")+`)`)
}

// entries returns the values of the entries of the last run, row by row.
func (e *edits) entries(ctx context.Context) (columns int, values []any, err error) {
	err = eachRow(ctx, e.store.text, `SELECT * FROM wp_loyalty_entries WHERE id > ? ORDER BY id`, func(row []sql.RawBytes) error {
		columns = len(row)
		for _, value := range row {
			if value == nil {
				values = append(values, nil)
			} else {
				values = append(values, append([]byte{}, value...))
			}
		}
		return nil
	}, e.last)
	return columns, values, err
}
