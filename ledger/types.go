package ledger

import (
	"slices"
	"strings"
)

// Type is what an entry does to its account.
type Type string

// The types of entries; what each means is said in the table below.
const (
	Earn       Type = "earn"
	Revoke     Type = "revoke"
	Redeem     Type = "redeem"
	Restore    Type = "restore" // an unused reward given back
	Expire     Type = "expire"
	Adjust     Type = "adjust"
	Hold       Type = "hold"
	Release    Type = "release"
	CancelHold Type = "cancel_hold"
)

// Sign says which amounts the entries of a type have.
type Sign string

// The signs. Amounts of all but Zero are never 0.
const (
	Zero     Sign = ""
	Positive Sign = "+"
	Negative Sign = "−"
	Either   Sign = "±"
)

// fits reports whether an amount has the sign.
func (s Sign) fits(amount int64) bool {
	switch s {
	case Positive:
		return amount > 0
	case Negative:
		return amount < 0
	case Either:
		return amount != 0
	default:
		return amount == 0
	}
}

// Figure is what the points of entries add up to in the reports.
type Figure string

// The figures.
const (
	NoFigure Figure = ""
	Issued   Figure = "issued"
	Redeemed Figure = "redeemed"
	Expired  Figure = "expired"
	Revoked  Figure = "revoked"
	Adjusted Figure = "adjusted"
)

// TypeInfo is a row of the table of types.
type TypeInfo struct {
	Type     Type
	Points   Sign   // of its points
	Pending  Sign   // of its pending points
	Figure   Figure // that its points count in
	Counts   int64  // 1 or -1: how they count there
	Earned   bool   // they count in what an account has earned, too
	Label    string // as people see the type
	Activity string // as people see an entry; %s stands for the label of its source
}

// types is the one list of what an entry can be.
var types = []TypeInfo{
	{Type: Earn, Points: Positive, Figure: Issued, Counts: 1, Earned: true, Label: "Earned", Activity: "%s"},
	{Type: Revoke, Points: Negative, Figure: Revoked, Counts: -1, Earned: true, Label: "Deducted", Activity: "Points deducted: %s"},
	{Type: Redeem, Points: Negative, Figure: Redeemed, Counts: -1, Label: "Claimed", Activity: "Points claimed: %s"},
	{Type: Restore, Points: Positive, Figure: Redeemed, Counts: -1, Label: "Given back", Activity: "Points given back: %s"},
	{Type: Expire, Points: Negative, Figure: Expired, Counts: -1, Label: "Expired", Activity: "Points expired"},
	{Type: Adjust, Points: Either, Figure: Adjusted, Counts: 1, Label: "Adjusted", Activity: "%s"},
	{Type: Hold, Pending: Positive, Label: "Pending", Activity: "%s (pending)"},
	{Type: Release, Pending: Negative, Label: "No longer pending", Activity: "%s (no longer pending)"},
	{Type: CancelHold, Pending: Negative, Label: "Pending points cancelled", Activity: "%s (pending points cancelled)"},
}

var typeRows = func() map[Type]*TypeInfo {
	rows := make(map[Type]*TypeInfo, len(types))
	for i := range types {
		rows[types[i].Type] = &types[i]
	}
	return rows
}()

// Types returns the table of types, in the order in which people see them.
func Types() []TypeInfo { return slices.Clone(types) }

// Info returns the row of a type; one that is unknown counts nowhere and is
// shown by its own name, its entries by that of their source.
func (t Type) Info() TypeInfo {
	if row := typeRows[t]; row != nil {
		return *row
	}
	return TypeInfo{Type: t, Label: string(t), Activity: "%s"}
}

// TypesOf returns the types whose points count in a figure.
func TypesOf(figure Figure) []Type {
	return typesWith(func(row *TypeInfo) bool { return row.Figure == figure })
}

// EarnedTypes returns the types whose points count in what an account has
// earned.
func EarnedTypes() []Type { return typesWith(func(row *TypeInfo) bool { return row.Earned }) }

func typesWith(is func(*TypeInfo) bool) []Type {
	var some []Type
	for i := range types {
		if is(&types[i]) {
			some = append(some, types[i].Type)
		}
	}
	return some
}

// Quoted returns words of the tables of types and sources as they stand in
// SQL, several of them between the brackets of IN. None needs escaping.
func Quoted[W Type | Source](words ...W) string {
	var list strings.Builder
	for i, word := range words {
		if i > 0 {
			list.WriteString(", ")
		}
		list.WriteString("'" + string(word) + "'")
	}
	return list.String()
}
