package program_test

import (
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/sync/program"
)

var utc = time.UTC

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, utc)
	if err != nil {
		panic(err)
	}
	return t
}

func dec(text string) apd.Decimal {
	d, err := program.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

func decp(text string) *apd.Decimal {
	d := dec(text)
	return &d
}

var euro = program.Site{Zone: utc, Currency: "EUR", Decimals: 2}

// compile makes a programme of the defaults, changed.
func compile(t testing.TB, change func(*program.Rules)) *program.Program {
	t.Helper()
	return compileAt(t, euro, change)
}

func compileAt(t testing.TB, site program.Site, change func(*program.Rules)) *program.Program {
	t.Helper()
	r := program.Defaults()
	if change != nil {
		change(&r)
	}
	p, err := program.Compile(r, site)
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	return p
}

// line is a line of one piece at a price, untaxed and undiscounted.
func line(id, product int64, total string) program.Line {
	return program.Line{ID: id, Product: product, Quantity: dec("1"), Total: dec(total), Subtotal: dec(total)}
}

// completed is a completed order whose total is that of its lines, unless it
// is changed.
func completed(lines ...program.Line) *program.Order {
	o := &program.Order{
		ID: 12, Customer: 7, Status: "completed", Currency: "EUR",
		Created: at("2026-03-01 09:00:00"), Paid: at("2026-03-01 10:00:00"),
		Completed: at("2026-03-02 10:00:00"), Modified: at("2026-03-09 10:00:00"),
		Lines: lines,
	}
	var total apd.Decimal
	exact := apd.BaseContext
	for i := range lines {
		if _, err := exact.Add(&total, &total, &lines[i].Total); err != nil {
			panic(err)
		}
		if _, err := exact.Add(&total, &total, &lines[i].Tax); err != nil {
			panic(err)
		}
	}
	o.Total = total
	return o
}

func with(o *program.Order, change func(*program.Order)) *program.Order {
	change(o)
	return o
}

// refund pays back an amount, naming order lines by (item, quantity, total)
// as WooCommerce stores them: negative.
func refund(id int64, created, amount string, lines ...program.RefundLine) program.Refund {
	return program.Refund{ID: id, Created: at(created), Amount: dec(amount), Lines: lines}
}

func back(item int64, quantity, total string) program.RefundLine {
	return program.RefundLine{Item: item, Quantity: dec(quantity), Total: dec(total)}
}

func noCategories(int64) []program.CategoryPath { return nil }

// in says that every product is in these categories, which have none above them.
func in(categories ...int64) program.Categories {
	var paths []program.CategoryPath
	for _, id := range categories {
		paths = append(paths, program.CategoryPath{id})
	}
	return under(paths...)
}

// under says that every product is in the first category of each of these paths.
func under(paths ...program.CategoryPath) program.Categories {
	return func(int64) []program.CategoryPath { return paths }
}
