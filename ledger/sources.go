package ledger

import "slices"

// Source is what an entry was posted for.
type Source string

// The sources of entries; what each means is said in the table below.
const (
	Purchase      Source = "purchase"
	FirstOrder    Source = "first_order"
	HighSpend     Source = "high_spend"
	Campaign      Source = "campaign"
	ProductReview Source = "product_review"
	BlogComment   Source = "blog_comment"
	Signup        Source = "signup"
	Referral      Source = "referral"
	Birthday      Source = "birthday"
	Tier          Source = "tier"
	Coupon        Source = "coupon"
	Expiry        Source = "expiry"
	Admin         Source = "admin"
	Clamp         Source = "clamp"
	Import        Source = "import"
)

// Object is the kind of thing that the entries of a source are for.
type Object string

// The kinds of objects.
const (
	ObjectOrder      Object = "order"
	ObjectReview     Object = "review"
	ObjectComment    Object = "comment"
	ObjectUser       Object = "user"
	ObjectRedemption Object = "redemption"
	ObjectRequest    Object = "request"
	ObjectAny        Object = "any" // whatever the entry has to do with
)

// Label returns how people see the kind.
func (o Object) Label() string {
	switch o {
	case ObjectOrder:
		return "Order"
	case ObjectReview:
		return "Review"
	case ObjectComment:
		return "Comment"
	case ObjectUser:
		return "User"
	case ObjectRedemption:
		return "Coupon"
	case ObjectRequest:
		return "Request"
	default:
		return "Object"
	}
}

// SourceInfo is a row of the table of sources.
type SourceInfo struct {
	Source   Source
	Object   Object // what its entries are for
	Types    []Type // that its entries can have; not to be changed
	Label    string // as people see the source
	Deducted string // when its points are taken, in words; "": never
}

var (
	kept    = []Type{Earn, Revoke} // never held
	holding = []Type{Earn, Revoke, Hold, Release, CancelHold}
	spent   = []Type{Redeem, Restore}
	lapsed  = []Type{Expire}
	moved   = []Type{Adjust}
)

// sources is the one list of what points can be posted for, in the order in
// which those of one object are posted.
var sources = []SourceInfo{
	{Purchase, ObjectOrder, holding, "Purchasing products", "the order was refunded, cancelled or deleted"},
	{FirstOrder, ObjectOrder, holding, "After completing first order", "another order is the customer's first now, or the order was refunded, cancelled or deleted"},
	{HighSpend, ObjectOrder, holding, "Spending over a certain amount", "what is left of the order after refunds does not reach the amount, or it was cancelled or deleted"},
	{Campaign, ObjectOrder, holding, "Extra points during a period", "the order was refunded, cancelled or deleted, or no longer falls into the period"},
	{ProductReview, ObjectReview, kept, "Leaving a product review", "the review was unapproved or deleted, or an earlier one counts now"},
	{BlogComment, ObjectComment, kept, "Leaving a blog comment", "the comment was unapproved or deleted, or an earlier one counts now"},
	{Signup, ObjectUser, kept, "Registering as a customer", "the date of registration was moved to before the programme began"},
	{Referral, ObjectUser, holding, "Referring a customer", "the order that the referral led to was refunded, cancelled or deleted"},
	{Birthday, ObjectUser, []Type{Earn}, "Birthday", ""},
	{Tier, ObjectUser, holding, "Reaching a tier", "the order was refunded, cancelled or deleted"},
	{Coupon, ObjectRedemption, spent, "Coupon", "the points were spent on a coupon"},
	{Expiry, ObjectUser, lapsed, "Expiry", "the points were not used in time"},
	{Admin, ObjectRequest, moved, "Adjustment", "somebody who runs the shop took points by hand"},
	{Clamp, ObjectAny, moved, "Balance kept at zero", ""},
	{Import, ObjectAny, append([]Type{Adjust}, holding...), "Imported points", "the import was corrected or undone"},
}

var sourceRows = func() map[Source]*SourceInfo {
	rows := make(map[Source]*SourceInfo, len(sources))
	for i := range sources {
		rows[sources[i].Source] = &sources[i]
	}
	return rows
}()

// Sources returns the table of sources, in the order in which those of one
// object are posted.
func Sources() []SourceInfo { return slices.Clone(sources) }

// SourcesOf returns the sources whose entries are for objects of these kinds,
// in the order of the table.
func SourcesOf(objects ...Object) []Source {
	var some []Source
	for i := range sources {
		if slices.Contains(objects, sources[i].Object) {
			some = append(some, sources[i].Source)
		}
	}
	return some
}

// Known reports whether the table has the source.
func (s Source) Known() bool { return sourceRows[s] != nil }

// Info returns the row of a source; one that is unknown may be for anything,
// has no types and is shown by its own name.
func (s Source) Info() SourceInfo {
	if row := sourceRows[s]; row != nil {
		return *row
	}
	return SourceInfo{Source: s, Object: ObjectAny, Label: string(s)}
}

// can reports whether entries of the source can have a type.
func (s Source) can(t Type) bool {
	row := sourceRows[s]
	return row != nil && slices.Contains(row.Types, t)
}
