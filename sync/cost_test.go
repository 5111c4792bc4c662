package sync_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
	"loyaltyd/sync/store"
)

// metered is a stage whose engine uses one connection to the store and one to
// the ledger, so that what they did can be read from them.
type metered struct {
	*stage
	pools []*sqlx.DB
}

func newMetered(t *testing.T, db *testshop.Database, storage testshop.Storage) *metered {
	t.Helper()
	m := &metered{stage: newStage(t, db, storage, `earn: {first_order: {points: 50}, signup: {points: 7}, product_review: {points: 3}}`)}
	source, err := database.OpenStore(t.Context(), db.DSN())
	m.do(err)
	target, err := database.Open(t.Context(), db.DSN())
	m.do(err)
	m.pools = []*sqlx.DB{source, target}
	for _, pool := range m.pools {
		pool.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = pool.Close() })
	}
	m.engine.LedgerDB = target
	m.engine.Store, err = store.Open(t.Context(), source, prefix)
	m.do(err)
	return m
}

// cost is what a run asked of the database.
type cost struct{ statements, rows int64 }

func (m *metered) read() (c cost) {
	m.t.Helper()
	for _, pool := range m.pools {
		var rows []struct {
			Name  string `db:"Variable_name"`
			Value int64  `db:"Value"`
		}
		m.do(pool.Select(&rows, `SHOW SESSION STATUS WHERE Variable_name IN ('Questions', 'Handler_read_first', 'Handler_read_key',
			'Handler_read_last', 'Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd', 'Handler_read_rnd_next')`))
		for _, row := range rows {
			if row.Name == "Questions" {
				c.statements += row.Value
			} else {
				c.rows += row.Value
			}
		}
	}
	return c
}

func (m *metered) costOf(work func()) cost {
	m.t.Helper()
	start := m.read()
	between := m.read() // what reading itself costs
	work()
	end := m.read()
	return cost{
		statements: end.statements - between.statements - (between.statements - start.statements),
		rows:       end.rows - between.rows - (between.rows - start.rows),
	}
}

// A run that finds nothing, and one that finds a new order, cost the same
// however large the store is. What is read again, because it may have become
// visible late, is so much of it that the server's plans differ a little; a
// scan of any table that grows with the store would cost thousands more.
func TestAnIncrementCostsWhatChanged(t *testing.T) {
	for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
		t.Run(storage.String(), func(t *testing.T) {
			m := newMetered(t, testshop.New(t), storage)
			var idle, busy [2]cost
			for i, more := range []int{1000, 4000} {
				m.many(100_000*(i+1), more)
				m.run(sync.Full)
				m.now = time.Now().UTC().Add(-time.Hour)
				ann := m.customer(fmt.Sprint("ann", i))
				m.order(ann, "completed", "10.00")
				m.run(sync.Increment)
				m.run(sync.Increment) // what settles
				idle[i] = m.costOf(func() { m.run(sync.Increment) })
				m.order(ann, "completed", "20.00")
				busy[i] = m.costOf(func() { m.run(sync.Increment) })
			}
			t.Logf("a run that finds nothing: %+v, in a store five times as large %+v; a new order: %+v and %+v", idle[0], idle[1], busy[0], busy[1])
			for what, costs := range map[string][2]cost{"nothing": idle, "a new order": busy} {
				if costs[1].statements > costs[0].statements || costs[1].rows > costs[0].rows+2500 {
					t.Errorf("finding %s costs %+v, in a store five times as large %+v", what, costs[0], costs[1])
				}
			}
			const most = 4
			if idle[1].statements > most {
				t.Errorf("finding nothing takes %d statements", idle[1].statements)
			}
		})
	}
}

// A run over everything goes page by page, also when all is gone.
func TestLargeStoresGoPageByPage(t *testing.T) {
	db := testshop.New(t)
	var peaks []uint64
	for _, orders := range []int{4000, 20_000} {
		s := newStage(t, db.Fresh(t), testshop.HPOS, `earn: {first_order: {points: 50}}`)
		s.many(100_000, orders)
		peaks = append(peaks, peakHeap(func() { s.run(sync.Increment) }))
		if n := s.entryCount(); n != orders+1000 { // the orders and the bonuses
			t.Fatalf("%d entries", n)
		}
		s.pages("posted", 2000)
		if len(peaks) > 1 {
			break
		}
		s.do(s.Exec(s.ctx, `DELETE FROM {p}wc_orders`))
		s.run(sync.Full)
		s.pages("taken back", 2000) // with the orders that a bonus moves to before they go too
		if len(s.balances()) != 0 {
			t.Errorf("%d balances are left", len(s.balances()))
		}
	}
	t.Logf("the heap's peak: %d KiB, with five times as many orders %d KiB", peaks[0]>>10, peaks[1]>>10)
	if peaks[1] > peaks[0]+peaks[0]/2 {
		t.Errorf("the heap grows with the store: %d KiB, with five times as many orders %d KiB", peaks[0]>>10, peaks[1]>>10)
	}
}

// The more lines orders have, the fewer of them are held in memory at a time.
func TestPagesOfOrdersWithManyLinesAreSmall(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, `earn: {}`)
	const from, orders, lines = 100_000, 1500, 64
	s.many(from, orders)
	for n := 1; n < lines; n *= 2 {
		s.do(s.Exec(s.ctx, `INSERT INTO {p}woocommerce_order_items (order_item_name, order_item_type, order_id)
			SELECT order_item_name, order_item_type, order_id FROM {p}woocommerce_order_items`))
	}
	s.run(sync.Increment)
	if n := s.entryCount(); n != orders {
		t.Fatalf("%d entries", n)
	}
	s.pages("posted", 300)
}

// many plants orders of 10.00 of a thousand customers, and as many users with a
// review each, with ids from one on.
func (s *stage) many(from, orders int) {
	s.t.Helper()
	digits := `(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
		UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)`
	numbers := strings.ReplaceAll(`
		(SELECT a.d + 10*b.d + 100*c.d + 1000*d.d + 10000*e.d AS n
		 FROM digits a CROSS JOIN digits b CROSS JOIN digits c CROSS JOIN digits d CROSS JOIN digits e) m
		WHERE n < `, "digits", digits)
	queries := []string{
		`INSERT INTO {p}users (ID, user_login, user_email, user_registered)
		 SELECT from + n, CONCAT('u', from + n), CONCAT('u', from + n, '@example.com'), '2025-03-03' FROM ` + numbers + `orders`,
		`INSERT INTO {p}comments (comment_ID, comment_post_ID, comment_date_gmt, comment_approved, comment_type, user_id, comment_content, comment_author)
		 SELECT from + n, product, '2025-03-03', '1', 'review', from + n, 'ok', 'u' FROM ` + numbers + `orders`,
		`INSERT INTO {p}woocommerce_order_items (order_item_id, order_item_name, order_item_type, order_id)
		 SELECT from + n, 'Mug', 'line_item', from + n FROM ` + numbers + `orders`,
		`INSERT INTO {p}woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) SELECT from + n, '_line_total', '10' FROM ` + numbers + `orders`,
	}
	if s.Storage == testshop.HPOS {
		queries = append(queries, `INSERT INTO {p}wc_orders (id, status, currency, type, total_amount, customer_id, date_created_gmt, date_updated_gmt)
			SELECT from + n, 'wc-completed', 'USD', 'shop_order', 10, from + n MOD 1000, '2025-03-03', '2025-03-03' FROM `+numbers+`orders`)
	} else {
		queries = append(queries,
			`INSERT INTO {p}posts (ID, post_type, post_status, post_date_gmt, post_modified_gmt, post_content, post_title, post_excerpt, to_ping, pinged, post_content_filtered)
			 SELECT from + n, 'shop_order', 'wc-completed', '2025-03-03', '2025-03-03', '', '', '', '', '', '' FROM `+numbers+`orders`,
			`INSERT INTO {p}postmeta (post_id, meta_key, meta_value) SELECT from + n, '_customer_user', from + n MOD 1000 FROM `+numbers+`orders`,
			`INSERT INTO {p}postmeta (post_id, meta_key, meta_value) SELECT from + n, '_order_total', '10' FROM `+numbers+`orders`,
			`INSERT INTO {p}postmeta (post_id, meta_key, meta_value) SELECT from + n, '_order_currency', 'USD' FROM `+numbers+`orders`)
	}
	fill := strings.NewReplacer("from +", strconv.Itoa(from)+" +", "product", strconv.FormatInt(s.product, 10), "< orders", "< "+strconv.Itoa(orders))
	for _, query := range queries {
		s.do(s.Exec(s.ctx, fill.Replace(query)))
	}
}

// pages proves that no transaction posted for more than so many orders.
func (b *bench) pages(what string, most int) {
	b.t.Helper()
	var largest int
	err := b.db.Get(&largest, `SELECT MAX(n) FROM (SELECT COUNT(DISTINCT object_id) AS n FROM wp_loyalty_entries GROUP BY recorded_at) t`)
	if err != nil {
		b.t.Fatal(err)
	}
	if largest > most {
		b.t.Errorf("%s: one transaction for %d orders", what, largest)
	}
}

// peakHeap returns the most that the heap held during work.
func peakHeap(work func()) (peak uint64) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	debug.FreeOSMemory()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for ctx.Err() == nil {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
		}
	}()
	work()
	cancel()
	<-done
	return peak
}

// A fact that is named costs what it is, however large the store; and a store
// whose customers redeem nothing pays one statement for those who might.
func TestAMarkedFactCostsLittle(t *testing.T) {
	for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
		t.Run(storage.String(), func(t *testing.T) {
			m := newMetered(t, testshop.New(t), storage)
			var plain, paid, coupon [2]cost
			for i, more := range []int{1000, 4000} {
				m.many(100_000*(i+1), more)
				m.run(sync.Full)
				d := newRedeemer(t, m.stage)
				m.run(sync.Sweep)
				order := m.order(d.ann, "completed", "10.00")
				m.order(d.ann, "completed", "500.00")
				plain[i] = m.costOf(func() { m.look(marks(sync.MarkOrder, order)...) })
				r, _ := d.redeem(5)
				order = d.pays(r, "completed", "80.00")
				paid[i] = m.costOf(func() { m.look(marks(sync.MarkOrder, order)...) })
				_, id := d.redeem(5)
				coupon[i] = m.costOf(func() { m.look(marks(sync.MarkCoupon, id)...) })
			}
			t.Logf("an order: %+v and %+v; one that a coupon pays: %+v and %+v; a coupon: %+v and %+v",
				plain[0], plain[1], paid[0], paid[1], coupon[0], coupon[1])
			for what, costs := range map[string][2]cost{"an order": plain, "an order with a coupon": paid, "a coupon": coupon} {
				if costs[1].statements > costs[0].statements || costs[1].rows > costs[0].rows+300 {
					t.Errorf("%s costs %+v, in a store five times as large %+v", what, costs[0], costs[1])
				}
			}
			const mostPlain, mostPaid = 38, 60
			if plain[1].statements > mostPlain || paid[1].statements > mostPaid {
				t.Errorf("an order takes %d statements, with a coupon %d", plain[1].statements, paid[1].statements)
			}
		})
	}
}
