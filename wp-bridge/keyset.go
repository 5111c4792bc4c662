package wpbridge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// Constants are keys that were configured, not made by the plugin. They are
// texts of any form, the older one good while all are changed.
type Constants struct {
	Origin            string // "constant": in wp-config.php; "config": in the daemon's own configuration
	Current, Previous string
	Problem           string // why they cannot be used
}

// Where a key is from.
const (
	originOption   = "option"
	originConstant = "constant"
	originConfig   = "config"
)

// sharedKey is a secret with its id. However it is printed or logged, only the id
// shows.
type sharedKey struct {
	id     string
	secret []byte
	until  time.Time // no longer good from then on; zero: good
}

func (k sharedKey) String() string { return k.id }

// Format prints the id for every verb.
func (k sharedKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.id) }

// LogValue logs the id.
func (k sharedKey) LogValue() slog.Value { return slog.StringValue(k.id) }

// keySet are the keys that are good, the current one first.
type keySet struct {
	origin string
	keys   []sharedKey
}

func (s keySet) find(id string, now time.Time) ([]byte, bool) {
	for _, k := range s.keys {
		if k.id == id && (k.until.IsZero() || now.Before(k.until)) {
			return k.secret, true
		}
	}
	return nil, false
}

// first returns the id of the current key, or "".
func (s keySet) first() string {
	if len(s.keys) == 0 {
		return ""
	}
	return s.keys[0].id
}

// KeyID returns the id of a key that is a constant.
func KeyID(constant string) string {
	sum := sha256.Sum256([]byte("loyaltyd-key-id:" + constant))
	return hex.EncodeToString(sum[:8])
}

// Bound returns what a key in the option is bound to: the site's address, as
// it is stored, its database and its table prefix. A copy of the site has
// another one.
func Bound(siteurl, databaseName, prefix string) string {
	sum := sha256.Sum256([]byte(strings.TrimRight(siteurl, "/") + "\n" + databaseName + "\n" + prefix))
	return hex.EncodeToString(sum[:])
}

// choose returns the keys as they are configured now.
func (k *Keys) choose(ctx context.Context, databaseName string) (keys keySet, problem string, err error) {
	constants := k.options.Constants()
	if constants.Problem != "" {
		return keySet{}, constants.Problem, nil
	}
	keys.origin = constants.Origin
	for _, text := range []string{constants.Current, constants.Previous} {
		if text != "" {
			keys.keys = append(keys.keys, sharedKey{id: KeyID(text), secret: []byte(text)})
		}
	}
	if len(keys.keys) > 0 {
		return keys, "", nil
	}
	options, err := k.options.Options(ctx, keyOption, "siteurl")
	if err != nil {
		return keySet{}, "", err
	}
	text, exists := options[keyOption]
	if !exists || text == "" {
		return keySet{}, "", nil
	}
	stored, ok := parseKeyOption(text)
	if !ok {
		return keySet{}, "the key in WordPress (option loyaltyd_key) cannot be read: make a new one with “Pair this site” on the Loyalty page's Status tab", nil
	}
	if stored.Bound != Bound(options["siteurl"], databaseName, string(k.options.Prefix)) {
		return keySet{}, "this looks like a copy of another site: its key is bound to another address, database or table prefix. To use it with a daemon of its own, press “Pair this site” on the Loyalty page's Status tab; otherwise leave it", nil
	}
	return stored.keys(), "", nil
}

const keyOption = "loyaltyd_key"

// keyOptionForm is the option's content.
type keyOptionForm struct {
	Version int    `json:"v"`
	Bound   string `json:"bound"`
	Keys    []struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
		Made   int64  `json:"made"` // Unix seconds
	} `json:"keys"`
}

var keyIDForm = regexp.MustCompile(`^[0-9a-f]{16}$`)

func parseKeyOption(text string) (keyOptionForm, bool) {
	var form keyOptionForm
	if err := json.Unmarshal([]byte(text), &form); err != nil || form.Version != 1 || len(form.Keys) == 0 {
		return keyOptionForm{}, false
	}
	for _, k := range form.Keys {
		const secretLength = 32
		if secret, err := hex.DecodeString(k.Secret); err != nil || len(secret) != secretLength || !keyIDForm.MatchString(k.ID) {
			return keyOptionForm{}, false
		}
	}
	return form, true
}

// previousLasts is how long the key before the current one is good.
const previousLasts = 24 * time.Hour

func (f keyOptionForm) keys() keySet {
	set := keySet{origin: originOption}
	for i, k := range f.Keys {
		if i > 1 {
			break // at most one is previous
		}
		secret, _ := hex.DecodeString(k.Secret) // was proven to be hex
		next := sharedKey{id: k.ID, secret: secret}
		if i > 0 {
			next.until = time.Unix(f.Keys[0].Made, 0).Add(previousLasts)
		}
		set.keys = append(set.keys, next)
	}
	return set
}
