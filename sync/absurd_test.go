package sync_test

import (
	"context"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

// A store may hold any date; none stops a run.
func TestAbsurdDatesOfOrdersDoNotStopARun(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := context.Background()
		shop := db.Shop(t, testshop.Options{Timezone: "America/New_York"})
		ann := must(shop.AddUser(ctx, testshop.User{Login: "ann", Email: "ann@example.com"}))
		for _, at := range []time.Time{
			time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
			time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC),
		} {
			must(shop.PlaceOrder(ctx, testshop.Order{
				Customer: ann, Status: "completed", Created: at, Paid: at, Completed: at,
				Lines: []testshop.Line{{Name: "thing", Qty: "1", Total: "10.00", Subtotal: "10.00"}},
			}))
		}
		b := newBench(t, db, program.Defaults())
		b.run(sync.Increment)
		if got := b.balances()[ann]; got != 30 {
			t.Errorf("ann has %d points, want 30", got)
		}
		b.sound()
	})
}
