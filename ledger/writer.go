package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// ErrFenced says that another writer took over. Nothing of the transaction
// that met it was kept; the work is safe with the other writer.
var ErrFenced = errors.New("another loyaltyd took over the ledger")

// HeldError says who holds the ledger.
type HeldError struct {
	Holder    string
	ExpiresIn time.Duration
}

// Error says who holds the ledger and for how long.
func (e *HeldError) Error() string {
	return fmt.Sprintf("the ledger is in use by %s (its lease ends in %s unless renewed): wait for its run to end", e.Holder, e.ExpiresIn.Round(time.Second))
}

const (
	// DefaultLease is how long a writer that died keeps others waiting.
	DefaultLease = 15 * time.Second
	leasePoll    = 200 * time.Millisecond
	// A connection that hangs must not keep the lease from being renewed over
	// another one.
	renewTimeout = DefaultLease / 3
)

// Lease is the right to post. One row holds it, by the database's clock;
// every posting transaction proves its fence number, so a writer that slept
// through the end of its lease can do no harm. It renews itself until
// Release.
type Lease struct {
	ledger *Ledger
	holder string
	fence  int64
	length time.Duration
	held   context.Context // ends with the lease
	cancel context.CancelCauseFunc
	done   chan struct{}
	known  atomic.Pointer[knownAccounts] // as the last transaction under it left them
}

// Acquire waits for the lease for at most patience, then fails with a
// *HeldError.
func (l *Ledger) Acquire(ctx context.Context, length, patience time.Duration) (*Lease, error) {
	host, _ := os.Hostname()
	random := make([]byte, 4)
	_, _ = rand.Read(random)
	lease := &Lease{
		ledger: l, length: length, done: make(chan struct{}),
		holder: fmt.Sprintf("%.100s process %d (%s)", host, os.Getpid(), hex.EncodeToString(random)),
	}
	var waited time.Duration
	for {
		err := lease.take(ctx)
		var held *HeldError
		if err == nil {
			break
		}
		if !errors.As(err, &held) || waited >= patience {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the ledger: %w", context.Cause(ctx))
		case <-time.After(leasePoll):
			waited += leasePoll
		}
	}
	lease.held, lease.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	go lease.renew(lease.held)
	return lease, nil
}

// Context returns a copy of ctx that ends, with ErrFenced as its cause, when
// the lease is lost.
func (lease *Lease) Context(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	context.AfterFunc(lease.held, func() { cancel(context.Cause(lease.held)) })
	return ctx
}

func (lease *Lease) take(ctx context.Context) error {
	l := lease.ledger
	return database.Transact(ctx, l.db, func(tx *sqlx.Tx) error {
		result, err := tx.ExecContext(ctx, l.sql(`
			UPDATE {p}loyalty_writer
			SET holder = ?, fence = fence + 1, expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
			WHERE id = 1 AND (holder = '' OR holder = ? OR expires_at < UTC_TIMESTAMP(6))`),
			lease.holder, lease.length.Microseconds(), lease.holder)
		if err != nil {
			return fmt.Errorf("take the lease: %w", err)
		}
		var row struct {
			Holder string `db:"holder"`
			Fence  int64  `db:"fence"`
			Left   int64  `db:"left_us"`
		}
		err = tx.GetContext(ctx, &row, l.sql(`
			SELECT holder, fence, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expires_at) AS left_us
			FROM {p}loyalty_writer WHERE id = 1`))
		if err != nil {
			return fmt.Errorf("read the lease: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return &HeldError{Holder: row.Holder, ExpiresIn: time.Duration(row.Left) * time.Microsecond}
		}
		lease.fence = row.Fence
		return nil
	})
}

func (lease *Lease) renew(ctx context.Context) {
	defer close(lease.done)
	ticker := time.NewTicker(lease.length / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if lease.extend(ctx) {
			continue
		}
		lease.cancel(ErrFenced)
		return
	}
}

// extend renews the lease and reports false when it is known to be lost. After
// an error the fence decides: a lost connection may come back in time.
func (lease *Lease) extend(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	result, err := lease.ledger.db.ExecContext(ctx, lease.ledger.sql(`
		UPDATE {p}loyalty_writer SET expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
		WHERE id = 1 AND fence = ?`), lease.length.Microseconds(), lease.fence)
	if err != nil {
		return true
	}
	n, err := result.RowsAffected()
	return err != nil || n != 0
}

// Release gives the lease back. It is safe to call when the lease was lost.
func (lease *Lease) Release() error {
	lease.cancel(context.Canceled)
	<-lease.done
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := lease.ledger.db.ExecContext(ctx, lease.ledger.sql(`
		UPDATE {p}loyalty_writer SET holder = '' WHERE id = 1 AND fence = ?`), lease.fence)
	if err != nil {
		return fmt.Errorf("release the lease: %w", err)
	}
	return nil
}

// Tx is a posting transaction: nobody else posts while it is open.
type Tx struct {
	*sqlx.Tx
	// Now is the database's clock at the start of the transaction, UTC.
	Now    time.Time
	ledger *Ledger
	n      int64 // of the transactions that held the writer's row
	known  *knownAccounts
	open   map[int64]*Account
	next   map[key]int64 // next revision of an object
	failed error         // of a Post, which may have got halfway: nothing can be kept
}

type key struct {
	source Source
	object int64
}

// Update runs work in one transaction that holds the fence, and commits unless
// work or one of its Posts failed. Work may run several times and must read
// what was posted from the transaction itself. ErrFenced means that the lease
// was lost.
func (l *Ledger) Update(ctx context.Context, lease *Lease, work func(*Tx) error) error {
	var last *Tx
	err := l.fenced(ctx, lease, l.posting(ctx, func(t *Tx) error {
		last = t
		// Whoever fails with them does not give them back.
		t.known = t.known.or(lease.known.Swap(nil), t.n)
		return work(t)
	}))
	if err == nil {
		lease.known.Store(last.known.after(last))
	}
	return err
}

// UpdateAlone is Update without a lease, for work that stands alone: it takes
// its turn among the transactions of whoever holds the lease. Work must find
// out from the transaction what is left of it to do, because the answer to a
// COMMIT can be lost.
func (l *Ledger) UpdateAlone(ctx context.Context, work func(*Tx) error) error {
	return l.updateAlone(ctx, l.posting(ctx, work))
}

func (l *Ledger) updateAlone(ctx context.Context, posting func(*sqlx.Tx) error) error {
	// They wait here for each other, not in the database, where each would keep
	// a connection of the pool while the run that they wait for may need one.
	select {
	case l.alone <- struct{}{}:
		defer func() { <-l.alone }()
	case <-ctx.Done():
		return fmt.Errorf("wait for the ledger: %w", context.Cause(ctx))
	}
	return database.Transact(ctx, l.db, func(tx *sqlx.Tx) error {
		if err := l.hold(ctx, tx, `id = 1`); err != nil {
			return err
		}
		return posting(tx)
	})
}

// posting wraps work that posts, for a transaction that holds the writer's row.
func (l *Ledger) posting(ctx context.Context, work func(*Tx) error) func(*sqlx.Tx) error {
	return l.postingAfter(ctx, nil, func(t *Tx, _ []answeredRequest) error { return work(t) })
}

// postingAfter is posting for work that goes by whether requests with these keys
// were made before: one statement tells that with the clock.
func (l *Ledger) postingAfter(ctx context.Context, keys []string, work func(*Tx, []answeredRequest) error) func(*sqlx.Tx) error {
	return func(tx *sqlx.Tx) error {
		t := &Tx{Tx: tx, ledger: l, open: map[int64]*Account{}, next: map[key]int64{}}
		answered, err := t.begin(ctx, keys)
		if err != nil {
			return err
		}
		if err := work(t, answered); err != nil {
			return err
		}
		return t.failed
	}
}

// begin reads what the transaction goes by, and those of the requests that were
// made before.
func (t *Tx) begin(ctx context.Context, keys []string) (answered []answeredRequest, err error) {
	columns, from := ``, `{p}loyalty_writer w`
	var args []any
	if len(keys) > 0 {
		columns = `, q.idem_key, q.body_hash, e.object_id, e.balance`
		from += ` LEFT JOIN {p}loyalty_requests q ON q.idem_key IN ` + rows(len(keys), 1) + ` LEFT JOIN {p}loyalty_entries e ON e.id = q.entry_id`
		for _, k := range keys {
			args = append(args, k)
		}
	}
	found, err := t.QueryContext(ctx, t.ledger.sql(`
		SELECT UTC_TIMESTAMP(6), w.zone, w.n, NOT EXISTS (SELECT 1 FROM {p}loyalty_accounts)`+columns+`
		FROM `+from+` WHERE w.id = 1`), args...)
	if err != nil {
		return nil, fmt.Errorf("read the database's clock: %w", err)
	}
	defer func() { _ = found.Close() }()
	var zone string
	var none bool
	for found.Next() {
		into := []any{&t.Now, &zone, &t.n, &none}
		var request answeredRequest
		var idemKey sql.NullString
		if len(keys) > 0 {
			into = append(into, &idemKey, &request.Hash, &request.Object, &request.Balance)
		}
		if err := found.Scan(into...); err != nil {
			return nil, fmt.Errorf("read the database's clock: %w", err)
		}
		if request.Key = idemKey.String; idemKey.Valid {
			answered = append(answered, request)
		}
	}
	switch {
	case found.Err() != nil:
		return nil, fmt.Errorf("read the database's clock: %w", found.Err())
	case t.Now.IsZero():
		return nil, errors.New("read the database's clock: the writer's row is not there")
	case zone != t.ledger.zone.String():
		return nil, fmt.Errorf("the daily roll-up counts days of %q, not of %q: call SetZone first", zone, t.ledger.zone)
	}
	t.known = &knownAccounts{all: none, accounts: map[int64]knownAccount{}}
	return answered, nil
}

// fenced runs work in a transaction that holds the fence.
func (l *Ledger) fenced(ctx context.Context, lease *Lease, work func(*sqlx.Tx) error) error {
	return database.Transact(ctx, l.db, func(tx *sqlx.Tx) error {
		if err := l.hold(ctx, tx, `id = 1 AND fence = ?`, lease.fence); err != nil {
			return err
		}
		return work(tx)
	})
}

// hold locks the writer's row, or answers ErrFenced when none fulfils the
// condition. The first transaction of all decides the zone of the daily
// roll-up.
func (l *Ledger) hold(ctx context.Context, tx *sqlx.Tx, where string, args ...any) error {
	result, err := tx.ExecContext(ctx, l.sql(`
		UPDATE {p}loyalty_writer SET n = n + 1, zone = CASE WHEN zone = '' THEN ? ELSE zone END
		WHERE `+where), append([]any{l.zone.String()}, args...)...)
	if err != nil {
		return fmt.Errorf("hold the writer's row: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return ErrFenced
	}
	return nil
}
