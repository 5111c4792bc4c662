package config

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"go.yaml.in/yaml/v3"

	"loyaltyd/internal/database"
	"loyaltyd/sync/program"
)

// The functions below return what reads one key into its place; what is wrong
// with the value goes to the entry's report.

func text(to *string) func(entry) {
	return func(e entry) {
		if text, ok := e.text(); ok {
			*to = text
		}
	}
}

func choice(to *string, options ...string) func(entry) {
	return func(e entry) {
		if word, ok := e.oneOf(options...); ok {
			*to = word
		}
	}
}

func boolean(to *bool) func(entry) {
	return func(e entry) {
		if yes, ok := e.boolean(); ok {
			*to = yes
		}
	}
}

func integer(to *int64) func(entry) {
	return func(e entry) {
		if n, ok := e.integer(0, math.MaxInt64); ok {
			*to = n
		}
	}
}

func multiple(to *int64) func(entry) {
	return func(e entry) {
		if n, ok := e.integer(1, math.MaxInt64); ok {
			*to = n
		}
	}
}

func giveBack(to *program.GiveBack) func(entry) {
	return func(e entry) {
		var ends []string
		list(&ends, func(e entry) (string, bool) { return e.oneOf(giveBackEnds...) })(e)
		*to = program.GiveBack{
			Expired:  slices.Contains(ends, GiveBackExpired),
			Deleted:  slices.Contains(ends, GiveBackDeleted),
			Refunded: slices.Contains(ends, GiveBackRefunded),
		}
	}
}

// secret never quotes the value.
func secret(to *Secret, check func(string) string) func(entry) {
	return func(e entry) {
		if e.node.Kind != yaml.ScalarNode {
			e.refuse("%s is not a text: put it in quotes", kindOf(e.node))
			return
		}
		if e.node.Value == "" {
			return
		}
		if problem := check(e.node.Value); problem != "" {
			e.refuse("%s", problem)
			return
		}
		*to = NewSecret(e.node.Value)
	}
}

func days(to *int, least, most int64) func(entry) {
	return func(e entry) {
		if n, ok := e.integer(least, most); ok {
			*to = int(n)
		}
	}
}

func amount(to *apd.Decimal) func(entry) {
	return func(e entry) {
		if d, ok := e.amount(); ok {
			*to = d
		}
	}
}

func rate(to *apd.Decimal) func(entry) {
	return func(e entry) {
		if d, ok := e.rate(); ok {
			*to = d
		}
	}
}

func percent(to *apd.Decimal) func(entry) {
	return func(e entry) {
		d, ok := e.decimal()
		if ok && d.Cmp(apd.New(100, 0)) > 0 {
			e.refuseValue("is more than 100: it is a share in percent")
			return
		}
		if ok {
			*to = d
		}
	}
}

func localTime(to *string) func(entry) {
	return func(e entry) {
		if text, ok := e.localTime(); ok {
			*to = text
		}
	}
}

// dsn never quotes the value, which may hold a password.
func dsn(to *DSN) func(entry) {
	return func(e entry) {
		if e.node.Kind != yaml.ScalarNode {
			e.refuse("%s is not a DSN: write %s", kindOf(e.node), dsnForm)
			return
		}
		if e.node.Value == "" {
			return
		}
		if problem := checkDSN(e.node.Value); problem != "" {
			e.refuse("the DSN %s", problem)
			return
		}
		*to = NewDSN(e.node.Value)
	}
}

func tablePrefix(to *string) func(entry) {
	return func(e entry) {
		text, ok := e.text()
		if !ok {
			return
		}
		if _, err := database.ParsePrefix(text); err != nil {
			e.refuse("%v", err)
			return
		}
		*to = text
	}
}

func schedule(to *Cron) func(entry) {
	return func(e entry) {
		text, ok := e.text()
		if !ok {
			return
		}
		c, err := ParseCron(text)
		if err != nil {
			e.refuseValue("%v", err)
			return
		}
		*to = c
	}
}

func list[T any](to *[]T, item func(entry) (T, bool)) func(entry) {
	return func(e entry) {
		if e.node.Kind != yaml.SequenceNode {
			e.refuseValue("is not a list: write [first, second]")
			return
		}
		*to = readItems(e, item)
	}
}

func readItems[T any](e entry, item func(entry) (T, bool)) []T {
	var all []T
	for _, e := range e.items() {
		if v, ok := item(e); ok {
			all = append(all, v)
		}
	}
	return all
}

func mapping[K comparable, V any](to *map[K]V, fold func(string) string, name func(entry) (K, bool), item func(entry) (V, bool)) func(entry) {
	return func(e entry) {
		if e.node.Kind != yaml.MappingNode {
			e.refuseValue("is not a map: write {name: value}")
			return
		}
		all := map[K]V{}
		for _, e := range e.pairs(fold) {
			k, nameOK := name(e)
			v, itemOK := item(e)
			if nameOK && itemOK {
				all[k] = v
			}
		}
		*to = all
	}
}

// amount is an amount of money, or the units of one currency for another's.
func (e entry) amount() (apd.Decimal, bool) { return e.decimal() }

// A rate above this gives more points for a million units of currency than
// can be counted.
const maxRate = math.MaxInt64 / tryUnits

// tryUnits is an order that a programme must be able to count.
const tryUnits = 1_000_000

func (e entry) rate() (apd.Decimal, bool) {
	d, ok := e.decimal()
	if ok && d.Cmp(apd.New(maxRate, 0)) > 0 {
		e.refuseValue("is more than %d: points for %d units would be too many to count", int64(maxRate), tryUnits)
		return apd.Decimal{}, false
	}
	return d, ok
}

func (e entry) id() (int64, bool) { return e.integer(1, math.MaxInt64) }

func objectID(e entry) (int64, bool) {
	n, err := strconv.ParseInt(e.name, 10, 64)
	if err != nil || n < 1 || !wholeNumber.MatchString(e.name) {
		e.refuse("the key is not an id: write a whole number of 1 or more, in digits only")
		return 0, false
	}
	return n, true
}

var currencyPattern = regexp.MustCompile(`^[A-Z0-9]{2,20}$`)

func currencyCode(e entry) (string, bool) {
	if !currencyPattern.MatchString(e.name) {
		e.refuse("the key is not a currency code: write one like EUR")
		return "", false
	}
	return e.name, true
}

func (e entry) role() (string, bool) {
	text, ok := e.text()
	if ok && strings.TrimSpace(text) == "" {
		e.refuseValue("is not a role: write its name, like administrator")
		return "", false
	}
	return strings.ToLower(strings.TrimSpace(text)), ok
}

// localTime returns "" or the text of a local time that the calendar has.
func (e entry) localTime() (string, bool) {
	if e.node.Kind == yaml.ScalarNode && e.node.Value == "" && !isNull(e.node) {
		return "", true
	}
	if e.node.Kind == yaml.ScalarNode {
		if _, err := program.ParseLocal(e.node.Value); err == nil {
			return e.node.Value, true
		}
	}
	e.refuseValue("is not a date: write YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS], in the site's time and without an offset")
	return "", false
}

// mayEarn are the only statuses of WordPress and WooCommerce themselves that
// may earn.
var mayEarn = []string{"pending", "processing", "on-hold", "completed"}

var statusPattern = regexp.MustCompile(`^[a-z0-9_-]{1,20}$`)

func (e entry) status() (string, bool) {
	status, ok := e.statusName()
	if ok && !program.CustomStatus(status) && !slices.Contains(mayEarn, status) {
		e.refuseValue("can never earn: only %s and custom statuses can", strings.Join(mayEarn, ", "))
		return "", false
	}
	return status, ok
}

func (e entry) customStatus() (string, bool) {
	status, ok := e.statusName()
	if ok && !program.CustomStatus(status) {
		e.refuseValue("is not a custom status: name it in program.earn.purchase.statuses if it shall earn")
		return "", false
	}
	return status, ok
}

func (e entry) statusName() (string, bool) {
	status, ok := e.text()
	if !ok {
		return "", false
	}
	if bare, prefixed := strings.CutPrefix(strings.ToLower(status), "wc-"); prefixed {
		e.refuseValue("has the prefix wc-: write %q", bare)
		return "", false
	}
	if !statusPattern.MatchString(status) {
		e.refuseValue("is not a status: write its slug, like on-hold, in small letters")
		return "", false
	}
	return status, true
}

func customStatuses(to *program.CustomStatuses) func(entry) {
	return func(e entry) {
		switch {
		case e.node.Kind == yaml.SequenceNode:
			*to = program.CustomStatuses{Mode: program.CustomList, List: readItems(e, entry.customStatus)}
		case e.node.Kind == yaml.ScalarNode && (e.node.Value == program.CustomEarn || e.node.Value == program.CustomIgnore):
			*to = program.CustomStatuses{Mode: e.node.Value}
		default:
			e.refuseValue("is neither earn nor ignore nor a list of statuses: write one of them, like [packed, shipped]")
		}
	}
}

func (e entry) threshold() (t program.Threshold, ok bool) {
	fields, ok := e.fields("amount", "points")
	if !ok || !e.require(fields, "amount", "points") {
		return t, false
	}
	var amountOK, pointsOK bool
	t.Amount, amountOK = fields["amount"].amount()
	t.Points, pointsOK = fields["points"].integer(0, math.MaxInt64)
	return t, amountOK && pointsOK
}

func (e entry) require(fields map[string]entry, names ...string) bool {
	for _, name := range names {
		if _, ok := fields[name]; !ok {
			e.refuse("has no %s: add it", name)
			return false
		}
	}
	return true
}

// exactlyOne reports a rule that says nothing or two things.
func (e entry) exactlyOne(fields map[string]entry, names ...string) bool {
	var given []string
	for _, name := range names {
		if _, ok := fields[name]; ok {
			given = append(given, name)
		}
	}
	switch len(given) {
	case 0:
		e.refuse("has none of %s: add one", strings.Join(names, ", "))
	case 1:
		return true
	default:
		e.refuse("has %s together: keep one", strings.Join(given, " and "))
	}
	return false
}

func (e entry) campaign() (c program.Campaign, ok bool) {
	fields, ok := e.fields("name", "from", "to", "points", "multiplier")
	if !ok {
		return c, false
	}
	ok = e.exactlyOne(fields, "points", "multiplier")
	if field, given := fields["name"]; given {
		name, valid := field.text()
		c.Name, ok = name, ok && valid
	}
	from, to := fields["from"], fields["to"]
	if from.node != nil && !isNull(from.node) {
		text, valid := from.localTime()
		c.From, ok = text, ok && valid
	}
	if to.node != nil && !isNull(to.node) {
		text, valid := to.localTime()
		c.To, ok = text, ok && valid
	}
	start, noStart := program.ParseLocal(c.From)
	end, noEnd := program.ParseLocal(c.To)
	if noStart == nil && noEnd == nil && !start.Before(end) {
		from.refuseValue("is not before %q, the campaign's end: swap them, or leave one out", c.To)
		ok = false
	}
	if field, given := fields["points"]; given {
		points, valid := field.integer(0, math.MaxInt64)
		c.Points, ok = &points, ok && valid
	}
	if field, given := fields["multiplier"]; given {
		multiplier, valid := field.rate()
		if valid && multiplier.Cmp(apd.New(1, 0)) < 0 {
			field.refuseValue("is less than 1: a campaign adds points; 2 doubles them")
			valid = false
		}
		c.Multiplier, ok = &multiplier, ok && valid
	}
	return c, ok
}

func (e entry) productRule() (program.Rule, bool) {
	return e.rule("exclude", "points", "points_per_unit")
}

func (e entry) categoryRule() (program.Rule, bool) {
	return e.rule("exclude", "points_per_unit")
}

// rule reads a rule that has exactly one of the names.
func (e entry) rule(names ...string) (r program.Rule, ok bool) {
	fields, ok := e.fields("exclude", "points", "points_per_unit")
	if !ok {
		return r, false
	}
	if field, given := fields["points"]; given && !slices.Contains(names, "points") {
		field.refuse("fixed points are for products only: write points_per_unit")
		return r, false
	}
	if !e.exactlyOne(fields, names...) {
		return r, false
	}
	if field, given := fields["exclude"]; given {
		yes, valid := field.boolean()
		if valid && !yes {
			field.refuseValue("says nothing: write true, or remove the rule")
			valid = false
		}
		r.Exclude, ok = yes, ok && valid
	}
	if field, given := fields["points"]; given {
		points, valid := field.rate()
		r.Points, ok = &points, ok && valid
	}
	if field, given := fields["points_per_unit"]; given {
		points, valid := field.rate()
		r.PointsPerUnit, ok = &points, ok && valid
	}
	return r, ok
}
