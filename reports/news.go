package reports

import (
	"context"
	"fmt"
	"slices"
)

// news is as much of a new entry as the figures need.
type news struct {
	posted
	Pending int64 `db:"pending"`
}

// addNews adds the entries after one and through another to all that people
// read, when these entries are all that has changed: what they do not touch is
// not made again. It reports false, and has changed nothing, when there are too
// many, or the status is not the one that they follow.
func (u *update) addNews(ctx context.Context, after, through int64) (bool, error) {
	if through-after > countBatch {
		return false, nil
	}
	periods := u.periods()
	statuses, err := u.readStatus(ctx, u.tx, "")
	if err != nil {
		return false, err
	}
	follows := func(s Status, p Period) bool { return s.Period == p.Name && s.Range == p.Range }
	if !slices.EqualFunc(statuses, periods, follows) {
		return false, nil
	}
	var entries []news
	err = u.tx.SelectContext(ctx, &entries, u.sql(`
		SELECT `+postedColumns+`, pending FROM {entries}
		WHERE {id} > ? AND {id} <= ? ORDER BY {id}`), after, through)
	if err != nil {
		return false, fmt.Errorf("read entries after %d: %w", after, err)
	}
	u.added = int64(len(entries))
	if err := u.loadCustomers(ctx); err != nil {
		return false, err
	}
	in, plain := spans(u.today, u.settings.StartOfWeek), make([]posted, len(entries))
	for i, e := range entries {
		plain[i] = e.posted
	}
	if err := u.addEntries(ctx, plain, in, in, after); err != nil {
		return false, err
	}
	if err := u.publishFigures(ctx, periods, statuses, entries); err != nil {
		return false, err
	}
	return true, u.publishEarners(ctx, periods, entries, through)
}

// publishFigures writes the status and the sources with the entries added.
func (u *update) publishFigures(ctx context.Context, periods []Period, statuses []Status, entries []news) error {
	stored, err := u.readSources(ctx, u.tx, "")
	if err != nil {
		return err
	}
	days := make([]Day, len(entries))
	for i, e := range entries {
		days[i] = DayOf(e.OccurredAt, u.settings.Zone)
	}
	var all []Source
	for i, period := range periods {
		var sources []Source
		for _, source := range stored {
			if source.Period == period.Name {
				sources = append(sources, source)
			}
		}
		var total adder
		for n, e := range entries {
			total.addToStatus(&statuses[i], days[n], e)
			sources = total.addToSources(sources, period, days[n], e)
		}
		if total.overflow {
			return fmt.Errorf("%s: the points from %s to %s do not fit into 64 bits", period.Name, period.From, period.To)
		}
		if err := statuses[i].check(); err != nil {
			return fmt.Errorf("%s: %w", period.Name, err)
		}
		statuses[i].Participants = u.counts.customers(period.span())[""]
		if statuses[i].Value, err = Value(statuses[i].Balance, &u.settings.PointsPerUnit); err != nil {
			return fmt.Errorf("%s: %w", period.Name, err)
		}
		if err := addCustomers(period, sources, u.counts); err != nil {
			return fmt.Errorf("%s: %w", period.Name, err)
		}
		all = append(all, sources...)
	}
	if err := u.writeStatus(ctx, statuses); err != nil {
		return err
	}
	return u.writeSources(ctx, all)
}

func (a *adder) addToStatus(s *Status, day Day, e news) {
	if day > s.To {
		return
	}
	a.add(&s.Balance, e.Points)
	a.add(&s.Pending, e.Pending)
	if day < s.From {
		a.add(&s.Opening, e.Points)
		return
	}
	a.addType(s, e.Type, e.Points)
}

func (a *adder) addToSources(sources []Source, period Period, day Day, e news) []Source {
	if !period.Contains(day) || !earns(e.Type) {
		return sources
	}
	i := slices.IndexFunc(sources, func(s Source) bool { return s.Source == e.Source })
	if i < 0 {
		i, sources = len(sources), append(sources, Source{Period: period.Name, Source: e.Source})
	}
	a.add(&sources[i].Points, e.Points)
	sources[i].Entries++
	return sources
}

// publishEarners writes the top earners with the entries added.
func (u *update) publishEarners(ctx context.Context, periods []Period, entries []news, through int64) error {
	stored, err := u.readEarners(ctx, u.tx, "")
	if err != nil {
		return err
	}
	balances := make(map[int64]int64, len(stored))
	for _, e := range stored {
		balances[e.User] = e.Balance
	}
	for _, e := range entries {
		delete(balances, e.User)
	}
	var earners, unknown []Earner
	for _, period := range periods {
		var list []Earner
		for _, e := range stored {
			if e.Period == period.Name {
				list = append(list, e)
			}
		}
		if list, err = u.moveEarners(ctx, period, list, through); err != nil {
			return err
		}
		for _, e := range list {
			if balance, known := balances[e.User]; known {
				e.Balance = balance
				earners = append(earners, e)
			} else {
				unknown = append(unknown, e)
			}
		}
	}
	if err := u.addBalances(ctx, u.tx, unknown, through); err != nil {
		return err
	}
	return u.replaceEarners(ctx, stored, append(earners, unknown...))
}

// moveEarners returns a period's places after some customers moved. Only when
// one of them fell out of the list is it not known who follows.
func (u *update) moveEarners(ctx context.Context, period Period, list []Earner, through int64) ([]Earner, error) {
	moved := u.moved[period.span()]
	if len(moved) == 0 {
		return list, nil
	}
	var places []Earner
	for _, e := range list {
		if _, ok := moved[e.User]; !ok {
			places = append(places, e)
		}
	}
	for user, now := range moved {
		if now.Earned > 0 {
			places = append(places, Earner{Period: period.Name, User: user, Earned: now.Earned, Entries: now.Entries})
		}
	}
	slices.SortFunc(places, compareEarners)
	if len(list) >= Places && (len(places) < Places || compareEarners(list[Places-1], places[Places-1]) < 0) {
		return u.topEarners(ctx, period, through)
	}
	places = places[:min(len(places), Places)]
	for i := range places {
		places[i].Place = i + 1
	}
	return places, nil
}
