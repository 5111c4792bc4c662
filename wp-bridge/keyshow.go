package wpbridge

import (
	"context"
	"time"
)

// KeyFacts are what may be told of the keys: never a secret.
type KeyFacts struct {
	ID            string     `json:"id"` // "": there is none
	Origin        string     `json:"origin,omitempty"`
	Previous      string     `json:"previous,omitempty"`       // the id of the key before, while that is good
	PreviousUntil *time.Time `json:"previous_until,omitempty"` // UTC; nil: until it is taken away
	Accepted      string     `json:"accepted"`                 // the id that the daemon accepted last
	RotateAsked   *time.Time `json:"rotate_asked,omitempty"`   // UTC; since when another key is asked for
	Problem       string     `json:"problem,omitempty"`        // why none is accepted
}

// Facts reads the keys and returns what may be told of them.
func (k *Keys) Facts(ctx context.Context) (KeyFacts, error) {
	row, err := k.row(ctx)
	if err != nil {
		return KeyFacts{}, err
	}
	keys, problem, err := k.choose(ctx, row.Database)
	if err != nil {
		return KeyFacts{}, err
	}
	facts := KeyFacts{ID: keys.first(), Accepted: row.KeyID, Problem: problem}
	if facts.ID != "" {
		facts.Origin = keys.origin
	}
	if row.AskedAt.Valid && keys.origin == originOption && facts.ID == row.KeyID {
		facts.RotateAsked = &row.AskedAt.Time
	}
	if len(keys.keys) > 1 {
		previous := keys.keys[1]
		if _, good := keys.find(previous.id, k.options.Now()); good {
			facts.Previous = previous.id
			if until := previous.until.UTC(); !previous.until.IsZero() {
				facts.PreviousUntil = &until
			}
		}
	}
	return facts, nil
}
