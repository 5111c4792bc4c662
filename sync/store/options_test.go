package store_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

func TestOptionsAreReadAsTheyAreStored(t *testing.T) {
	shop, s := newShop(t, testshop.Options{})
	set := func(name, value string) {
		t.Helper()
		_, err := shop.DB.Exec(`INSERT INTO wp_options (option_name, option_value, autoload) VALUES (?, ?, 'no')
			ON DUPLICATE KEY UPDATE option_value = VALUES(option_value)`, name, value)
		if err != nil {
			t.Fatal(err)
		}
	}
	const value = " {\"a\": \"<b>Ἄννα 🌷\"}\n"
	set("loyaltyd_program", value)
	got, err := s.Options(t.Context(), "loyaltyd_program", "loyaltyd_key")
	if err != nil || !maps.Equal(got, map[string]string{"loyaltyd_program": value}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, c := range []struct {
		stored string
		want   int
	}{{"0", 0}, {"3", 3}, {" 4 ", 4}, {"", 2}, {"-1", 2}, {"many", 2}, {"2.5", 2}, {"99", 8}} {
		set("woocommerce_price_num_decimals", c.stored)
		if got, err := s.Moment(t.Context(), nil); err != nil || got.Settings.Decimals != c.want {
			t.Errorf("%q: %d decimals, %v, want %d", c.stored, got.Settings.Decimals, err, c.want)
		}
	}
	if _, err := shop.DB.Exec(`DELETE FROM wp_options WHERE option_name = 'woocommerce_price_num_decimals'`); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Moment(t.Context(), nil); err != nil || got.Settings.Decimals != 2 {
		t.Errorf("without the option: %d decimals, %v", got.Settings.Decimals, err)
	}
}

func TestAMomentIsWhatTheSiteSaysNow(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		shop := db.Shop(t, testshop.Options{Currency: "EUR", Timezone: "Europe/Paris", StartOfWeek: 6})
		s := open(t, db)
		write(t, shop, `INSERT INTO wp_options (option_name, option_value, autoload) VALUES ('loyaltyd_program', '{"a": "Ἄννα"}', 'no')`)
		var before, after time.Time
		clock := func(at *time.Time) {
			t.Helper()
			var text string
			if err := db.Root.Get(&text, `SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)`); err != nil {
				t.Fatal(err)
			}
			*at = testshop.Must(time.Parse("2006-01-02 15:04:05.999999", text))
		}
		var user int64
		if err := db.Root.Get(&user, `SELECT MAX(ID) FROM wp_users`); err != nil {
			t.Fatal(err)
		}
		clock(&before)
		m, err := s.Moment(t.Context(), []int64{user, user + 1}, "loyaltyd_program", "loyaltyd_key")
		if err != nil {
			t.Fatal(err)
		}
		clock(&after)
		if m.Now.Before(before) || m.Now.After(after) {
			t.Errorf("the clock says %s, between %s and %s", m.Now, before, after)
		}
		if _, there := m.Options["loyaltyd_key"]; there || m.Options["loyaltyd_program"] != `{"a": "Ἄννα"}` {
			t.Errorf("options %q", m.Options)
		}
		if !m.Users[user] || m.Users[user+1] {
			t.Errorf("of the users %d and %d there are %v", user, user+1, m.Users)
		}
		if want, err := s.Settings(t.Context()); err != nil || m.Settings.Currency != "EUR" || fmt.Sprint(m.Settings) != fmt.Sprint(want) {
			t.Errorf("settings %+v, %v, want %+v", m.Settings, err, want)
		}
	})
}
