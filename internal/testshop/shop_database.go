package testshop

import "testing"

// Shop makes a WooCommerce-shaped store in the test's database; it is closed
// when the test ends.
func (d *Database) Shop(t testing.TB, o Options) *Shop {
	t.Helper()
	shop, err := NewShop(t.Context(), d.DSN(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	return shop
}
