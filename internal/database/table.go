package database

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// TableName is the full name of a table that has no prefix of the site's, such
// as "customers" or, in another database of the server, "main.customers". Only
// values that ParseTableName accepted may be used.
type TableName string

var tableNamePattern = regexp.MustCompile("^(?:`([A-Za-z0-9_$-]{1,64})`\\.|([A-Za-z0-9_$-]{1,64})\\.)?(?:`([A-Za-z0-9_$-]{1,64})`|([A-Za-z0-9_$-]{1,64}))$")

// ParseTableName returns text as a TableName, or an error that names what is
// wrong with it. Backticks around its parts are left out.
func ParseTableName(text string) (TableName, error) {
	parts := tableNamePattern.FindStringSubmatch(text)
	if parts == nil {
		return "", fmt.Errorf("table %q: only letters, digits, _, $ and - are possible, perhaps after the name of a database and a dot", text)
	}
	name := parts[3] + parts[4]
	if of := parts[1] + parts[2]; of != "" {
		name = of + "." + name
	}
	return TableName(name), nil
}

// Split returns the database, "" if the name has none, and the table in it.
func (t TableName) Split() (of, name string) {
	if of, name, found := strings.Cut(string(t), "."); found {
		return of, name
	}
	return "", string(t)
}

// SQL returns the name as statements take it.
func (t TableName) SQL() string {
	of, name := t.Split()
	if of != "" {
		return "`" + of + "`.`" + name + "`"
	}
	return "`" + name + "`"
}

// UserTables are the tables of a site's users and of their meta. In a multisite
// they have the network's prefix; wp-config.php may name others altogether
// (CUSTOM_USER_TABLE, CUSTOM_USER_META_TABLE). Several sites may share them.
type UserTables struct {
	Users, Meta TableName
}

// UsersUnder returns the names that WordPress gives the tables of users under
// a prefix.
func UsersUnder(prefix Prefix) UserTables {
	return UserTables{Users: TableName(prefix + "users"), Meta: TableName(prefix + "usermeta")}
}

// Or returns the tables, those without a name as in other.
func (t UserTables) Or(other UserTables) UserTables {
	return UserTables{Users: cmp.Or(t.Users, other.Users), Meta: cmp.Or(t.Meta, other.Meta)}
}
