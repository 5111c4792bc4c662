package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
)

// earning is the condition for entries that earned points or took earned ones
// back.
var earning = `type IN (` + ledger.Quoted(earnedTypes...) + `)`

var earnedTypes = ledger.EarnedTypes()

// earns is the same of the name of a type. It is asked of every entry.
func earns(kind string) bool {
	for _, t := range earnedTypes {
		if string(t) == kind {
			return true
		}
	}
	return false
}

// sum is what the entries of one type and source amount to in one segment of
// time: the days from a border up to the next one.
type sum struct {
	Segment int    `db:"segment"` // number of borders at or before it
	Type    string `db:"type"`
	Source  string `db:"source"`
	Points  int64  `db:"points"`
	Pending int64  `db:"pending"`
	Entries int64  `db:"entries"`
}

// dailySums are the daily sums between borders.
type dailySums struct {
	borders []Day
	sums    []sum
}

// borders returns the days at which one of the ranges begins or has just
// ended.
func borders(periods []Period) []Day {
	var days []Day
	for _, p := range periods {
		if p.From > MinDay {
			days = append(days, p.From)
		}
		if p.To < MaxDay {
			days = append(days, p.To+1)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// dailySums reads the daily sums and the last entry that they contain. One
// statement reads both, so that they fit each other.
func (u *update) dailySums(ctx context.Context, borders []Day) (dailySums, int64, error) {
	sums, err := u.readDaily(ctx, u.tx, borders)
	if err != nil {
		return dailySums{}, 0, err
	}
	through := sums.sums[0].Points
	sums.sums = sums.sums[1:]
	return sums, through, nil
}

// readDaily returns the sums between borders, before them one line whose
// Points are the last entry's id.
func (r *Reports) readDaily(ctx context.Context, q sqlx.QueryerContext, borders []Day) (dailySums, error) {
	var segment strings.Builder
	args := make([]any, 0, len(borders))
	for i, day := range borders {
		fmt.Fprintf(&segment, " WHEN day < ? THEN %d", i)
		args = append(args, day)
	}
	// Without any border CASE would have no branch.
	expression := fmt.Sprintf("CASE WHEN 1 = 0 THEN 0%s ELSE %d END", segment.String(), len(borders))
	sums := dailySums{borders: borders}
	err := sqlx.SelectContext(ctx, q, &sums.sums, r.sql(`
		SELECT -1 AS segment, '' AS type, '' AS source, COALESCE(MAX({id}), 0) AS points, 0 AS pending, 0 AS entries
		FROM {entries}
		UNION ALL
		SELECT `+expression+` AS segment, type, source, SUM(points), SUM(pending), SUM(entries)
		FROM {p}loyalty_points_daily GROUP BY 1, 2, 3
		ORDER BY segment, type, source`), args...)
	if err != nil {
		return dailySums{}, fmt.Errorf("add up the daily sums: %w", err)
	}
	return sums, nil
}

// entries returns how many entries the sums are of.
func (s dailySums) entries() int64 {
	var n int64
	for _, line := range s.sums {
		n += line.Entries
	}
	return n
}

// firstSegment returns the segment that begins with the day, which is a border
// or MinDay.
func (s dailySums) firstSegment(day Day) int {
	if day == MinDay {
		return 0
	}
	i, _ := slices.BinarySearch(s.borders, day)
	return i + 1
}

// afterSegment returns the segment after the one that ends with the day.
func (s dailySums) afterSegment(day Day) int {
	if day == MaxDay {
		return len(s.borders) + 1
	}
	return s.firstSegment(day + 1)
}

// status returns the figures of a range whose ends are borders. The error says
// that they do not add up.
func (s dailySums) status(in Range) (Status, error) {
	first, after := s.firstSegment(in.From), s.afterSegment(in.To)
	status := Status{Range: in}
	var total adder
	for _, line := range s.sums {
		if line.Segment >= after {
			continue
		}
		total.add(&status.Balance, line.Points)
		total.add(&status.Pending, line.Pending)
		if line.Segment < first {
			total.add(&status.Opening, line.Points)
			continue
		}
		total.addType(&status, line.Type, line.Points)
	}
	if total.overflow {
		return Status{}, tooMuch("from %s to %s", in.From, in.To)
	}
	return status, status.check()
}

// check proves the identity that every row of the status promises.
func (s Status) check() error {
	if s.Opening+s.Issued-s.Redeemed-s.Expired-s.Revoked+s.Adjusted != s.Balance {
		return fmt.Errorf("the figures of %s to %s do not add up: opening %d + issued %d − redeemed %d − expired %d − revoked %d + adjusted %d is not the balance %d: run `loyaltyd verify`",
			s.From, s.To, s.Opening, s.Issued, s.Redeemed, s.Expired, s.Revoked, s.Adjusted, s.Balance)
	}
	return nil
}

// sources returns what each source earned in a range whose ends are borders,
// by name, without the numbers of customers.
func (s dailySums) sources(in Range) ([]Source, error) {
	first, after := s.firstSegment(in.From), s.afterSegment(in.To)
	byName := map[string]*Source{}
	var total adder
	for _, line := range s.sums {
		if line.Segment < first || line.Segment >= after || !earns(line.Type) {
			continue
		}
		source, ok := byName[line.Source]
		if !ok {
			source = &Source{Source: line.Source}
			byName[line.Source] = source
		}
		total.add(&source.Points, line.Points)
		total.add(&source.Entries, line.Entries)
	}
	if total.overflow {
		return nil, tooMuch("from %s to %s", in.From, in.To)
	}
	var sources []Source
	for _, source := range byName {
		if source.Entries != 0 {
			sources = append(sources, *source)
		}
	}
	slices.SortFunc(sources, func(a, b Source) int { return strings.Compare(a.Source, b.Source) })
	return sources, nil
}

// adder adds up and remembers that a sum did not fit.
type adder struct{ overflow bool }

func (a *adder) add(to *int64, amount int64) {
	if amount > 0 && *to > math.MaxInt64-amount || amount < 0 && *to < math.MinInt64-amount {
		a.overflow = true
		return
	}
	*to += amount
}

// addType adds the points of entries of a type to the figure that shows them.
func (a *adder) addType(s *Status, kind string, points int64) {
	row := ledger.Type(kind).Info()
	a.count(s.figure(row.Figure), row.Counts, points)
}

// figure returns where a status has a figure; nil: nowhere.
func (s *Status) figure(f ledger.Figure) *int64 {
	switch f {
	case ledger.Issued:
		return &s.Issued
	case ledger.Redeemed:
		return &s.Redeemed
	case ledger.Expired:
		return &s.Expired
	case ledger.Revoked:
		return &s.Revoked
	case ledger.Adjusted:
		return &s.Adjusted
	default:
		return nil
	}
}

// count adds points to the figure, if there is one, with the sign that they have
// there.
func (a *adder) count(figure *int64, sign, points int64) {
	switch {
	case figure == nil:
	case sign < 0:
		a.sub(figure, points)
	default:
		a.add(figure, points)
	}
}

func (a *adder) sub(from *int64, amount int64) {
	if amount == math.MinInt64 {
		a.overflow = true
		return
	}
	a.add(from, -amount)
}

// tooMuch returns the error for points that 64 bits do not hold.
func tooMuch(of string, args ...any) error {
	return fmt.Errorf("the points %s do not fit into 64 bits: look for an absurd rate or order amount", fmt.Sprintf(of, args...))
}
