package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/store"
	wpbridge "loyaltyd/wp-bridge"
)

func (c *cli) mergeCommand() *cobra.Command {
	var form choice
	var note, key string
	cmd := &cobra.Command{
		Use:   "merge FROM INTO",
		Short: "Move what is left of a frozen account, or its debt, to another customer",
		Long: `Moves the balance of the account FROM, whose customer was deleted or is excluded,
to the customer INTO, by a pair of adjustments: both are posted, or none. A
balance below zero moves too: it is a debt then.

Orders need no merging: one that WooCommerce gave to another customer takes its
points along at the next sync.

FROM and INTO are ids, logins or e-mail addresses; a deleted customer has only
the id. With --key the same request may be sent again without harm: it is
carried out once.`,
		Example: `  loyaltyd merge 12 ada@example.com
  loyaltyd merge 12 31 --note "One person, two accounts"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("want two customers, such as: loyaltyd merge 12 31")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("note") && strings.TrimSpace(note) == "" {
				return usage("--note is empty: leave it out, or say why")
			}
			if cmd.Flags().Changed("key") && key == "" {
				return usage("--key is empty: leave it out, or give the request's own key")
			}
			return c.merge(cmd, args[0], args[1], ledger.Merger{Key: key, Note: note, Actor: actor()}, form)
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why (`text`)")
	cmd.Flags().StringVar(&key, "key", "", "`key` of the request, for sending it again safely")
	format(cmd, &form, "text", "json")
	return cmd
}

func (c *cli) merge(cmd *cobra.Command, from, into string, request ledger.Merger, form choice) error {
	a, err := c.open(cmd, false)
	if err != nil {
		return err
	}
	defer a.close()
	ctx := cmd.Context()
	source, err := a.findUser(ctx, from)
	if err != nil {
		return err
	}
	target, err := a.findUser(ctx, into)
	if err != nil {
		return err
	}
	request.From, request.Into = source.ID, target.ID
	if err := a.mayMerge(ctx, source, target); err != nil {
		return err
	}
	if request.Note == "" {
		request.Note = fmt.Sprintf("Account #%d merged into #%d", source.ID, target.ID)
	}
	if request.Key == "" {
		request.Key = "cli:" + rand.Text()
	}
	book, err := a.openLedger(ctx)
	if err != nil {
		return err
	}
	left, came, repeated, err := book.Merge(ctx, request)
	if errors.Is(err, ledger.ErrNotFrozen) {
		return fmt.Errorf("account %d is not frozen yet: run `loyaltyd sync --sweep`, which finds out that its customer is gone, and then this command again", source.ID)
	}
	if err != nil {
		return err
	}
	if err := a.refresh(ctx); err != nil {
		return fmt.Errorf("the points were moved, but: %w", err)
	}
	return c.showMerge(ctx, a, [2]store.Person{source, target}, [2]ledger.Entry{left, came}, request, repeated, form)
}

// mayMerge says what stands against moving points from one customer's account
// to another's, as the store has them now.
func (a *app) mayMerge(ctx context.Context, from, into store.Person) error {
	if from.ID == into.ID {
		return usage("both name the same customer")
	}
	live := map[int64]bool{}
	err := a.store.Snapshot(ctx, func(sn *store.Snapshot) error {
		users, err := sn.UsersByID(ctx, []int64{from.ID, into.ID})
		for i := range users {
			live[users[i].User.ID] = !a.engine.Programme.Exclusion.Excludes(&users[i].User)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case live[from.ID]:
		return fmt.Errorf("user %d is a customer: only the account of one who was deleted or is excluded can be merged into another. To move points between customers, adjust both", from.ID)
	case !live[into.ID]:
		return fmt.Errorf("user %d was deleted or is excluded: name the customer who shall have the points", into.ID)
	}
	return nil
}

// showMerge tells what was moved, from the first of the accounts to the second.
func (c *cli) showMerge(ctx context.Context, a *app, people [2]store.Person, entries [2]ledger.Entry, request ledger.Merger, repeated bool, form choice) error {
	if form.json() {
		var views [2]wpbridge.ExplanationEntry
		for i := range entries {
			views[i] = wpbridge.NewExplanationEntry(&sync.ExplainedEntry{Entry: entries[i], Why: entries[i].Cause, Note: request.Note, Actor: request.Actor})
		}
		return c.writeJSON(map[string]any{
			"from": people[0].ID, "into": people[1].ID, "points": entries[1].Points, "entries": views, "repeated": repeated,
		})
	}
	if repeated {
		c.printf("Nothing was done: this request was carried out before, as entries %d and %d.\n", entries[0].ID, entries[1].ID)
	}
	for i := range people {
		who, err := a.nameOf(ctx, people[i])
		if err != nil {
			return err
		}
		c.printf("%s: %s points (entry %d), balance then %s.\n", who, reports.Signed(entries[i].Points), entries[i].ID, reports.Number(entries[i].Balance))
	}
	return nil
}
