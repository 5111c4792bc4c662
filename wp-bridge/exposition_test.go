package wpbridge_test

import (
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

var (
	helpLine   = regexp.MustCompile(`^# HELP ([a-z_]+) [A-Z0-9].+\.$`)
	typeLine   = regexp.MustCompile(`^# TYPE ([a-z_]+) (counter|gauge|histogram)$`)
	sampleLine = regexp.MustCompile(`^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9.e+-]+)$`)
	labelName  = regexp.MustCompile(`([a-z]+)="`)
)

// checkExposition fails the test unless text is in Prometheus's text format:
// each family announced once with its help and type, its samples together,
// names of counters ending in _total, buckets rising to +Inf.
func checkExposition(t *testing.T, text string) {
	t.Helper()
	if !strings.HasSuffix(text, "\n") {
		t.Error("the text does not end with a line's end")
	}
	var families, samples []string
	family, kind, last, series := "", "", 0.0, ""
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if m := helpLine.FindStringSubmatch(line); m != nil {
			if slices.Contains(families, m[1]) {
				t.Errorf("the family %s comes twice", m[1])
			}
			families, family, kind = append(families, m[1]), m[1], ""
			continue
		}
		if m := typeLine.FindStringSubmatch(line); m != nil {
			if m[1] != family || kind != "" {
				t.Errorf("misplaced: %s", line)
			}
			if kind = m[2]; (kind == "counter") != strings.HasSuffix(family, "_total") {
				t.Errorf("%s is a %s", family, kind)
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not a line of the format: %q", line)
			continue
		}
		name := m[1]
		if kind == "histogram" {
			name = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		}
		if name != family || kind == "" {
			t.Errorf("outside its family: %s", line)
		}
		if slices.Contains(samples, m[1]+m[2]) {
			t.Errorf("twice: %s", line)
		}
		samples = append(samples, m[1]+m[2])
		for _, label := range labelName.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains([]string{"route", "method", "status", "le", "version", "go", "job", "run"}, label[1]) {
				t.Errorf("the label %s is not one of the few: %s", label[1], line)
			}
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Errorf("%v: %s", err, line)
		}
		if strings.HasSuffix(m[1], "_bucket") {
			of, _, _ := strings.Cut(m[2], ",le=")
			if of == series && value < last {
				t.Errorf("a bucket has less than the one before: %s", line)
			}
			series, last = of, value
		}
	}
}
