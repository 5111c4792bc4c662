package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"

	"loyaltyd/internal/database"
	"loyaltyd/internal/settings"
)

// WPConfig is what wp-config.php says about the database.
type WPConfig struct {
	Path    string // of wp-config.php
	DSN     DSN
	Charset string // DB_CHARSET; empty if there is none

	definitions phpDefinitions
}

// wayOut ends every message about a file that cannot be used.
const wayOut = "give the database with store.dsn or store.dsn_file instead of the WordPress folder"

// ReadWPConfig reads the wp-config.php of the WordPress installation in dir,
// or the one above it, where WordPress looks too. The code in it is not run:
// values that PHP computes are an error that names them. The error is an
// *InvalidError.
func ReadWPConfig(dir string) (WPConfig, error) {
	path, err := findWPConfig(dir)
	if err != nil {
		return WPConfig{}, settings.Invalid("", "store.wp_path", "%v", err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return WPConfig{}, settings.Invalid(path, "", "is not a file: %s", wayOut)
	}
	text, err := readBounded(path, maxFile)
	if err != nil {
		return WPConfig{}, settings.Invalid(path, "", "%v, or %s", err, wayOut)
	}
	definitions, err := parsePHP(string(text))
	if err != nil {
		return WPConfig{}, settings.Invalid(path, "", "cannot be understood, %v: %s", err, wayOut)
	}
	c := WPConfig{Path: path, definitions: definitions}
	if charset, err := definitions.constant("DB_CHARSET"); err == nil {
		c.Charset = charset.value
	}
	c.DSN, err = c.dsn()
	return c, err
}

// findWPConfig follows wp-load.php of WordPress: the file may stand one folder
// up, unless that is another WordPress.
func findWPConfig(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("cannot find the working directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("%q cannot be read: %w: give the folder that holds wp-config.php", dir, reason(err))
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%q is not a folder: give the folder that holds wp-config.php", dir)
	}
	here, above := filepath.Join(dir, "wp-config.php"), filepath.Join(filepath.Dir(dir), "wp-config.php")
	if exists(here) {
		return here, nil
	}
	if exists(above) && !exists(filepath.Join(filepath.Dir(dir), "wp-settings.php")) {
		return above, nil
	}
	return "", fmt.Errorf("there is no wp-config.php in %q or the folder above: give the folder that holds it, or %s", dir, wayOut)
}

// exists is true also for what may not be looked at, so that reading it tells.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// dsn returns the database that the DB_ constants name.
func (c WPConfig) dsn() (DSN, error) {
	var r settings.Report
	values := map[string]string{}
	for _, name := range []string{"DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST"} {
		found, err := c.definitions.constant(name)
		if err != nil {
			r.Add(c.place(found), "", "%v: %s", err, wayOut)
		}
		values[name] = found.value
	}
	if err := r.Err(); err != nil {
		return DSN{}, err
	}
	if values["DB_NAME"] == "" {
		return DSN{}, settings.Invalid(c.Path, "", "DB_NAME is empty: name the database there, or %s", wayOut)
	}
	server := mysql.NewConfig()
	server.User, server.Passwd, server.DBName = values["DB_USER"], values["DB_PASSWORD"], values["DB_NAME"]
	var err error
	if server.Net, server.Addr, err = parseDBHost(values["DB_HOST"], isSocket); err != nil {
		return DSN{}, settings.Invalid(c.Path, "", "%v: %s", err, wayOut)
	}
	text := server.FormatDSN()
	back, err := mysql.ParseDSN(text)
	if err != nil || back.User != server.User || back.Passwd != server.Passwd || back.DBName != server.DBName || back.Addr != server.Addr {
		return DSN{}, settings.Invalid(c.Path, "", "DB_USER, DB_NAME or DB_HOST has signs that a DSN cannot hold (such as a colon in the user's name): use names without them")
	}
	return NewDSN(text), nil
}

func (c WPConfig) place(d definition) string {
	if d.line == 0 {
		return c.Path
	}
	return fmt.Sprintf("%s:%d", c.Path, d.line)
}

// Prefix returns $table_prefix. The error is an *InvalidError.
func (c WPConfig) Prefix() (database.Prefix, error) {
	const instead = "give it with --table-prefix or store.table_prefix"
	found, err := c.definitions.variable(prefixVariable)
	if err != nil {
		return "", settings.Invalid(c.place(found), "", "%v: %s", err, instead)
	}
	prefix, err := database.ParsePrefix(found.value)
	if err != nil {
		return "", settings.Invalid(c.place(found), "", "%v", err)
	}
	return prefix, nil
}

// UserTables returns the tables that CUSTOM_USER_TABLE and
// CUSTOM_USER_META_TABLE name, which have no prefix but one that is written out
// there. Those of configured that have a name win. The error is an
// *InvalidError.
func (c WPConfig) UserTables(configured database.UserTables) (tables database.UserTables, err error) {
	for _, t := range []struct {
		constant, key    string
		configured, name *database.TableName
	}{
		{"CUSTOM_USER_TABLE", "store.users_table", &configured.Users, &tables.Users},
		{"CUSTOM_USER_META_TABLE", "store.usermeta_table", &configured.Meta, &tables.Meta},
	} {
		if *t.name = *t.configured; *t.name != "" || len(c.definitions[t.constant]) == 0 {
			continue
		}
		found, err := c.definitions.constantAfterPrefix(t.constant)
		if err != nil {
			return tables, settings.Invalid(c.place(found), "", "%v: give the table's name with %s", err, t.key)
		}
		if found.value == "" { // to WordPress as good as none
			continue
		}
		if *t.name, err = database.ParseTableName(found.value); err != nil {
			return tables, settings.Invalid(c.place(found), "", "%s: %v", t.constant, err)
		}
	}
	return tables, nil
}

// defaultSockets are where servers put their socket, by distribution.
var defaultSockets = []string{
	"/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", // Debian and its kin
	"/var/lib/mysql/mysql.sock", // Red Hat and its kin
	"/tmp/mysql.sock",           // built from source
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeSocket != 0
}

// parseDBHost returns the network and address that DB_HOST means to WordPress
// (wpdb::parse_db_host): host, host:port, host:/socket, :/socket, an IPv6
// address with or without brackets, each perhaps after PHP's "p:" for
// persistent connections.
func parseDBHost(text string, isSocket func(path string) bool) (network, address string, err error) {
	host := strings.TrimPrefix(text, "p:")
	if before, socket, found := strings.Cut(host, ":/"); found && !strings.Contains(before, "/") {
		return "unix", "/" + socket, nil
	}
	port := "3306"
	switch {
	case strings.HasPrefix(host, "["):
		inside, rest, closed := strings.Cut(host[1:], "]")
		number, hasPort := strings.CutPrefix(rest, ":")
		if !closed || rest != "" && !hasPort {
			return "", "", fmt.Errorf("DB_HOST %q is not an address", text)
		}
		host = inside
		if number != "" {
			port = number
		}
	case strings.Count(host, ":") == 1:
		name, number, _ := strings.Cut(host, ":")
		host = name
		if number != "" {
			port = number
		}
	}
	if !wholeNumber.MatchString(port) || len(port) > 5 || strings.ContainsAny(host, "()/@ \t\r\n\x00") {
		return "", "", fmt.Errorf("DB_HOST %q is not an address", text)
	}
	// PHP connects to localhost through the socket, whatever the port.
	if host == "" || strings.EqualFold(host, "localhost") {
		for _, path := range defaultSockets {
			if isSocket(path) {
				return "unix", path, nil
			}
		}
		host = "127.0.0.1"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return "tcp", host + ":" + port, nil
}
