package program

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/settings"
)

// The kinds of values that a programme has besides the usual ones.

// maxDays is a hundred years: nobody means more.
const maxDays = 36500

// days is a number of days, at least least.
func days(least int64) settings.Kind { return settings.Whole(least, maxDays) }

// points is what a fact is worth.
func points() settings.Kind { return settings.Whole(0, MostPoints) }

// limit is a number of points that others stay within.
func limit() settings.Kind { return settings.Whole(0, math.MaxInt64) }

// multiple is what numbers of points are a multiple of.
func multiple() settings.Kind { return settings.Whole(1, math.MaxInt64) }

// MaxDigits bounds the digits on either side of the point: more are a mistake,
// and arithmetic with them would be slow.
const MaxDigits = 100

// Decimal is an exact number of 0 or more, such as an amount of money or the
// units of one currency for another's.
func Decimal() settings.Kind {
	return settings.New("decimal", readDecimal, canonicalDecimal).Number()
}

var leadingZero = regexp.MustCompile(`^[+-]?0[0-9]`)

func readDecimal(k settings.Kind, e settings.Entry) (any, bool) {
	if !e.IsScalar() || e.Node.Value == "" || leadingZero.MatchString(e.Node.Value) {
		e.RefuseValue("is not a number of 0 or more: write it like 12 or 0.5")
		return nil, false
	}
	d, err := ParseDecimal(e.Node.Value)
	if err != nil || d.Negative && !d.IsZero() {
		e.RefuseValue("is not a number of 0 or more: write it like 12 or 0.5, with a point and no separators")
		return nil, false
	}
	d.Negative = false
	if !d.IsZero() && (d.NumDigits()+int64(d.Exponent) > MaxDigits || int64(d.Exponent) < -MaxDigits) {
		e.RefuseValue("has more than %d digits before or after the point", MaxDigits)
		return nil, false
	}
	if k.Min != "" && d.Cmp(mustDecimal(k.Min)) < 0 {
		e.RefuseValue("is less than %s: %s", k.Min, settings.Clause(k.TooLow))
		return nil, false
	}
	if k.Max != "" && d.Cmp(mustDecimal(k.Max)) > 0 {
		e.RefuseValue("is more than %s: %s", k.Max, k.TooHigh)
		return nil, false
	}
	return &d, true
}

func canonicalDecimal(value any) any {
	d, ok := value.(*apd.Decimal)
	if !ok {
		return value
	}
	z := reduced(d)
	return z.Text('f')
}

func mustDecimal(text string) *apd.Decimal {
	d, err := ParseDecimal(text)
	if err != nil {
		panic(err) // a kind's bound is wrong
	}
	return &d
}

// TryUnits is an order that a programme must be able to count, and MaxRate the
// highest rate that can: it makes MostPoints of so many units of currency.
const (
	TryUnits = 1_000_000
	MaxRate  = MostPoints / TryUnits
)

// rates is points for one unit of currency, or for one piece.
func rates() settings.Kind {
	k := Decimal()
	k.Max = strconv.FormatInt(MaxRate, 10)
	k.TooHigh = "points for " + strconv.Itoa(TryUnits) + " units would be too many to count"
	return k
}

// multiplier is how many times the points of a purchase an order gets.
func multiplier() settings.Kind {
	k := rates()
	k.Min, k.TooLow = "1", "A campaign adds points, so its multiplier is 1 or more; 2 doubles them."
	return k
}

// localTime is "" or a local time that the calendar has.
func localTime() settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) {
		if e.IsScalar() && e.Node.Value == "" && !e.IsNull() {
			return "", true
		}
		if e.IsScalar() {
			if _, err := ParseLocal(e.Node.Value); err == nil {
				return e.Node.Value, true
			}
		}
		e.RefuseValue("is not a date: write YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS], in the site's time and without an offset")
		return nil, false
	}
	canonical := func(value any) any {
		text, _ := value.(string)
		return normalLocal(text)
	}
	return settings.New("time", read, canonical).Open()
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

// userID is the id of a user.
func userID() settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) { return e.Whole(1, math.MaxInt64) }
	return settings.New("user", read, nil)
}

// role is the name of a role, whatever its case.
func role() settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) {
		text, ok := e.Text()
		if ok && strings.TrimSpace(text) == "" {
			e.RefuseValue("is not a role: write its name, like administrator")
			return nil, false
		}
		return strings.ToLower(strings.TrimSpace(text)), ok
	}
	return settings.New("role", read, nil)
}

var wholeNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

// named is the id in the name of an entry of a map: of a "product" (or
// variation) or a "category".
func named(what string) settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) {
		if _, err := strconv.ParseInt(e.Name, 10, 64); err != nil || !wholeNumber.MatchString(e.Name) {
			e.Refuse("the key is not an id: write a whole number of 1 or more, in digits only")
			return nil, false
		}
		return e.Name, true
	}
	return settings.New(what, read, nil)
}

var currencyPattern = regexp.MustCompile(`^[A-Z0-9]{2,20}$`)

// currencyCode is the code in the name of an entry of a map.
func currencyCode() settings.Kind {
	read := func(_ settings.Kind, e settings.Entry) (any, bool) {
		if !currencyPattern.MatchString(e.Name) {
			e.Refuse("the key is not a currency code: write one like EUR")
			return nil, false
		}
		return e.Name, true
	}
	return settings.New("currency", read, nil)
}

// WordPress registers statuses of any length.
var statusPattern = regexp.MustCompile(`^[a-z0-9_-]+$`)

// status is the status of an order that may earn: a custom one, or one of
// listable.
func status() settings.Kind {
	read := func(k settings.Kind, e settings.Entry) (any, bool) {
		status, ok := statusName(e)
		if ok && slices.Contains(k.Never, StoredStatus(status)) {
			e.RefuseValue("can never earn: only %s and custom statuses can", strings.Join(listable, ", "))
			return nil, false
		}
		return status, ok
	}
	k := settings.New("status", read, nil)
	k.Options, k.Never = options(listable), unlistable
	return k
}

// customStatus is a status that a shop made itself.
func customStatus() settings.Kind {
	read := func(k settings.Kind, e settings.Entry) (any, bool) {
		status, ok := statusName(e)
		if ok && slices.Contains(k.Never, StoredStatus(status)) {
			e.RefuseValue("is not a custom status: name it in program.earn.purchase.statuses if it shall earn")
			return nil, false
		}
		return status, ok
	}
	k := settings.New("custom_status", read, nil)
	k.Never = slices.Concat(listable, unlistable)
	return k
}

func options(words []string) []settings.Option {
	all := make([]settings.Option, len(words))
	for i, word := range words {
		all[i].Value = word
	}
	return all
}

func statusName(e settings.Entry) (string, bool) {
	status, ok := e.Text()
	if !ok {
		return "", false
	}
	if bare, prefixed := strings.CutPrefix(strings.ToLower(status), "wc-"); prefixed {
		e.RefuseValue("has the prefix wc-: write %q", bare)
		return "", false
	}
	if !statusPattern.MatchString(status) {
		e.RefuseValue("is not a status: write its slug, like on-hold, in small letters")
		return "", false
	}
	return status, true
}
