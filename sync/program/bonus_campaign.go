package program

import (
	"fmt"
	"time"

	"loyaltyd/ledger"
)

// campaign gives the points of the first campaign that contains the order's
// earning time.
var campaign = orderBonus{source: ledger.Campaign, compile: compileCampaigns}

// window is a campaign with its instants; a zero time is open.
type window struct {
	name     string
	from, to time.Time
	points   int64
	multiply bool
	extra    number // multiplier − 1
}

type windows []window

func compileCampaigns(p *Program) (bonusValue, error) {
	var all windows
	for i := range p.rules.Earn.Campaigns {
		w, err := compileCampaign(&p.rules.Earn.Campaigns[i], p.zone)
		if err != nil {
			return nil, fmt.Errorf("earn.campaigns[%d]: %w", i, err)
		}
		all = append(all, w)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all.value, nil
}

func compileCampaign(c *Campaign, zone *time.Location) (window, error) {
	w := window{name: c.Name}
	var err error
	if w.from, err = resolve(c.From, zone); err != nil {
		return w, err
	}
	if w.to, err = resolve(c.To, zone); err != nil {
		return w, err
	}
	if c.Multiplier != nil {
		w.multiply = true
		w.extra = numberOf(c.Multiplier).sub(one)
	} else {
		w.points = *c.Points
	}
	return w, nil
}

func (all windows) value(o bonusOrder, t *trace) int64 {
	for i := range all {
		w := &all[i]
		if !w.contains(o.earnsAt) {
			continue
		}
		points := w.points
		if w.multiply {
			extra := whole(numberOfInt(o.points).mul(w.extra))
			points = within(extra.round(o.p.rules.Earn.Purchase.Rounding))
		} else if o.points == 0 {
			points = 0
		}
		if t != nil {
			t.say("Campaign %q: %d points.", plain(w.name), points)
		}
		return points
	}
	return 0
}

func (w *window) contains(at time.Time) bool {
	return (w.from.IsZero() || !at.Before(w.from)) && (w.to.IsZero() || at.Before(w.to))
}
