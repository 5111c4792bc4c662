package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	gosync "sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

const (
	counterOrders = 1000
	counterKey    = "the key that the clients of the benchmark sign with"
	leastOfFloor  = 0.5 // of the rate at which the server alone does it
	mostSpread    = 10  // p99 divided by p50
)

// counter is a daemon that serves shoppers with points.
type counter struct {
	*Bench
	store    *Store
	shoppers []int64
	address  string
	asked    atomic.Int64 // requests that need a key of their own
	reserved atomic.Int64
}

// endpoint measures balance reads and redemptions as the plugin asks for them,
// beside the same query and as many durable commits by as many plain clients.
func (b *Bench) endpoint(ctx context.Context) (lines []Line, err error) {
	s, err := b.Store(ctx, testshop.HPOS, counterOrders)
	if err != nil {
		return nil, err
	}
	if err := s.Clean(ctx); err != nil {
		return nil, err
	}
	s.synced = false
	if s, err = b.Synced(ctx, testshop.HPOS, counterOrders); err != nil {
		return nil, err
	}
	c := &counter{Bench: b, store: s}
	if err := c.giveBalances(ctx); err != nil {
		return nil, err
	}
	for _, network := range []string{"TCP", "a Unix socket"} {
		more, err := c.overNetwork(ctx, network)
		lines = append(lines, more...)
		if err != nil {
			return lines, err
		}
	}
	for i := range lines {
		lines[i].Store = "The endpoint, " + s.String()
	}
	return lines, errors.Join(c.prove(ctx), s.Clean(ctx))
}

// giveBalances makes the customers rich enough for every redemption.
func (c *counter) giveBalances(ctx context.Context) error {
	if err := c.store.DB.SelectContext(ctx, &c.shoppers, `SELECT ID FROM wp_users ORDER BY ID`); err != nil {
		return err
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return err
	}
	return ledger.Open(c.store.DB, prefix, ledger.Options{Zone: zone}).UpdateAlone(ctx, func(tx *ledger.Tx) error {
		const plenty = 1 << 40
		var gifts []ledger.Posting
		for _, user := range c.shoppers {
			gifts = append(gifts, ledger.Posting{
				User: user, Type: ledger.Adjust, Source: ledger.Import, Object: user, Points: plenty, OccurredAt: tx.Now, Cause: "benchmark",
			})
		}
		_, err := tx.Post(ctx, gifts)
		return err
	})
}

func (c *counter) overNetwork(ctx context.Context, network string) (lines []Line, err error) {
	dir, err := os.MkdirTemp("", "loyaltyd-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key, listen, clients := filepath.Join(dir, "key"), "127.0.0.1:0", []int{1, 8, 32}
	if network != "TCP" {
		listen, clients = "unix:"+filepath.Join(dir, "s"), []int{32}
	}
	if err := os.WriteFile(key, []byte(counterKey), 0o600); err != nil {
		return nil, err
	}
	// The coupons of these redemptions are in no store: a run would settle each.
	daemon, err := c.serve(ctx, c.store, "--listen", listen, "--set", "endpoint.key_file="+key, "--log-level", "error",
		"--set", "schedule.sync=@every 1h", "--set", "schedule.sweep=@every 1h")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, daemon.stop()) }()
	if err := c.awaitAddress(ctx); err != nil {
		return nil, err
	}
	if err := daemon.rest(ctx); err != nil {
		return nil, err
	}
	table := `CREATE TABLE IF NOT EXISTS bench_commits (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL) ENGINE=InnoDB`
	if err := execute(ctx, c.store.DB, table); err != nil {
		return nil, err
	}
	for _, n := range clients {
		by := fmt.Sprintf(" over %s, clients: %d", network, n)
		read, reserve, both := c.load(ctx, n, c.read), c.load(ctx, n, c.reserve), c.load(ctx, n, c.reserveAndConfirm)
		query, commit := c.floor(ctx, n, c.query), c.floor(ctx, n, c.commit)
		measurements := []func() (time.Duration, error){query.run, read.run, commit.run, reserve.run, both.run}
		crowded := n == slices.Max(clients)
		if crowded && network == "TCP" {
			plain, err := c.serveBare(ctx, n)
			if err != nil {
				return lines, err
			}
			defer plain.close()
			measurements = append(measurements, c.loadAt(ctx, plain.address, n, c.read).run, c.loadAt(ctx, plain.address, n, c.commitOverHTTP).run)
		}
		times, err := c.InTurn(measurements...)
		if err != nil {
			return lines, err
		}
		var target Target
		if crowded {
			target = Target{Ratio: leastOfFloor, AtLeast: true}
		}
		// Confirming is a second commit.
		lines = append(lines,
			Line{What: "balance reads" + by, Ours: Rate(1, times[1]), Floor: Rate(1, times[0]), Target: target},
			Line{What: "reservations" + by, Ours: Rate(1, times[3]), Floor: Rate(1, times[2]), Target: target},
			Line{What: "reservations with confirmation" + by, Ours: Rate(1, times[4]), Floor: Rate(1, 2*times[2]), Target: target})
		if crowded {
			lines = append(lines, reserve.spread("a reservation, p99 beside p50"+by))
		}
		if len(times) > 5 {
			lines = append(lines,
				Line{What: "balance reads" + by + ", beside a query for each in a bare HTTP server", Ours: Rate(1, times[1]), Floor: Rate(1, times[5])},
				Line{What: "reservations" + by + ", beside a commit for each in a bare HTTP server", Ours: Rate(1, times[3]), Floor: Rate(1, times[6])})
		}
	}
	return lines, nil
}

// awaitAddress returns when the daemon answers where the site is told that it is.
func (c *counter) awaitAddress(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := c.store.DB.GetContext(ctx, &c.address, `SELECT address FROM wp_loyalty_daemon WHERE address <> ''`)
		if err == nil {
			client, err := dial(ctx, c.address, counterKey)
			if err == nil {
				_, err = client.get("/readyz")
				client.close()
			}
			if err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the endpoint does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// prove proves the books and that there are as many redemptions as were
// answered.
func (c *counter) prove(ctx context.Context) error {
	book := ledger.Open(c.store.DB, prefix, ledger.Options{})
	chains, err := book.VerifyChains(ctx, nil)
	if err != nil {
		return err
	}
	found, err := book.VerifyRedemptions(ctx)
	if err != nil {
		return err
	}
	if all := slices.Concat(chains.Findings, found); len(all) > 0 {
		return fmt.Errorf("after the redemptions the books are wrong: %v", all[0])
	}
	var redemptions int64
	if err := c.store.DB.GetContext(ctx, &redemptions, `SELECT COUNT(*) FROM wp_loyalty_redemptions`); err != nil {
		return err
	}
	if answered := c.reserved.Load(); redemptions != answered {
		return fmt.Errorf("%d redemptions for %d answers", redemptions, answered)
	}
	return nil
}

// crowd is so many clients that each do one thing after the other.
type crowd struct {
	length time.Duration
	open   func() (work []func(n int) error, closing func(), err error) // work of each client
	rounds [][]time.Duration                                            // sorted times of each
}

// run lets the crowd work for some time, and returns the time for each thing
// that was done.
func (c *crowd) run() (time.Duration, error) {
	work, closing, err := c.open()
	if err != nil {
		return 0, err
	}
	defer closing()
	times, errs := make([][]time.Duration, len(work)), make([]error, len(work))
	var group gosync.WaitGroup
	began := time.Now()
	for i := range work {
		group.Go(func() {
			for n := 0; errs[i] == nil; n++ {
				at := time.Now()
				if at.Sub(began) > c.length {
					return
				}
				errs[i] = work[i](n)
				times[i] = append(times[i], time.Since(at))
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	all := slices.Concat(times...)
	slices.Sort(all)
	c.rounds = append(c.rounds, all)
	return took / time.Duration(len(all)), errors.Join(errs...)
}

// spread returns how far the slowest hundredth was from the middle, each the
// median of the rounds.
func (c *crowd) spread(what string) Line {
	at := func(percentile int) time.Duration {
		var values []time.Duration
		for _, times := range c.rounds {
			values = append(values, times[len(times)*percentile/100])
		}
		return median(values)
	}
	return Line{What: what, Ours: Seconds(at(99)), Floor: Seconds(at(50)), Target: Target{Ratio: mostSpread}}
}

// load returns a crowd of clients of the endpoint.
func (c *counter) load(ctx context.Context, clients int, work func(client *caller, shopper int64) error) *crowd {
	return c.loadAt(ctx, c.address, clients, work)
}

func (c *counter) loadAt(ctx context.Context, address string, clients int, work func(client *caller, shopper int64) error) *crowd {
	return &crowd{length: c.Load, open: func() (all []func(int) error, closing func(), err error) {
		var open []*caller
		closing = func() {
			for _, client := range open {
				client.close()
			}
		}
		for i := range clients {
			client, err := dial(ctx, address, counterKey)
			if err != nil {
				closing()
				return nil, nil, err
			}
			open = append(open, client)
			all = append(all, func(n int) error { return work(client, c.shopper(i, n)) })
		}
		return all, closing, nil
	}}
}

// floor returns a crowd of plain clients of the server, each with a connection.
func (c *counter) floor(ctx context.Context, clients int, work func(ctx context.Context, db *sqlx.DB, shopper int64) error) *crowd {
	return &crowd{length: c.Load, open: func() (all []func(int) error, closing func(), err error) {
		db, err := database.Open(ctx, c.store.DSN)
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(clients)
		db.SetMaxIdleConns(clients)
		for i := range clients {
			all = append(all, func(n int) error { return work(ctx, db, c.shopper(i, n)) })
		}
		return all, func() { _ = db.Close() }, nil
	}}
}

func (c *counter) shopper(client, n int) int64 {
	const apart = 131
	return c.shoppers[(client*apart+n)%len(c.shoppers)]
}

func (c *counter) query(ctx context.Context, db *sqlx.DB, shopper int64) error {
	_, err := c.account(ctx, db, shopper)
	return err
}

func (c *counter) account(ctx context.Context, db *sqlx.DB, shopper int64) (account ledger.Account, err error) {
	err = db.GetContext(ctx, &account, `
		SELECT user_id, balance, pending, earned, redeemed, expired, revoked, adjusted, seq, last_entry_at, frozen, head
		FROM wp_loyalty_accounts WHERE user_id = ?`, shopper)
	return account, err
}

func (c *counter) commit(ctx context.Context, db *sqlx.DB, shopper int64) error {
	return execute(ctx, db, `INSERT INTO bench_commits (n) VALUES (`+strconv.FormatInt(shopper, 10)+`)`)
}

func (c *counter) read(client *caller, shopper int64) error {
	_, err := client.get("/v1/customers/" + strconv.FormatInt(shopper, 10))
	return err
}

func (c *counter) reserve(client *caller, shopper int64) error {
	_, err := c.reservation(client, shopper)
	return err
}

func (c *counter) reserveAndConfirm(client *caller, shopper int64) error {
	id, err := c.reservation(client, shopper)
	if err != nil {
		return err
	}
	n := c.asked.Add(1)
	_, err = client.post(fmt.Sprintf("/v1/redemptions/%d/confirm", id), fmt.Sprint("confirm-", n), fmt.Sprintf(`{"coupon_id":%d}`, n), http.StatusOK)
	return err
}

func (c *counter) reservation(client *caller, shopper int64) (id int64, err error) {
	answer, err := client.post(fmt.Sprintf("/v1/customers/%d/redemptions", shopper), fmt.Sprint("reserve-", c.asked.Add(1)), `{"points":100}`, http.StatusCreated)
	if err != nil {
		return 0, err
	}
	c.reserved.Add(1)
	var redemption struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal(answer, &redemption); err != nil || redemption.ID == 0 {
		return 0, fmt.Errorf("no redemption in %s (%w)", answer, err)
	}
	return redemption.ID, nil
}
