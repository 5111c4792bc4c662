package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/store"
	wpbridge "loyaltyd/wp-bridge"
)

func (c *cli) explainCommand() *cobra.Command {
	var form choice
	cmd := &cobra.Command{
		Use:   "explain USER",
		Short: "Say why a customer has the points that he has",
		Long: `Shows every entry of a customer's account with what made it necessary, and for
each order, comment and sign-up behind them the rule and the arithmetic.

USER is an id, a login or an e-mail address.`,
		Args: oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.explain(cmd, args[0], form)
		},
	}
	format(cmd, &form, "text", "json")
	return cmd
}

func oneUser(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one user: an id, a login or an e-mail address")
	}
	return nil
}

func (c *cli) explain(cmd *cobra.Command, user string, form choice) error {
	a, err := c.open(cmd, false)
	if err != nil {
		return err
	}
	defer a.close()
	ctx := cmd.Context()
	person, err := a.findUser(ctx, user)
	if err != nil {
		return err
	}
	x, err := a.engine.Explain(ctx, person.ID)
	if err != nil {
		return err
	}
	settings, err := a.store.Settings(ctx)
	if err != nil {
		return err
	}
	if form.json() {
		return c.writeJSON(wpbridge.NewExplanation(x, person))
	}
	name, err := a.nameOf(ctx, person)
	if err != nil {
		return err
	}
	c.printf("%s", explanationText(x, name, settings.Zone))
	return nil
}

// nameOf returns what to call a user, with what tells him from others.
func (a *app) nameOf(ctx context.Context, p store.Person) (string, error) {
	names, err := namesOf(ctx, a.store, []store.Person{p}, func(p store.Person) int64 { return p.ID })
	if err != nil {
		return "", err
	}
	name, exists := names[p.ID]
	if !exists {
		return fmt.Sprintf("Deleted customer #%d", p.ID), nil
	}
	return fmt.Sprintf("%s (user %d, %s)", printable(name), p.ID, printable(p.Email)), nil
}

// explanationText tells people the story of an account. Times are the site's.
func explanationText(x *sync.Explanation, name string, zone *time.Location) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	account := x.Account
	line("%s", name)
	line("Balance %s, pending %s: earned %s, claimed %s, expired %s, adjusted %s; %s deducted in all.",
		reports.Number(account.Balance), reports.Number(account.Pending), reports.Number(account.Earned), reports.Number(account.Redeemed),
		reports.Number(account.Expired), reports.Number(account.Adjusted), reports.Number(account.Revoked))
	switch {
	case x.Excluded:
		line("This customer is excluded by program.exclude: the account is frozen.")
	case !x.Exists:
		line("This customer no longer exists in WordPress: the account is frozen.")
	case account.Frozen:
		line("The account is frozen; the next sync makes it live again.")
	}
	if len(x.Entries) == 0 {
		line("There is no entry yet.")
		return b.String()
	}
	line("")
	b.WriteString(entriesTable(x.Entries, zone))
	for _, fact := range x.Facts {
		line("")
		if fact.Program == 0 {
			line("%s #%d: %s points posted", fact.Title(), fact.ID, reports.Number(fact.Posted))
			for _, step := range fact.Lines {
				line("  %s", printable(step))
			}
			continue
		}
		rules := "the first rules"
		if !fact.Since.IsZero() {
			rules = "the rules since " + fact.Since.In(zone).Format("2006-01-02 15:04")
		}
		line("%s #%d: %s points posted, by %s (version %d)", fact.Title(), fact.ID, reports.Number(fact.Posted), rules, fact.Program)
		for _, step := range fact.Lines {
			line("  %s", printable(step))
		}
	}
	return b.String()
}

func entriesTable(entries []sync.ExplainedEntry, zone *time.Location) string {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	right := func(n int) table.ColumnConfig {
		return table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	t.SetColumnConfigs([]table.ColumnConfig{right(1), right(4), right(5)})
	t.AppendHeader(table.Row{"No.", "Date", "Activity", "Points", "Balance", "Related", "Why"})
	for i := range entries {
		e := &entries[i]
		shown := shownEntry(e)
		points := reports.Signed(e.Points)
		if e.Pending != 0 {
			points = "(" + reports.Signed(e.Pending) + ")"
		}
		why := printable(e.Why)
		if note := strings.TrimSpace(printable(e.Note)); note != "" {
			why += ": " + note
		}
		if e.Actor != "" {
			why += " [" + printable(e.Actor) + "]"
		}
		t.AppendRow(table.Row{
			e.Seq, e.OccurredAt.In(zone).Format("2006-01-02 15:04"), shown.Activity(), points, reports.Number(e.Balance), shown.Related(), why,
		})
	}
	return t.Render() + "\n"
}

// shownEntry is the entry as reports name it.
func shownEntry(e *sync.ExplainedEntry) reports.Entry {
	return reports.Entry{Type: string(e.Type), Source: string(e.Source), Object: e.Object}
}
