package database_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

// Whatever a DSN asks for, and a server's defaults are, sessions are strict,
// in UTC and in utf8mb4.
func TestSessionsAreStrictAndInUTC(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		lax := db.DSN() + "?time_zone=%27%2B09:00%27&sql_mode=%27%27&loc=Asia%2FTokyo&parseTime=false&collation=latin1_swedish_ci"
		pool, err := database.Open(ctx, lax)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pool.Close() }()
		var got struct {
			Zone      string    `db:"zone"`
			Collation string    `db:"collation"`
			Wait      int       `db:"wait"`
			Text      string    `db:"text"`
			At        time.Time `db:"at"`
		}
		err = pool.GetContext(ctx, &got, `
			SELECT @@time_zone AS zone, @@collation_connection AS collation, @@wait_timeout AS wait, ? AS text,
			       CAST('2026-03-08 02:30:00.123456' AS DATETIME(6)) AS at`, "🎁 'quoted' \\")
		if err != nil {
			t.Fatal(err)
		}
		if got.Zone != "+00:00" || got.Collation != "utf8mb4_unicode_520_ci" || got.Wait > 600 || got.Text != "🎁 'quoted' \\" {
			t.Errorf("the session says %+v", got)
		}
		if want := time.Date(2026, 3, 8, 2, 30, 0, 123456000, time.UTC); !got.At.Equal(want) || got.At.Location() != time.UTC {
			t.Errorf("a DATETIME arrived as %v, want %v", got.At, want)
		}
		if _, err := pool.ExecContext(ctx, "CREATE TABLE strict (n TINYINT NOT NULL, at DATETIME NULL, name VARCHAR(3) NULL) ENGINE=MyISAM"); err != nil {
			t.Fatal(err)
		}
		for _, values := range []string{"(1000, NULL, NULL)", "(1, '0000-00-00', NULL)", "(1, '2026-02-31', NULL)", "(1, NULL, 'abcd')", "(1/0, NULL, NULL)"} {
			if _, err := pool.ExecContext(ctx, "INSERT INTO strict VALUES "+values); err == nil {
				t.Errorf("a strict session stored %s", values)
			}
		}
	})
}

func TestTheStoresDatesArriveAsTheyAreStored(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		pool, err := database.OpenStore(ctx, db.DSN()+"?parseTime=true")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pool.Close() }()
		// One connection of a pool that tests do not share: its mode may change.
		connection, err := pool.Connx(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = connection.Close() }()
		for _, query := range []string{
			"CREATE TABLE dates (at DATETIME NOT NULL)", "SET SESSION sql_mode = ''",
			"INSERT INTO dates VALUES ('0000-00-00 00:00:00'), ('2026-00-10 00:00:00'), ('2026-03-01 12:00:00')",
		} {
			if _, err := connection.ExecContext(ctx, query); err != nil {
				t.Fatal(err)
			}
		}
		var dates []string
		if err := connection.SelectContext(ctx, &dates, "SELECT at FROM dates ORDER BY at"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(dates, ","); got != "0000-00-00 00:00:00,2026-00-10 00:00:00,2026-03-01 12:00:00" {
			t.Errorf("dates arrived as %s", got)
		}
	})
}

func TestOpenSaysWhatToCheckAndNoPassword(t *testing.T) {
	const secret = "s3cret-p@ss:w/rd"
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		change := func(dsn string, how func(*mysql.Config)) string {
			config, err := mysql.ParseDSN(dsn)
			if err != nil {
				t.Fatal(err)
			}
			how(config)
			return config.FormatDSN()
		}
		closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := closed.Close(); err != nil {
			t.Fatal(err)
		}
		user := db.User(t, "GRANT SELECT ON `"+db.Name+"`.* TO {user};")
		tests := []struct {
			name, dsn string
			want      []string
		}{
			{"wrong password", change(user, func(c *mysql.Config) { c.Passwd = secret }), []string{"may not log in", "password", db.Server.Socket}},
			{"unknown user", change(user, func(c *mysql.Config) { c.User, c.Passwd = "nobody", secret }), []string{`"nobody"`, "may not log in"}},
			{"unknown database", change(db.DSN(), func(c *mysql.Config) { c.DBName = "missing_shop" }), []string{`no database "missing_shop"`, "check its name"}},
			{"no rights", change(user, func(c *mysql.Config) { c.DBName = "mysql" }), []string{`may not use database "mysql"`, "grants"}},
			{"nobody listens", change(db.DSN(), func(c *mysql.Config) {
				c.Net, c.Addr, c.Passwd = "tcp", closed.Addr().String(), secret
			}), []string{"cannot reach", closed.Addr().String(), "check that it runs"}},
			{"no socket", change(db.DSN(), func(c *mysql.Config) { c.Addr, c.Passwd = "/nowhere/s.sock", secret }), []string{"cannot reach", "/nowhere/s.sock"}},
			{"no database", change(db.DSN(), func(c *mysql.Config) { c.DBName, c.Passwd = "", secret }), []string{"names no database", "/database"}},
			{"not a DSN", "mysql://root:" + secret + "@localhost/shop", []string{"not of the form"}},
			{"parameter that makes no sense", "root:" + secret + "@tcp(localhost)/shop?timeout=" + secret, []string{"not of the form"}},
			{"nothing", "", []string{"names no database"}},
		}
		for _, test := range tests {
			for _, open := range []func() error{
				func() error { _, err := database.Open(t.Context(), test.dsn); return err },
				func() error { _, err := database.OpenStore(t.Context(), test.dsn); return err },
			} {
				err := open()
				if err == nil {
					t.Errorf("%s: opened", test.name)
					continue
				}
				for _, want := range test.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %q does not say %q", test.name, err, want)
					}
				}
				if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("%s: %q tells the password", test.name, err)
				}
			}
		}
	})
}

func TestParsePrefix(t *testing.T) {
	for _, good := range []string{"", "wp_", "wp_2_", "WP", "a$b", "123_", strings.Repeat("x", 32)} {
		if got, err := database.ParsePrefix(good); err != nil || string(got) != good {
			t.Errorf("%q became %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"wp-", "wp ", "wp`", "wp.", "wp_\n", "wp_;", "wé", "🎁", "{p}", "wp\x00", strings.Repeat("x", 33)} {
		if got, err := database.ParsePrefix(bad); err == nil || !strings.Contains(err.Error(), "table prefix") {
			t.Errorf("%q became %q, %v", bad, got, err)
		}
	}
	if got := database.Prefix("wp_2_").SQL("SELECT {p}a.x FROM {p}a JOIN {p}b"); got != "SELECT wp_2_a.x FROM wp_2_a JOIN wp_2_b" {
		t.Errorf("the prefix was put in as %s", got)
	}
}
