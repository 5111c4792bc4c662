package store

import "testing"

// BenchmarkDigest measures the digests of an order's row and of a row of item
// meta, as they were read.
func BenchmarkDigest(b *testing.B) {
	b.Run("order", func(b *testing.B) {
		var fields record
		for _, text := range []string{
			"10000321", "shop_order", "0", "1234", "267.48500000", "2025-10-31 12:00:00", "2025-10-31 13:00:00", "2025-11-01 12:00:00",
			"4.90000000", "0.00000000", "wc-completed", "USD",
		} {
			fields = append(fields, []byte(text))
		}
		fields = append(fields, nil, []byte("customer1234@example.test"))
		var scratch []byte
		b.ReportAllocs()
		for b.Loop() {
			_, scratch = digest(scratch, fields)
		}
	})
	b.Run("item_meta", func(b *testing.B) {
		var scratch []byte
		owners := checksumOwners([]byte("10000321|25000811|line_item"))
		key, value := []byte("_line_subtotal"), []byte("59.98")
		b.ReportAllocs()
		for b.Loop() {
			_, scratch = digestMeta(scratch, owners, 225007299, key, value)
		}
	})
}
