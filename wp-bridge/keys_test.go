package wpbridge_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
	wpbridge "loyaltyd/wp-bridge"
)

// keyring is a site with keys, and what tests do to it.
type keyring struct {
	t         *testing.T
	db        *testshop.Database
	pool      *sqlx.DB // of the keys' own connections
	keys      *wpbridge.Keys
	constants wpbridge.Constants
	leads     bool
	log       bytes.Buffer

	mu    sync.Mutex
	clock time.Time
	reads int // of the option
}

func newKeyring(t *testing.T, db *testshop.Database) *keyring {
	t.Helper()
	shop := db.Shop(t, testshop.Options{})
	if _, err := database.Migrate(t.Context(), db.Root, shop.Prefix, wpbridge.Component()); err != nil {
		t.Fatal(err)
	}
	raw, err := database.OpenStore(t.Context(), db.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	opened, err := store.Open(t.Context(), raw, shop.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := database.Open(t.Context(), db.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	r := &keyring{t: t, db: db, pool: pool, leads: true, clock: time.Date(2026, 4, 5, 6, 7, 8, 0, time.UTC)}
	r.keys = wpbridge.NewKeys(wpbridge.KeysOptions{
		Constants: func() wpbridge.Constants { return r.constants },
		Options: func(ctx context.Context, names ...string) (map[string]string, error) {
			r.mu.Lock()
			r.reads++
			r.mu.Unlock()
			return opened.Options(ctx, names...)
		},
		DB: pool, Prefix: shop.Prefix, Now: r.now, Log: slog.New(slog.NewTextHandler(&r.log, nil)),
		Leads: func() bool { return r.leads },
	})
	r.set("siteurl", "https://shop.example/")
	return r
}

func (r *keyring) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *keyring) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

func (r *keyring) set(option, value string) {
	r.t.Helper()
	_, err := r.db.Root.Exec(`
		INSERT INTO wp_options (option_name, option_value, autoload) VALUES (?, ?, 'no')
		ON DUPLICATE KEY UPDATE option_value = VALUES(option_value)`, option, value)
	if err != nil {
		r.t.Fatal(err)
	}
}

// pair puts keys into the option as the plugin does, the current one first.
func (r *keyring) pair(ids ...string) {
	r.t.Helper()
	r.set("loyaltyd_key", keyOption(wpbridge.Bound("https://shop.example", r.db.Name, "wp_"), r.now(), ids...))
}

func keyOption(bound string, made time.Time, ids ...string) string {
	var keys []string
	for _, id := range ids {
		keys = append(keys, fmt.Sprintf(`{"id":%q,"secret":%q,"made":%d}`, id, secretOf(id), made.Unix()))
	}
	return fmt.Sprintf(`{"v":1,"bound":%q,"keys":[%s]}`, bound, strings.Join(keys, ","))
}

func secretOf(id string) string { return strings.Repeat(id, 4) }

const (
	key1 = "1111111111111111"
	key2 = "2222222222222222"
	key3 = "3333333333333333"
)

func (r *keyring) refresh() {
	r.t.Helper()
	if err := r.keys.Refresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// good asserts that exactly these of the three keys are accepted.
func (r *keyring) good(ids ...string) {
	r.t.Helper()
	for _, id := range []string{key1, key2, key3} {
		want := false
		for _, one := range ids {
			want = want || one == id
		}
		r.later(time.Second) // so that nothing waits for the next reading
		secret, err := r.keys.Secret(r.t.Context(), id)
		switch {
		case want && (err != nil || hex.EncodeToString(secret) != secretOf(id)):
			r.t.Errorf("key %s: %v", id, err)
		case !want && !errors.Is(err, wpbridge.ErrUnknownKey):
			r.t.Errorf("key %s, which is not good: %v", id, err)
		}
	}
}

// row returns a column of the pairing's row as text.
func (r *keyring) row(column string) string {
	r.t.Helper()
	var text string
	if err := r.db.Root.Get(&text, `SELECT COALESCE(`+column+`, '') FROM wp_loyalty_pairing WHERE id = 1`); err != nil {
		r.t.Fatal(err)
	}
	return text
}

func TestKeysOfTheOption(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		r := newKeyring(t, db)
		r.refresh()
		r.good()
		if p, problem := r.keys.Pairing(), r.keys.Problem(); p.ID != "" || p.Origin != "" || problem != "" {
			t.Errorf("without a key: %+v, %q", p, problem)
		}
		r.pair(key1)
		r.good(key1) // without being told
		if p := r.keys.Pairing(); p != (wpbridge.Pairing{ID: key1, Origin: "option"}) {
			t.Errorf("pairing %+v", p)
		}
		if id := r.row("key_id"); id != key1 {
			t.Errorf("accepted key %q", id)
		}
		r.pair(key2, key1)
		r.good(key2, key1)
		if id := r.row("key_id"); id != key2 {
			t.Errorf("accepted key %q", id)
		}
		r.later(24*time.Hour - time.Minute)
		r.good(key2, key1)
		r.later(time.Minute)
		r.good(key2)
		r.pair(key3, key2, key1) // no more than one is previous
		r.refresh()
		r.good(key3, key2)
		if strings.Contains(r.log.String(), secretOf(key1)) {
			t.Errorf("the log holds a secret:\n%s", r.log.String())
		}
	})
}

func TestACopyOfTheSiteIsNotPaired(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for name, option := range map[string]string{
			"another address":  keyOption(wpbridge.Bound("https://staging.example", db.Name, "wp_"), time.Now(), key1),
			"another database": keyOption(wpbridge.Bound("https://shop.example", db.Name+"_live", "wp_"), time.Now(), key1),
			"another prefix":   keyOption(wpbridge.Bound("https://shop.example", db.Name, "wp_2_"), time.Now(), key1),
			"no binding":       keyOption("", time.Now(), key1),
			"no JSON":          key1,
			"another version":  strings.Replace(keyOption(wpbridge.Bound("https://shop.example", db.Name, "wp_"), time.Now(), key1), `"v":1`, `"v":2`, 1),
			"a short secret":   strings.Replace(keyOption(wpbridge.Bound("https://shop.example", db.Name, "wp_"), time.Now(), key1), secretOf(key1), key1, 1),
			"no keys":          keyOption(wpbridge.Bound("https://shop.example", db.Name, "wp_"), time.Now()),
		} {
			t.Run(name, func(t *testing.T) {
				r := newKeyring(t, db.Fresh(t))
				option := strings.ReplaceAll(option, db.Name, r.db.Name)
				if name != "another address" && name != "another prefix" && name != "another database" {
					option = strings.Replace(option, wpbridge.Bound("https://shop.example", db.Name, "wp_"), wpbridge.Bound("https://shop.example", r.db.Name, "wp_"), 1)
				}
				r.set("loyaltyd_key", option)
				r.refresh()
				r.good()
				problem := r.keys.Problem()
				if !strings.Contains(problem, "Pair this site") || r.row("key_problem") != problem || r.keys.Pairing().ID != "" {
					t.Errorf("problem %q, recorded %q, pairing %+v", problem, r.row("key_problem"), r.keys.Pairing())
				}
				r.refresh()
				if n := strings.Count(r.log.String(), "not paired"); n != 1 {
					t.Errorf("said %d times:\n%s", n, r.log.String())
				}
				r.pair(key2) // a person pressed the button
				r.good(key2)
				if r.keys.Problem() != "" || r.row("key_problem") != "" {
					t.Errorf("problem %q, recorded %q", r.keys.Problem(), r.row("key_problem"))
				}
			})
		}
	})
}

func TestConstantsWinOverTheOption(t *testing.T) {
	r := newKeyring(t, testshop.New(t))
	r.pair(key1)
	const current, previous = "a constant of more than 32 letters", "the constant that was there before it"
	r.constants = wpbridge.Constants{Origin: "constant", Current: current, Previous: previous}
	r.refresh()
	r.good()
	for _, text := range []string{current, previous} {
		secret, err := r.keys.Secret(t.Context(), wpbridge.KeyID(text))
		if err != nil || string(secret) != text {
			t.Errorf("%q, %v", secret, err)
		}
	}
	if p := r.keys.Pairing(); p.ID != wpbridge.KeyID(current) || p.Origin != "constant" {
		t.Errorf("pairing %+v", p)
	}
	if err := r.keys.AskRotation(t.Context()); !errors.Is(err, wpbridge.ErrNoRotation) || !strings.Contains(err.Error(), "LOYALTYD_KEY_PREVIOUS") {
		t.Errorf("rotation: %v", err)
	}
	r.constants = wpbridge.Constants{Origin: "constant", Problem: "LOYALTYD_KEY is computed"}
	r.refresh()
	r.good() // not those of the option either: WordPress goes by the constant
	if r.row("key_problem") != "LOYALTYD_KEY is computed" {
		t.Errorf("recorded %q", r.row("key_problem"))
	}
	r.constants = wpbridge.Constants{}
	r.refresh()
	r.good(key1)
}

// A wish for another key is shown until one is accepted.
func TestAskingForAnotherKey(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		r := newKeyring(t, db)
		if err := r.keys.AskRotation(t.Context()); !errors.Is(err, wpbridge.ErrNoRotation) {
			t.Errorf("with nothing to rotate: %v", err)
		}
		r.pair(key1)
		r.refresh()
		if err := r.keys.AskRotation(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.refresh()
		if !r.keys.Pairing().RotateAsked || r.row("rotate_asked_at") == "" {
			t.Error("the wish is not shown")
		}
		r.good(key1)
		r.pair(key2, key1)
		r.good(key2, key1)
		if r.keys.Pairing().RotateAsked || r.row("rotate_asked_at") != "" {
			t.Error("the wish is not over")
		}
		r.refresh()
		if r.keys.Pairing().RotateAsked {
			t.Error("the wish came back")
		}
	})
}

// Who stands by records nothing.
func TestWhoDoesNotLeadRecordsNothing(t *testing.T) {
	r := newKeyring(t, testshop.New(t))
	r.leads = false
	r.pair(key1)
	r.refresh()
	r.good(key1)
	if id := r.row("key_id"); id != "" {
		t.Errorf("recorded %q", id)
	}
}

// However many ask for an unknown key, the option is read once a second; who
// asks after a rotation waits for a reading that began after it.
func TestUnknownKeysAreLookedForOnceASecond(t *testing.T) {
	r := newKeyring(t, testshop.New(t))
	r.pair(key1)
	r.refresh()
	r.reads = 0
	began := time.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := r.keys.Secret(t.Context(), key2); !errors.Is(err, wpbridge.ErrUnknownKey) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	r.pair(key2, key1)
	for range 100 {
		all.Go(func() {
			if _, err := r.keys.Secret(t.Context(), key2); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// The clock of the keys stands still, so each reading waits its whole second.
	if most := 2 + int(time.Since(began)/time.Second); r.reads > most {
		t.Errorf("%d readings in %s", r.reads, time.Since(began))
	}
}

// Without its database the daemon still knows whom to answer.
func TestKeysHoldOnWithoutTheDatabase(t *testing.T) {
	r := newKeyring(t, testshop.New(t))
	r.pair(key1)
	r.refresh()
	if err := r.pool.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.keys.Refresh(t.Context()); err == nil {
		t.Error("no error")
	}
	if _, err := r.keys.Secret(t.Context(), key1); err != nil {
		t.Error(err)
	}
	if _, err := r.keys.Secret(t.Context(), key2); err == nil || errors.Is(err, wpbridge.ErrUnknownKey) {
		t.Errorf("of an unknown key nothing is known: %v", err)
	}
}
