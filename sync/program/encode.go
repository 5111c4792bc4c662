package program

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Encode returns rules as canonical JSON and its SHA-256: rules that mean the
// same have the same text, however their numbers, times, statuses and
// currency codes were written.
func (r Rules) Encode() (text string, hash [32]byte) {
	encoded, err := json.Marshal(r.normal())
	if err != nil {
		panic("writing rules: " + err.Error()) // no field has a value that JSON cannot hold
	}
	return string(encoded), sha256.Sum256(encoded)
}

// DecodeRules reads what Encode wrote. A key that is missing has its default;
// an unknown key is an error, as are rules that Validate refuses.
func DecodeRules(text string) (Rules, error) {
	r := Defaults()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return Rules{}, fmt.Errorf("reading rules: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Rules{}, errors.New("reading rules: text after their end")
	}
	if err := r.Validate(); err != nil {
		return Rules{}, err
	}
	return r.normal(), nil
}

// purchaseJSON is Purchase with its rates behind pointers: a decimal writes
// and reads itself as text only where it can be addressed.
type purchaseJSON struct {
	*purchaseFields
	Currencies map[string]*apd.Decimal `json:"currencies"`
}

type purchaseFields Purchase

// MarshalJSON writes amounts as text, so that no reader rounds them.
func (p Purchase) MarshalJSON() ([]byte, error) {
	form := purchaseJSON{(*purchaseFields)(&p), make(map[string]*apd.Decimal, len(p.Currencies))}
	for code, units := range p.Currencies {
		form.Currencies[code] = &units
	}
	return json.Marshal(form)
}

// UnmarshalJSON reads what MarshalJSON wrote; a missing key leaves its field
// alone, an unknown one is an error.
func (p *Purchase) UnmarshalJSON(text []byte) error {
	form := purchaseJSON{purchaseFields: (*purchaseFields)(p)}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&form); err != nil {
		return err
	}
	if form.Currencies != nil {
		p.Currencies = make(map[string]apd.Decimal, len(form.Currencies))
	}
	for code, units := range form.Currencies {
		if units == nil {
			return fmt.Errorf("currencies.%s: no rate", code)
		}
		p.Currencies[code] = *units
	}
	return nil
}

// normal returns a copy of the rules in the one form that all equal rules
// share. It shares nothing with r that can be changed.
func (r Rules) normal() Rules {
	r.Starts = normalLocal(r.Starts)
	e := &r.Earn
	e.Purchase = e.Purchase.normal()
	e.HighSpend = append([]Threshold{}, e.HighSpend...)
	for i := range e.HighSpend {
		e.HighSpend[i].Amount = reduced(&e.HighSpend[i].Amount)
	}
	e.Campaigns = append([]Campaign{}, e.Campaigns...)
	for i := range e.Campaigns {
		c := &e.Campaigns[i]
		c.From, c.To = normalLocal(c.From), normalLocal(c.To)
		c.Multiplier = reducedCopy(c.Multiplier)
		if c.Points != nil {
			points := *c.Points
			c.Points = &points
		}
	}
	return r
}

func (p Purchase) normal() Purchase {
	p.PointsPerUnit = reduced(&p.PointsPerUnit)
	p.MinOrder = reduced(&p.MinOrder)
	p.Statuses = normalSet(p.Statuses)
	if p.CustomStatuses.Mode == CustomList {
		p.CustomStatuses.List = normalSet(p.CustomStatuses.List)
	} else {
		p.CustomStatuses.List = nil
	}
	currencies := make(map[string]apd.Decimal, len(p.Currencies))
	for _, code := range slices.Sorted(maps.Keys(p.Currencies)) {
		units := p.Currencies[code]
		currencies[strings.ToUpper(code)] = reduced(&units)
	}
	p.Currencies = currencies
	p.Products = normalRules(p.Products)
	p.Categories = normalRules(p.Categories)
	return p
}

func normalRules(rules map[int64]Rule) map[int64]Rule {
	normal := make(map[int64]Rule, len(rules))
	for id, rule := range rules {
		rule.Points = reducedCopy(rule.Points)
		rule.PointsPerUnit = reducedCopy(rule.PointsPerUnit)
		normal[id] = rule
	}
	return normal
}

func normalSet(words []string) []string {
	set := append([]string{}, words...)
	slices.Sort(set)
	return slices.Compact(set)
}

// normalLocal writes a local time in its longest form, so that midnight has
// one text; what is no local time stays as it is.
func normalLocal(text string) string {
	local, err := ParseLocal(text)
	if err != nil {
		return text
	}
	return local.Format("2006-01-02 15:04:05")
}

func reducedCopy(d *apd.Decimal) *apd.Decimal {
	if d == nil {
		return nil
	}
	z := reduced(d)
	return &z
}
