package reports

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// PrintStatus writes statuses: as a table, one in the form of the Points
// Status that shop admins know, several with a line each. pointsPerUnit gives
// the single figures their value.
func PrintStatus(w io.Writer, f Format, statuses []Status, pointsPerUnit apd.Decimal) error {
	keys := []string{
		"period", "from_day", "to_day", "opening", "issued", "redeemed", "expired", "revoked", "adjusted",
		"balance", "pending", "value", "currency", "participants", "refreshed_at",
	}
	var records []record
	for _, s := range statuses {
		var from, to, refreshed any
		if s.From > MinDay {
			from = s.From.String()
		}
		if s.To < MaxDay {
			to = s.To.String()
		}
		if !s.RefreshedAt.IsZero() {
			refreshed = s.RefreshedAt.UTC()
		}
		records = append(records, fields(keys, s.Period, from, to, s.Opening, s.Issued, s.Redeemed, s.Expired, s.Revoked,
			s.Adjusted, s.Balance, s.Pending, s.Value.Text('f'), s.Currency, s.Participants, refreshed))
	}
	return write(w, f, keys, records, func() string {
		if len(statuses) == 1 {
			return statusTable(statuses[0], &pointsPerUnit)
		}
		return statusesTable(statuses)
	})
}

func statusTable(s Status, pointsPerUnit *apd.Decimal) string {
	t := newTable("Information", "Points", "Value")
	for _, line := range []struct {
		label  string
		points int64
	}{
		{"Carried over", s.Opening},
		{"Total points issued", s.Issued},
		{"Claimed", s.Redeemed},
		{"Expired", s.Expired},
		{"Deducted", s.Revoked},
		{"Adjusted by hand", s.Adjusted},
		{"Unclaimed", s.Balance},
		{"Pending", s.Pending},
	} {
		value, err := Value(line.points, pointsPerUnit)
		shown := money(&value, s.Currency)
		if err != nil {
			shown = ""
		}
		t.AppendRow(table.Row{line.label, Number(line.points), shown})
	}
	t.AppendFooter(table.Row{"Participants", Number(s.Participants)})
	return render("Points Status: "+rangeLabel(s.Period, s.Range), t)
}

func statusesTable(statuses []Status) string {
	t := newTable("Period", "From", "To", "Carried over", "Issued", "Claimed", "Expired", "Deducted",
		"Adjusted", "Unclaimed", "Pending", "Value", "Participants")
	rightFrom(t, 4, 13)
	for _, s := range statuses {
		from, to := s.From.String(), s.To.String()
		if s.Range == AllTime {
			from, to = "", ""
		}
		t.AppendRow(table.Row{
			PeriodLabel(s.Period), from, to, Number(s.Opening), Number(s.Issued), Number(s.Redeemed), Number(s.Expired),
			Number(s.Revoked), Number(s.Adjusted), Number(s.Balance), Number(s.Pending), money(&s.Value, s.Currency), Number(s.Participants),
		})
	}
	return render("Points Status", t)
}

// PrintSources writes sources; as tables, one for each period.
func PrintSources(w io.Writer, f Format, sources []Source) error {
	keys := []string{"period", "source", "label", "points", "entries", "customers"}
	var records []record
	for _, s := range sources {
		records = append(records, fields(keys, s.Period, s.Source, SourceLabel(s.Source), s.Points, s.Entries, s.Customers))
	}
	return write(w, f, keys, records, func() string {
		return tablesByPeriod("Points Sources", sources, func(s Source) string { return s.Period },
			[]string{"Source", "Points", "Entries", "Customers"},
			func(s Source) table.Row {
				return table.Row{brief(clean(SourceLabel(s.Source))), Number(s.Points), Number(s.Entries), Number(s.Customers)}
			})
	})
}

// PrintEarners writes top earners; as tables, one for each period. names are
// the names of the users that exist.
func PrintEarners(w io.Writer, f Format, earners []Earner, names map[int64]string) error {
	keys := []string{"period", "place", "user_id", "customer", "earned", "balance", "entries"}
	var records []record
	for _, e := range earners {
		records = append(records, fields(keys, e.Period, e.Place, e.User, customer(names, e.User), e.Earned, e.Balance, e.Entries))
	}
	return write(w, f, keys, records, func() string {
		return tablesByPeriod("Top Earning Customers", earners, func(e Earner) string { return e.Period },
			[]string{"Customer", "Place", "Points", "Balance", "Entries"},
			func(e Earner) table.Row {
				return table.Row{brief(customer(names, e.User)), e.Place, Number(e.Earned), Number(e.Balance), Number(e.Entries)}
			})
	})
}

// PrintHistory writes entries. date is the day and time in the site's zone.
func PrintHistory(w io.Writer, f Format, entries []Entry, names map[int64]string, zone *time.Location) error {
	keys := []string{
		"entry_id", "user_id", "customer", "seq", "date", "occurred_at", "recorded_at", "type", "source", "object_id",
		"activity", "points", "pending", "balance", "related", "note",
	}
	var records []record
	for _, e := range entries {
		var note any
		if e.Note.Valid {
			note = e.Note.String
		}
		records = append(records, fields(keys, e.ID, e.User, customer(names, e.User), e.Seq, e.OccurredAt.In(zone).Format(time.DateTime),
			e.OccurredAt.UTC(), e.RecordedAt.UTC(), e.Type, e.Source, e.Object, e.Activity(), e.Points, e.Pending, e.Balance, e.Related(), note))
	}
	return write(w, f, keys, records, func() string {
		t := newTable("Date", "Customer", "Activity", "Points", "Balance", "Related")
		rightFrom(t, 4, 5)
		for _, e := range entries {
			related := e.Related()
			if note := strings.TrimSpace(clean(e.Note.String)); note != "" {
				related += ": " + note
			}
			points := Signed(e.Points)
			if e.Pending != 0 {
				points = "(" + Signed(e.Pending) + ")"
			}
			t.AppendRow(table.Row{
				e.OccurredAt.In(zone).Format("2006-01-02 15:04"), brief(customer(names, e.User)), brief(clean(e.Activity())), points,
				Number(e.Balance), brief(related),
			})
		}
		return render("Points History", t)
	})
}

// PrintBalances writes accounts.
func PrintBalances(w io.Writer, f Format, accounts []Account, names map[int64]string) error {
	keys := []string{
		"user_id", "customer", "balance", "pending", "earned", "redeemed", "expired", "revoked", "adjusted", "entries", "last_entry_at",
	}
	var records []record
	for _, a := range accounts {
		var last any
		if a.LastEntryAt.Valid {
			last = a.LastEntryAt.Time.UTC()
		}
		records = append(records, fields(keys, a.User, customer(names, a.User), a.Balance, a.Pending, a.Earned, a.Redeemed,
			a.Expired, a.Revoked, a.Adjusted, a.Entries, last))
	}
	return write(w, f, keys, records, func() string {
		t := newTable("Customer", "User", "Balance", "Pending", "Earned", "Claimed", "Expired", "Deducted", "Adjusted", "Entries")
		rightFrom(t, 2, 10)
		for _, a := range accounts {
			t.AppendRow(table.Row{
				brief(customer(names, a.User)), a.User, Number(a.Balance), Number(a.Pending), Number(a.Earned), Number(a.Redeemed),
				Number(a.Expired), Number(a.Revoked), Number(a.Adjusted), Number(a.Entries),
			})
		}
		return render("Balances", t)
	})
}

func fields(keys []string, values ...any) record {
	r := make(record, len(keys))
	for i, key := range keys {
		r[i] = field{key, values[i]}
	}
	return r
}

// tablesByPeriod writes a table for each run of rows of one period.
func tablesByPeriod[T any](title string, rows []T, period func(T) string, header []string, row func(T) table.Row) string {
	if len(rows) == 0 {
		return render(title, newTable(header...))
	}
	var b strings.Builder
	for start, end := 0, 0; start < len(rows); start = end {
		name := period(rows[start])
		t := newTable(header...)
		rightFrom(t, 2, len(header))
		for end < len(rows) && period(rows[end]) == name {
			t.AppendRow(row(rows[end]))
			end++
		}
		heading := title
		if label := PeriodLabel(name); label != "" {
			heading += ": " + label
		}
		b.WriteString(render(heading, t))
	}
	return b.String()
}

// render returns the title and the table below it.
func render(title string, t table.Writer) string {
	if t.Length() == 0 {
		return title + "\nNothing to show.\n"
	}
	return title + "\n" + t.Render() + "\n"
}

// widest is how much of a text a table shows.
const widest = 40

func newTable(header ...string) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Format.Footer = text.FormatDefault
	t.SetStyle(style)
	row := table.Row{}
	for _, h := range header {
		row = append(row, h)
	}
	t.AppendHeader(row)
	t.SuppressTrailingSpaces()
	rightFrom(t, 2, 3)
	return t
}

// rightFrom aligns the columns from one to another, counted from 1, to the
// right, and keeps all from getting too wide.
func rightFrom(t table.Writer, from, to int) {
	const most = 16
	var columns []table.ColumnConfig
	for n := 1; n <= most; n++ {
		c := table.ColumnConfig{Number: n, WidthMax: widest, WidthMaxEnforcer: func(s string, width int) string {
			return text.Snip(s, width, "…")
		}}
		if from <= n && n <= to {
			c.Align, c.AlignHeader, c.AlignFooter = text.AlignRight, text.AlignRight, text.AlignRight
		}
		columns = append(columns, c)
	}
	t.SetColumnConfigs(columns)
}

func rangeLabel(period string, in Range) string {
	days := in.From.String() + " to " + in.To.String()
	switch {
	case in == AllTime:
		days = ""
	case in.From == MinDay:
		days = "until " + in.To.String()
	case in.To == MaxDay:
		days = "since " + in.From.String()
	}
	label := PeriodLabel(period)
	if label != "" && days != "" {
		label += ", "
	}
	if label+days == "" {
		return PeriodLabel(AllTimeName)
	}
	return label + days
}

// brief cuts off what a table would not show anyway, before its width is
// measured character by character.
func brief(text string) string {
	const most = 4 * widest
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i]
		}
	}
	return text
}

// Number returns a number for reading, with separators between thousands.
func Number(n int64) string {
	return groupDigits(strconv.FormatInt(n, 10))
}

func groupDigits(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Signed is Number with the sign of what is added.
func Signed(n int64) string {
	if n > 0 {
		return "+" + Number(n)
	}
	return Number(n)
}

// money writes an amount with two places, for reading.
func money(amount *apd.Decimal, currency string) string {
	context := apd.BaseContext.WithPrecision(60)
	context.Rounding = apd.RoundHalfUp
	var rounded apd.Decimal
	if _, err := context.Quantize(&rounded, amount, -2); err != nil {
		return fmt.Sprintf("%s %s", amount.Text('f'), currency)
	}
	whole, fraction, _ := strings.Cut(rounded.Text('f'), ".")
	return strings.TrimSpace(groupDigits(whole) + "." + fraction + " " + currency)
}
