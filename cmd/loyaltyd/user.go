package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"loyaltyd/sync/store"
)

// findUser returns the user that text names by id, login or e-mail address. A
// user who was deleted is found by the id of his account.
func (a *app) findUser(ctx context.Context, text string) (store.Person, error) {
	var found []store.Person
	err := a.store.Snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		found, err = sn.FindUsers(ctx, text)
		return err
	})
	switch {
	case err != nil:
		return store.Person{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return store.Person{}, ambiguous(text, found)
	}
	if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
		accounts, err := a.reports.BalancesOf(ctx, []int64{id})
		if err != nil {
			return store.Person{}, err
		}
		if len(accounts) > 0 {
			return store.Person{ID: id}, nil
		}
	}
	return store.Person{}, fmt.Errorf("there is no user %q in this store: give an id, a login or an e-mail address as WordPress shows it under Users", printable(text))
}

func ambiguous(text string, found []store.Person) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%q can mean several users; give what only one of them has:", printable(text))
	for _, p := range found {
		fmt.Fprintf(&b, "\n  id %d, login %q, e-mail %q", p.ID, printable(p.Login), printable(p.Email))
	}
	return fmt.Errorf("%s", b.String())
}
