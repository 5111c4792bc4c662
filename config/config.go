// Package config gives the daemon one typed configuration, put together from
// defaults, a YAML or JSON file, environment variables (LOYALTYD_…) and flags,
// the later winning over the earlier, and finds the store's database through
// wp-config.php.
//
// Numbers are never read through floating point, unknown keys and wrong types
// are refused, all problems are told at once, and passwords are never shown.
package config

import (
	"net"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/database"
	"loyaltyd/sync/program"
)

// Config is the configuration in force. It is read only once it is loaded;
// copies share their maps and lists.
type Config struct {
	Store    Store
	Ledger   Ledger
	Endpoint Endpoint
	Brake    Brake
	Schedule Schedule
	Program  Program

	// Warnings are for the person who runs the daemon; nothing is wrong
	// enough to stop.
	Warnings []string

	values map[string]value
}

// Store says where the WordPress database is: either a WordPress folder or a
// DSN. Resolve turns it into a Site.
type Store struct {
	WPPath  string
	DSN     DSN    // from store.dsn or the file that store.dsn_file names
	DSNFile string // the file's name, if the DSN came from one
	// TablePrefix is empty when it is not configured: then the prefix in
	// wp-config.php counts, or wp_ with a DSN.
	TablePrefix string
}

// Ledger says where the ledger's tables are. A zero DSN means the store's
// database.
type Ledger struct {
	DSN     DSN
	DSNFile string
}

// Endpoint is the local HTTP endpoint.
type Endpoint struct {
	Listen string
	// Remote allows Listen to be an address that other machines can reach.
	Remote bool
	// Key is shared with the plugin's LOYALTYD_KEY. Zero: the key in
	// wp-config.php or in the site's options counts.
	Key     Secret
	KeyFile string // the file's name, if the key came from one
	// Token lets monitors ask for health and metrics without a signature.
	Token     Secret
	TokenFile string // the file's name, if the token came from one
}

// Address returns what net.Listen needs: "unix" and a path, or "tcp" and
// host:port.
func (e Endpoint) Address() (network, address string) {
	if path, ok := socketPath(e.Listen); ok {
		return "unix", path
	}
	return "tcp", e.Listen
}

func socketPath(listen string) (string, bool) {
	if path, ok := strings.CutPrefix(listen, "unix:"); ok {
		return path, true
	}
	return listen, strings.HasPrefix(listen, "/")
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Brake bounds what one run may take back without a person's consent.
type Brake struct {
	Percent apd.Decimal // of the outstanding points, 0 to 100
	Entries int64
}

// Schedule says when the daemon does what, in the site's time.
type Schedule struct {
	Sync   Cron
	Sweep  Cron
	Expire Cron
	Verify Cron
}

// Program is the points programme. Only Rules is versioned.
type Program struct {
	Rules           program.Rules
	Exclude         program.Exclusion // roles in lower case
	NegativeBalance string            // NegativeAllow or NegativeClamp
	Redeem          Redeem
	Expiry          Expiry
}

// Redeem says what points are worth when they are spent.
type Redeem struct {
	PointsPerUnit apd.Decimal // points for one unit of store currency; 0: points have no value
	Min           int64       // fewest points in one redemption
	Max           int64       // most points in one redemption; 0: no limit
	Multiple      int64       // what they must be a multiple of, at least 1
	CouponDays    int         // days that a coupon is valid; 0: for ever
	GiveBack      program.GiveBack
}

// Expiry says when points are lost.
type Expiry struct {
	Mode string // ExpiryNone, ExpiryIdle or ExpiryLots
	Days int
}

// The words of the configuration that are not the rules' own.
const (
	NegativeAllow = "allow"
	NegativeClamp = "clamp"

	GiveBackExpired  = "expired"  // a coupon that expired unused
	GiveBackDeleted  = "deleted"  // a coupon that was deleted unused
	GiveBackRefunded = "refunded" // an order that a coupon paid was refunded

	ExpiryNone = "none"
	ExpiryIdle = "idle" // the whole balance, after so many days without an entry
	ExpiryLots = "lots" // the oldest points first, so many days after they were earned
)

var giveBackEnds = []string{GiveBackExpired, GiveBackDeleted, GiveBackRefunded}

// HasProgram reports whether anything of the programme was configured here,
// so that a programme kept in WordPress does not count.
func (c Config) HasProgram() bool {
	for path, v := range c.values {
		if strings.HasPrefix(path, "program.") && v.source.rank > rankDefault {
			return true
		}
	}
	return false
}

// defaultPrefix is WordPress's own.
const defaultPrefix = database.Prefix("wp_")
