package config

import (
	"loyaltyd/internal/database"
	"loyaltyd/internal/settings"
)

// Site is a WordPress site's database.
type Site struct {
	DSN    DSN
	Prefix database.Prefix
	// Users are the tables of users that have names of their own; empty ones
	// have WordPress's.
	Users database.UserTables
	// Origin is where the DSN comes from, for people: the path of
	// wp-config.php, or a key of the configuration.
	Origin string
	// Keys are the key constants of wp-config.php; none with a DSN.
	Keys WPKeys
}

// RequireStore returns an *InvalidError unless it is configured where the
// store is. Only commands that need the store call it.
func (c Config) RequireStore() error {
	if c.Store.WPPath == "" && c.Store.DSN.IsZero() {
		return settings.Invalid("", "store", "it is not said where WordPress is: give its folder with --wp-path (or LOYALTYD_STORE_WP_PATH, or store.wp_path in the file), or a database with store.dsn or store.dsn_file")
	}
	return nil
}

// Resolve returns the store's database, reading wp-config.php if a WordPress
// folder is configured. A configured table prefix wins over the one there. The
// error is an *InvalidError.
func (c Config) Resolve() (Site, error) {
	if err := c.RequireStore(); err != nil {
		return Site{}, err
	}
	prefix := defaultPrefix
	if c.Store.TablePrefix != "" {
		var err error
		if prefix, err = database.ParsePrefix(c.Store.TablePrefix); err != nil {
			return Site{}, settings.Invalid("", "store.table_prefix", "%v", err)
		}
	}
	users, err := c.Store.userTables()
	if err != nil {
		return Site{}, err
	}
	if c.Store.WPPath == "" {
		origin := "store.dsn"
		if c.Store.DSNFile != "" {
			origin = c.Store.DSNFile
		}
		return Site{DSN: c.Store.DSN, Prefix: prefix, Users: users, Origin: origin}, nil
	}
	wp, err := ReadWPConfig(c.Store.WPPath)
	if err != nil {
		return Site{}, err
	}
	if c.Store.TablePrefix == "" {
		if prefix, err = wp.Prefix(); err != nil {
			return Site{}, err
		}
	}
	if users, err = wp.UserTables(users); err != nil {
		return Site{}, err
	}
	return Site{DSN: wp.DSN, Prefix: prefix, Users: users, Origin: wp.Path, Keys: wp.Keys()}, nil
}

// userTables returns those that are configured.
func (s Store) userTables() (tables database.UserTables, err error) {
	for _, t := range []struct {
		key, text string
		name      *database.TableName
	}{{"store.users_table", s.UsersTable, &tables.Users}, {"store.usermeta_table", s.UserMetaTable, &tables.Meta}} {
		if t.text == "" {
			continue
		}
		if *t.name, err = database.ParseTableName(t.text); err != nil {
			return tables, settings.Invalid("", t.key, "%v", err)
		}
	}
	return tables, nil
}
