package wpbridge

import (
	"slices"
	"strconv"
	"time"

	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/store"
)

// Explanation is why a customer has the points that he has, for programs; keys
// are those of the tables.
type Explanation struct {
	User     int64              `json:"user_id"`
	Login    string             `json:"login"`
	Email    string             `json:"email"`
	Exists   bool               `json:"exists"`
	Excluded bool               `json:"excluded"`
	Frozen   bool               `json:"frozen"`
	Balance  int64              `json:"balance"`
	Pending  int64              `json:"pending"`
	Earned   int64              `json:"earned"`
	Redeemed int64              `json:"redeemed"`
	Expired  int64              `json:"expired"`
	Revoked  int64              `json:"revoked"`
	Adjusted int64              `json:"adjusted"`
	Entries  []ExplanationEntry `json:"entries"`
	// Facts are those behind the entries.
	Facts []sync.ExplainedFact `json:"facts"`
}

// ExplanationEntry is an entry with its cause in words. Times are UTC.
type ExplanationEntry struct {
	ID         int64     `json:"entry_id"`
	Seq        int64     `json:"seq"`
	OccurredAt time.Time `json:"occurred_at"`
	RecordedAt time.Time `json:"recorded_at"`
	Type       string    `json:"type"`
	Source     string    `json:"source"`
	Object     int64     `json:"object_id"`
	Activity   string    `json:"activity"` // as reports name it
	Points     int64     `json:"points"`
	Pending    int64     `json:"pending"`
	Balance    int64     `json:"balance"`
	Program    int64     `json:"program"`
	Why        string    `json:"why"`
	Note       string    `json:"note,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// NewExplanation returns what Explain found out about a person, who is zero
// but for his id when he does not exist.
func NewExplanation(x *sync.Explanation, p store.Person) Explanation {
	account := x.Account
	v := Explanation{
		User: x.User, Login: p.Login, Email: p.Email, Exists: x.Exists, Excluded: x.Excluded, Frozen: account.Frozen,
		Balance: account.Balance, Pending: account.Pending, Earned: account.Earned, Redeemed: account.Redeemed,
		Expired: account.Expired, Revoked: account.Revoked, Adjusted: account.Adjusted,
		Entries: []ExplanationEntry{}, Facts: append([]sync.ExplainedFact{}, x.Facts...),
	}
	for i := range x.Entries {
		v.Entries = append(v.Entries, NewExplanationEntry(&x.Entries[i]))
	}
	return v
}

// NewExplanationEntry returns an entry for programs.
func NewExplanationEntry(e *sync.ExplainedEntry) ExplanationEntry {
	shown := reports.Entry{Type: string(e.Type), Source: string(e.Source), Object: e.Object}
	return ExplanationEntry{
		ID: e.ID, Seq: e.Seq, OccurredAt: e.OccurredAt, RecordedAt: e.RecordedAt, Type: string(e.Type), Source: string(e.Source),
		Object: e.Object, Activity: shown.Activity(), Points: e.Points, Pending: e.Pending, Balance: e.Balance,
		Program: e.Program, Why: e.Why, Note: e.Note, Actor: e.Actor,
	}
}

// mostExplained is how many entries an answer explains, the latest ones.
const mostExplained = 1000

func explain(x *exchange) (answer, error) {
	user, err := x.pathID()
	if err != nil {
		return answer{}, err
	}
	if _, err := x.customer(user); err != nil {
		return answer{}, err
	}
	ctx := x.Context()
	engine, err := x.site.Engine(ctx)
	if err != nil {
		return answer{}, err
	}
	found, err := engine.Explain(ctx, user)
	if err != nil {
		return answer{}, err
	}
	person := store.Person{ID: user}
	err = engine.Store.Snapshot(ctx, func(sn *store.Snapshot) error {
		people, err := sn.FindUsers(ctx, strconv.FormatInt(user, 10))
		for _, p := range people {
			if p.ID == user {
				person = p
			}
		}
		return err
	})
	if err != nil {
		return answer{}, err
	}
	keepLatest(found, mostExplained)
	return ok(NewExplanation(found, person)), nil
}

// keepLatest leaves the latest entries and the facts behind them, and perhaps
// another fact of the same number.
func keepLatest(x *sync.Explanation, most int) {
	if len(x.Entries) <= most {
		return
	}
	x.Entries = x.Entries[len(x.Entries)-most:]
	objects := map[int64]bool{}
	for i := range x.Entries {
		objects[x.Entries[i].Object] = true
	}
	x.Facts = slices.DeleteFunc(x.Facts, func(fact sync.ExplainedFact) bool { return !objects[fact.ID] })
}
