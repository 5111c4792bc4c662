package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loyaltyd/reports"
	"loyaltyd/sync"
)

func (c *cli) syncCommand() *cobra.Command {
	var form choice
	var full, sweep bool
	var accept string
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Bring the points up to date with the store, once",
		Long: `Looks at what changed in the store, posts the points that are missing or too
many, and refreshes the reports. The first run looks at everything by itself.

When a run would take back more points than the brake allows, nothing is taken
back and the run names a plan; --accept PLAN posts exactly that plan.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options := sync.Options{Mode: sync.Increment, Accept: accept}
			switch {
			case full && sweep:
				return usage("--full and --sweep exclude each other: --full looks at more")
			case full:
				options.Mode = sync.Full
			case sweep:
				options.Mode = sync.Sweep
			}
			return c.sync(cmd, options, form)
		},
	}
	cmd.Flags().BoolVar(&sweep, "sweep", false, "compare all of the store with what was last seen of it")
	cmd.Flags().BoolVar(&full, "full", false, "look at every order, comment and user anew")
	cmd.Flags().StringVar(&accept, "accept", "", "post the `plan` of deductions that the brake showed")
	format(cmd, &form, "text", "json")
	return cmd
}

func (c *cli) sync(cmd *cobra.Command, options sync.Options, form choice) error {
	a, err := c.open(cmd, true)
	if err != nil {
		return err
	}
	defer a.close()
	bar := newProgress(c.stderr)
	a.engine.Progress = bar.report
	summary, err := a.sync(cmd.Context(), options)
	bar.end()
	if summary != nil {
		if problem := c.printSummary(summary, form); problem != nil {
			return problem
		}
	}
	return err
}

// sync does one run, refreshes the reports, whatever the run withheld, and
// records the run for the site.
func (a *app) sync(ctx context.Context, options sync.Options) (*sync.Summary, error) {
	started, err := a.clock(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.refreshProgramme(ctx); err != nil {
		return nil, err
	}
	summary, err := a.runEngine(ctx, options)
	var nothing *sync.NoPlanError
	if summary == nil || errors.As(err, &nothing) {
		return nil, err
	}
	if ctx.Err() != nil {
		return summary, err
	}
	if refreshed := a.refresh(ctx); refreshed != nil {
		return summary, errors.Join(err, refreshed)
	}
	return summary, errors.Join(err, a.recordRun(ctx, started, summary, err))
}

// recordRun tells the site of a run.
func (a *app) recordRun(ctx context.Context, started time.Time, summary *sync.Summary, failed error) error {
	finished, err := a.clock(ctx)
	if err != nil {
		return err
	}
	run := reports.Run{
		Kind: string(summary.Mode), Started: started, Finished: finished, OK: failed == nil,
		Figures: map[string]int64{
			"orders": summary.Orders, "comments": summary.Comments, "users": summary.Users, "entries": summary.Entries,
			"released": summary.Released, "skipped_currency": summary.Skipped, "problems": int64(len(summary.Problems)),
		},
	}
	if failed != nil {
		run.Message = failed.Error()
	}
	return errors.Join(a.reports.RecordRun(ctx, run), a.showRun(ctx, summary))
}

func (c *cli) printSummary(s *sync.Summary, form choice) error {
	if form.json() {
		return c.writeJSON(s)
	}
	_, err := fmt.Fprint(c.stdout, summaryText(s))
	if err != nil {
		return fmt.Errorf("print the summary: %w", err)
	}
	return nil
}

// summaryText tells people what a run did.
func summaryText(s *sync.Summary) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	took := s.Took.Round(time.Millisecond)
	if took > 10*time.Second {
		took = took.Round(time.Second)
	}
	line("Looked at %s, %s and %s (%s, %s).", count(s.Orders, "order", "orders"), count(s.Comments, "comment", "comments"),
		count(s.Users, "user", "users"), s.Mode, took)
	for _, note := range s.Notes {
		line("Note: %s.", note)
	}
	switch {
	case !s.Complete && s.Entries == 0:
		line("It did not come to its end. Nothing was posted.")
	case s.Entries == 0 && s.Braked != nil:
		line("Nothing was posted.")
	case s.Entries == 0:
		line("Nothing to post: the points are up to date.")
	default:
		if !s.Complete {
			line("It did not come to its end.")
		}
		line("Posted %s:", count(s.Entries, "entry", "entries"))
		for _, kind := range slices.Sorted(maps.Keys(s.Points)) {
			if points := s.Points[kind]; points != 0 {
				line("  %-12s %14s points", kind, reports.Signed(points))
			}
		}
	}
	if s.Released > 0 {
		line("Points of %s are no longer pending.", count(s.Released, "order or bonus", "orders and bonuses"))
	}
	if s.RolledUpAnew {
		line("The daily sums were made anew, because the site's time zone changed.")
	}
	if s.Skipped > 0 {
		line("Skipped %s in a currency without a rate: set program.earn.purchase.currencies.", count(s.Skipped, "order", "orders"))
	}
	if len(s.Problems) > 0 {
		line("What cannot be read, or cannot be meant; amounts count as 0, dates as missing:")
		for _, problem := range s.Problems {
			line("  %s", printable(problem))
		}
	}
	if len(s.Failures) > 0 {
		line("Left as they are, because they could not be valued:")
		for _, failure := range s.Failures {
			line("  %s", printable(failure))
		}
	}
	return b.String()
}
