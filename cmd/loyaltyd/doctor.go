package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"loyaltyd/config"
	"loyaltyd/internal/database"
	"loyaltyd/sync/store"
)

func (c *cli) doctorCommand() *cobra.Command {
	var form choice
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what keeps loyaltyd from doing its work, and say what to do",
		Long: `Checks the configuration, the databases and the rights in them, the store's
settings, its clock, its orders' currencies, dates, customers and amounts, and
the daemon. Nothing is changed.

Each line is ok, warn (works, but look at it) or FAIL (does not work).`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.doctor(cmd, form)
		},
	}
	format(cmd, &form, "text", "json")
	return cmd
}

// The states of a check.
const (
	fine    = "ok"
	warning = "warn"
	failure = "FAIL"
)

// finding is what a check found.
type finding struct {
	State  string `json:"state"` // ok, warn, FAIL
	Check  string `json:"check"` // what was looked at
	What   string `json:"what"`
	Advice string `json:"advice,omitempty"` // what to do
}

// examination collects what doctor finds.
type examination struct {
	*app
	findings []finding
}

func (x *examination) add(state, check, advice, what string, args ...any) {
	x.findings = append(x.findings, finding{State: state, Check: check, What: printable(fmt.Sprintf(what, args...)), Advice: advice})
}

func (x *examination) ok(check, what string, args ...any) { x.add(fine, check, "", what, args...) }

// failed records an error, whose text ends with its way out.
func (x *examination) failed(check string, err error) { x.add(failure, check, "", "%v", err) }

func (c *cli) doctor(cmd *cobra.Command, form choice) error {
	loaded, err := config.Load(cmd.Flags(), c.environ)
	if err != nil {
		return err
	}
	x := &examination{}
	if len(loaded.Warnings) == 0 {
		x.ok("configuration", "in order")
	}
	for _, w := range loaded.Warnings {
		x.add(warning, "configuration", "", "%s", w)
	}
	ctx := cmd.Context()
	err = x.examine(ctx, loaded, c)
	if x.app != nil {
		x.close()
	}
	if err != nil {
		return err
	}
	if form.json() {
		err = c.writeJSON(map[string]any{"ok": !x.has(failure), "findings": x.findings})
	} else {
		c.printf("%s", x.text())
	}
	if err == nil && x.has(failure) {
		return errReported
	}
	return err
}

func (x *examination) has(state string) bool {
	for _, f := range x.findings {
		if f.State == state {
			return true
		}
	}
	return false
}

func (x *examination) text() string {
	var b strings.Builder
	for _, f := range x.findings {
		fmt.Fprintf(&b, "%-5s %s: %s", f.State, f.Check, f.What)
		if f.Advice != "" {
			b.WriteString(" — " + f.Advice)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// examine looks at everything, in the order in which one thing needs the
// other. Only a wrong configuration is an error.
func (x *examination) examine(ctx context.Context, loaded config.Config, c *cli) error {
	a, err := connect(ctx, loaded, c.logger())
	var invalid *config.InvalidError
	switch {
	case errors.As(err, &invalid):
		return err
	case err != nil:
		x.failed("database", err)
		return nil
	}
	x.app = a
	x.ok("database", "the store's answers: %s (%s)", a.site.DSN, a.site.Origin)
	if a.ownLedger() {
		x.ok("database", "the ledger's answers: %s", a.config.Ledger.DSN)
	}
	x.servers(ctx)
	err = a.openStore(ctx)
	if !errors.Is(err, store.ErrWrongPrefix) { // no rights help on tables of another name
		x.readingRights(ctx)
	}
	if err != nil {
		x.failed("store", err)
		return nil
	}
	x.storeSettings(ctx)
	current := x.schema(ctx)
	x.otherRights(ctx)
	if current {
		x.writingRights(ctx)
	}
	x.clocks(ctx)
	x.orders(ctx)
	x.rules(ctx)
	if current {
		x.debts(ctx)
		x.daemon(ctx)
	}
	return nil
}

// schema tells the state of the tables, and whether they can be used.
func (x *examination) schema(ctx context.Context) bool {
	err := x.checkSchema(ctx)
	switch {
	case err == nil:
		x.ok("tables", "up to date")
		return true
	case errors.Is(err, database.ErrBehind):
		x.add(warning, "tables", "sync and serve make them by themselves", "%v", err)
	default:
		x.failed("tables", err)
	}
	return false
}
