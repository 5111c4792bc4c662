package wpbridge

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"loyaltyd/ledger"
)

// entryView is one line of an account.
type entryView struct {
	ID         int64  `json:"id"`
	User       int64  `json:"user_id"`
	Seq        int64  `json:"seq"`
	OccurredAt stamp  `json:"occurred_at"`
	RecordedAt stamp  `json:"recorded_at"`
	Type       string `json:"type"`
	Source     string `json:"source"`
	Object     int64  `json:"object_id"`
	Points     int64  `json:"points"`
	Pending    int64  `json:"pending"`
	Balance    int64  `json:"balance"`
	Note       string `json:"note"`
}

const (
	maxNote  = 10_000 // characters
	maxActor = 191
)

func adjust(x *exchange) (answer, error) {
	user, err := x.pathID()
	if err != nil {
		return answer{}, err
	}
	var body struct {
		Points int64  `json:"points"`
		Note   string `json:"note"`
		Actor  string `json:"actor"`
	}
	if err := decode(x.body, &body); err != nil {
		return answer{}, err
	}
	switch {
	case body.Points == 0:
		return answer{}, refuse(codeBadRequest, "An adjustment is a whole number of points other than 0.")
	case strings.TrimSpace(body.Note) == "":
		return answer{}, refuse(codeBadRequest, "An adjustment needs a note that says why.")
	case utf8.RuneCountInString(body.Note) > maxNote:
		return answer{}, refuse(codeBadRequest, "The note has more than %d characters. Write a shorter one.", maxNote)
	case strings.TrimSpace(body.Actor) == "" || utf8.RuneCountInString(body.Actor) > maxActor:
		return answer{}, refuse(codeBadRequest, "The actor, who asks for it, has 1 to %d characters.", maxActor)
	}
	c, err := x.customer(user)
	if err != nil {
		return answer{}, err
	}
	entry, repeated, err := c.Ledger.Adjust(x.Context(), ledger.Adjustment{Key: x.idem, User: user, Points: body.Points, Note: body.Note, Actor: body.Actor})
	if err != nil {
		return answer{}, err
	}
	a := answer{status: http.StatusCreated, body: struct {
		Entry    entryView `json:"entry"`
		Repeated bool      `json:"repeated"`
	}{
		entryView{
			ID: entry.ID, User: entry.User, Seq: entry.Seq, OccurredAt: stamp(entry.OccurredAt), RecordedAt: stamp(entry.RecordedAt),
			Type: string(entry.Type), Source: string(entry.Source), Object: entry.Object, Points: entry.Points,
			Pending: entry.Pending, Balance: entry.Balance, Note: body.Note,
		}, repeated,
	}}
	if repeated {
		a.status = http.StatusOK
	} else {
		x.site.Changed()
	}
	return a, nil
}
