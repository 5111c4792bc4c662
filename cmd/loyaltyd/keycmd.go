package main

import (
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Show or change the key that daemon and plugin share",
		Long: `The plugin makes the key by itself, in WordPress's database, bound to the site.
With the constant LOYALTYD_KEY in wp-config.php that is the key instead. It is
never sent: it signs what daemon and plugin say to each other.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var form choice
	show := &cobra.Command{
		Use:   "show",
		Short: "Say which key is in force, by its id; never the key itself",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.keyShow(cmd, form) },
	}
	format(show, &form, "text", "json")
	cmd.AddCommand(show, &cobra.Command{
		Use:   "rotate",
		Short: "Ask WordPress for another key",
		Long: `Asks the plugin for another key. It makes one when it next hears from the daemon;
the key before stays good for 24 hours, so that no request fails.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.keyRotate(cmd) },
	})
	return cmd
}

// nobody leads: a command only looks.
func nobody() bool { return false }

func (c *cli) keyShow(cmd *cobra.Command, form choice) error {
	a, err := c.open(cmd, false)
	if err != nil {
		return err
	}
	defer a.close()
	facts, err := a.newKeys(nobody).Facts(cmd.Context())
	if err != nil {
		return err
	}
	if form.json() {
		return c.writeJSON(facts)
	}
	switch {
	case facts.Problem != "":
		c.printf("No key is accepted: %s\n", printable(facts.Problem))
	case facts.ID == "":
		c.printf("There is no key yet: activate the plugin loyaltyd in WordPress.\n")
	default:
		c.printf("Key %s, %s.\n", facts.ID, keyOrigins[facts.Origin])
	}
	if facts.Previous != "" {
		until := "until it is taken away"
		if at := facts.PreviousUntil; at != nil {
			until = "until " + at.Format(time.DateTime) + " UTC"
		}
		c.printf("The one before, %s, is good %s.\n", facts.Previous, until)
	}
	if facts.ID != "" && facts.Accepted != facts.ID {
		c.printf("The daemon has not seen it yet.\n")
	}
	if facts.RotateAsked != nil {
		c.printf("WordPress is asked for another one since %s UTC.\n", facts.RotateAsked.Format(time.DateTime))
	}
	return nil
}

var keyOrigins = map[string]string{
	"option":   "made by the plugin, in WordPress's database",
	"constant": "the constant LOYALTYD_KEY of wp-config.php",
	"config":   "from the configuration (endpoint.key or endpoint.key_file)",
}

func (c *cli) keyRotate(cmd *cobra.Command) error {
	a, err := c.open(cmd, false)
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.newKeys(nobody).AskRotation(cmd.Context()); err != nil {
		return err
	}
	c.printf("WordPress is asked for another key. It makes one when it next hears from the daemon; the key before stays good for 24 hours.\n")
	return nil
}
