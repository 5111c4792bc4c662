package program

import (
	"encoding/json"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/settings"
)

// Settings is a whole programme. Only Rules is versioned.
type Settings struct {
	Rules
	Exclude         Exclusion `json:"exclude"`          // roles in lower case
	NegativeBalance string    `json:"negative_balance"` // NegativeAllow or NegativeClamp
	DeletedOrders   string    `json:"deleted_orders"`   // DeletedTakeBack or DeletedKeep
	Redeem          Redeem    `json:"redeem"`
	Expiry          Expiry    `json:"expiry"`
}

// Redeem says what points are worth when they are spent.
type Redeem struct {
	PointsPerUnit apd.Decimal `json:"points_per_unit"` // points for one unit of store currency; 0: points have no value
	Min           int64       `json:"min"`             // fewest points in one redemption
	Max           int64       `json:"max"`             // most points in one redemption; 0: no limit
	Multiple      int64       `json:"multiple"`        // what they must be a multiple of, at least 1
	CouponDays    int         `json:"coupon_days"`     // days that a coupon is valid; 0: for ever
	GiveBack      GiveBack    `json:"give_back"`
}

// Expiry says when points are lost.
type Expiry struct {
	Mode string `json:"mode"` // ExpiryNone, ExpiryIdle or ExpiryLots
	Days int    `json:"days"`
}

// The words of a programme that are not the rules' own.
const (
	NegativeAllow = "allow"
	NegativeClamp = "clamp"

	DeletedTakeBack = "take_back"
	DeletedKeep     = "keep"

	GiveBackExpired  = "expired"  // a coupon that expired unused
	GiveBackDeleted  = "deleted"  // a coupon that was deleted unused
	GiveBackRefunded = "refunded" // an order that a coupon paid was refunded

	ExpiryNone = "none"
	ExpiryIdle = "idle" // the whole balance, after so many days without an entry
	ExpiryLots = "lots" // the oldest points first, so many days after they were earned
)

// Groups returns the parts of the form in which a programme is edited.
func Groups() []settings.Group {
	return []settings.Group{
		{Name: "earning", Title: "Earning", Intro: "What customers earn by buying. Refunds take the points back by themselves, in part or in whole."},
		{Name: "bonuses", Title: "Bonuses", Intro: "On top of the points for the purchase. A bonus is taken back when its order is refunded or cancelled."},
		{Name: "campaigns", Title: "Campaigns", Intro: "Extra points for orders paid during a period. If several fit, the first in the list counts. An empty date leaves that end open; times are those of this site."},
		{Name: "reviews", Title: "Reviews and comments", Intro: "Each product and each post pays a customer once, when the review or comment is approved. 0: none."},
		{Name: "registering", Title: "Sign-up"},
		{Name: "products", Title: "Per product and per category", Intro: "A rule for a product wins over rules for its categories; of several categories the lowest rate counts."},
		{Name: "excluded", Title: "Who is excluded", Intro: "Excluded customers earn and redeem nothing. The points they have stay, frozen, until they are no longer excluded."},
		{Name: "holding", Title: "Holding"},
		{Name: "redeeming", Title: "Redeeming", Intro: "Customers turn points into a coupon of their own, in their account or at the cart."},
		{Name: "expiry", Title: "Expiry", Intro: "No points expire yet, whatever is chosen here: the choice is kept for a later version."},
	}
}

// Keys returns every key of a programme, in the order in which they are shown.
func Keys() []settings.Key {
	return slices.Concat(generalKeys, purchaseKeys, bonusKeys, redeemKeys, expiryKeys)
}

var generalKeys = []settings.Key{
	{
		Path: "starts", Kind: localTime(), Default: `""`, Unit: "site's time", Versioned: true,
		Group: "earning", Late: 2, Label: "The programme begins",
		Help: "Orders, reviews and registrations before this time earn nothing. Empty: the whole past counts. Time of this site.",
	},
	{
		Path: "starts_by", Default: StartsByEarning, Versioned: true, Needs: "starts",
		Kind: settings.Choice(
			settings.Option{Value: StartsByEarning, Label: "When they were paid, else completed, else placed"},
			settings.Option{Value: StartsByCreation, Label: "When they were placed"},
		),
		Group: "earning", Late: 2, Label: "Date of an order that must not be earlier",
		Help: "Imported orders are often stamped as paid on the day of the import.",
	},
	{
		Path: "guests", Default: GuestsIgnore, Versioned: true,
		Kind: settings.Choice(
			settings.Option{Value: GuestsIgnore, Label: "Earn for nobody"},
			settings.Option{Value: GuestsMatchEmail, Label: "Earn for the customer with that e-mail address"},
		),
		Group: "earning", Late: 2, Label: "Orders of guests", Help: "WooCommerce does not check that a guest’s e-mail address is theirs.",
	},
	{
		Path: "exclude.roles", Kind: settings.List(role()), Default: `[]`,
		Group: "excluded", Label: "Roles",
	},
	{
		Path: "exclude.users", Kind: settings.List(userID().Labelled("Customer")).AddedBy("Add a customer"), Default: `[]`,
		Group: "excluded", Label: "Single customers", Help: "Name, e-mail address or number.",
	},
	{
		Path: "hold_days", Kind: days(0), Default: `0`, Unit: "days", Versioned: true,
		Group: "holding", Label: "Days until points can be spent",
		Help: "Points of an order stay pending for so many days, for example until it can no longer be returned. 0: at once.",
	},
	{
		Path: "negative_balance", Default: NegativeAllow,
		Kind: settings.Choice(
			settings.Option{Value: NegativeAllow, Label: "The balance goes below zero"},
			settings.Option{Value: NegativeClamp, Label: "The balance stops at zero"},
		),
		Group: "holding", Label: "When more is taken back than is there",
	},
	{
		Path: "deleted_orders", Default: DeletedTakeBack,
		Kind: settings.Choice(
			settings.Option{Value: DeletedTakeBack, Label: "Their points are taken back"},
			settings.Option{Value: DeletedKeep, Label: "Customers keep their points"},
		),
		Group: "earning", Late: 2, Label: "Orders that are deleted for good",
		Help: "For shops that clear out old orders. An order in the trash is not deleted for good: its points are taken back.",
	},
}

var redeemKeys = []settings.Key{
	{
		Path: "redeem.points_per_unit", Kind: rates(), Default: `100`, Unit: "points for one unit of store currency",
		Group: "redeeming", Label: "Points for a discount of %s 1", Help: "0 turns redeeming off.",
	},
	{
		Path: "redeem.min", Kind: limit(), Default: `0`, Unit: "points", AtMost: "redeem.max",
		Group: "redeeming", Label: "Fewest points at once", Help: "0: no limit.",
	},
	{
		Path: "redeem.max", Kind: limit(), Default: `0`, Unit: "points",
		Group: "redeeming", Label: "Most points at once", Help: "0: no limit.",
	},
	{
		Path: "redeem.multiple", Kind: multiple(), Default: `1`, Unit: "points",
		Group: "redeeming", Label: "In steps of", Help: "100 allows 100, 200, 300 and so on. 1: any number.",
	},
	{
		Path: "redeem.coupon_days", Kind: days(0), Default: `365`, Unit: "days",
		Group: "redeeming", Label: "Days that a coupon is valid", Help: "0: without end.",
	},
	{
		Path: "redeem.give_back", Default: `[expired, deleted, refunded]`,
		Kind: settings.List(settings.Choice(
			settings.Option{Value: GiveBackExpired, Label: "expired unused"},
			settings.Option{Value: GiveBackDeleted, Label: "was deleted unused"},
			settings.Option{Value: GiveBackRefunded, Label: "paid for an order that is refunded"},
		)),
		Group: "redeeming", Label: "Points come back when the coupon",
	},
}

var expiryKeys = []settings.Key{
	{
		Path: "expiry.mode", Default: ExpiryNone,
		Kind: settings.Choice(
			settings.Option{Value: ExpiryNone, Label: "Never"},
			settings.Option{Value: ExpiryIdle, Label: "All at once, when the customer earned and spent nothing for so long"},
			settings.Option{Value: ExpiryLots, Label: "So long after they were earned, the oldest first"},
		),
		Group: "expiry", Label: "Points expire",
	},
	{
		Path: "expiry.days", Kind: days(1), Default: `365`, Unit: "days", Needs: "expiry.mode",
		Group: "expiry", Label: "After days",
	},
}

// MarshalJSON writes the ends that give points back as a list of words.
func (g GiveBack) MarshalJSON() ([]byte, error) {
	ends := []string{}
	for _, end := range g.ends() {
		if *end.given {
			ends = append(ends, end.word)
		}
	}
	return json.Marshal(ends)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (g *GiveBack) UnmarshalJSON(text []byte) error {
	var words []string
	if err := json.Unmarshal(text, &words); err != nil {
		return err
	}
	*g = GiveBack{}
	for _, end := range g.ends() {
		*end.given = slices.Contains(words, end.word)
	}
	return nil
}

type giveBackEnd struct {
	word  string
	given *bool
}

func (g *GiveBack) ends() []giveBackEnd {
	return []giveBackEnd{{GiveBackExpired, &g.Expired}, {GiveBackDeleted, &g.Deleted}, {GiveBackRefunded, &g.Refunded}}
}
