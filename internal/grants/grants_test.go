package grants_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"loyaltyd/internal/database"
	"loyaltyd/internal/grants"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

func components() []database.Component {
	all := []database.Component{ledger.Component(), sync.Component(), wpbridge.Component()}
	return append(all, reports.Open(reports.Site{}, reports.Site{}).Components()...)
}

func granted(t *testing.T, db *testshop.Database) string {
	t.Helper()
	text, err := grants.SQL(grants.Target{
		Account: "{user}", Database: db.Name, Prefix: "wp_", Users: database.UsersUnder("wp_"), OrderTables: true,
	}, components()...)
	if err != nil {
		t.Fatal(err)
	}
	return db.User(t, text)
}

// The user can make every table, and do nothing else with the store and with
// recorded entries.
func TestGrantsAreEnoughAndNoMore(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := context.Background()
		shop := db.Shop(t, testshop.Options{})
		if _, err := shop.AddUser(ctx, testshop.User{Login: "ada", Email: "ada@mail.example"}); err != nil {
			t.Fatal(err)
		}
		user, err := database.Open(ctx, granted(t, db))
		if err != nil {
			t.Fatal(err)
		}
		defer user.Close()
		// Twice, as when a migration was interrupted before it was recorded.
		for range 2 {
			if _, err := database.Migrate(ctx, user, "wp_", components()...); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Root.ExecContext(ctx, `DELETE FROM wp_loyalty_migrations`); err != nil {
				t.Fatal(err)
			}
		}
		for _, query := range []string{
			`SELECT ID, user_login, user_email, user_registered, display_name FROM wp_users`,
			`SELECT COUNT(*) FROM wp_posts`,
			`SELECT COUNT(*) FROM wp_loyalty_points_history`,
		} {
			if _, err := user.ExecContext(ctx, query); err != nil {
				t.Errorf("%s: %v", query, err)
			}
		}
		for _, query := range []string{
			`SELECT user_pass FROM wp_users`,
			`SELECT * FROM wp_users`,
			`SELECT post_content FROM wp_posts`,
			`SELECT comment_author_IP FROM wp_comments`,
			`SELECT * FROM wp_wc_order_addresses`,
			`SELECT ip_address FROM wp_wc_orders`,
			`UPDATE wp_users SET user_login = 'x'`,
			`INSERT INTO wp_options (option_name, option_value) VALUES ('x', 'y')`,
			`DELETE FROM wp_posts`,
			`UPDATE wp_wc_orders SET status = 'x'`,
			`CREATE TABLE wp_other (id INT)`,
			`DROP TABLE wp_posts`,
			`ALTER TABLE wp_posts ADD COLUMN x INT`,
			`UPDATE wp_loyalty_entries SET points = 0`,
			`DELETE FROM wp_loyalty_entries`,
			`TRUNCATE TABLE wp_loyalty_entries`,
			`ALTER TABLE wp_loyalty_entries DROP COLUMN note_hash`,
			`DROP TABLE wp_loyalty_entries`,
			`DROP TABLE wp_loyalty_accounts`,
			`CREATE USER other`,
		} {
			_, err := user.ExecContext(ctx, query)
			const tableDenied, columnDenied, specificDenied = 1142, 1143, 1227
			if code := database.Code(err); code != tableDenied && code != columnDenied && code != specificDenied {
				t.Errorf("%s: %v, want it to be denied", query, err)
			}
		}
	})
}

// Own tables are found in the migrations themselves; none is missing.
func TestOwnTablesAreThoseOfAMigratedDatabase(t *testing.T) {
	ctx := context.Background()
	for name, all := range map[string][]database.Component{
		"together": components(),
		"apart":    reports.Open(reports.Site{Prefix: "a"}, reports.Site{Prefix: "b"}).Components(),
	} {
		t.Run(name, func(t *testing.T) {
			db := testshop.New(t)
			if _, err := database.Migrate(ctx, db.Root, "wp_", all...); err != nil {
				t.Fatal(err)
			}
			var there []string
			err := db.Root.SelectContext(ctx, &there, `SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()`)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(there)
			own, err := grants.OwnTables(all...)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, o := range own {
				names = append(names, database.Prefix("wp_").SQL(o.Name))
			}
			if !slices.Equal(names, there) {
				t.Errorf("own tables\n%s\nthere are\n%s", strings.Join(names, "\n"), strings.Join(there, "\n"))
			}
		})
	}
}

func TestParseAccount(t *testing.T) {
	for text, want := range map[string]string{
		`loyaltyd`:                  `'loyaltyd'@'%'`,
		`loyaltyd@localhost`:        `'loyaltyd'@'localhost'`,
		`'loyaltyd'@'10.0.0.%'`:     `'loyaltyd'@'10.0.0.%'`,
		`"two words"@"::1"`:         `'two words'@'::1'`,
		"`a`@`b.example`":           `'a'@'b.example'`,
		`a@192.168.0.0/255.255.0.0`: `'a'@'192.168.0.0/255.255.0.0'`,
		``:                          "",
		`'a`:                        "",
		`a b`:                       "",
		`a; DROP USER b`:            "",
		`'a'@'b'; DROP USER c`:      "",
		`'a\'@'b'`:                  "",
		"'a\n'@'b'":                 "",
		"`a'b`@`c`":                 "",
	} {
		got, err := grants.ParseAccount(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}
