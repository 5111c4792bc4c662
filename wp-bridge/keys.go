package wpbridge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// KeysOptions are what Keys needs. Every field is required.
type KeysOptions struct {
	// Constants returns the keys that were configured as constants, as they
	// are now; with any, the option does not count.
	Constants func() Constants
	// Options returns the site's options of these names as they are stored.
	Options func(ctx context.Context, names ...string) (map[string]string, error)
	// DB is the site's database, with the pairing's row.
	DB     *sqlx.DB
	Prefix database.Prefix // of the site's tables
	Now    func() time.Time
	Log    *slog.Logger
	// Leads says that this process speaks for the daemon; others change
	// nothing in the pairing's row.
	Leads func() bool
}

// Keys are the keys that requests of the plugin may be signed with: those in
// wp-config.php or the configuration, else those in the option loyaltyd_key,
// which the plugin makes and which is bound to its site. What was read last
// holds on while the database is away.
type Keys struct {
	options KeysOptions

	refreshing sync.Mutex // one read at a time

	mu      sync.Mutex
	keys    keySet
	asked   bool // for another key
	problem string
	next    *reading  // which all wait for who met an unknown key
	missed  time.Time // when the last such reading began
}

// reading is one look at the keys that is still to come.
type reading struct {
	done chan struct{}
	err  error
}

// missEvery is the least time between two looks for an unknown key.
const missEvery = time.Second

// missTimeout bounds such a look.
const missTimeout = 5 * time.Second

// NewKeys returns keys that are not read yet: call Refresh.
func NewKeys(options KeysOptions) *Keys { return &Keys{options: options} }

// Secret returns what requests with that key id are signed with. For an
// unknown id it looks at the site's option again, at most once a second for
// all who ask. The error wraps ErrUnknownKey when there is no such key.
func (k *Keys) Secret(ctx context.Context, id string) ([]byte, error) {
	if secret, ok := k.find(id); ok {
		return secret, nil
	}
	if err := k.lookAgain(ctx); err != nil {
		return nil, err
	}
	if secret, ok := k.find(id); ok {
		return secret, nil
	}
	if problem := k.Problem(); problem != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnknownKey, problem)
	}
	return nil, ErrUnknownKey
}

func (k *Keys) find(id string) ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys.find(id, k.options.Now())
}

// lookAgain waits for a reading that begins after the call.
func (k *Keys) lookAgain(ctx context.Context) error {
	k.mu.Lock()
	next := k.next
	if next == nil {
		next = &reading{done: make(chan struct{})}
		k.next = next
		wait := max(0, missEvery-k.options.Now().Sub(k.missed))
		time.AfterFunc(min(wait, missEvery), func() { k.read(next) })
	}
	k.mu.Unlock()
	select {
	case <-next.done:
		return next.err
	case <-ctx.Done():
		return fmt.Errorf("look for the key: %w", context.Cause(ctx))
	}
}

func (k *Keys) read(r *reading) {
	k.mu.Lock()
	k.next, k.missed = nil, k.options.Now()
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), missTimeout)
	defer cancel()
	r.err = k.Refresh(ctx)
	close(r.done)
}

// Refresh reads the keys, and records in the pairing's row which one is
// accepted or why none is. After an error the keys are as they were.
func (k *Keys) Refresh(ctx context.Context) error {
	k.refreshing.Lock()
	defer k.refreshing.Unlock()
	row, err := k.row(ctx)
	if err != nil {
		return err
	}
	keys, problem, err := k.choose(ctx, row.Database)
	if err != nil {
		return err
	}
	rotated := len(keys.keys) > 0 && keys.keys[0].id != row.KeyID
	k.mu.Lock()
	news := problem != k.problem
	k.keys, k.problem = keys, problem
	k.asked = row.AskedAt.Valid && !rotated
	k.mu.Unlock()
	if news && problem != "" {
		k.options.Log.Warn("not paired with WordPress", "reason", problem)
	}
	if !k.options.Leads() || !rotated && problem == row.Problem {
		return nil
	}
	if rotated {
		k.options.Log.Info("paired with WordPress", "key", keys.first(), "origin", keys.origin)
	}
	return k.record(ctx, rotated, keys.first(), problem)
}

// Pairing returns the key in force as it was read last.
func (k *Keys) Pairing() Pairing {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := Pairing{ID: k.keys.first(), RotateAsked: k.asked && k.keys.origin == originOption}
	if p.ID != "" {
		p.Origin = k.keys.origin
	}
	return p
}

// Problem says why no key is accepted, with the way out; "" when one is, or
// when WordPress has none yet.
func (k *Keys) Problem() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.problem
}

// pairingRow is the pairing's row in the site's database.
type pairingRow struct {
	Database string       `db:"name"`
	AskedAt  sql.NullTime `db:"rotate_asked_at"`
	KeyID    string       `db:"key_id"`
	Problem  string       `db:"key_problem"`
}

func (k *Keys) row(ctx context.Context) (pairingRow, error) {
	var row pairingRow
	err := k.options.DB.GetContext(ctx, &row, k.options.Prefix.SQL(`
		SELECT DATABASE() AS name, rotate_asked_at, key_id, key_problem FROM {p}loyalty_pairing WHERE id = 1`))
	if err != nil {
		return pairingRow{}, fmt.Errorf("read how daemon and plugin are paired: %w", err)
	}
	return row, nil
}

// record notes the key that is accepted. A new one ends the wish for one.
func (k *Keys) record(ctx context.Context, rotated bool, id, problem string) error {
	const most = 1024
	if runes := []rune(problem); len(runes) > most {
		problem = string(runes[:most])
	}
	set := `key_problem = ?`
	values := []any{problem}
	if rotated {
		set += `, key_id = ?, rotate_asked_at = NULL`
		values = append(values, id)
	}
	_, err := k.options.DB.ExecContext(ctx, k.options.Prefix.SQL(`UPDATE {p}loyalty_pairing SET `+set+` WHERE id = 1`), values...)
	if err != nil {
		return fmt.Errorf("record how daemon and plugin are paired: %w", err)
	}
	return nil
}

// ErrNoRotation says that WordPress cannot be asked for another key.
var ErrNoRotation = errors.New("no other key can be asked for")

// AskRotation asks WordPress to make another key, which it does when it next
// hears from the daemon. The error wraps ErrNoRotation when the key is not
// WordPress's to change, and says what to do.
func (k *Keys) AskRotation(ctx context.Context) error {
	if err := k.Refresh(ctx); err != nil {
		return err
	}
	pairing := k.Pairing()
	switch {
	case k.Problem() != "":
		return fmt.Errorf("%w: %s", ErrNoRotation, k.Problem())
	case pairing.ID == "":
		return fmt.Errorf("%w: WordPress has none yet: activate the plugin loyaltyd there", ErrNoRotation)
	case pairing.Origin == originConstant:
		return fmt.Errorf("%w: the key is a constant in wp-config.php: change it there (LOYALTYD_KEY, the old one as LOYALTYD_KEY_PREVIOUS)", ErrNoRotation)
	case pairing.Origin == originConfig:
		return fmt.Errorf("%w: the key is in the configuration (endpoint.key or endpoint.key_file): change it there and in wp-config.php (LOYALTYD_KEY)", ErrNoRotation)
	}
	_, err := k.options.DB.ExecContext(ctx, k.options.Prefix.SQL(`UPDATE {p}loyalty_pairing SET rotate_asked_at = UTC_TIMESTAMP(6) WHERE id = 1`))
	if err != nil {
		return fmt.Errorf("ask WordPress for another key: %w", err)
	}
	return nil
}
