package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

func (c *cli) adjustCommand() *cobra.Command {
	var form choice
	var note, key string
	cmd := &cobra.Command{
		Use:   "adjust USER POINTS --note TEXT",
		Short: "Give a customer points or take some away, by hand",
		Long: `Posts an adjustment of POINTS, which may be negative, to a customer's account.
The note says why; it stays with the entry.

USER is an id, a login or an e-mail address. With --key the same request may be
sent again without harm: it is carried out once.`,
		Example: `  loyaltyd adjust ada@example.com 50 --note "Sorry for the late parcel"
  loyaltyd adjust 12 -50 --note "Given twice by mistake"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("want a user and a number of points, such as: loyaltyd adjust 12 -50 --note TEXT")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			points, err := parsePoints(args[1])
			if err != nil {
				return err
			}
			if strings.TrimSpace(note) == "" {
				return usage("an adjustment needs a note that says why: add --note TEXT")
			}
			if cmd.Flags().Changed("key") && key == "" {
				return usage("--key is empty: leave it out, or give the request's own key")
			}
			return c.adjust(cmd, args[0], ledger.Adjustment{Key: key, Points: points, Note: note, Actor: actor()}, form)
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why (`text`, required)")
	cmd.Flags().StringVar(&key, "key", "", "`key` of the request, for sending it again safely")
	format(cmd, &form, "text", "json")
	return cmd
}

func parsePoints(text string) (int64, error) {
	text = strings.Replace(text, minus, "-", 1)
	points, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, usage("%s points are more than can be counted", text)
	case err != nil:
		return 0, usage("%q is not a number of points: write a whole number such as 50 or -50", text)
	case points == 0:
		return 0, usage("an adjustment of 0 points changes nothing: give another number")
	}
	return points, nil
}

// actor names who is at the command line.
func actor() string {
	if who, err := user.Current(); err == nil && who.Username != "" {
		return "command line: " + who.Username
	}
	return "command line"
}

func (c *cli) adjust(cmd *cobra.Command, name string, request ledger.Adjustment, form choice) error {
	a, err := c.open(cmd, false)
	if err != nil {
		return err
	}
	defer a.close()
	ctx := cmd.Context()
	person, err := a.findUser(ctx, name)
	if err != nil {
		return err
	}
	request.User = person.ID
	if request.Key == "" {
		request.Key = "cli:" + rand.Text()
	}
	book, err := a.openLedger(ctx)
	if err != nil {
		return err
	}
	entry, repeated, err := book.Adjust(ctx, request)
	if err != nil {
		return err
	}
	if err := a.refresh(ctx); err != nil {
		return fmt.Errorf("the points were posted, but: %w", err)
	}
	if form.json() {
		view := wpbridge.NewExplanationEntry(&sync.ExplainedEntry{Entry: entry, Why: entry.Cause, Note: request.Note, Actor: request.Actor})
		return c.writeJSON(struct {
			wpbridge.ExplanationEntry
			User     int64 `json:"user_id"`
			Repeated bool  `json:"repeated"`
		}{view, person.ID, repeated})
	}
	who, err := a.nameOf(ctx, person)
	if err != nil {
		return err
	}
	if repeated {
		c.printf("Nothing was done: this request was carried out before, as entry %d.\n", entry.ID)
	}
	c.printf("%s: %s points (entry %d), balance then %s.\n", who, reports.Signed(entry.Points), entry.ID, reports.Number(entry.Balance))
	return nil
}
