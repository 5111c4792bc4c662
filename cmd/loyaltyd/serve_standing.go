package main

import (
	"context"
	"errors"
	gosync "sync"
	"time"

	"loyaltyd/config"
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
	var moment store.Moment
	var accounts map[int64]ledger.Account
	people := map[int64]*program.User{}
	var atOnce gosync.WaitGroup
	errs := make([]error, 3)
	atOnce.Go(func() { moment, errs[0] = s.store.Moment(ctx, programmeOption) })
	if len(users) > 1 || users[0] != 0 {
		atOnce.Go(func() { accounts, errs[1] = s.book.Accounts(ctx, users) })
		atOnce.Go(func() {
			errs[2] = s.store.Once(func(sn *store.Snapshot) error {
				found, err := sn.UsersByID(ctx, users)
				for i := range found {
					people[found[i].User.ID] = &found[i].User
				}
				return err
			})
		})
	}
	atOnce.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := s.useProgramme(ctx, moment.Options[programmeOption]); err != nil {
		return nil, err
	}
	programme := s.programme().config.Program
	l := s.ledgerIn(moment.Settings.Zone)
	exclusion := program.Exclusion{Roles: programme.Exclude.Roles, Users: programme.Exclude.Users}
	terms := termsOf(&moment, &programme)
	standings := make([]wpbridge.Standing, len(users))
	for i, user := range users {
		account, has := accounts[user]
		if !has {
			account.User = user
		}
		person := people[user]
		standings[i] = wpbridge.Standing{
			Ledger: l, Terms: terms, Account: account, Exists: person != nil,
			Frozen: account.Frozen || person == nil || exclusion.Excludes(person),
		}
	}
	return standings, nil
}

// termsOf returns what points buy at a moment.
func termsOf(moment *store.Moment, programme *config.Program) wpbridge.Terms {
	redeem := programme.Redeem
	return wpbridge.Terms{
		PointsPerUnit: redeem.PointsPerUnit, Min: redeem.Min, Max: redeem.Max, Multiple: redeem.Multiple, CouponDays: redeem.CouponDays,
		Currency: moment.Settings.Currency, Decimals: moment.Decimals, Now: moment.Now.In(moment.Settings.Zone),
	}
}
