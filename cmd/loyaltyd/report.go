package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync/store"
)

// reportFlags are what the report commands can be asked for; each takes some
// of them.
type reportFlags struct {
	form          choice
	period        string
	from, to      string
	user          string
	source        string
	kind          choice // of entries
	limit, page   int
	defaultsToAll bool // no period means any time, not the period all_time
}

const everyPeriod = "all"

// maxRows bounds a page of a report.
const maxRows = 100_000

func (c *cli) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Show the reports: status, sources, earners, history, balances",
		Long: `Shows the report tables as they stand; sync and serve keep them up to date.

Periods: ` + strings.Join(periodNames(), ", ") + `,
or "all" for each of them. Days and times are the site's.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.statusCommand(), c.sourcesCommand(), c.earnersCommand(), c.historyCommand(), c.balancesCommand())
	return cmd
}

func periodNames() []string {
	var names []string
	for _, p := range reports.Periods(time.Unix(0, 0), time.UTC, time.Monday) {
		names = append(names, p.Name)
	}
	return names
}

func (c *cli) statusCommand() *cobra.Command {
	var f reportFlags
	cmd := c.reportOf("status", "Points Status: issued, claimed, expired, deducted, unclaimed", &f,
		func(ctx context.Context, v *view) error {
			var statuses []reports.Status
			if v.custom {
				status, err := v.reports.StatusOf(ctx, v.settings, v.days)
				if err != nil {
					return err
				}
				statuses = []reports.Status{status}
			} else {
				var err error
				if statuses, err = v.reports.Status(ctx, v.period); err != nil {
					return err
				}
			}
			return reports.PrintStatus(c.stdout, v.form, statuses, v.settings.PointsPerUnit)
		})
	f.addPeriod(cmd)
	return cmd
}

func (c *cli) sourcesCommand() *cobra.Command {
	var f reportFlags
	cmd := c.reportOf("sources", "Points Sources: what points were earned for", &f,
		func(ctx context.Context, v *view) error {
			var sources []reports.Source
			var err error
			if v.custom {
				sources, err = v.reports.SourcesOf(ctx, v.settings, v.days)
			} else {
				sources, err = v.reports.Sources(ctx, v.period)
			}
			if err != nil {
				return err
			}
			if f.source != "" {
				sources = slices.DeleteFunc(sources, func(s reports.Source) bool { return s.Source != f.source })
			}
			return reports.PrintSources(c.stdout, v.form, sources)
		})
	f.addPeriod(cmd)
	f.addSource(cmd)
	return cmd
}

func (c *cli) earnersCommand() *cobra.Command {
	var f reportFlags
	cmd := c.reportOf("earners", "Top Earning Customers", &f,
		func(ctx context.Context, v *view) error {
			var earners []reports.Earner
			var err error
			if v.custom {
				earners, err = v.reports.EarnersOf(ctx, v.settings, v.days, f.limit)
			} else {
				earners, err = v.reports.Earners(ctx, v.period)
				earners = slices.DeleteFunc(earners, func(e reports.Earner) bool { return e.Place > f.limit })
			}
			if err != nil {
				return err
			}
			names, err := namesOf(ctx, v.store, earners, func(e reports.Earner) int64 { return e.User })
			if err != nil {
				return err
			}
			return reports.PrintEarners(c.stdout, v.form, earners, names)
		})
	f.addPeriod(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 50, "show the first `n` places; more than 50 only with --from or --to")
	return cmd
}

func (c *cli) historyCommand() *cobra.Command {
	f := reportFlags{defaultsToAll: true}
	cmd := c.reportOf("history", "Points History: every entry, the newest first", &f,
		func(ctx context.Context, v *view) error {
			filter := reports.Filter{User: v.user, Source: f.source, Type: f.kind.value, Zone: v.settings.Zone}
			if v.custom {
				filter.Range = &v.days
			}
			entries, more, err := rowsOf(f, v.form, func(last *reports.Entry, limit int) ([]reports.Entry, error) {
				filter.Before, filter.Limit = last, limit
				return v.reports.History(ctx, filter)
			})
			if err != nil {
				return err
			}
			names, err := namesOf(ctx, v.store, entries, func(e reports.Entry) int64 { return e.User })
			if err != nil {
				return err
			}
			err = reports.PrintHistory(c.stdout, v.form, entries, names, v.settings.Zone)
			return errors.Join(err, c.tellMore(f, more))
		})
	f.addPeriod(cmd)
	f.addSource(cmd)
	f.addUser(cmd)
	f.addPages(cmd)
	for _, kind := range ledger.Types() {
		f.kind.names = append(f.kind.names, string(kind.Type))
	}
	cmd.Flags().Var(&f.kind, "type", "only entries of this `type`: "+strings.Join(f.kind.names, ", "))
	return cmd
}

func (c *cli) balancesCommand() *cobra.Command {
	var f reportFlags
	cmd := c.reportOf("balances", "The balance of each customer", &f,
		func(ctx context.Context, v *view) error {
			accounts, more, err := v.balances(ctx, f)
			if err != nil {
				return err
			}
			names, err := namesOf(ctx, v.store, accounts, func(a reports.Account) int64 { return a.User })
			if err != nil {
				return err
			}
			err = reports.PrintBalances(c.stdout, v.form, accounts, names)
			return errors.Join(err, c.tellMore(f, more))
		})
	f.addUser(cmd)
	f.addPages(cmd)
	return cmd
}

func (v *view) balances(ctx context.Context, f reportFlags) (accounts []reports.Account, more bool, err error) {
	if v.user != 0 {
		accounts, err = v.reports.BalancesOf(ctx, []int64{v.user})
		return accounts, false, err
	}
	return rowsOf(f, v.form, func(last *reports.Account, limit int) ([]reports.Account, error) {
		var after int64
		if last != nil {
			after = last.User
		}
		return v.reports.Balances(ctx, after, limit)
	})
}

// pageRows is how many rows a page has that nobody asked to be shorter.
const pageRows = 50

// rowsOf reads what a report shows: the page that was asked for and whether
// there is more, or everything where a program is to read it and no page was
// asked for. read returns the rows after the last one read, nil at first.
func rowsOf[T any](f reportFlags, form reports.Format, read func(last *T, limit int) ([]T, error)) (rows []T, more bool, err error) {
	if f.limit == 0 && f.page == 0 && form != reports.FormatTable {
		const chunk = 10_000
		var last *T
		for {
			part, err := read(last, chunk)
			if err != nil {
				return nil, false, err
			}
			rows = append(rows, part...)
			if len(part) < chunk {
				return rows, false, nil
			}
			last = &part[len(part)-1]
		}
	}
	limit, page := cmp.Or(f.limit, pageRows), max(f.page, 1)
	var last *T
	for at := 1; ; at++ {
		if rows, err = read(last, limit+1); err != nil {
			return nil, false, err
		}
		more = len(rows) > limit
		rows = rows[:min(limit, len(rows))]
		switch {
		case at == page:
			return rows, more, nil
		case !more:
			return nil, false, nil
		}
		last = &rows[limit-1]
	}
}

// tellMore says, below a page, how to see the next one.
func (c *cli) tellMore(f reportFlags, more bool) error {
	if more && f.form.value == string(reports.FormatTable) {
		c.printf("There is more: --page %d, or --limit for longer pages.\n", max(f.page, 1)+1)
	}
	return nil
}

// view is a report that is being made.
type view struct {
	*app
	settings reports.Settings
	form     reports.Format
	period   string        // "" for all
	custom   bool          // days counts, not period
	days     reports.Range // of the site
	user     int64
}

// reportOf returns a report's command, which print carries out.
func (c *cli) reportOf(name, short string, f *reportFlags, print func(context.Context, *view) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return err
			}
			a, err := c.open(cmd, false)
			if err != nil {
				return err
			}
			defer a.close()
			ctx := cmd.Context()
			v, err := c.view(ctx, a, f)
			if err != nil {
				return err
			}
			return print(ctx, v)
		},
	}
	format(cmd, &f.form, "table", "json", "csv")
	return cmd
}

func (c *cli) view(ctx context.Context, a *app, f *reportFlags) (*view, error) {
	settings, err := a.reportSettings(ctx)
	if err != nil {
		return nil, err
	}
	v := &view{app: a, settings: settings, form: reports.Format(f.form.value)}
	if err := c.tellAge(ctx, v); err != nil {
		return nil, err
	}
	if err := v.choosePeriod(f); err != nil {
		return nil, err
	}
	if f.user != "" {
		person, err := a.findUser(ctx, f.user)
		if err != nil {
			return nil, err
		}
		v.user = person.ID
	}
	return v, nil
}

// oldAfter is the age from which a report says how old it is.
const oldAfter = time.Hour

// tellAge says so when the tables are old, and fails when there is nothing in
// them yet.
func (c *cli) tellAge(ctx context.Context, v *view) error {
	status, err := v.reports.Status(ctx, reports.AllTimeName)
	if err != nil {
		return err
	}
	if len(status) == 0 {
		return errors.New("there are no reports yet: run `loyaltyd sync` first")
	}
	daemon, err := v.reports.Daemon(ctx)
	if err != nil {
		return err
	}
	// A refresh that finds nothing new leaves the tables alone.
	checked := status[0].RefreshedAt
	if daemon.LastRun.Finished.After(checked) {
		checked = daemon.LastRun.Finished
	}
	if age := v.settings.Now.Sub(checked); age > oldAfter {
		fmt.Fprintf(c.stderr, "loyaltyd: these figures are %s old: run `loyaltyd sync`, or see to it that `loyaltyd serve` runs\n", ago(age))
	}
	return nil
}

// check finds what is wrong with the flags before anything is opened.
func (f *reportFlags) check(flags *pflag.FlagSet) error {
	ranged := f.from != "" || f.to != ""
	switch {
	case ranged && f.period != "":
		return usage("--period and --from or --to exclude each other: give one of them")
	case f.period != "" && f.period != everyPeriod && !reports.IsPeriod(f.period):
		return usage("%q is not a period: use %s, or %s for each", f.period, strings.Join(periodNames(), ", "), everyPeriod)
	case f.period == everyPeriod && f.defaultsToAll:
		return usage("--period %s is not possible here: leave --period out to see everything", everyPeriod)
	case f.source != "" && !ledger.Source(f.source).Known():
		return usage("%q is not a source of points: use one like %s, %s, %s or %s", f.source, ledger.Purchase, ledger.ProductReview, ledger.Signup, ledger.Admin)
	}
	for flag, n := range map[string]int{"limit": f.limit, "page": f.page} {
		if flags.Changed(flag) && (n < 1 || n > maxRows) {
			return usage("--%s %d: want a number from 1 to %d", flag, n, maxRows)
		}
	}
	_, err := f.days()
	return err
}

// days returns the range of --from and --to.
func (f *reportFlags) days() (reports.Range, error) {
	in := reports.AllTime
	var err error
	if f.from != "" {
		if in.From, err = reports.ParseDay(f.from); err != nil {
			return in, usage("--from %v", err)
		}
	}
	if f.to != "" {
		if in.To, err = reports.ParseDay(f.to); err != nil {
			return in, usage("--to %v", err)
		}
	}
	if in.From > in.To {
		return in, usage("--from %s is after --to %s", f.from, f.to)
	}
	return in, nil
}

func (v *view) choosePeriod(f *reportFlags) error {
	switch {
	case f.from != "" || f.to != "":
		v.custom = true
		var err error
		v.days, err = f.days()
		return err
	case f.period == everyPeriod:
		v.period = ""
	case f.period == "":
		v.period = reports.AllTimeName
	default:
		v.period = f.period
		if f.defaultsToAll {
			for _, p := range reports.Periods(v.settings.Now, v.settings.Zone, v.settings.StartOfWeek) {
				if p.Name == f.period {
					v.days, v.custom = p.Range, true
				}
			}
		}
	}
	return nil
}

func (f *reportFlags) addPeriod(cmd *cobra.Command) {
	what := "`name` of a period, or all; all_time when left out"
	if f.defaultsToAll {
		what = "`name` of a period"
	}
	cmd.Flags().StringVar(&f.period, "period", "", what)
	cmd.Flags().StringVar(&f.from, "from", "", "first `day`, as YYYY-MM-DD, instead of a period")
	cmd.Flags().StringVar(&f.to, "to", "", "last `day`, as YYYY-MM-DD, instead of a period")
	_ = cmd.RegisterFlagCompletionFunc("period", cobra.FixedCompletions(append(periodNames(), everyPeriod), cobra.ShellCompDirectiveNoFileComp))
}

func (f *reportFlags) addSource(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.source, "source", "", fmt.Sprintf("only what points were given for: %s, %s, %s, …", ledger.Purchase, ledger.ProductReview, ledger.Signup))
}

func (f *reportFlags) addUser(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.user, "user", "", "only this `user`: id, login or e-mail address")
}

func (f *reportFlags) addPages(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.limit, "limit", 0, "lines of a page (50 in a table; all in json and csv, unless a page is asked for)")
	cmd.Flags().IntVar(&f.page, "page", 0, "number of the page (1 when left out)")
}

// namesOf returns the names of the users in rows; those of deleted ones are
// missing.
func namesOf[T any](ctx context.Context, s *store.Store, rows []T, user func(T) int64) (map[int64]string, error) {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = user(row)
	}
	var names map[int64]string
	err := s.Snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		names, err = sn.Names(ctx, ids)
		return err
	})
	return names, err
}
