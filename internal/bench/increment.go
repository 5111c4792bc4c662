package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// increment measures a run that finds changed orders, beside reading those
// orders by key and writing their entries, and a run that finds nothing; both
// in the store and in a small one.
func (b *Bench) increment(ctx context.Context) (lines []Line, err error) {
	for _, storage := range b.Storages {
		big, err := b.Synced(ctx, storage, b.Orders)
		if err != nil {
			return lines, err
		}
		small, err := b.Synced(ctx, storage, b.Few)
		if err != nil {
			return lines, err
		}
		more, err := b.incrementOf(ctx, big, small)
		lines = append(lines, more...)
		if err != nil {
			return lines, err
		}
		for _, s := range slices.Compact([]*Store{big, small}) {
			line, err := b.idle(ctx, s)
			if err != nil {
				return lines, err
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// moreRounds is how many times the rounds are taken for what is short: what the
// server does by itself meanwhile makes a fifth of it.
const moreRounds = 3

// changed returns how many orders change before an increment.
func (b *Bench) changed() int { return min(1000, b.Few/10) }

func (b *Bench) incrementOf(ctx context.Context, big, small *Store) (lines []Line, err error) {
	here, err := b.newEdits(ctx, big)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, here.close()) }()
	there := here
	if small != big {
		if there, err = b.newEdits(ctx, small); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, there.close()) }()
	}
	both := slices.Compact([]*edits{here, there})
	each := func(do func(*edits) error) (err error) {
		for _, e := range both {
			err = errors.Join(err, do(e))
		}
		return err
	}
	for _, of := range slices.Compact([]int{min(b.Few, b.Orders), b.Orders}) {
		what := fmt.Sprintf("%d changed orders", b.changed())
		if of < b.Orders {
			what += fmt.Sprintf(" of the latest %d", of)
		} else {
			what += " of the whole history"
		}
		if err := each(func(e *edits) error { return e.choose(ctx, of) }); err != nil {
			return lines, err
		}
		works := []func() (time.Duration, error){
			func() (time.Duration, error) { return here.ours(ctx) },
			func() (time.Duration, error) { return here.floor(ctx) },
		}
		if small != big {
			works = append(works, func() (time.Duration, error) { return there.ours(ctx) })
		}
		medians, err := inTurn(moreRounds*b.Rounds, works...)
		if err != nil {
			return lines, err
		}
		c := here.counts
		lines = append(lines, Line{
			Store: big.String(), What: what, Ours: Seconds(medians[0]), Floor: Seconds(medians[1]), Target: Target{Ratio: 3},
			Counts: []Figure{Count(c.Statements, "statements"), Count(c.Commits, "commits"), Count(c.Read, "rows read"), Count(c.Written, "written")},
		})
		if small != big {
			lines = append(lines, Line{
				Store: big.String(), What: what + fmt.Sprintf(", beside a store of %d", small.Orders),
				Ours: Seconds(medians[0]), Floor: Seconds(medians[2]), Target: Target{Ratio: 1.2},
			})
		}
		err = b.profile(fmt.Sprintf("increment-%s-%d-of-%d", big.Storage, b.Orders, of), func() error {
			_, err := here.ours(ctx)
			return err
		})
		if err := errors.Join(err, each(func(e *edits) error { return e.restore(ctx) })); err != nil {
			return lines, err
		}
	}
	return lines, nil
}

// edits makes orders of a store completed that waited, lets the daemon see it,
// and undoes both. Orders take turns: with each, what was posted for an order
// before grows, and no store's orders change a dozen times.
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

const (
	mostIdleTime       = 15 * time.Millisecond // of the server
	mostIdleStatements = 10
)

// idle measures a run that finds nothing: its statements, and the time that the
// server spends on them.
func (b *Bench) idle(ctx context.Context, s *Store) (Line, error) {
	d, err := b.daemon(ctx, s)
	if err != nil {
		return Line{}, err
	}
	settling := &edits{Bench: b, store: s, daemon: d}
	if err := errors.Join(settling.settle(ctx), settling.close()); err != nil {
		return Line{}, err
	}
	// Sessions take these over when they begin.
	var line Line
	err = b.logged(ctx, s, func() error {
		d, err := b.daemon(ctx, s)
		if err != nil {
			return err
		}
		defer d.Close()
		if _, err := d.Run(ctx, sync.Options{Mode: sync.Increment}); err != nil { // opens the connections
			return err
		}
		var cost counters
		var times []time.Duration
		for range moreRounds * b.Rounds {
			if err := forgetLog(ctx, s); err != nil {
				return err
			}
			cost, err = b.count(ctx, s.DB, func() error {
				_, err := d.Run(ctx, sync.Options{Mode: sync.Increment})
				return err
			})
			if err != nil {
				return err
			}
			spent, err := loggedTime(ctx, s, "TRUE")
			if err != nil {
				return err
			}
			times = append(times, spent)
		}
		line = Line{
			Store: s.String(), What: "a run that finds nothing: time of the server", Ours: Seconds(median(times)), Target: Target{Figure: Seconds(mostIdleTime)},
			Counts: []Figure{Count(cost.Statements, "statements"), Count(cost.Read, "rows read")},
		}
		return nil
	})
	return line, err
}
