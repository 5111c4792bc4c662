package oracle

import (
	"reflect"
	"testing"
	"time"
)

func plain(id int64, total, paid string) Order {
	return order(id, total, line(id*10, 11, "1", total, "0")).with(func(o *Order) { o.Paid = at(paid) })
}

func TestWhoEarns(t *testing.T) {
	guest := func(email string) Order {
		return plain(1, "10", "2025-06-01 12:00:00").with(func(o *Order) { o.CustomerID, o.Email = 0, email })
	}
	for name, c := range map[string]struct {
		order   Order
		program string
		want    map[int64]int64
	}{
		"a guest, ignored":                   {guest("ann@shop.test"), `{}`, map[int64]int64{}},
		"a guest, matched in any case":       {guest("ANN@shop.TEST"), `{guests: match_email}`, map[int64]int64{7: 10}},
		"the lowest id of several":           {guest("bob@shop.test"), `{guests: match_email}`, map[int64]int64{8: 10}},
		"the lowest id even if excluded":     {guest("bob@shop.test"), `{guests: match_email, exclude: {users: [8]}}`, map[int64]int64{}},
		"nothing is trimmed":                 {guest("ann@shop.test "), `{guests: match_email}`, map[int64]int64{}},
		"an empty e-mail":                    {guest(""), `{guests: match_email}`, map[int64]int64{}},
		"a customer who is gone is no guest": {guest("ann@shop.test").with(func(o *Order) { o.CustomerID = 99 }), `{guests: match_email}`, map[int64]int64{}},
		"an excluded user":                   {plain(1, "10", "2025-06-01 12:00:00"), `{exclude: {users: ["7"]}}`, map[int64]int64{}},
		"an excluded role, any case":         {guest("bob@shop.test"), `{guests: match_email, exclude: {roles: [subscriber]}}`, map[int64]int64{}},
		"another role":                       {plain(1, "10", "2025-06-01 12:00:00"), `{exclude: {roles: [subscriber]}}`, map[int64]int64{7: 10}},
		"an accented e-mail is another":      {guest("änn@shop.test"), `{guests: match_email}`, map[int64]int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shop(c.order).under(t, c.program).Balances; !reflect.DeepEqual(got, c.want) {
				t.Errorf("balances %v, want %v", got, c.want)
			}
		})
	}
	for name, o := range map[string]Order{
		"made anonymous": guest("Deleted@Site.Invalid"), "marked": guest("ann@shop.test").with(func(o *Order) { o.Anonymized = "yes" }),
		"where nobody can be": guest("zoe@shop.invalid"),
	} {
		s := shop(o)
		s.Users = append(s.Users, User{ID: 10, Email: "deleted@site.invalid"}, User{ID: 12, Email: "zoe@shop.INVALID"})
		if got := s.under(t, `{guests: match_email}`).Balances; len(got) != 0 {
			t.Errorf("an order %s earned %v", name, got)
		}
	}
	named := guest("deleted@site.invalid").with(func(o *Order) { o.CustomerID, o.Anonymized = 7, "yes" })
	if got := shop(named).under(t, `{}`).Balances; got[7] != 10 {
		t.Errorf("an order that names a customer earned %v", got)
	}
	s := shop()
	s.Users = append(s.Users, User{ID: 10, Email: ""})
	s.Orders = []Order{guest("")}
	if got := s.under(t, `{guests: match_email}`).Balances; len(got) != 0 {
		t.Errorf("a user without an e-mail was matched: %v", got)
	}
}

func TestEarningTimeAndStarts(t *testing.T) {
	o := plain(1, "10", "2025-06-01 12:00:00")
	unpaid := o.with(func(o *Order) { o.Paid = stamp{} })
	created := unpaid.with(func(o *Order) { o.Completed = stamp{} })
	timeless := created.with(func(o *Order) { o.Created = stamp{} })
	for name, c := range map[string]struct {
		order  Order
		starts string
		want   int64
	}{
		"at the paid time":            {o, "2025-06-01 12:00", 10},
		"a second after it":           {o, "2025-06-01T12:00:01", 0},
		"completed when not paid":     {unpaid, "2025-06-03 12:00:00", 10},
		"a second after completion":   {unpaid, "2025-06-03 12:00:01", 0},
		"created when nothing else":   {created, "2025-05-30 12:00:00", 10},
		"a second after the creation": {created, "2025-05-30 12:00:01", 0},
		"no time is 1970":             {timeless, "1970-01-01", 10},
		"no time is before 1971":      {timeless, "1971-01-01", 0},
		"no time, no start":           {timeless, "", 10},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shop(c.order).under(t, `starts: "`+c.starts+`"`).Balances[7]; got != c.want {
				t.Errorf("balance %d, want %d", got, c.want)
			}
		})
	}
}

func TestStartsByCreation(t *testing.T) {
	imported := plain(1, "10", "2025-06-20 12:00:00").with(func(o *Order) { o.Created = at("2019-01-05 12:00:00") })
	for name, c := range map[string]struct {
		order  Order
		starts string
		want   int64
	}{
		"an old order, paid today":      {imported, "2025-06-01", 0},
		"no start":                      {imported, "", 10},
		"a start at its creation":       {imported, "2019-01-05 12:00", 10},
		"a second later":                {imported, "2019-01-05 12:00:01", 0},
		"paid before, placed after":     {imported.with(func(o *Order) { o.Paid, o.Created = o.Created, o.Paid }), "2025-06-01", 10},
		"no creation: by its paid date": {imported.with(func(o *Order) { o.Created = stamp{} }), "2025-06-01", 10},
		"no creation: paid before":      {imported.with(func(o *Order) { o.Created = stamp{} }), "2025-07-01", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shop(c.order).under(t, `{starts_by: creation, starts: "`+c.starts+`"}`).Balances[7]; got != c.want {
				t.Errorf("balance %d, want %d", got, c.want)
			}
		})
	}
}

func TestSkippedForItsCurrency(t *testing.T) {
	euro := plain(1, "10", "2025-06-01 12:00:00").with(func(o *Order) { o.Currency = "EUR" })
	for name, c := range map[string]struct {
		order   Order
		program string
		want    int
	}{
		"no rate":             {euro, `{}`, 1},
		"a rate":              {euro, `{earn: {purchase: {currencies: {eur: 1}}}}`, 0},
		"a rate of nothing":   {euro, `{earn: {purchase: {currencies: {EUR: 0}}}}`, 0},
		"another's rate":      {euro, `{earn: {purchase: {currencies: {JPY: 1}}}}`, 1},
		"before the start":    {euro, `{starts: 2025-07-01}`, 0},
		"an excluded user":    {euro, `{exclude: {users: [7]}}`, 0},
		"a status of nothing": {euro.with(func(o *Order) { o.Status = "cancelled" }), `{}`, 0},
		"a guest":             {euro.with(func(o *Order) { o.CustomerID = 0; o.Email = "ann@shop.test" }), `{}`, 0},
		"a matched guest":     {euro.with(func(o *Order) { o.CustomerID = 0; o.Email = "ann@shop.test" }), `{guests: match_email}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(c.order).under(t, c.program)
			if r.Skipped != c.want {
				t.Errorf("skipped %d, want %d", r.Skipped, c.want)
			}
		})
	}
	r := shop(euro).under(t, `{earn: {first_order: {points: 5}, high_spend: [{amount: 0, points: 5}], campaigns: [{points: 5}]}}`)
	if len(r.Awards) != 0 {
		t.Errorf("a skipped order earned %v", r.Awards)
	}
}

func TestFirstOrder(t *testing.T) {
	early, same, late := plain(5, "10", "2025-06-01 12:00:00"), plain(4, "20", "2025-06-01 12:00:00"), plain(1, "30", "2025-06-02 12:00:00")
	nothing := plain(3, "0.5", "2025-05-01 12:00:00")
	for name, c := range map[string]struct {
		orders  []Order
		program string
		want    int64
	}{
		"the earliest, not the lowest id": {[]Order{late, early}, `{earn: {first_order: {points: 7}}}`, 5},
		"of equal times the lowest id":    {[]Order{early, same, late}, `{earn: {first_order: {points: 7}}}`, 4},
		"one without points is none":      {[]Order{late, early, nothing}, `{earn: {first_order: {points: 7}}}`, 5},
		"after starts":                    {[]Order{late, early, nothing}, `{starts: 2025-06-02, earn: {first_order: {points: 7}}}`, 1},
		"cancelled ones do not count":     {[]Order{late, early.with(func(o *Order) { o.Status = "cancelled" })}, `{earn: {first_order: {points: 7}}}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(c.orders...).under(t, c.program)
			var got []int64
			for _, a := range r.Awards {
				if a.Source == "first_order" {
					got = append(got, a.Object)
				}
			}
			if !reflect.DeepEqual(got, []int64{c.want}) || r.SourceByUser[7]["first_order"] != 7 {
				t.Errorf("first orders %v of %v, want only %d", got, r.SourceByUser[7], c.want)
			}
		})
	}
}

func TestHighSpend(t *testing.T) {
	steps := `high_spend: [{amount: 50, points: 5}, {amount: 100, points: 10}, {amount: "100.0", points: 11}, {amount: 80, points: 8}]`
	for name, c := range map[string]struct {
		order    Order
		purchase string
		want     int64
	}{
		"below all":                      {plain(1, "49.99", "2025-06-01 12:00:00"), `{}`, 0},
		"reached exactly":                {plain(1, "50", "2025-06-01 12:00:00"), `{}`, 5},
		"the highest, not the last":      {plain(1, "99", "2025-06-01 12:00:00"), `{}`, 8},
		"the first of equal ones":        {plain(1, "500", "2025-06-01 12:00:00"), `{}`, 10},
		"after a refund that names none": {plain(1, "100", "2025-06-01 12:00:00").less(refund("30")), `{}`, 5},
		"after a named refund":           {plain(1, "100", "2025-06-01 12:00:00").less(refund("20", naming(10, "0", "-20", "0"))), `{}`, 8},
		"needs no purchase points":       {plain(1, "100", "2025-06-01 12:00:00"), `{points_per_unit: 0}`, 10},
		"counts excluded lines":          {plain(1, "100", "2025-06-01 12:00:00"), `{products: {11: {exclude: true}}}`, 10},
		"is not behind the minimum":      {plain(1, "100", "2025-06-01 12:00:00"), `{min_order: 1000}`, 10},
		"is in store currency":           {plain(1, "40", "2025-06-01 12:00:00").with(func(o *Order) { o.Currency = "EUR" }), `{currencies: {EUR: 2}}`, 8},
		"needs an earning order":         {plain(1, "100", "2025-06-01 12:00:00").with(func(o *Order) { o.Status = "refunded" }), `{}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(c.order).under(t, "earn: {purchase: "+c.purchase+", "+steps+"}")
			if got := r.Sources["high_spend"]; got != c.want {
				t.Errorf("high spend %d, want %d", got, c.want)
			}
		})
	}
}

func TestCampaigns(t *testing.T) {
	june := `{from: 2025-06-01 12:00, to: 2025-07-01, points: 9}`
	for name, c := range map[string]struct {
		order     Order
		purchase  string
		campaigns string
		want      int64
	}{
		"from is inside":                 {plain(1, "10", "2025-06-01 12:00:00"), `{}`, june, 9},
		"a second before is not":         {plain(1, "10", "2025-06-01 11:59:59"), `{}`, june, 0},
		"the last second is inside":      {plain(1, "10", "2025-06-30 23:59:59"), `{}`, june, 9},
		"to is not":                      {plain(1, "10", "2025-07-01 00:00:00"), `{}`, june, 0},
		"open at both ends":              {plain(1, "10", "2025-07-01 00:00:00"), `{}`, `{points: 4}`, 4},
		"the first listed":               {plain(1, "10", "2025-06-02 00:00:00"), `{}`, june + `, {points: 100}`, 9},
		"the first listed though of 0":   {plain(1, "10", "2025-06-02 00:00:00"), `{}`, `{points: 0}, ` + june, 0},
		"points need purchase points":    {plain(1, "0.5", "2025-06-02 00:00:00"), `{}`, june, 0},
		"a multiplier":                   {plain(1, "11", "2025-06-02 00:00:00"), `{}`, `{multiplier: 1.5}`, 5},
		"a multiplier rounds likewise":   {plain(1, "11", "2025-06-02 00:00:00"), `{rounding: nearest}`, `{multiplier: "1.5"}`, 6},
		"a multiplier of rounded points": {plain(1, "11.9", "2025-06-02 00:00:00"), `{}`, `{multiplier: 3}`, 22},
		"a multiplier of capped points":  {plain(1, "11", "2025-06-02 00:00:00"), `{max_points: 4}`, `{multiplier: 3}`, 8},
		"a multiplier of one":            {plain(1, "11", "2025-06-02 00:00:00"), `{rounding: up}`, `{multiplier: 1}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(c.order).under(t, "earn: {purchase: "+c.purchase+", campaigns: ["+c.campaigns+"]}")
			if got := r.Sources["campaign"]; got != c.want {
				t.Errorf("campaign %d, want %d", got, c.want)
			}
		})
	}
}

func TestWhatIsAbsurdCountsAsNothing(t *testing.T) {
	const date = "2025-06-01 12:00:00"
	most := plain(1, "1000000000000000", date)
	for name, c := range map[string]struct {
		order   Order
		program string
		want    int64 // less than nothing: absurd
	}{
		"the most":                 {most, `{}`, 1_000_000_000_000_000},
		"a point more":             {plain(1, "1000000000000001", date), `{}`, -1},
		"capped":                   {plain(1, "1000000000000001", date), `{purchase: {max_points: 9}}`, 9},
		"with a campaign's points": {most, `{campaigns: [{points: 1}]}`, -1},
		"multiplied":               {plain(1, "600000000000000", date), `{campaigns: [{multiplier: 2}]}`, -1},
		"spending much":            {most, `{high_spend: [{amount: 1, points: 1}]}`, -1},
		"the first order":          {most, `{first_order: {points: 5}}`, 1_000_000_000_000_005},
		"not earning":              {plain(1, "1000000000000001", date).with(func(o *Order) { o.Status = "failed" }), `{}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(c.order, plain(2, "10", "2025-06-05 12:00:00").with(func(o *Order) { o.CustomerID = 9 })).under(t, "earn: "+c.program)
			if r.Balances[7] != max(0, c.want) || (len(r.Absurd) == 1) != (c.want < 0) || r.Balances[9] < 9 {
				t.Errorf("balances %v, absurd %v, want %d", r.Balances, r.Absurd, c.want)
			}
		})
	}
	for text, want := range map[string]string{`"1e18"`: "1000000000000000000", `"1000000000000000000.01"`: "0", `"-1e19"`: "0", `-12`: "-12", `"9e-9"`: "0.000000009"} {
		var a amount
		if err := a.UnmarshalJSON([]byte(text)); err != nil || a.value().Cmp(dec(want).value()) != 0 {
			t.Errorf("%s is read as %v, %v, want %s", text, a.value(), err, want)
		}
	}
}

func TestComments(t *testing.T) {
	review := Comment{ID: 1, Type: "review", PostID: 50, PostType: "product", PostAuthor: 1, UserID: 7, Approved: "1", Date: at("2025-06-01 12:00:00")}
	remark := Comment{ID: 2, Type: "comment", PostID: 60, PostType: "post", PostAuthor: 1, UserID: 7, Approved: "1", Date: at("2025-06-01 12:00:00")}
	change := func(c Comment, f func(*Comment)) Comment { f(&c); return c }
	for name, c := range map[string]struct {
		comments       []Comment
		options        string
		reviews, blogs int64
	}{
		"a review and a comment":        {[]Comment{review, remark}, ``, 3, 2},
		"a plain comment on a product":  {[]Comment{change(review, func(c *Comment) { c.Type = "comment" })}, ``, 3, 0},
		"an old comment without a type": {[]Comment{change(review, func(c *Comment) { c.Type = "" }), change(remark, func(c *Comment) { c.Type = "" })}, ``, 3, 2},
		"a review on a post":            {[]Comment{change(remark, func(c *Comment) { c.Type = "review" })}, ``, 0, 0},
		"a note, a pingback":            {[]Comment{change(review, func(c *Comment) { c.Type = "order_note" }), change(remark, func(c *Comment) { c.Type = "pingback" })}, ``, 0, 0},
		"a comment on a page":           {[]Comment{change(remark, func(c *Comment) { c.PostType = "page" })}, ``, 0, 0},
		"a post that is gone":           {[]Comment{change(remark, func(c *Comment) { c.PostType = "" })}, ``, 0, 0},
		"waiting, spam, trash":          {[]Comment{change(review, func(c *Comment) { c.Approved = "0" }), change(remark, func(c *Comment) { c.Approved = "spam" }), change(remark, func(c *Comment) { c.ID, c.Approved = 9, "trash" })}, ``, 0, 0},
		"a trashed post":                {[]Comment{change(remark, func(c *Comment) { c.Approved = "post-trashed" })}, ``, 0, 0},
		"a reply to a review":           {[]Comment{change(review, func(c *Comment) { c.Parent = 4 })}, ``, 0, 0},
		"a reply to a comment":          {[]Comment{change(remark, func(c *Comment) { c.Parent = 4 })}, ``, 0, 2},
		"by the post's author":          {[]Comment{change(review, func(c *Comment) { c.PostAuthor = 7 }), change(remark, func(c *Comment) { c.PostAuthor = 7 })}, ``, 0, 0},
		"by nobody registered":          {[]Comment{change(review, func(c *Comment) { c.UserID = 0 }), change(remark, func(c *Comment) { c.UserID = 99 })}, ``, 0, 0},
		"by an excluded user":           {[]Comment{review, remark}, `exclude: {users: [7]}, `, 0, 0},
		"twice on one post":             {[]Comment{remark, change(remark, func(c *Comment) { c.ID = 3 })}, ``, 0, 2},
		"on two posts":                  {[]Comment{remark, change(remark, func(c *Comment) { c.ID, c.PostID = 3, 61 })}, ``, 0, 4},
		"two users on one post":         {[]Comment{remark, change(remark, func(c *Comment) { c.ID, c.UserID = 3, 9 })}, ``, 0, 4},
		"the second earns after starts": {[]Comment{remark, change(remark, func(c *Comment) { c.ID, c.Date = 3, at("2025-07-01 00:00:00") })}, `starts: 2025-06-15, `, 0, 2},
		"both before starts":            {[]Comment{remark, review}, `starts: 2025-06-15, `, 0, 0},
		"at the start":                  {[]Comment{remark, review}, `starts: 2025-06-01 12:00, `, 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := shop()
			s.Comments = c.comments
			r := s.under(t, "{"+c.options+"earn: {product_review: {points: 3}, blog_comment: {points: 2}}}")
			if r.Sources["product_review"] != c.reviews || r.Sources["blog_comment"] != c.blogs {
				t.Errorf("%v, want reviews %d and comments %d", r.Sources, c.reviews, c.blogs)
			}
		})
	}

	s := shop()
	s.Comments = []Comment{change(remark, func(c *Comment) { c.ID = 3 }), remark}
	if r := s.under(t, "earn: {blog_comment: {points: 2}}"); len(r.Awards) != 1 || r.Awards[0].Object != 2 {
		t.Errorf("of two at one time %v earned, want comment 2", r.Awards)
	}

	verified := change(review, func(c *Comment) { c.ID, c.Verified, c.Date = 5, true, at("2025-06-09 12:00:00") })
	earlier := change(review, func(c *Comment) { c.ID, c.Date = 8, at("2025-05-31 12:00:00") })
	for program, want := range map[string]int64{
		"{earn: {product_review: {points: 3, verified_only: true}}}":  5, // the only one with the mark
		"{earn: {product_review: {points: 3, verified_only: false}}}": 8, // the earliest by date, not by id
	} {
		s := shop()
		s.Comments = []Comment{review, verified, earlier}
		if r := s.under(t, program); len(r.Awards) != 1 || r.Awards[0].Object != want {
			t.Errorf("%s: awards %v, want comment %d", program, r.Awards, want)
		}
	}
}

func TestSignup(t *testing.T) {
	for program, want := range map[string]map[int64]int64{
		`{earn: {signup: {points: 5}}}`:                               {7: 5, 8: 5, 9: 5},
		`{starts: 2025-05-02 08:00, earn: {signup: {points: 5}}}`:     {8: 5, 9: 5},
		`{exclude: {roles: [CUSTOMER]}, earn: {signup: {points: 5}}}`: {8: 5},
		`{hold_days: 100000, earn: {signup: {points: 5}}}`:            {7: 5, 8: 5, 9: 5}, // only orders are held
	} {
		if got := shop().under(t, program).Balances; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", program, got, want)
		}
	}
}

func TestHolding(t *testing.T) {
	const program = `{hold_days: 14, earn: {first_order: {points: 5}, high_spend: [{amount: 1, points: 3}], campaigns: [{points: 2}]}}`
	o := plain(1, "10", "2025-06-01 12:00:00")
	end := time.Date(2025, 6, 15, 12, 0, 0, 0, time.UTC)
	held := shop(o).at(t, end.Add(-time.Second), program)
	if held.Pending[7] != 20 || len(held.Balances) != 0 || len(held.Sources) != 0 {
		t.Errorf("before its end %v pending, %v available, want 20 and none", held.Pending, held.Balances)
	}
	free := shop(o).at(t, end, program)
	if free.Balances[7] != 20 || len(free.Pending) != 0 {
		t.Errorf("at its end %v pending, %v available, want none and 20", free.Pending, free.Balances)
	}
	if got := shop(o).at(t, end.AddDate(-1, 0, 0), `{}`); got.Balances[7] != 10 || len(got.Pending) != 0 {
		t.Errorf("without holding %v pending, %v available, want none and 10", got.Pending, got.Balances)
	}
}
