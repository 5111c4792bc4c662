package main

import (
	"github.com/spf13/cobra"
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
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := c.load(cmd)
			if err != nil {
				return err
			}
			return loaded.Print(c.stdout)
		},
	})
	return cmd
}
