package program

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// maxExponent bounds the power of ten of a decimal's first digit, either way,
// as apd does: beyond it no amount is meant.
const maxExponent = apd.MaxExponent

var (
	errNotDecimal = errors.New("not a decimal number")
	errRange      = errors.New("out of range")
)

// ParseDecimal reads a decimal of any length exactly: a sign, digits, a point
// and an exponent, all but one digit optional. Empty text is 0. Anything else
// (spaces, hexadecimal, infinities, thousands separators) is an error, and so
// is a number whose first digit stands above 1e100000 or below 1e-100000.
func ParseDecimal(text string) (apd.Decimal, error) {
	var d apd.Decimal
	if text == "" {
		return d, nil
	}
	rest := text
	if rest[0] == '-' || rest[0] == '+' {
		d.Negative = rest[0] == '-'
		rest = rest[1:]
	}
	whole, rest := digits(rest)
	fraction := ""
	if strings.HasPrefix(rest, ".") {
		fraction, rest = digits(rest[1:])
	}
	if whole == "" && fraction == "" {
		return apd.Decimal{}, decimalError(text, errNotDecimal)
	}
	exponent, err := parseExponent(rest)
	if errors.Is(err, errNotDecimal) {
		return apd.Decimal{}, decimalError(text, err)
	}

	whole = strings.TrimLeft(whole, "0")
	if whole == "" && strings.TrimLeft(fraction, "0") == "" {
		return apd.Decimal{}, nil // whatever its exponent
	}
	first := len(whole) - 1
	if whole == "" {
		significant := strings.TrimLeft(fraction, "0")
		first = len(significant) - len(fraction) - 1
	}
	if err != nil || exponent+first > maxExponent || exponent+first < -maxExponent {
		return apd.Decimal{}, decimalError(text, errRange)
	}
	if len(fraction)-exponent > 1<<30 {
		return apd.Decimal{}, decimalError(text, errRange)
	}
	d.Exponent = int32(exponent - len(fraction))
	setDigits(&d.Coeff, whole, fraction)
	return d, nil
}

// digits splits the leading decimal digits off text.
func digits(text string) (head, rest string) {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return text[:n], text[n:]
}

func parseExponent(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	if text[0] != 'e' && text[0] != 'E' {
		return 0, errNotDecimal
	}
	text = text[1:]
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	number, rest := digits(text)
	if number == "" || rest != "" {
		return 0, errNotDecimal
	}
	number = strings.TrimLeft(number, "0")
	if len(number) > 9 {
		return 0, errRange
	}
	n, _ := strconv.Atoi("0" + number)
	if negative {
		n = -n
	}
	return n, nil
}

func setDigits(z *apd.BigInt, whole, fraction string) {
	if len(whole)+len(fraction) > 19 {
		z.SetString(whole+fraction, 10)
		return
	}
	var n uint64 // 19 digits always fit
	for i := range len(whole) {
		n = n*10 + uint64(whole[i]-'0')
	}
	for i := range len(fraction) {
		n = n*10 + uint64(fraction[i]-'0')
	}
	z.SetUint64(n)
}

func decimalError(text string, err error) error {
	return fmt.Errorf("%q: %w", shorten(text), err)
}

// canonical returns the one text that all decimals equal to d share.
func canonical(d *apd.Decimal) string {
	z := reduced(d)
	// Plain digits for what people write, a power of ten for what would
	// need pages of zeros.
	if z.Exponent >= -60 && z.Exponent <= 18 {
		return z.Text('f')
	}
	return z.Text('E')
}

// reduced returns d without trailing zeros, so that equal decimals are alike.
func reduced(d *apd.Decimal) apd.Decimal {
	if d.IsZero() {
		return apd.Decimal{}
	}
	if d.Form != apd.Finite {
		return *d
	}
	all := d.Coeff.String()
	significant := strings.TrimRight(all, "0")
	z := apd.Decimal{Negative: d.Negative, Exponent: d.Exponent + int32(len(all)-len(significant))}
	z.Coeff.SetString(significant, 10)
	return z
}
