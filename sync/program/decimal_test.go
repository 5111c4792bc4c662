package program_test

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"loyaltyd/sync/program"
)

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1234567890", 20_000)
	for text, want := range map[string]string{
		"":      "0",
		"0":     "0",
		"-0":    "0",
		"12.50": "12.5", "+12.5": "12.5", "-12.5": "-12.5",
		".5": "0.5", "5.": "5", "-.5": "-0.5",
		"1e3": "1000", "1E+3": "1000", "12.5e-1": "1.25", "1.e2": "100",
		"007":                      "7",
		"0e999999999999999999999":  "0",
		"0.00e-999999999999999":    "0",
		"9223372036854775808":      "9223372036854775808",
		"99999999999999999999.01":  "99999999999999999999.01",
		"1e000000000000000000005":  "100000",
		"93.07100000":              "93.071",
		"0.0001e100003":            "1e99999",
		strings.Repeat("0", 1<<20): "0",
		"0." + long:                "0." + long,
	} {
		d, err := program.ParseDecimal(text)
		if err != nil {
			t.Errorf("ParseDecimal(%.40q): %v", text, err)
			continue
		}
		wanted, _ := new(big.Rat).SetString(want)
		got, ok := new(big.Rat).SetString(d.Text('f'))
		if !ok || got.Cmp(wanted) != 0 {
			t.Errorf("ParseDecimal(%.40q) = %.40s, want %.40s", text, d.Text('f'), want)
		}
	}
	for _, text := range []string{
		" ", " 1", "1 ", "1,5", "1,000.00", "1.2.3", "--1", "+-1", "-", "+", ".", "e5", ".e5", "1e", "1e+", "1e5.0", "1e5x", "NaN", "nan", "sNaN1",
		"Infinity", "-inf", "0x10", "1_000", "١٢", "1e100001", "1e-100001", "0.1e-100000", "1e99999999999999999999", "-1e-99999999999999999999",
		"10e100000", "0.01e-99999", "$5", "5€", "1\x00", "\xff", "<b>1</b>", "12abc",
	} {
		if d, err := program.ParseDecimal(text); err == nil {
			t.Errorf("ParseDecimal(%q) = %v", text, &d)
		} else if !d.IsZero() {
			t.Errorf("ParseDecimal(%q) = %v beside its error", text, &d)
		}
	}
	if _, err := program.ParseDecimal(strings.Repeat("x", 1<<20)); err == nil || len(err.Error()) > 200 {
		t.Errorf("a long wrong text makes a message of its length: %.300v", err)
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, text := range []string{"", "12.50", "-.5e-3", "1e100000", "0e9999999999", "NaN", "1.2.3", "99999999999999999999.123", "0x1p3"} {
		f.Add(text)
	}
	form := regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := program.ParseDecimal(text)
		if wellFormed := text == "" || form.MatchString(text); err == nil && !wellFormed {
			t.Fatalf("%q reads as %v", text, &d)
		} else if err != nil && wellFormed && !strings.Contains(err.Error(), "out of range") {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil || text == "" || d.IsZero() || d.Exponent < -1000 || d.Exponent > 1000 {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		got, _ := new(big.Rat).SetString(d.Text('f'))
		if !ok || got.Cmp(want) != 0 {
			t.Fatalf("%q reads as %v", text, &d)
		}
	})
}
