package oracle

import (
	"fmt"
	"math/big"
	"sort"
	"strings"
	"time"
)

// Result is where a fresh ledger stands after its first look at the store.
// Users and sources without points are absent.
type Result struct {
	Balances     map[int64]int64            // user -> available points
	Pending      map[int64]int64            // user -> points still held
	Sources      map[string]int64           // source -> available points
	SourceByUser map[int64]map[string]int64 // user -> source -> available points
	Skipped      int                        // orders left out for want of a currency's rate
	Absurd       []int64                    // orders worth so much that they count as 0
	Awards       []Award                    // what the sums are made of, by source and object
}

// Award is one reason for points: an order, comment or user (Object) under a
// source. Due is when they become available; Pending tells that it has not come.
type Award struct {
	User    int64
	Source  string
	Object  int64
	At, Due time.Time
	Points  int64
	Pending bool
}

// Balances values every fact of the store under p as a fresh ledger does that
// looks for the first time at now. It fails on a programme with expiry, which it
// does not judge.
func (s *Store) Balances(p Program, now time.Time) (Result, error) {
	if p.ExpiryMode != "none" {
		return Result{}, fmt.Errorf("value the store: expiry %q is not judged here, use none", p.ExpiryMode)
	}
	v := valuation{store: s, program: p, now: now, users: map[int64]User{}, result: Result{
		Balances: map[int64]int64{}, Pending: map[int64]int64{},
		Sources: map[string]int64{}, SourceByUser: map[int64]map[string]int64{},
	}}
	if !p.Starts.IsZero() {
		v.starts = instant(p.Starts, s.Zone)
	}
	for _, u := range s.Users {
		v.users[u.ID] = u
	}
	v.orders()
	v.comments()
	for _, u := range s.Users {
		if v.early(u.Registered.Time) {
			continue
		}
		v.award(Award{User: u.ID, Source: "signup", Object: u.ID, At: u.Registered.Time, Points: p.Signup})
	}
	list := v.result.Awards
	sort.Slice(list, func(i, j int) bool {
		if list[i].Source != list[j].Source {
			return list[i].Source < list[j].Source
		}
		return list[i].Object < list[j].Object
	})
	return v.result, nil
}

type valuation struct {
	store   *Store
	program Program
	now     time.Time
	starts  time.Time // zero: open
	users   map[int64]User
	result  Result
}

// mayEarn tells whether the user exists and is not excluded.
func (v *valuation) mayEarn(id int64) bool {
	u, exists := v.users[id]
	if !exists || v.program.ExcludedUsers[id] {
		return false
	}
	for _, role := range u.Roles {
		if v.program.ExcludedRoles[strings.ToLower(role)] {
			return false
		}
	}
	return true
}

// startTime is the time of an order that starts looks at.
func (v *valuation) startTime(o Order) time.Time {
	if v.program.ByCreation && !o.Created.IsZero() {
		return o.Created.Time
	}
	return o.earningTime()
}

func (v *valuation) early(at time.Time) bool { return !v.starts.IsZero() && at.Before(v.starts) }

// award books points that are due; those of a user who may not earn or of
// nothing are none.
func (v *valuation) award(a Award) {
	if a.Points == 0 || !v.mayEarn(a.User) {
		return
	}
	if a.Due.IsZero() {
		a.Due = a.At
	}
	r := &v.result
	r.Awards = append(r.Awards, a)
	if a.Pending {
		r.Pending[a.User] += a.Points
		return
	}
	r.Balances[a.User] += a.Points
	r.Sources[a.Source] += a.Points
	if r.SourceByUser[a.User] == nil {
		r.SourceByUser[a.User] = map[string]int64{}
	}
	r.SourceByUser[a.User][a.Source] += a.Points
}

// anonymous tells of an order without a customer that WooCommerce took the
// personal data from: a fresh ledger cannot know whose it was.
func (o Order) anonymous() bool {
	return o.CustomerID == 0 && (o.Anonymized == "yes" || strings.EqualFold(o.Email, "deleted@site.invalid"))
}

// customer is the user an order belongs to, 0 for none.
func (v *valuation) customer(o Order) int64 {
	if o.CustomerID != 0 || !v.program.MatchGuests || o.Email == "" || o.anonymous() {
		return o.CustomerID
	}
	var match int64
	for id, u := range v.users {
		if strings.HasSuffix(strings.ToLower(u.Email), ".invalid") {
			continue
		}
		if strings.EqualFold(u.Email, o.Email) && (match == 0 || id < match) {
			match = id
		}
	}
	return match
}

func (v *valuation) orders() {
	type earning struct {
		order                        Order
		at                           time.Time
		purchase, spending, campaign int64
	}
	byUser := map[int64][]earning{}
	for _, o := range v.store.Orders {
		user, at := v.customer(o), o.earningTime()
		if !v.mayEarn(user) || !v.program.Purchase.earns(o) || v.early(v.startTime(o)) {
			continue
		}
		rate := whole(1)
		if o.Currency != "" && !strings.EqualFold(o.Currency, v.store.Currency) {
			if rate = v.program.Purchase.Currencies[strings.ToUpper(o.Currency)]; rate == nil {
				v.result.Skipped++
				continue
			}
		}
		w := v.program.Purchase.value(o, rate, v.store)
		spending, campaign := big.NewInt(highSpend(v.program.HighSpend, w.spend)), v.campaign(at, w.purchase)
		all := new(big.Int).Add(w.purchase, spending)
		if all.Add(all, campaign).Cmp(mostPoints) > 0 {
			v.result.Absurd = append(v.result.Absurd, o.ID)
			continue
		}
		byUser[user] = append(byUser[user], earning{o, at, w.purchase.Int64(), spending.Int64(), campaign.Int64()})
	}
	for user, list := range byUser {
		sort.Slice(list, func(i, j int) bool {
			if !list[i].at.Equal(list[j].at) {
				return list[i].at.Before(list[j].at)
			}
			return list[i].order.ID < list[j].order.ID
		})
		first := true
		for _, e := range list {
			due := e.at.AddDate(0, 0, int(v.program.HoldDays))
			post := func(source string, points int64) {
				v.award(Award{
					User: user, Source: source, Object: e.order.ID, At: e.at, Due: due,
					Points: points, Pending: v.program.HoldDays > 0 && v.now.Before(due),
				})
			}
			post("purchase", e.purchase)
			if first && e.purchase > 0 {
				post("first_order", v.program.FirstOrder)
				first = false
			}
			post("high_spend", e.spending)
			post("campaign", e.campaign)
		}
	}
}

func highSpend(thresholds []Threshold, spend *big.Rat) int64 {
	var best *Threshold
	for i, t := range thresholds {
		if spend.Cmp(t.Amount) >= 0 && (best == nil || t.Amount.Cmp(best.Amount) > 0) {
			best = &thresholds[i]
		}
	}
	if best == nil {
		return 0
	}
	return best.Points
}

// campaign is the bonus of the first listed window that contains the time.
func (v *valuation) campaign(at time.Time, purchase *big.Int) *big.Int {
	for _, c := range v.program.Campaigns {
		if !c.From.IsZero() && at.Before(instant(c.From, v.store.Zone)) {
			continue
		}
		if !c.To.IsZero() && !at.Before(instant(c.To, v.store.Zone)) {
			continue
		}
		if c.Multiplier != nil {
			return round(times(new(big.Rat).SetInt(purchase), minus(c.Multiplier, whole(1))), v.program.Purchase.Rounding)
		}
		if purchase.Sign() > 0 {
			return big.NewInt(c.Points)
		}
		break
	}
	return new(big.Int)
}

func (v *valuation) comments() {
	type place struct{ user, post int64 }
	earliest := map[place]Comment{}
	for _, c := range v.store.Comments {
		if v.commentSource(c) == "" {
			continue
		}
		at := place{c.UserID, c.PostID}
		other, taken := earliest[at]
		if !taken || c.Date.Before(other.Date.Time) || (c.Date.Equal(other.Date.Time) && c.ID < other.ID) {
			earliest[at] = c
		}
	}
	for _, c := range earliest {
		source := v.commentSource(c)
		points := v.program.BlogComment
		if source == "product_review" {
			points = v.program.Review
		}
		v.award(Award{User: c.UserID, Source: source, Object: c.ID, At: c.Date.Time, Points: points})
	}
}

// commentSource tells what a comment that meets every condition earns as.
func (v *valuation) commentSource(c Comment) string {
	if c.Approved != "1" || c.UserID == c.PostAuthor || !v.mayEarn(c.UserID) || v.early(c.Date.Time) {
		return ""
	}
	plain := c.Type == "comment" || c.Type == ""
	switch {
	case c.PostType == "post" && plain:
		return "blog_comment"
	case c.PostType == "product" && (plain || c.Type == "review") && c.Parent == 0 &&
		(c.Verified || !v.program.VerifiedOnly):
		return "product_review"
	}
	return ""
}
