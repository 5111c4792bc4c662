package config

import (
	"math"
	"slices"
	"strings"

	"loyaltyd/internal/database"
	"loyaltyd/internal/settings"
	"loyaltyd/sync/program"
)

// table is every key of the configuration. Those of the programme are listed
// with its rules.
var table = settings.NewTable(daemonKeys, settings.Under("program", program.Keys()))

// daemonKeys are the keys of the daemon itself.
var daemonKeys = []settings.Key{
	{Path: "store.wp_path", Kind: settings.Text(), Default: `""`, Help: "The folder of WordPress, the one with wp-config.php."},
	{Path: "store.dsn", Kind: dsn(), Default: `""`, Help: "The store's database, instead of the folder."},
	{Path: "store.dsn_file", Kind: settings.Text(), Default: `""`, Help: "A file that holds the store's DSN."},
	{Path: "store.table_prefix", Kind: tablePrefix(), Default: `""`, Help: "Prefix of the site's tables. Empty: that of wp-config.php, else wp_. In a multisite that of the site, such as wp_2_."},
	{Path: "store.users_table", Kind: tableName(), Default: `""`, Help: "The table of users, if it has a name of its own. Empty: CUSTOM_USER_TABLE of wp-config.php, else WordPress's."},
	{Path: "store.usermeta_table", Kind: tableName(), Default: `""`, Help: "The table of their meta, likewise. Empty: CUSTOM_USER_META_TABLE of wp-config.php, else WordPress's."},
	{Path: "ledger.dsn", Kind: dsn(), Default: `""`, Help: "A database of its own for the ledger. Empty: the store's. The reports are copied to the store's."},
	{Path: "ledger.dsn_file", Kind: settings.Text(), Default: `""`, Help: "A file that holds the ledger's DSN."},
	{Path: "endpoint.listen", Kind: settings.Text(), Default: `127.0.0.1:8787`, Help: "Where the plugin reaches the daemon: host:port, or the path of a socket."},
	{Path: "endpoint.remote", Kind: settings.Bool(""), Default: `false`, Help: "Lets endpoint.listen be an address that other machines can reach."},
	{Path: "endpoint.key", Kind: secret(checkKey), Default: `""`, Help: "The key that daemon and plugin share, where it is not kept in WordPress: LOYALTYD_KEY in wp-config.php."},
	{Path: "endpoint.key_file", Kind: settings.Text(), Default: `""`, Help: "A file that holds the key."},
	{Path: "endpoint.token", Kind: secret(checkToken), Default: `""`, Help: "Lets monitors read health and metrics with Authorization: Bearer."},
	{Path: "endpoint.token_file", Kind: settings.Text(), Default: `""`, Help: "A file that holds the token."},
	{Path: "brake.percent", Kind: percent(), Default: `5`, Unit: "percent of the outstanding points", Help: "More than this may not be taken back without a person's consent."},
	{Path: "brake.entries", Kind: settings.Whole(0, math.MaxInt64), Default: `1000`, Unit: "entries", Help: "Deductions of no more entries and accounts pass the brake whatever they amount to."},
	{Path: "schedule.sync", Kind: schedule(), Default: `"@every 15s"`, Unit: "site's time", Help: "When the daemon looks for what changed."},
	{Path: "schedule.sweep", Kind: schedule(), Default: `"@every 10m"`, Unit: "site's time", Help: "When it compares the store with what it saw last."},
	{Path: "schedule.expire", Kind: schedule(), Default: `5 0 * * *`, Unit: "site's time", Help: "When points expire. Nothing expires yet."},
	{Path: "schedule.verify", Kind: schedule(), Default: `30 3 * * *`, Unit: "site's time", Help: "When it proves the ledger."},
}

// Key describes one key of the configuration.
type Key struct {
	Path    string // such as program.earn.purchase.rounding
	Env     string // the environment variable that sets it
	Default string // as YAML
}

// Keys returns every key, in the order in which Print shows them.
func Keys() []Key {
	var all []Key
	for _, k := range table.Keys() {
		all = append(all, Key{Path: k.Path, Env: envName(k.Path), Default: k.Default})
	}
	return all
}

// Table returns the description of every key, in the same order.
func Table() []settings.Key { return slices.Clone(table.Keys()) }

const envPrefix = "LOYALTYD_"

func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// hiddenText is a text whose value no message quotes. check returns what is
// wrong with it, before it comes what it is.
func hiddenText(name, form string, check func(string) string) settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) {
		switch {
		case !e.IsScalar():
			e.Refuse("%s %s", settings.KindOf(e.Node), form)
			return nil, false
		case e.Node.Value == "":
			return "", true
		}
		if problem := check(e.Node.Value); problem != "" {
			e.Refuse("%s", problem)
			return nil, false
		}
		return e.Node.Value, true
	}
	return settings.New(name, read, nil)
}

func secret(check func(string) string) settings.Kind {
	return hiddenText("secret", "is not a text: put it in quotes", check)
}

func dsn() settings.Kind {
	return hiddenText("dsn", "is not a DSN: write "+dsnForm, func(text string) string {
		if problem := checkDSN(text); problem != "" {
			return "the DSN " + problem
		}
		return ""
	})
}

func tablePrefix() settings.Kind {
	return checkedText("table_prefix", func(text string) error {
		_, err := database.ParsePrefix(text)
		return err
	})
}

// tableName is a table's full name, or nothing.
func tableName() settings.Kind {
	return checkedText("table_name", func(text string) error {
		if text == "" {
			return nil
		}
		_, err := database.ParseTableName(text)
		return err
	})
}

// checkedText is a text for which check has no error.
func checkedText(name string, check func(string) error) settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) {
		text, ok := e.Text()
		if !ok {
			return nil, false
		}
		if err := check(text); err != nil {
			e.Refuse("%v", err)
			return nil, false
		}
		return text, true
	}
	return settings.New(name, read, nil)
}

func percent() settings.Kind {
	k := program.Decimal()
	k.Max, k.TooHigh = "100", "it is a share in percent"
	return k
}

func schedule() settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) {
		text, ok := e.Text()
		if !ok {
			return nil, false
		}
		if _, err := ParseCron(text); err != nil {
			e.RefuseValue("%v", err)
			return nil, false
		}
		return text, true
	}
	return settings.New("schedule", read, nil)
}
