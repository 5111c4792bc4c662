package oracle

import (
	"testing"
	"time"
)

// The expectations in this package's tests were worked out on paper from the
// rules' text; the comments show the sums.

var later = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func at(text string) stamp {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return stamp{t}
}

func dec(text string) amount {
	r, err := parseDecimal(text)
	if err != nil {
		panic(err)
	}
	return amount{r}
}

// line is a product line: id, product, quantity, total, tax; undiscounted.
func line(id, product int64, qty, total, tax string) Line {
	return Line{
		ID: id, ProductID: product, Quantity: dec(qty), Total: dec(total), Subtotal: dec(total),
		Tax: dec(tax), SubtotalTax: dec(tax),
	}
}

func (l Line) discounted(subtotal, tax string) Line {
	l.Subtotal, l.SubtotalTax = dec(subtotal), dec(tax)
	return l
}

func (l Line) variation(id int64) Line     { l.VariationID = id; return l }
func (l Line) in(categories ...int64) Line { l.Categories = categories; return l }

// naming is a refund's line: what it names and the stored (negative) numbers.
func naming(line int64, qty, total, tax string) Line {
	return Line{ID: 900 + line, Names: line, Quantity: dec(qty), Total: dec(total), Tax: dec(tax)}
}

func refund(amount string, lines ...Line) Refund {
	return Refund{Status: "completed", Amount: dec(amount), Lines: lines}
}

// order is a completed order of customer 7, paid on 2025-06-01 at noon UTC.
func order(id int64, total string, lines ...Line) Order {
	return Order{
		ID: id, Status: "completed", CustomerID: 7, Currency: "USD", Total: dec(total), Lines: lines,
		Created: at("2025-05-30 12:00:00"), Paid: at("2025-06-01 12:00:00"), Completed: at("2025-06-03 12:00:00"),
	}
}

func (o Order) with(change func(*Order)) Order { change(&o); return o }

func (o Order) less(refunds ...Refund) Order { o.Refunds = refunds; return o }

func shop(orders ...Order) *Store {
	return &Store{Zone: time.UTC, Currency: "USD", Decimals: 2, Parents: map[int64]int64{21: 16, 22: 21, 30: 31, 31: 30, 16: 0}, Orders: orders, Users: []User{
		{ID: 7, Email: "ann@shop.test", Roles: []string{"customer"}, Registered: at("2025-05-01 08:00:00")},
		{ID: 8, Email: "Bob@Shop.test", Roles: []string{"Subscriber"}, Registered: at("2025-05-02 08:00:00")},
		{ID: 9, Email: "bob@shop.test", Roles: []string{"customer"}, Registered: at("2025-05-03 08:00:00")},
	}}
}

func (s *Store) at(t *testing.T, now time.Time, program string) Result {
	t.Helper()
	p, err := Parse(program)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Balances(p, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *Store) under(t *testing.T, program string) Result {
	t.Helper()
	return s.at(t, later, program)
}
