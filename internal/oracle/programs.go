package oracle

// Named is the text of a `program:` section (what stands below that key) to
// try on both implementations.
type Named struct {
	Name string
	Text string
}

// Programs returns valid programmes chosen to tell implementations apart.
// Their ids, dates and statuses occur in both test stores. Some write numbers
// with more digits than a float holds, bare as well as quoted.
func Programs() []Named {
	return []Named{
		{"defaults, unsaid", "{}\n"},
		{"defaults, said", defaultsSaid},
		{"everything on", everything},
		{"tax, shipping and fees", `
earn:
  purchase: {tax: true, shipping: true, fees: true}
`},
		{"tax alone", "earn: {purchase: {tax: true}}\n"},
		{"shipping alone", "earn: {purchase: {shipping: true}}\n"},
		{"fees alone, nearest", "earn: {purchase: {fees: true, rounding: nearest}}\n"},
		{"shipping and fees only", `
earn:
  purchase:
    points_per_unit: "10"
    shipping: true
    fees: true
    tax: true
    categories: {15: {exclude: true}, 16: {exclude: true}, 17: {exclude: true}, 18: {exclude: true}, 19: {exclude: true}, 20: {exclude: true}}
    products: {22: {exclude: true}}
`},
		{"discounts ignored", "earn: {purchase: {discounts: ignore}}\n"},
		{"discounts ignored, taxed, up", "earn: {purchase: {discounts: ignore, tax: true, rounding: up}}\n"},
		{"rounding up", "earn: {purchase: {rounding: up}}\n"},
		{"rounding nearest", "earn: {purchase: {rounding: nearest}}\n"},
		{"tiny rate", `earn: {purchase: {points_per_unit: 0.0030, rounding: down}}` + "\n"},
		{"tiny rate, up", `earn: {purchase: {points_per_unit: "0.00000000000000000001", rounding: up}}` + "\n"},
		{"a rate a float cannot hold", `
earn:
  purchase:
    points_per_unit: 0.33333333333333333333333333333333333333
    rounding: nearest
`},
		{"just under and just over one", `
earn:
  purchase:
    points_per_unit: 0.99999999999999999999999999999
    products:
      14: {points_per_unit: "1.00000000000000000000000000001"}
      19: {points_per_unit: 1.00000000000000000000000000001}
`},
		{"no rate", "earn: {purchase: {points_per_unit: 0}, first_order: {points: 100}, high_spend: [{amount: 100, points: 7}], campaigns: [{name: none, points: 5}]}\n"},
		{"product and variation rules", `
earn:
  purchase:
    products:
      "26": {points_per_unit: 2}        # the hoodie
      27: {points_per_unit: "0.5"}      # its S
      28: {points: 12}
      30: {exclude: true}
      32: {points: 2.5}                 # a variation of an excluded product
      25: {points: 1}
      22: {points: "3"}                 # deleted from the store
      11: {points_per_unit: 3}
    categories:
      16: {exclude: true}
      17: {points_per_unit: 5}
`},
		{"category rules, lowest wins", `
earn:
  purchase:
    points_per_unit: "1.5"
    rounding: nearest
    categories:
      16: {points_per_unit: 3}
      17: {points_per_unit: "0.25"}
      18: {points_per_unit: 7}
      19: {exclude: true}
      20: {points_per_unit: 0.75}
      21: {points_per_unit: 2}
`},
		{"parent category only", "earn: {purchase: {categories: {21: {exclude: true}, 15: {points_per_unit: 100}}}}\n"},
		{"fixed points on every product", `
earn:
  purchase:
    points_per_unit: 0
    rounding: up
    currencies: {EUR: 2, JPY: 3, KWD: 4}
    products: {11: {points: 1}, 12: {points: 2}, 13: {points: 0.3}, 14: {points: 4}, 15: {points: 5}, 16: {points: 6},
      17: {points: 7}, 18: {points: 8}, 19: {points: 9}, 20: {points: 10}, 21: {points: 11}, 22: {points: 12}, 23: {points: 13},
      24: {points: 14}, 25: {points: 0.1}, 26: {points: 16}, 30: {points: 17}, 31: {points: 0}}
`},
		{"currencies", `
earn:
  purchase:
    shipping: true
    currencies: {EUR: "1.0832", JPY: 0.0066, KWD: "3.2541"}
`},
		{"one currency, lower case, and the store's own", "earn: {purchase: {currencies: {eur: 1.1, usd: 5}}}\n"},
		{"a currency worth nothing", "earn: {purchase: {currencies: {JPY: 0, KWD: 3.25}, products: {14: {points: 2}}}, high_spend: [{amount: 0, points: 3}]}\n"},
		{"minimum order", "earn: {purchase: {min_order: 100, currencies: {JPY: 0.0066, EUR: 1.08}, products: {18: {exclude: true}, 14: {points: 5}}}}\n"},
		{"minimum order, taxed and shipped, to the cent", `earn: {purchase: {min_order: "20.95", tax: true, shipping: true, fees: true}}` + "\n"},
		{"cap", "earn: {purchase: {max_points: 75}}\n"},
		{"cap below a multiplier", `
earn:
  purchase: {max_points: 33, rounding: up}
  campaigns: [{name: "all: the time", multiplier: 1.5}]
`},
		{"starts in the middle", `
starts: "2026-03-01"
earn:
  first_order: {points: 10}
  product_review: {points: 3}
  blog_comment: {points: 2}
  signup: {points: 1}
`},
		{"starts in the hour that does not exist", `
starts: 2026-03-08T02:30
earn: {first_order: {points: 10}, signup: {points: 25}}
`},
		{"starts in the hour that comes twice", `
starts: "2025-11-02 01:30:00"
earn: {blog_comment: {points: 4}, product_review: {points: 6}, first_order: {points: 11}}
`},
		{"starts by the creation", `
starts: "2026-03-01"
starts_by: creation
earn: {first_order: {points: 10}, product_review: {points: 3}, signup: {points: 1}}
`},
		{"guests matched", "guests: match_email\nearn: {first_order: {points: 50}}\n"},
		{"guests matched, all currencies", `
guests: match_email
earn:
  purchase: {tax: true, currencies: {EUR: 1.08, JPY: 0.0066, KWD: 3.25}}
  high_spend: [{amount: 50, points: 5}, {amount: 500, points: 60}]
`},
		{"guests ignored", "guests: ignore\nearn: {first_order: {points: 50}}\n"},
		{"excluded roles", `
exclude: {roles: [Subscriber, ADMINISTRATOR, shop_manager]}
guests: match_email
earn: {signup: {points: 9}, product_review: {points: 3}, blog_comment: {points: 2}}
`},
		{"excluded users", `
exclude: {users: [12, "22", 37, 999999]}
guests: match_email
earn: {first_order: {points: 20}, signup: {points: 9}, blog_comment: {points: 2}}
`},
		{"everyone excluded", "exclude: {roles: [customer, administrator, editor, author, shop_manager]}\nearn: {signup: {points: 5}}\n"},
		{"credit earns nothing", "earn: {purchase: {credit: deduct}}\n"},
		{"credit earns nothing, all bases, discounts ignored", `
earn:
  purchase: {credit: deduct, discounts: ignore, tax: true, shipping: true, fees: true, min_order: 50, products: {14: {points: 3}}}
  high_spend: [{amount: 40, points: 4}, {amount: 400, points: 44}]
`},
		{"custom statuses ignored", "earn: {purchase: {custom_statuses: ignore}}\n"},
		{"custom statuses listed", "earn: {purchase: {custom_statuses: [shipped, packed], statuses: [completed]}}\n"},
		{"another custom status listed", "earn: {purchase: {custom_statuses: [packed]}}\n"},
		{"a custom status among the statuses", "earn: {purchase: {statuses: [shipped], custom_statuses: ignore}}\n"},
		{"no status but custom ones", "earn: {purchase: {statuses: []}}\n"},
		{"on-hold and pending earn", `
earn:
  purchase: {statuses: [pending, on-hold, processing, completed]}
  first_order: {points: 15}
`},
		{"processing only", "earn: {purchase: {statuses: [processing]}}\n"},
		{"held for 30 days", `
hold_days: 30
earn: {first_order: {points: 10}, high_spend: [{amount: 200, points: 20}], signup: {points: 5}, product_review: {points: 3}}
`},
		{"held for ever", "hold_days: 36500\nearn: {signup: {points: 5}, blog_comment: {points: 1}}\n"},
		{"held for a day, starts, on-hold", "hold_days: 1\nstarts: 2025-12-24 18:00\nearn: {purchase: {statuses: [on-hold, completed]}}\n"},
		{"first order behind a minimum", "earn: {purchase: {min_order: 150}, first_order: {points: 100}}\n"},
		{"high spend, unordered, equal and at zero", `
earn:
  purchase: {tax: true, shipping: true, currencies: {JPY: 0.0066}}
  high_spend:
    - {amount: 100, points: 10}
    - {amount: "1000.00", points: 1}
    - {amount: 1000, points: 999}
    - {amount: 0, points: 2}
    - {amount: 250.005, points: 40}
    - {amount: 20, points: 0}
`},
		{"high spend of excluded goods", `
earn:
  purchase:
    rounding: up
    discounts: ignore
    fees: true
    categories: {16: {exclude: true}, 17: {exclude: true}, 18: {exclude: true}, 19: {exclude: true}, 20: {exclude: true}}
    products: {25: {points: 1}}
  high_spend: [{amount: 10, points: 1}, {amount: 60.5, points: 6}, {amount: 300, points: 30}]
`},
		{"campaigns, first listed wins", `
earn:
  campaigns:
    - {name: Summer 🌞, from: 2025-06-01, to: 2025-07-01, points: 25}
    - {name: later half, from: "2025-06-15", to: "2025-09-01T12:00:30", multiplier: 3}
    - {name: winter, from: 2025-11-02 01:30, to: 2026-03-08 02:30, multiplier: "1.3333333333333333333333"}
    - {name: nothing, from: 2026-04-01, to: 2026-05-01, points: 0}
    - {name: since, from: 2026-03-20, multiplier: 1}
    - {name: before, to: 2025-08-01, points: 1}
`},
		{"campaign multiplier, up", `
earn:
  purchase: {rounding: up}
  campaigns: [{name: a bit more, from: "2025-01-01", multiplier: "1.0000000000000000000001"}]
`},
		{"verified owners only", "earn: {product_review: {points: 12, verified_only: true}}\n"},
		{"any reviewer", "earn: {product_review: {points: 12, verified_only: false}}\n"},
		{"comments only", "earn: {purchase: {points_per_unit: 0}, blog_comment: {points: 4}, product_review: {points: 7}}\n"},
		{"comments since spring", "starts: 2026-02-14 09:15\nearn: {purchase: {points_per_unit: 0}, blog_comment: {points: 4}, product_review: {points: 7, verified_only: true}}\n"},
		{"sign-up only", "earn: {purchase: {statuses: [], custom_statuses: ignore}, signup: {points: 100}}\n"},
		{"json", `{"starts":"2025-07-04","guests":"match_email","exclude":{"roles":["author"],"users":["13"]},"earn":{"purchase":{"points_per_unit":"0.1","rounding":"nearest","products":{"30":{"points":"0.5"}},"currencies":{"EUR":1.07}},"signup":{"points":3}}}` + "\n"},
		{"the rest of the section", `
negative_balance: clamp
deleted_orders: keep
earn: {purchase: {points_per_unit: 2}}
redeem: {points_per_unit: 100, min: 0, max: 0, coupon_days: 365}
expiry: {mode: none, days: 365}
`},
	}
}

const defaultsSaid = `
starts: ""
starts_by: earning
guests: ignore
exclude: {roles: [], users: []}
hold_days: 0
negative_balance: allow
deleted_orders: take_back
earn:
  purchase: {points_per_unit: 1, discounts: deduct, tax: false, shipping: false, fees: false,
             statuses: [processing, completed], custom_statuses: earn, min_order: 0, max_points: 0,
             rounding: down, credit: earn, currencies: {}, products: {}, categories: {}}
  first_order: {points: 0}
  high_spend: []
  campaigns: []
  product_review: {points: 0, verified_only: false}
  blog_comment: {points: 0}
  signup: {points: 0}
redeem: {points_per_unit: 100, min: 0, max: 0, coupon_days: 365}
expiry: {mode: none, days: 365}
`

const everything = `
guests: match_email
earn:
  purchase:
    points_per_unit: "1.25"
    discounts: ignore
    tax: true
    shipping: true
    fees: true
    statuses: [processing, completed, on-hold]
    custom_statuses: [shipped]
    min_order: "5"
    max_points: 2000
    rounding: nearest
    currencies: {EUR: "1.08", JPY: "0.0066", KWD: "3.25"}
    products:
      18: {exclude: true}
      14: {points: 2.5}
      27: {points_per_unit: 4}
    categories:
      20: {exclude: true}
      16: {points_per_unit: "1.75"}
      21: {points_per_unit: 2}
  first_order: {points: 50}
  high_spend: [{amount: 100, points: 10}, {amount: 500, points: 75}]
  campaigns:
    - {name: Autumn, from: "2025-09-01", to: "2025-12-01", points: 15}
    - {name: Double, from: "2026-01-01", to: "2026-06-01", multiplier: 2}
  product_review: {points: 8}
  blog_comment: {points: 3}
  signup: {points: 20}
`
