package main

import (
	"context"
	"errors"
	"slices"
	gosync "sync"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
	wpbridge "loyaltyd/wp-bridge"
)

// Requests that come while the database answers others are answered together:
// what it costs to ask is the way there more than the rows.
const (
	mostStandings    = 256
	standingPatience = time.Millisecond
)

// standings returns what requests about these users go by, now. User 0 is
// nobody.
func (s *session) standings(ctx context.Context, users []int64) ([]wpbridge.Standing, error) {
	people := slices.DeleteFunc(slices.Clone(users), func(user int64) bool { return user == 0 })
	var accounts map[int64]ledger.Account
	var missed error
	var atOnce gosync.WaitGroup
	if len(people) > 0 {
		atOnce.Go(func() { accounts, missed = s.book.Accounts(ctx, people) })
	}
	moment, err := s.store.Moment(ctx, people, programmeOption)
	atOnce.Wait()
	if err := errors.Join(err, missed); err != nil {
		return nil, err
	}
	if err := s.useProgramme(ctx, moment.Options[programmeOption]); err != nil {
		return nil, err
	}
	programme := s.programme().config.Program
	l := s.ledgerIn(moment.Settings.Zone)
	exclusion := program.Exclusion{Roles: programme.Exclude.Roles, Users: programme.Exclude.Users}
	roles, err := s.rolesThatCount(ctx, people, exclusion)
	if err != nil {
		return nil, err
	}
	terms := termsOf(&moment, &programme)
	standings := make([]wpbridge.Standing, len(users))
	for i, user := range users {
		account, has := accounts[user]
		if !has {
			account.User = user
		}
		person := program.User{ID: user, Roles: roles[user]}
		standings[i] = wpbridge.Standing{
			Ledger: l, Terms: terms, Account: account, Exists: moment.Users[user],
			Frozen: account.Frozen || !moment.Users[user] || exclusion.Excludes(&person),
		}
	}
	return standings, nil
}

// rolesThatCount returns the roles of users, unless none is excluded.
func (s *session) rolesThatCount(ctx context.Context, users []int64, exclusion program.Exclusion) (map[int64][]string, error) {
	if len(exclusion.Roles) == 0 || len(users) == 0 {
		return nil, nil
	}
	roles := make(map[int64][]string, len(users))
	err := s.store.Once(func(sn *store.Snapshot) error {
		found, err := sn.UsersByID(ctx, users)
		for i := range found {
			roles[found[i].User.ID] = found[i].User.Roles
		}
		return err
	})
	return roles, err
}

// termsOf returns what points buy at a moment.
func termsOf(moment *store.Moment, programme *program.Settings) wpbridge.Terms {
	redeem := programme.Redeem
	return wpbridge.Terms{
		PointsPerUnit: redeem.PointsPerUnit, Min: redeem.Min, Max: redeem.Max, Multiple: redeem.Multiple, CouponDays: redeem.CouponDays,
		Currency: moment.Settings.Currency, Decimals: moment.Settings.Decimals, Now: moment.Now.In(moment.Settings.Zone),
	}
}
