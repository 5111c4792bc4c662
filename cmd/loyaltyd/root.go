package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"loyaltyd/config"
	"loyaltyd/internal/database"
)

// The exit statuses.
const (
	exitOK      = 0
	exitFailure = 1 // something is not as it should be
	exitUsage   = 2 // wrong usage or configuration
)

// usageError says that a command was called in a way that cannot work.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usage(format string, args ...any) error {
	return &usageError{message: fmt.Sprintf(format, args...)}
}

// errReported ends a command whose output has said already what is wrong.
var errReported = errors.New("already reported")

// run is the whole program for one command line; it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	c := &cli{stdout: stdout, stderr: stderr, environ: environ}
	root := c.root()
	root.SetArgs(negativeNumbers(args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	called, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !c.started {
		// What fails before the command's own work is the command line.
		err = &usageError{message: err.Error()}
	}
	var wrong *usageError
	var invalid *config.InvalidError
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "loyaltyd: %v\nRun `%s --help` for the usage.\n", err, called.CommandPath())
		return exitUsage
	case errors.As(err, &invalid):
		fmt.Fprintf(stderr, "loyaltyd: %v\n", err)
		return exitUsage
	case errors.Is(err, errReported):
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "loyaltyd: stopped before the end: what was finished is kept, run the command again to go on")
	case database.NoRoom(err):
		fmt.Fprintf(stderr, "loyaltyd: the database server has no room left; what was finished is kept and nothing is half written. Free some disk space there and run the command again: %v\n", err)
	default:
		fmt.Fprintf(stderr, "loyaltyd: %v\n", withNextStep(err))
	}
	return exitFailure
}

// withNextStep adds the next step to errors that say that a right or a table is
// missing.
func withNextStep(err error) error {
	const (
		tableDenied  = 1142
		columnDenied = 1143
		noTable      = 1146
		invalidView  = 1356
	)
	code := database.Code(err)
	if code == noTable || code == invalidView {
		return fmt.Errorf("%w: run `loyaltyd doctor`, which says what is missing and what to do", err)
	}
	if (code == tableDenied || code == columnDenied) && !strings.Contains(err.Error(), "loyaltyd grants") {
		return fmt.Errorf("%w: %s", err, runGrants)
	}
	return err
}

// cli is what the commands share: where they write and what they were given.
type cli struct {
	stdout, stderr io.Writer
	environ        []string
	started        bool // the command line was in order
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "loyaltyd",
		Short: "A points programme for WooCommerce",
		Long: `Loyaltyd keeps a points programme for a WooCommerce store.

It reads orders, refunds, reviews, comments and users from the store's database,
keeps a ledger of the points that they earned, and writes the reports that
WordPress shows. --wp-path alone is enough to find the database.`,
		Args:              noArguments,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		Version:           readBuild().Version,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetVersionTemplate("loyaltyd {{.Version}}\n")
	config.Flags(root.PersistentFlags())
	root.AddCommand(
		c.syncCommand(),
		c.serveCommand(),
		c.reportCommand(),
		c.explainCommand(),
		c.adjustCommand(),
		c.mergeCommand(),
		c.verifyCommand(),
		c.doctorCommand(),
		c.configCommand(),
		c.keyCommand(),
		c.grantsCommand(),
		c.migrateCommand(),
		c.versionCommand(),
	)
	root.AddCommand(c.demoCommands()...)
	c.note(root)
	return root
}

// noArguments refuses arguments, which are often a misspelt command.
func noArguments(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasAvailableSubCommands():
		return fmt.Errorf("%s takes no arguments, found %q", cmd.Name(), args[0])
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return fmt.Errorf("there is no command %q", args[0])
}

// note makes the commands say that their work begins.
func (c *cli) note(cmd *cobra.Command) {
	if work := cmd.RunE; work != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			c.started = true
			return work(cmd, args)
		}
	}
	for _, child := range cmd.Commands() {
		c.note(child)
	}
}

var negative = regexp.MustCompile(`^-[0-9]+$`)

// minus stands for the sign of a negative argument, which would be taken for a
// flag.
const minus = "\u2212"

// negativeNumbers makes `adjust USER -50` what it looks like.
func negativeNumbers(args []string) []string {
	changed := make([]string, len(args))
	for i, arg := range args {
		changed[i] = arg
		isValue := i > 0 && strings.HasPrefix(args[i-1], "-") && !strings.Contains(args[i-1], "=") && !negative.MatchString(args[i-1])
		if negative.MatchString(arg) && !isValue {
			changed[i] = minus + arg[1:]
		}
	}
	return changed
}

// format adds the flag --format to a command; the first of the names is the
// default.
func format(cmd *cobra.Command, to *choice, names ...string) {
	*to = choice{value: names[0], names: names}
	cmd.Flags().Var(to, "format", "output `form`: "+strings.Join(names, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// choice is a flag that takes one of some names.
type choice struct {
	value string
	names []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(text string) error {
	if slices.Contains(c.names, text) {
		c.value = text
		return nil
	}
	return fmt.Errorf("want one of %s", strings.Join(c.names, ", "))
}

func (c *choice) json() bool { return c.value == "json" }
