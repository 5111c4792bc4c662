package sync_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// stage is a store and its engine with a clock that tests set.
type stage struct {
	*bench
	*testshop.Shop
	ctx     context.Context
	now     time.Time // of the shop's PHP
	product int64
}

func newStage(t testing.TB, db *testshop.Database, storage testshop.Storage, programme string) *stage {
	t.Helper()
	s := &stage{ctx: context.Background(), now: day(0)}
	s.Shop = db.Shop(t, testshop.Options{Storage: storage})
	s.Now = func() time.Time { return s.now }
	s.product = must(s.AddProduct(s.ctx, testshop.Product{Name: "Mug", Price: "10"}))
	s.bench = newBench(t, db, configured(t, programme).Rules)
	s.engine.Programme = configured(t, programme)
	return s
}

// day is ten o'clock on a day, counted from one in 2025.
func day(n int) time.Time { return time.Date(2025, 3, 3+n, 10, 0, 0, 0, time.UTC) }

// on sets the shop's clock to a day.
func (s *stage) on(n int) *stage {
	s.now = day(n)
	return s
}

func (s *stage) customer(login string) int64 {
	s.t.Helper()
	return must(s.AddUser(s.ctx, testshop.User{Login: login, Email: login + "@example.com"}))
}

// order places an order of one line at the shop's time.
func (s *stage) order(customer int64, status, total string) int64 {
	s.t.Helper()
	return s.place(testshop.Order{Customer: customer, Status: status}, total)
}

func (s *stage) place(o testshop.Order, total string) int64 {
	s.t.Helper()
	o.Lines = []testshop.Line{{Product: s.product, Total: total}}
	return must(s.PlaceOrder(s.ctx, o))
}

func (s *stage) refund(order int64, amount string) int64 {
	s.t.Helper()
	return must(s.Refund(s.ctx, order, testshop.Refund{Amount: amount}))
}

func (s *stage) do(errs ...error) {
	s.t.Helper()
	for _, err := range errs {
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// entries returns the entries of an account after the first ones, each as
// type, amount, source, day and cause. An entry dated at the time of its run
// has "now" for the day.
func (b *bench) entries(user int64, after int) []string {
	b.t.Helper()
	var rows []struct {
		Type     string    `db:"type"`
		Amount   int64     `db:"amount"`
		Source   string    `db:"source"`
		Occurred time.Time `db:"occurred_at"`
		Recorded time.Time `db:"recorded_at"`
		Cause    string    `db:"cause"`
	}
	err := b.db.Select(&rows, `SELECT type, points + pending AS amount, source, occurred_at, recorded_at, cause
		FROM wp_loyalty_entries WHERE user_id = ? AND seq > ? ORDER BY seq`, user, after)
	if err != nil {
		b.t.Fatal(err)
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		at := row.Occurred.Format("2006-01-02 15:04:05")
		switch {
		case row.Occurred.Equal(row.Recorded):
			at = "now"
		case row.Occurred.Sub(day(0))%(24*time.Hour) == 0:
			at = fmt.Sprintf("day %d", row.Occurred.Sub(day(0))/(24*time.Hour))
		}
		lines[i] = fmt.Sprintf("%s %d %s, %s: %s", row.Type, row.Amount, row.Source, at, row.Cause)
	}
	return lines
}

func (b *bench) wantEntries(what string, user int64, after int, want ...string) {
	b.t.Helper()
	if got := b.entries(user, after); !slices.Equal(got, want) {
		b.t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// runError is run for a run that ends with an error.
func (b *bench) runError(options sync.Options) (*sync.Summary, error) {
	b.t.Helper()
	summary, err := b.engine.Run(context.Background(), options)
	if err == nil {
		b.t.Fatalf("the run ends without an error: %+v", summary)
	}
	return summary, err
}

// storages runs a test on each server in each order storage.
func storages(t *testing.T, programme string, test func(t *testing.T, s *stage)) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
			t.Run(storage.String(), func(t *testing.T) {
				test(t, newStage(t, db.Fresh(t), storage, programme))
			})
		}
	})
}

// day0 is the midnight before a day of March 2025.
func day0(day int) time.Time { return time.Date(2025, 3, day, 0, 0, 0, 0, time.UTC) }

func hours(n int) time.Duration { return time.Duration(n) * time.Hour }
