//go:build demo

package main

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

// What the commands show on a screen of any width, the demo shows on one of a
// hundred columns.

// statusRow is what `report status` says of a period, as far as it is shown.
type statusRow struct {
	Period       string `json:"period"`
	Value        string `json:"value"`
	Currency     string `json:"currency"`
	Opening      int64  `json:"opening"`
	Issued       int64  `json:"issued"`
	Redeemed     int64  `json:"redeemed"`
	Expired      int64  `json:"expired"`
	Revoked      int64  `json:"revoked"`
	Adjusted     int64  `json:"adjusted"`
	Balance      int64  `json:"balance"`
	Pending      int64  `json:"pending"`
	Participants int64  `json:"participants"`
}

// statusTable returns some periods beside each other.
func statusTable(all []statusRow, periods ...string) string {
	header := table.Row{"Information"}
	var shown []statusRow
	for _, period := range periods {
		for _, s := range all {
			if s.Period == period {
				shown = append(shown, s)
				header = append(header, reports.PeriodLabel(period))
			}
		}
	}
	t := narrowTable(header, 2, 3, 4, 5)
	row := func(label string, figure func(statusRow) string) {
		r := table.Row{label}
		for _, s := range shown {
			r = append(r, figure(s))
		}
		t.AppendRow(r)
	}
	row("Carried over", func(s statusRow) string { return reports.Number(s.Opening) })
	row("Total points issued", func(s statusRow) string { return reports.Number(s.Issued) })
	row("Claimed", func(s statusRow) string { return reports.Number(s.Redeemed) })
	row("Expired", func(s statusRow) string { return reports.Number(s.Expired) })
	row("Deducted", func(s statusRow) string { return reports.Number(s.Revoked) })
	row("Adjusted by hand", func(s statusRow) string { return reports.Number(s.Adjusted) })
	t.AppendSeparator()
	row("Unclaimed", func(s statusRow) string { return reports.Number(s.Balance) })
	row("Value", statusRow.worth)
	row("Participants", func(s statusRow) string { return reports.Number(s.Participants) })
	return indented(t.Render() + "\n")
}

// worth is the value of the unclaimed points, with two places.
func (s statusRow) worth() string {
	value, ok := new(big.Rat).SetString(s.Value)
	if !ok {
		return s.Value
	}
	whole, places, _ := strings.Cut(value.FloatString(2), ".")
	units, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return value.FloatString(2)
	}
	return reports.Number(units) + "." + places + " " + s.Currency
}

// historyRow is what `report history` says of an entry, as far as it is shown.
type historyRow struct {
	Date     string `json:"date"`
	Customer string `json:"customer"`
	Source   string `json:"source"`
	Points   int64  `json:"points"`
	Balance  int64  `json:"balance"`
	Related  string `json:"related"`
}

func historyTable(entries []historyRow) string {
	t := narrowTable(table.Row{"Date", "Customer", "Activity", "Points", "Balance", "Related"}, 4, 5)
	for _, e := range entries {
		at, err := time.Parse(time.DateTime, e.Date)
		if err == nil {
			e.Date = at.Format("Mon 15:04")
		}
		t.AppendRow(table.Row{
			e.Date, text.Snip(printable(e.Customer), 14, "…"), reports.SourceLabel(e.Source), reports.Signed(e.Points), reports.Number(e.Balance), e.Related,
		})
	}
	return indented(t.Render() + "\n")
}

// explanation returns the entries of an account, and the arithmetic of the
// order of which something was given back.
func explanation(x wpbridge.Explanation, zone *time.Location) string {
	t := narrowTable(table.Row{"Date", "Activity", "Points", "Balance", "Related"}, 3, 4)
	var given int64
	for i := range x.Entries {
		e := &x.Entries[i]
		if e.Type == string(ledger.Revoke) && e.Source == string(ledger.Purchase) {
			given = e.Object
		}
		t.AppendRow(table.Row{
			e.OccurredAt.In(zone).Format(time.DateOnly), reports.SourceLabel(e.Source), reports.Signed(e.Points), reports.Number(e.Balance),
			text.Snip(related(e), 28, "…"),
		})
	}
	var b strings.Builder
	b.WriteString(t.Render() + "\n")
	of := slices.IndexFunc(x.Facts, func(f sync.ExplainedFact) bool { return f.Kind == string(ledger.ObjectOrder) && f.ID == given })
	if of >= 0 {
		fact := x.Facts[of]
		fmt.Fprintf(&b, "\n%s #%d, of which something was given back:\n", fact.Title(), fact.ID)
		for _, line := range fact.Lines {
			b.WriteString(indented(text.WrapSoft(printable(line), headingWidth-4) + "\n"))
		}
	}
	return indented(b.String())
}

// related names what an entry was posted for, and what else made it necessary.
func related(e *wpbridge.ExplanationEntry) string {
	name := reports.Entry{Type: e.Type, Source: e.Source, Object: e.Object}.Related()
	if e.Type == string(ledger.Earn) {
		return name
	}
	return name + ", " + printable(strings.TrimPrefix(e.Why, "because of "))
}

// narrowTable returns a table in the style of the reports.
func narrowTable(header table.Row, right ...int) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(header)
	var columns []table.ColumnConfig
	for _, n := range right {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}
