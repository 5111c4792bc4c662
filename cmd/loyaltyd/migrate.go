package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) migrateCommand() *cobra.Command {
	var form choice
	var check bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring loyaltyd's tables up to date",
		Long: `Makes the tables that this version needs and prints what it did. The commands
sync and serve do the same by themselves. Tables of WordPress and WooCommerce
are never touched.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.migrate(cmd, check, form)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing; exit with status 1 when there is something to do")
	format(cmd, &form, "text", "json")
	return cmd
}

func (c *cli) migrate(cmd *cobra.Command, check bool, form choice) error {
	ctx := cmd.Context()
	loaded, err := c.load(cmd)
	if err != nil {
		return err
	}
	a, err := connect(ctx, loaded, c.logger())
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.openStore(ctx); err != nil {
		return err
	}
	applied := []string{}
	if check {
		err = a.checkSchema(ctx)
	} else {
		var done []string
		done, err = a.migrate(ctx)
		applied = append(applied, done...)
	}
	if form.json() {
		if problem := c.writeJSON(map[string]any{"applied": applied, "up_to_date": err == nil}); problem != nil {
			return problem
		}
		return err
	}
	for _, name := range applied {
		c.printf("applied %s\n", name)
	}
	if err == nil {
		c.printf("The tables are up to date.\n")
	}
	return err
}
