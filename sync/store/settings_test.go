package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

func TestSettingsOfOptions(t *testing.T) {
	shop, s := newShop(t, testshop.Options{})
	for _, test := range []struct {
		options string // name=value, "-name" for a missing option
		want    string // zone, its offset at the turn of 2024, start of week, currency, storage; or part of the error
	}{
		{"timezone_string=America/New_York gmt_offset=5", "America/New_York -18000 Monday USD hpos"},
		{"timezone_string= gmt_offset=5.5", "+05:30 19800 Monday USD hpos"},
		{"timezone_string= gmt_offset=-3.75", "-03:45 -13500 Monday USD hpos"},
		{"timezone_string= gmt_offset=", "+00:00 0 Monday USD hpos"},
		{"-timezone_string -gmt_offset -start_of_week -woocommerce_currency -woocommerce_custom_orders_table_enabled", "+00:00 0 Monday USD legacy"},
		{"timezone_string=UTC+2 gmt_offset=5", "+02:00 7200 Monday USD hpos"},
		{"timezone_string= gmt_offset=UTC-0.5", "-00:30 -1800 Monday USD hpos"},
		{"timezone_string=-09:30", "-09:30 -34200 Monday USD hpos"},
		{"timezone_string=UTC", "UTC 0 Monday USD hpos"},
		{"timezone_string=Europe/Kyiv", "Europe/Kyiv 7200 Monday USD hpos"},
		{"timezone_string=UTC start_of_week=0 woocommerce_currency=JPY", "UTC 0 Sunday JPY hpos"},
		{"timezone_string=UTC start_of_week=6 woocommerce_currency=", "UTC 0 Saturday USD hpos"},
		{"timezone_string=UTC start_of_week=7", "UTC 0 Monday USD hpos"},
		{"timezone_string=UTC woocommerce_custom_orders_table_enabled=no", "UTC 0 Monday USD legacy"},
		{"timezone_string=Mars/Olympus", `"Mars/Olympus", which is not known: choose a city in WordPress`},
		{"timezone_string=Local", `"Local", which is not known`},
		{"timezone_string=../../etc/passwd", `which is not known`},
		{"timezone_string= gmt_offset=abc", `(option gmt_offset) is "abc", want hours such as 5.5`},
		{"timezone_string= gmt_offset=NaN", `is "NaN"`},
		{"timezone_string= gmt_offset=99", `is "99"`},
		{"timezone_string= gmt_offset=+-5", `is "+-5"`},
	} {
		t.Run(test.options, func(t *testing.T) {
			write(t, shop, `DELETE FROM wp_options WHERE option_name IN ('start_of_week', 'woocommerce_currency', 'woocommerce_custom_orders_table_enabled')`)
			write(t, shop, `INSERT INTO wp_options (option_name, option_value) VALUES ('woocommerce_custom_orders_table_enabled', 'yes')`)
			for option := range strings.FieldsSeq(test.options) {
				if name, found := strings.CutPrefix(option, "-"); found {
					write(t, shop, `DELETE FROM wp_options WHERE option_name = ?`, name)
					continue
				}
				name, value, _ := strings.Cut(option, "=")
				write(t, shop, `REPLACE INTO wp_options (option_name, option_value) VALUES (?, ?)`, name, value)
			}
			got := ""
			settings, err := s.Settings(t.Context())
			if err != nil {
				got = err.Error()
			} else {
				_, offset := time.Date(2024, 1, 1, 0, 0, 0, 0, settings.Zone).Zone()
				got = fmt.Sprintf("%s %d %s %s %s", settings.ZoneName, offset, settings.StartOfWeek, settings.Currency, settings.Storage)
			}
			if got != test.want && (err == nil || !strings.Contains(got, test.want)) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// newShop returns an empty shop on the first server, and a reader of it.
func newShop(t *testing.T, o testshop.Options) (*testshop.Shop, *store.Store) {
	t.Helper()
	db := testshop.New(t)
	shop, err := testshop.NewShop(t.Context(), db.DSN(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shop.Close() })
	prefix := o.Prefix
	if prefix == "" {
		prefix = "wp_"
	}
	s, err := store.Open(t.Context(), reader(t, db), database.Prefix(prefix))
	if err != nil {
		t.Fatal(err)
	}
	return shop, s
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		pool := reader(t, db)
		fails := func(prefix database.Prefix, want ...string) {
			t.Helper()
			_, err := store.Open(ctx, pool, prefix)
			for _, part := range want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("prefix %q: %v, want %q", prefix, err, part)
				}
			}
		}
		fails("wp_", `wrong prefix "wp_" or wrong database`, "wp_options", "check store.table_prefix")

		shop, err := testshop.NewShop(ctx, db.DSN(), testshop.Options{Prefix: "abc_"})
		if err != nil {
			t.Fatal(err)
		}
		defer shop.Close()
		write(t, shop, "CREATE TABLE loyalty_options (a INT)") // not a site: no posts beside it
		fails("wp_", `wrong prefix "wp_"`, `sites found here have the prefix "abc_": set store.table_prefix`)
		if _, err := store.Open(ctx, pool, "abc_"); err != nil {
			t.Error(err)
		}

		// Without rights on one table the message names it and the way out.
		blind, err := database.OpenStore(ctx, db.User(t, "GRANT SELECT ON `"+db.Name+"`.abc_options TO {user}; GRANT SELECT ON `"+db.Name+"`.abc_users TO {user};"))
		if err != nil {
			t.Fatal(err)
		}
		defer blind.Close()
		if _, err := store.Open(ctx, blind, "abc_"); err == nil || !strings.Contains(err.Error(), "abc_usermeta") || !strings.Contains(err.Error(), "loyaltyd grants") {
			t.Errorf("without grants: %v", err)
		}

		write(t, shop, "DROP TABLE abc_woocommerce_order_items")
		fails("abc_", "WooCommerce is not installed", "abc_woocommerce_order_items")
		write(t, shop, "DROP TABLE abc_posts")
		fails("abc_", "abc_posts")
	})
}

// In a multisite the users' tables carry the base prefix, the roles the
// site's.
func TestMultisiteUsersAreOfTheNetwork(t *testing.T) {
	shop, s := newShop(t, testshop.Options{Prefix: "wp_2_", UsersPrefix: "wp_"})
	if s.Prefix() != "wp_2_" || s.UserTables() != database.UsersUnder("wp_") {
		t.Fatalf("prefix %q, users in %v", s.Prefix(), s.UserTables())
	}
	id := testshop.Must(shop.AddUser(t.Context(), testshop.User{Login: "ann", Email: "ann@example.com", Roles: []string{"customer"}}))
	write(t, shop, `INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (?, 'wp_capabilities', 'a:1:{s:13:"administrator";b:1;}')`, id)
	users := read(t, s, func(sn *store.Snapshot) ([]store.UserRecord, error) {
		return sn.UsersByID(t.Context(), []int64{id})
	})
	if len(users) != 1 || fmt.Sprint(users[0].User.Roles) != "[customer]" {
		t.Errorf("users %+v, want one with the role customer", users)
	}
	// A site of its own with such a prefix has its own users.
	_, s = newShop(t, testshop.Options{Prefix: "wp_2_"})
	if s.UserTables() != database.UsersUnder("wp_2_") {
		t.Errorf("users in %v, want those of wp_2_", s.UserTables())
	}
}

// Which of the users are the site's is asked where they are those of several
// sites; a site of its own has no others.
func TestSharedUsers(t *testing.T) {
	capable := func(key string) string {
		return `INSERT INTO {u}usermeta (user_id, meta_key, meta_value) VALUES (1, '` + key + `', 'a:0:{}')`
	}
	for name, test := range map[string]struct {
		options testshop.Options
		write   []string
		want    bool
	}{
		"a site of its own":               {testshop.Options{}, nil, false},
		"with other keys":                 {testshop.Options{}, []string{capable("wp_user-settings"), capable("wp_2fa_secret"), capable("wp_3d_capability"), capable("xwp_2_capabilities"), capable("wp2_2_capabilities"), capable("wp_capabilities_2"), capable("other_capabilities")}, false},
		"the main site of a network":      {testshop.Options{}, []string{capable("wp_2_capabilities")}, true},
		"with many sites":                 {testshop.Options{Prefix: "shop_"}, []string{capable("shop_1042_capabilities")}, true},
		"of another prefix":               {testshop.Options{Prefix: "shop_"}, []string{capable("wp_2_capabilities")}, false},
		"another site":                    {testshop.Options{Prefix: "wp_2_", UsersPrefix: "wp_"}, nil, true},
		"one with users of its own":       {testshop.Options{Prefix: "wp_2_"}, []string{capable("wp_3_capabilities")}, false},
		"users of another name":           {testshop.Options{UserTables: database.UserTables{Users: "people", Meta: "people_meta"}}, nil, true},
		"the usual name":                  {testshop.Options{UserTables: database.UserTables{Users: "wp_users"}}, nil, false},
		"only their meta of another name": {testshop.Options{UserTables: database.UserTables{Meta: "wp_people"}}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				shop := db.Shop(t, test.options)
				for _, query := range test.write {
					testshop.Do(shop.Exec(t.Context(), query))
				}
				s, err := store.OpenWith(t.Context(), reader(t, db), shop.Prefix, test.options.UserTables)
				if err != nil {
					t.Fatal(err)
				}
				if s.UserTables() != shop.UserTables {
					t.Errorf("users in %v, want %v", s.UserTables(), shop.UserTables)
				}
				settings, err := s.Settings(t.Context())
				if err != nil || settings.SharedUsers != test.want {
					t.Errorf("shared users: %v, %v, want %v", settings.SharedUsers, err, test.want)
				}
				id := testshop.Must(shop.AddUser(t.Context(), testshop.User{Login: "ann", Email: "ann@example.com"}))
				testshop.Do(shop.Exec(t.Context(), `INSERT INTO {u}users (user_login, user_email) VALUES ('bob', '')`))
				users := read(t, s, func(sn *store.Snapshot) ([]store.UserRecord, error) { return sn.UsersAfter(t.Context(), id-1, 9) })
				if len(users) != 2 || users[0].User.Outsider || !users[1].User.Outsider {
					t.Errorf("users %+v, want one of this site and another", users)
				}
			})
		})
	}
}

func TestSnapshotStandsStill(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		shop, err := testshop.NewShop(ctx, db.DSN(), testshop.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer shop.Close()
		place := func() int64 {
			return testshop.Must(shop.PlaceOrder(ctx, testshop.Order{Lines: []testshop.Line{{Total: "1"}}}))
		}
		first := place()
		s := open(t, db)
		at(t, s, func(sn *store.Snapshot) error {
			before := testshop.Must(sn.Orders(ctx, store.HPOS, []int64{first}, false))
			testshop.Do(shop.EditItem(ctx, before[0].Order.Lines[0].ID, "_line_total", "5"))
			second := place()
			after := testshop.Must(sn.Orders(ctx, store.HPOS, []int64{first, second}, false))
			if len(after) != 1 || after[0].Rows[0] != before[0].Rows[0] {
				t.Errorf("the snapshot moved: %+v, then %+v", before, after)
			}
			return nil
		})
		if now := allOrders(t, s, store.HPOS); len(now) != 2 || plain(now[0].Order.Lines[0].Total) != "5" {
			t.Errorf("afterwards %+v", now)
		}
	})
}
