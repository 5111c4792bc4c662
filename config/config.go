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
	"loyaltyd/internal/settings"
	"loyaltyd/sync/program"
)

// Config is the configuration in force. It is read only once it is loaded;
// copies share their maps and lists.
type Config struct {
	Store    Store            `json:"store"`
	Ledger   Ledger           `json:"ledger"`
	Endpoint Endpoint         `json:"endpoint"`
	Brake    Brake            `json:"brake"`
	Schedule Schedule         `json:"schedule"`
	Program  program.Settings `json:"program"`

	// Warnings are for the person who runs the daemon; nothing is wrong
	// enough to stop.
	Warnings []string `json:"-"`

	values map[string]settings.Value
}

// Store says where the WordPress database is: either a WordPress folder or a
// DSN. Resolve turns it into a Site.
type Store struct {
	WPPath  string `json:"wp_path"`
	DSN     DSN    `json:"dsn"`      // from store.dsn or the file that store.dsn_file names
	DSNFile string `json:"dsn_file"` // the file's name, if the DSN came from one
	// TablePrefix is empty when it is not configured: then the prefix in
	// wp-config.php counts, or wp_ with a DSN.
	TablePrefix string `json:"table_prefix"`
	// The tables of users and of their meta where they have names of their own;
	// empty: what wp-config.php says, else WordPress's.
	UsersTable    string `json:"users_table"`
	UserMetaTable string `json:"usermeta_table"`
}

// Ledger says where the ledger's tables are. A zero DSN means the store's
// database.
type Ledger struct {
	DSN     DSN    `json:"dsn"`
	DSNFile string `json:"dsn_file"`
}

// Endpoint is the local HTTP endpoint.
type Endpoint struct {
	Listen string `json:"listen"`
	// Remote allows Listen to be an address that other machines can reach.
	Remote bool `json:"remote"`
	// Key is shared with the plugin's LOYALTYD_KEY. Zero: the key in
	// wp-config.php or in the site's options counts.
	Key     Secret `json:"key"`
	KeyFile string `json:"key_file"` // the file's name, if the key came from one
	// Token lets monitors ask for health and metrics without a signature.
	Token     Secret `json:"token"`
	TokenFile string `json:"token_file"` // the file's name, if the token came from one
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
	Percent apd.Decimal `json:"percent"` // of the outstanding points, 0 to 100
	Entries int64       `json:"entries"`
}

// Schedule says when the daemon does what, in the site's time.
type Schedule struct {
	Sync   Cron `json:"sync"`
	Sweep  Cron `json:"sweep"`
	Expire Cron `json:"expire"`
	Verify Cron `json:"verify"`
}

// Problem is one thing that is wrong with the configuration, and the way out.
type Problem = settings.Problem

// InvalidError holds everything that is wrong with the configuration. A command
// that ends with it exits with status 2.
type InvalidError = settings.InvalidError

// HasProgram reports whether anything of the programme was configured here,
// so that a programme kept in WordPress does not count.
func (c Config) HasProgram() bool {
	for path, v := range c.values {
		if strings.HasPrefix(path, "program.") && v.Source.Rank > settings.Default {
			return true
		}
	}
	return false
}

// defaultPrefix is WordPress's own.
const defaultPrefix = database.Prefix("wp_")
