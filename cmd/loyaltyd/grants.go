package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/spf13/cobra"

	"loyaltyd/config"
	"loyaltyd/internal/database"
	"loyaltyd/internal/grants"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

func (c *cli) grantsCommand() *cobra.Command {
	var account string
	cmd := &cobra.Command{
		Use:   "grants",
		Short: "Print the SQL that gives a database user what loyaltyd needs",
		Long: `Prints GRANT statements for a database user of loyaltyd's own: reading the
columns of the store that it needs, and keeping its own tables, nothing else.
Make the user and run the output as an administrator of the database:

  CREATE USER 'loyaltyd'@'localhost' IDENTIFIED BY '…';

The database is looked at, if it can be reached, to see whether WooCommerce's
order tables exist and where the users are.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			quoted, err := grants.ParseAccount(account)
			if err != nil {
				return usage("--user %v", err)
			}
			return c.grants(cmd, quoted)
		},
	}
	cmd.Flags().StringVar(&account, "user", "'loyaltyd'@'localhost'", "the database `user`")
	return cmd
}

func (c *cli) grants(cmd *cobra.Command, account string) error {
	loaded, err := c.load(cmd)
	if err != nil {
		return err
	}
	site, err := loaded.Resolve()
	if err != nil {
		return err
	}
	own := !loaded.Ledger.DSN.IsZero() && !sameDatabase(loaded.Ledger.DSN, site.DSN)
	text, err := grantsText(account, site, loaded.Ledger.DSN, own, lookAtTables(cmd.Context(), site))
	if err != nil {
		return err
	}
	c.printf("%s", text)
	return nil
}

// tables are what is known of the store's database.
type tables struct {
	looked bool // it could be reached
	orders bool // WooCommerce's order tables exist
	users  database.UserTables
}

// lookAtTables finds out what the store has, as far as it may be seen.
func lookAtTables(ctx context.Context, site config.Site) tables {
	t := tables{users: site.Users.Or(database.UsersUnder(site.Prefix))}
	db, err := database.OpenStore(ctx, site.DSN.Reveal())
	if err != nil {
		return t
	}
	defer func() { _ = db.Close() }()
	var names []string
	err = db.SelectContext(ctx, &names, `
		SELECT table_name AS name FROM information_schema.tables
		WHERE table_schema = DATABASE() AND LEFT(table_name, ?) = ?`, len(site.Prefix.Base()), string(site.Prefix.Base()))
	has := func(name string) bool { return slices.Contains(names, name) }
	// A user who may see nothing is no proof that there is nothing.
	if err != nil || !has(string(site.Prefix)+"options") {
		return t
	}
	t.looked, t.orders = true, has(string(site.Prefix)+"wc_orders")
	one := "users"
	if site.Users.Users != "" {
		one = "usermeta"
	}
	if !has(string(site.Prefix)+one) && has(string(site.Prefix.Base())+one) {
		t.users = site.Users.Or(database.UsersUnder(site.Prefix.Base()))
	}
	return t
}

// grantsText returns the statements, with comments that say what they are for.
func grantsText(account string, site config.Site, ledgerDSN config.DSN, own bool, found tables) (string, error) {
	target := grants.Target{
		Account: account, Database: databaseName(site.DSN), Prefix: site.Prefix, Users: found.users,
		OrderTables: found.orders || !found.looked,
	}
	var b strings.Builder
	heading := func(lines ...string) {
		for _, line := range lines {
			b.WriteString("-- " + line + "\n")
		}
	}
	heading("What loyaltyd reads of the store.")
	if !found.looked {
		heading("The database could not be looked at. On a store without WooCommerce's order",
			"tables, leave out the lines with wc_order; in a multisite, users and usermeta",
			"may have the network's prefix, or names of their own (store.users_table).")
	}
	b.WriteString(grants.Reading(target))
	b.WriteString("\n")
	here := append(reports.Open(reports.Site{}, reports.Site{}).Components(), wpbridge.Component())
	ledgers := []database.Component{ledger.Component(), sync.Component()}
	if !own {
		heading("Its own tables. Entries are only ever added, never changed.")
		writing, err := grants.Writing(target, append(ledgers, here...)...)
		b.WriteString(writing)
		return b.String(), err
	}
	heading("Its own tables in the store's database: the reports.")
	copies := reports.Open(reports.Site{Prefix: "site"}, reports.Site{Prefix: "ledger"}).Components()
	copies = append(copies, wpbridge.Component())
	writing, err := grants.Writing(target, copies...)
	if err != nil {
		return "", err
	}
	b.WriteString(writing + "\n")
	heading("For the server of the ledger (ledger.dsn). Entries are only ever added, never",
		"changed.")
	target.Database = databaseName(ledgerDSN)
	writing, err = grants.Writing(target, ledgers...)
	b.WriteString(writing)
	if err != nil {
		return "", fmt.Errorf("list the ledger's tables: %w", err)
	}
	return b.String(), nil
}

func databaseName(dsn config.DSN) string {
	parsed, err := mysql.ParseDSN(dsn.Reveal())
	if err != nil {
		return "" // a DSN that the configuration accepted
	}
	return parsed.DBName
}
