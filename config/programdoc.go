package config

import (
	"bytes"
	"encoding/json"
	"regexp"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/sync/program"
)

// ProgramDocument returns the programme in force as JSON: the content of
// `program` with every key, rates and amounts as text, times and lists in their
// one normal form. WithProgram reads it back.
func (c Config) ProgramDocument() json.RawMessage {
	text, _ := c.Program.Rules.Encode()
	document := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		panic("reading encoded rules: " + err.Error()) // they were written a line above
	}
	plainNumbers(document)
	if earn, ok := document["earn"].(map[string]any); ok {
		if purchase, ok := earn["purchase"].(map[string]any); ok {
			purchase["custom_statuses"] = customStatusesForm(c.Program.Rules.Earn.Purchase.CustomStatuses)
		}
	}
	p := c.Program
	document["exclude"] = map[string]any{
		"roles": append([]string{}, p.Exclude.Roles...), "users": append([]int64{}, p.Exclude.Users...),
	}
	document["negative_balance"] = p.NegativeBalance
	document["redeem"] = map[string]any{
		"points_per_unit": p.Redeem.PointsPerUnit.Text('f'), "min": p.Redeem.Min, "max": p.Redeem.Max,
		"multiple": p.Redeem.Multiple, "coupon_days": p.Redeem.CouponDays, "give_back": giveBackForm(p.Redeem.GiveBack),
	}
	document["expiry"] = map[string]any{"mode": p.Expiry.Mode, "days": p.Expiry.Days}
	encoded, err := json.Marshal(document)
	if err != nil {
		panic("writing the programme: " + err.Error()) // no value is one that JSON cannot hold
	}
	return encoded
}

// exponent is how the rules' text, whose hash names a version, writes 100.
var exponent = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?E[+-]?[0-9]+$`)

// plainNumbers writes numbers without an exponent, as people and the plugin's
// form write them. Names of campaigns are left alone.
func plainNumbers(section map[string]any) {
	for key, value := range section {
		switch value := value.(type) {
		case map[string]any:
			plainNumbers(value)
		case []any:
			for _, row := range value {
				if row, ok := row.(map[string]any); ok {
					plainNumbers(row)
				}
			}
		case string:
			if key == "name" || !exponent.MatchString(value) {
				continue
			}
			if number, _, err := apd.NewFromString(value); err == nil {
				section[key] = number.Text('f')
			}
		}
	}
}

// giveBackForm returns it as it is written in a configuration.
func giveBackForm(g program.GiveBack) []string {
	ends := []string{}
	for i, given := range []bool{g.Expired, g.Deleted, g.Refunded} {
		if given {
			ends = append(ends, giveBackEnds[i])
		}
	}
	return ends
}

// customStatusesForm returns them as they are written in a configuration.
func customStatusesForm(s program.CustomStatuses) any {
	if s.Mode == program.CustomList {
		return append([]string{}, s.List...)
	}
	return s.Mode
}
