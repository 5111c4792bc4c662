package store_test

import (
	"maps"
	"testing"

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
		if got, err := s.PriceDecimals(t.Context()); err != nil || got != c.want {
			t.Errorf("%q: %d decimals, %v, want %d", c.stored, got, err, c.want)
		}
	}
	if _, err := shop.DB.Exec(`DELETE FROM wp_options WHERE option_name = 'woocommerce_price_num_decimals'`); err != nil {
		t.Fatal(err)
	}
	if got, err := s.PriceDecimals(t.Context()); err != nil || got != 2 {
		t.Errorf("without the option: %d decimals, %v", got, err)
	}
}
