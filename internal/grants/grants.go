// Package grants writes the SQL that gives a database user what loyaltyd
// needs, and no more: to read some columns of the store, and to keep its own
// tables.
package grants

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"loyaltyd/internal/database"
)

// Target says whom to let into which database.
type Target struct {
	Account  string // quoted, such as 'loyaltyd'@'localhost'
	Database string
	Prefix   database.Prefix
	Users    database.UserTables
	// OrderTables says that the tables of WooCommerce's order storage (HPOS)
	// exist; on tables that do not exist nothing can be granted.
	OrderTables bool
}

// Table is a table of the store with the columns that loyaltyd reads.
type Table struct {
	Name    string // without a prefix
	Users   bool   // one of the users' tables
	Orders  bool   // one of WooCommerce's order storage
	Columns []string
}

func columns(list string) []string { return strings.Fields(list) }

// StoreTables returns what loyaltyd reads of a store. No column with a
// password, an address, a text or anything else that is not needed is among
// them.
func StoreTables() []Table {
	return []Table{
		{Name: "options", Columns: columns("option_name option_value")},
		{Name: "users", Users: true, Columns: columns("ID user_login user_email user_registered display_name")},
		{Name: "usermeta", Users: true, Columns: columns("umeta_id user_id meta_key meta_value")},
		{Name: "posts", Columns: columns("ID post_author post_date post_date_gmt post_modified_gmt post_parent post_status post_title post_type")},
		{Name: "postmeta", Columns: columns("meta_id post_id meta_key meta_value")},
		{Name: "comments", Columns: columns("comment_ID comment_post_ID comment_parent user_id comment_type comment_approved comment_date_gmt")},
		{Name: "commentmeta", Columns: columns("meta_id comment_id meta_key meta_value")},
		{Name: "term_relationships", Columns: columns("object_id term_taxonomy_id")},
		{Name: "term_taxonomy", Columns: columns("term_taxonomy_id term_id taxonomy parent")},
		{Name: "woocommerce_order_items", Columns: columns("order_item_id order_id order_item_name order_item_type")},
		{Name: "woocommerce_order_itemmeta", Columns: columns("meta_id order_item_id meta_key meta_value")},
		{Name: "wc_orders", Orders: true, Columns: columns("id parent_order_id type status currency customer_id billing_email total_amount date_created_gmt date_updated_gmt")},
		{Name: "wc_orders_meta", Orders: true, Columns: columns("id order_id meta_key meta_value")},
		{Name: "wc_order_operational_data", Orders: true, Columns: columns("order_id date_paid_gmt date_completed_gmt shipping_total_amount shipping_tax_amount")},
	}
}

// FullName returns the table's name in a database.
func (t Table) FullName(prefix database.Prefix, users database.UserTables) database.TableName {
	switch {
	case t.Users && t.Name == "users":
		return users.Users
	case t.Users:
		return users.Meta
	}
	return database.TableName(string(prefix) + t.Name)
}

// Reading returns the statements that let the account read the store.
func Reading(t Target) string {
	var b strings.Builder
	for _, table := range StoreTables() {
		if table.Orders && !t.OrderTables {
			continue
		}
		fmt.Fprintf(&b, "GRANT SELECT (%s) ON %s TO %s;\n",
			strings.Join(table.Columns, ", "), t.table(string(table.FullName(t.Prefix, t.Users))), t.Account)
	}
	return b.String()
}

// Own is a table or view that loyaltyd makes.
type Own struct {
	Name string // with {p}
	View bool
	// AddOnly says that rows are only ever added.
	AddOnly bool
}

// Privileges returns what loyaltyd may do with the table. CREATE lets it be
// granted before the table exists.
func (o Own) Privileges() []string {
	switch {
	case o.View:
		// A view is replaced in place, which needs DROP.
		return []string{"SELECT", "CREATE", "CREATE VIEW", "DROP"}
	case o.AddOnly:
		return []string{"SELECT", "INSERT", "CREATE"}
	}
	return []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX"}
}

var made = regexp.MustCompile(`(?im)^CREATE\s+(?:OR\s+REPLACE\s+)?(?:SQL\s+SECURITY\s+INVOKER\s+)?(TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?` + "`?" + `(\{p\}\w+)`)

// entriesTable is the one table that nobody may change or delete from.
const entriesTable = "{p}loyalty_entries"

// OwnTables returns what the components' migrations make, and the table that
// they are recorded in, by name.
func OwnTables(components ...database.Component) ([]Own, error) {
	own := []Own{{Name: "{p}loyalty_migrations"}}
	for _, component := range components {
		text, err := component.SQL()
		if err != nil {
			return nil, err
		}
		for _, match := range made.FindAllStringSubmatch(text, -1) {
			o := Own{Name: match[2], View: strings.EqualFold(match[1], "VIEW"), AddOnly: match[2] == entriesTable}
			if !slices.Contains(own, o) {
				own = append(own, o)
			}
		}
	}
	slices.SortFunc(own, func(a, b Own) int { return strings.Compare(a.Name, b.Name) })
	return own, nil
}

// Writing returns the statements that let the account make and keep the
// tables of the components.
func Writing(t Target, components ...database.Component) (string, error) {
	own, err := OwnTables(components...)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, o := range own {
		fmt.Fprintf(&b, "GRANT %s ON %s TO %s;\n", strings.Join(o.Privileges(), ", "), t.table(t.Prefix.SQL(o.Name)), t.Account)
	}
	return b.String(), nil
}

// SQL returns all statements for a store whose ledger is in its own database,
// given the components of ledger, sync and reports.
func SQL(t Target, components ...database.Component) (string, error) {
	writing, err := Writing(t, components...)
	return Reading(t) + writing, err
}

// table names a table of the database, unless the name says of which it is.
func (t Target) table(name string) string {
	of, name := database.TableName(name).Split()
	return quote(cmp.Or(of, t.Database)) + "." + quote(name)
}

func quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

var account = regexp.MustCompile("^(?:'([^'\\\\]+)'|`([^`]+)`|\"([^\"\\\\]+)\"|([A-Za-z0-9_.$-]+))(?:@(?:'([^'\\\\]+)'|`([^`]+)`|\"([^\"\\\\]+)\"|([A-Za-z0-9_.:%/-]+)))?$")

// ParseAccount returns the account that a person wrote, such as
// loyaltyd@localhost or 'loyaltyd'@'10.0.0.%', as SQL writes it. Without a host
// it is '%', as the servers have it.
func ParseAccount(text string) (string, error) {
	parts := account.FindStringSubmatch(text)
	if parts == nil {
		return "", fmt.Errorf("%q is not a database user: write it like 'loyaltyd'@'localhost'", text)
	}
	name, host := strings.Join(parts[1:5], ""), strings.Join(parts[5:9], "")
	if host == "" {
		host = "%"
	}
	if strings.ContainsFunc(name+host, func(c rune) bool { return c < ' ' || c == '\'' || c == '\\' }) {
		return "", fmt.Errorf("%q is not a database user: write it like 'loyaltyd'@'localhost'", text)
	}
	return "'" + name + "'@'" + host + "'", nil
}
