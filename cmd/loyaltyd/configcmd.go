package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"loyaltyd/config"
)

func (c *cli) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check or print the configuration in force",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Say whether the configuration is in order",
		Long: `Reads the configuration from the defaults, the file, the environment and the
flags, and names everything that is wrong with it. It opens no database; the
command doctor does.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := c.load(cmd)
			if err != nil {
				return err
			}
			site, err := loaded.Resolve()
			if err != nil {
				return err
			}
			c.printf("The configuration is in order. The store is %s (%s), its tables begin with %q.\n", site.DSN, site.Origin, site.Prefix)
			return nil
		},
	}, &cobra.Command{
		Use:   "print",
		Short: "Print the configuration in force, with where each value comes from",
		Long: `Prints every value that is in force, with where it comes from. The programme may
be kept in WordPress; to know, the database is asked, if it answers.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := c.load(cmd)
			if err != nil {
				return err
			}
			return c.withWordPress(cmd.Context(), loaded).Print(c.stdout)
		},
	})
	return cmd
}

// withWordPress returns the configuration with the programme in force, which
// may be the one in WordPress.
func (c *cli) withWordPress(ctx context.Context, loaded config.Config) config.Config {
	if loaded.HasProgram() || loaded.RequireStore() != nil {
		return loaded
	}
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := connect(ctx, loaded, c.logger())
	if err == nil {
		defer a.close()
		err = a.openStore(ctx)
	}
	if err != nil {
		fmt.Fprintf(c.stderr, "loyaltyd: warning: whether WordPress holds a programme is not known: %v\n", err)
		return loaded
	}
	return a.programme().config
}
