package oracle

import "testing"

func TestPurchase(t *testing.T) {
	// 60 + 6 tax and 50 + 5 tax: 121.
	two := order(1, "121", line(1, 11, "2", "60", "6"), line(2, 12, "1", "50", "5"))
	shipped := order(1, "111", line(1, 11, "1", "100", "0")).with(func(o *Order) {
		o.Shipping, o.ShippingTax = dec("10"), dec("1")
	})
	backShipping := refund("5.5")
	backShipping.Shipping, backShipping.ShippingTax = dec("-5"), dec("-0.5")
	withFees := order(1, "105.8", line(1, 11, "1", "100", "0")).with(func(o *Order) {
		o.Fees = []Fee{{dec("8"), dec("0.8")}, {dec("-3"), dec("0")}}
	})
	backFee := refund("2.2")
	backFee.Fees = []Fee{{dec("-2"), dec("-0.2")}}
	backDiscount := refund("-3")
	backDiscount.Fees = []Fee{{dec("3"), dec("0")}}
	// N -30, G 120: three quarters are left.
	taxedDiscount := order(1, "90", line(1, 11, "1", "100", "20")).with(func(o *Order) {
		o.Fees = []Fee{{dec("-25"), dec("-5")}}
	})
	wallet := shipped.with(func(o *Order) { o.Fees, o.Total = []Fee{{dec("-111"), dec("0")}}, dec("0") })
	credited := two.with(func(o *Order) { o.Total = dec("30.25") })
	euro := order(1, "14", line(1, 11, "1.5", "4", "0"), line(2, 12, "1", "10", "0")).with(func(o *Order) { o.Currency = "eur" })

	for name, c := range map[string]struct {
		order   Order
		program string // of earn.purchase
		want    int64
	}{
		"rounds toward zero":               {order(1, "100.99", line(1, 11, "1", "100.99", "0")), `{}`, 100},
		"rounds away from zero":            {order(1, "100.01", line(1, 11, "1", "100.01", "0")), `{rounding: up}`, 101},
		"a half is away from zero":         {order(1, "100.5", line(1, 11, "1", "100.5", "0")), `{rounding: nearest}`, 101},
		"less than a half is not":          {order(1, "100.49", line(1, 11, "1", "100.49", "0")), `{rounding: nearest}`, 100},
		"sums before rounding":             {order(1, "1.98", line(1, 11, "1", "0.99", "0"), line(2, 11, "1", "0.99", "0"), line(3, 11, "1", "0.02", "0")), `{}`, 2},
		"a tenth ten times is one":         {order(1, "10", line(1, 11, "1", "10", "0")), `{points_per_unit: 0.1}`, 1},
		"long digits are not rounded":      {order(1, "3", line(1, 11, "1", "3", "0")), `{points_per_unit: 0.33333333333333333333333333333333}`, 0},
		"without tax":                      {two, `{}`, 110},
		"with tax":                         {two, `{tax: true}`, 121},
		"discounts deducted":               {order(1, "10.95", line(1, 11, "1", "10", "0.95").discounted("20", "1.90")), `{tax: true}`, 10},
		"discounts ignored, tax in kind":   {order(1, "10.95", line(1, 11, "1", "10", "0.95").discounted("20", "1.90")), `{discounts: ignore, tax: true}`, 21},
		"a subtotal is at least the total": {order(1, "10", line(1, 11, "1", "9", "1").discounted("0.01", "0")), `{discounts: ignore, tax: true}`, 10},
		"a negative base counts":           {order(1, "40", line(1, 11, "1", "50", "0"), line(2, 12, "1", "-10", "0")), `{}`, 40},
		"never below zero":                 {order(1, "-10", line(1, 11, "1", "-10", "0")), `{}`, 0},
		"shipping":                         {shipped, `{shipping: true}`, 110},
		"shipping with tax":                {shipped, `{shipping: true, tax: true}`, 111},
		"shipping off":                     {shipped, `{tax: true}`, 100},
		// N -3, G 108.8: 108 * 105.8/108.8 is 105.02; with tax 108.8 becomes 105.8
		"fees":                    {withFees, `{fees: true}`, 105},
		"fees with tax":           {withFees, `{fees: true, tax: true, rounding: nearest}`, 106},
		"a negative fee":          {withFees, `{}`, 97}, // 100 * 105.8/108.8
		"a negative fee, taxed":   {taxedDiscount, `{}`, 75},
		"negative fees ignored":   {withFees, `{discounts: ignore, fees: true}`, 108},
		"all paid by a wallet":    {wallet, `{shipping: true, products: {11: {points: 5}}}`, 0},
		"a minimum is discounted": {taxedDiscount, `{min_order: "75.01"}`, 0},
		// I -30, R 151, U 40: the share is held at 0, 110 * 111/151 is 80.86
		"a refund of the wrong sign": {two.less(refund("10", naming(1, "1", "30", "0"))), `{}`, 80},
		// R 10, U 15: the rest is held at 0 and turns no negative base around
		"more unnamed than there is":      {order(1, "10", line(1, 11, "1", "-20", "0")).less(refund("15")), `{}`, 0},
		"shipping has the general rate":   {shipped, `{shipping: true, points_per_unit: 2, products: {11: {exclude: true}}}`, 20},
		"a named refund":                  {two.less(refund("33", naming(1, "-1", "-30", "-3"))), `{}`, 80},          // 60*(1-30/60) + 50
		"a named refund, tax in the base": {two.less(refund("33", naming(1, "-1", "-30", "-3"))), `{tax: true}`, 88}, // 33 + 55
		"two refunds of one line":         {two.less(refund("11", naming(1, "0", "-10", "-1")), refund("22", naming(1, "0", "-20", "-2"))), `{}`, 80},
		"a refund naming nothing":         {two.less(refund("24.2")), `{}`, 88},                             // 110 * 96.8/121
		"named and unnamed together":      {two.less(refund("55", naming(1, "-1", "-30", "-3"))), `{}`, 60}, // I 33, R 88, U 22: 80 * 66/88
		"the rest refunded":               {two.less(refund("121")), `{rounding: up}`, 0},
		"all lines refunded":              {two.less(refund("121", naming(1, "-2", "-60", "-6"), naming(2, "-1", "-50", "-5"))), `{rounding: up}`, 0},
		"more refunded than a line":       {two.less(refund("99", naming(1, "-3", "-90", "-9"))), `{}`, 50},       // share held at 1; I 99, R 22, U 0
		"more refunded than the order":    {two.less(refund("130", naming(1, "-3", "-120", "-10"))), `{}`, 0},     // R -9
		"less refunded than named":        {two.less(refund("10", naming(1, "-1", "-30", "-3"))), `{}`, 80},       // U 10-33, held at 0
		"a line of another order":         {two.less(refund("24.2", naming(777, "-1", "-22", "-2.2"))), `{}`, 88}, // unnamed: as above
		// I 33, U 0.015 of at most 0.01 + 0.005: rounding
		"a cent and a half of rounding": {two.less(refund("33.015", naming(1, "-1", "-30", "-3"))), `{rounding: down}`, 80},
		// R 88, U 0.016: 80 * 87.984/88 is 79.98
		"a little more is no rounding":       {two.less(refund("33.016", naming(1, "-1", "-30", "-3"))), `{}`, 79},
		"a cent of each of two refunds":      {two.less(refund("0.01"), refund("0.01")), `{}`, 110},
		"two cents of one":                   {two.less(refund("0.02")), `{}`, 109},
		"a gift card lowers no purchase":     {order(1, "21", line(1, 11, "1", "60", "6"), line(2, 12, "1", "50", "5")).less(refund("24.2")), `{}`, 88}, // R 121
		"credit earns":                       {credited, `{}`, 110},
		"a quarter in money":                 {credited, `{credit: deduct}`, 27},                                                 // 110 * 30.25/121
		"a quarter, a third came back":       {credited.less(refund("20.25")), `{credit: deduct, rounding: nearest}`, 9},         // 110 * 100.75/121 * 10/100.75 = 9.09
		"a quarter, half its line back":      {credited.less(refund("20", naming(1, "-1", "-30", "-3"))), `{credit: deduct}`, 8}, // 80 * 10.25/101 = 8.1
		"more came back than was money":      {credited.less(refund("66", naming(1, "-2", "-60", "-6"))), `{credit: deduct, rounding: up}`, 0},
		"a minimum in money":                 {credited.less(refund("20.25")), `{credit: deduct, min_order: "27.5", rounding: nearest}`, 9},
		"a minimum in money, not":            {credited, `{credit: deduct, min_order: "27.51"}`, 0},
		"fixed points in money":              {credited, `{credit: deduct, products: {11: {points: 7}}}`, 16}, // (14+50)/4
		"a cent of rounding is no credit":    {two.with(func(o *Order) { o.Total = dec("120.99") }), `{credit: deduct}`, 110},
		"more than a cent is credit":         {two.with(func(o *Order) { o.Total = dec("120.989") }), `{credit: deduct}`, 109},
		"a refund of no amount":              {two.less(refund("0", naming(1, "-1", "-30", "0"))), `{}`, 80}, // spread 1
		"a free order, nothing refunded":     {order(1, "0", line(1, 11, "2", "0", "0")), `{products: {11: {points: 5}}}`, 10},
		"a free line, by quantity":           {order(1, "10", line(1, 11, "4", "0", "0").discounted("40", "0"), line(2, 12, "1", "10", "0")).less(refund("0", naming(1, "-1", "0", "0"))), `{discounts: ignore}`, 40},
		"a free line of no pieces":           {order(1, "0", line(1, 11, "0", "0", "0").discounted("40", "0")).less(refund("0", naming(1, "-1", "0", "0"))), `{discounts: ignore}`, 40},
		"the share is of totals, discounted": {order(1, "10", line(1, 11, "2", "10", "0").discounted("40", "0")).less(refund("5", naming(1, "-1", "-5", "0"))), `{discounts: ignore}`, 20},
		"shipping refunded":                  {shipped.less(backShipping), `{shipping: true, tax: true, rounding: nearest}`, 106}, // 100 + 11*0.5, I 5.5, U 0
		"shipping refunded, not earning":     {shipped.less(backShipping), `{}`, 100},
		"fees refunded":                      {withFees.less(backFee), `{fees: true}`, 103},                          // (100 + 8*(1-2/8)) * 105.8/108.8
		"a negative fee taken back":          {withFees.less(backDiscount), `{fees: true}`, 105},                     // no part of the share
		"fees and a negative fee taken back": {withFees.less(backFee, backDiscount), `{fees: true, tax: true}`, 103}, // (100 + 8.8*6/8) * 105.8/108.8
		"an excluded product":                {two, `{products: {11: {exclude: true}}}`, 50},
		"a product rule":                     {two, `{products: {"11": {points_per_unit: "0.5"}}}`, 80},
		"a variation before its product":     {order(1, "10", line(1, 26, "1", "10", "0").variation(27)), `{products: {26: {exclude: true}, 27: {points_per_unit: 3}}}`, 30},
		"a product before its categories":    {order(1, "10", line(1, 26, "1", "10", "0").in(16)), `{products: {26: {points_per_unit: 3}}, categories: {16: {exclude: true}}}`, 30},
		"the lowest category":                {order(1, "10", line(1, 26, "1", "10", "0").in(16, 17, 18)), `{categories: {16: {points_per_unit: 3}, 17: {points_per_unit: 2}}}`, 20},
		"an excluded category is lowest":     {order(1, "10", line(1, 26, "1", "10", "0").in(16, 17)), `{categories: {16: {points_per_unit: 3}, 17: {exclude: true}}}`, 0},
		"a rule of a category above":         {order(1, "10", line(1, 26, "1", "10", "0").in(22)), `{categories: {16: {points_per_unit: 3}}}`, 30},
		"a nearer rule":                      {order(1, "10", line(1, 26, "1", "10", "0").in(22)), `{categories: {16: {exclude: true}, 21: {points_per_unit: 3}}}`, 30},
		"the lowest of the nearest":          {order(1, "10", line(1, 26, "1", "10", "0").in(22, 17)), `{categories: {16: {points_per_unit: 1}, 21: {points_per_unit: 3}, 17: {points_per_unit: 2}}}`, 20},
		"a category below has no say":        {order(1, "10", line(1, 26, "1", "10", "0").in(16)), `{categories: {21: {exclude: true}}}`, 10},
		"categories in a circle":             {order(1, "10", line(1, 26, "1", "10", "0").in(30)), `{categories: {31: {points_per_unit: 5}, 16: {exclude: true}}}`, 50},
		"a circle without a rule":            {order(1, "10", line(1, 26, "1", "10", "0").in(30)), `{categories: {16: {exclude: true}}}`, 10},
		"a category may raise the rate":      {order(1, "10", line(1, 26, "1", "10", "0").in(16, 18)), `{categories: {16: {points_per_unit: 3}}}`, 30},
		"a deleted product keeps its rule":   {order(1, "10", line(1, 22, "1", "10", "0")), `{products: {22: {points: 4}}}`, 4},
		"pieces are fractions":               {order(1, "4", line(1, 11, "1.5", "4", "0")), `{products: {11: {points: 3}}, rounding: up}`, 5},
		"pieces refunded":                    {two.less(refund("33", naming(1, "-1", "-30", "-3"))), `{products: {11: {points: 7}}}`, 57}, // 7 * 2*0.5 + 50
		"pieces spread":                      {two.less(refund("60.5")), `{products: {11: {points: 7}}}`, 32},                             // (14+50)/2
		"another currency, no rate":          {euro, `{}`, 0},
		"another currency":                   {euro, `{currencies: {EUR: 2}}`, 28},
		"fixed points know no currency":      {euro, `{currencies: {Eur: 2}, products: {11: {points: 3}}, rounding: up}`, 25}, // 1.5*3 + 10*2
		"fixed points need a rate too":       {euro, `{products: {11: {points: 3}}}`, 0},
		"the store's own currency is one":    {two, `{currencies: {USD: 5}}`, 110},
		"a minimum reached":                  {two, `{min_order: 110}`, 110},
		"a minimum missed":                   {two, `{min_order: "110.01"}`, 0},
		"a minimum reached with tax":         {two, `{min_order: 121, tax: true}`, 121},
		"a minimum before refunds":           {two.less(refund("24.2")), `{min_order: 110}`, 88},
		"a minimum counts excluded lines":    {two, `{min_order: 110, products: {11: {exclude: true}}}`, 50},
		"a minimum counts fixed lines":       {two, `{min_order: 110, products: {11: {points: 1}}}`, 52},
		"a minimum in store currency":        {euro, `{min_order: 28, currencies: {EUR: 2}}`, 28},
		"a minimum in store currency, not":   {euro, `{min_order: 28.01, currencies: {EUR: 2}}`, 0},
		"capped":                             {two, `{max_points: 75}`, 75},
		"not capped":                         {two, `{max_points: 110}`, 110},
		"rounded before capped":              {order(1, "75.5", line(1, 11, "1", "75.5", "0")), `{max_points: 76, rounding: up}`, 76},
		"capped after refunds":               {two.less(refund("24.2")), `{max_points: 90}`, 88},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(c.order).under(t, "earn: {purchase: "+c.program+"}")
			if got := r.Sources["purchase"]; got != c.want || r.Balances[7] != c.want {
				t.Errorf("purchase %d, balance %d, want %d", got, r.Balances[7], c.want)
			}
		})
	}
}

func TestWhichOrdersEarn(t *testing.T) {
	unpaid := func(o *Order) { o.Paid = stamp{} }
	for name, c := range map[string]struct {
		status  string
		change  func(*Order)
		program string
		earns   bool
	}{
		"completed":                            {"completed", nil, `{}`, true},
		"processing, unpaid":                   {"processing", unpaid, `{}`, true},
		"on-hold is not by default":            {"on-hold", nil, `{}`, false},
		"on-hold listed":                       {"on-hold", unpaid, `{statuses: [on-hold]}`, true},
		"completed not listed":                 {"completed", nil, `{statuses: [on-hold]}`, false},
		"refunded":                             {"refunded", nil, `{}`, false},
		"trash":                                {"trash", nil, `{}`, false},
		"auto-draft":                           {"auto-draft", nil, `{}`, false},
		"cancelled":                            {"cancelled", nil, `{}`, false},
		"checkout-draft":                       {"checkout-draft", nil, `{}`, false},
		"custom and paid":                      {"shipped", nil, `{}`, true},
		"custom and unpaid":                    {"shipped", unpaid, `{}`, false},
		"custom ignored":                       {"shipped", nil, `{custom_statuses: ignore}`, false},
		"custom listed":                        {"shipped", nil, `{custom_statuses: [shipped]}`, true},
		"custom not listed":                    {"shipped", nil, `{custom_statuses: [packed]}`, false},
		"custom listed, unpaid":                {"shipped", unpaid, `{custom_statuses: [shipped]}`, false},
		"custom among the statuses, unpaid":    {"shipped", unpaid, `{statuses: [shipped], custom_statuses: ignore}`, true},
		"a custom name longer than its column": {"ready-for-collect", nil, `{custom_statuses: [ready-for-collection]}`, true},
		"another with the same beginning":      {"ready-for-collect", nil, `{custom_statuses: [ready-for-collectors]}`, true},
		"another beginning":                    {"ready-for-collect", nil, `{custom_statuses: [ready-for-collecting-x, ready-for-colleague]}`, true},
		"too short a name":                     {"ready-for-collect", nil, `{custom_statuses: [ready-for-collec]}`, false},
		"a long name among the statuses":       {"ready-for-collect", unpaid, `{statuses: [ready-for-collection], custom_statuses: ignore}`, true},
		"no statuses":                          {"completed", nil, `{statuses: []}`, false},
		"custom though no statuses":            {"shipped", nil, `{statuses: []}`, true},
		"a customer who is gone":               {"completed", func(o *Order) { o.CustomerID = 99 }, `{}`, false},
		"a guest":                              {"completed", func(o *Order) { o.CustomerID = 0; o.Email = "ann@shop.test" }, `{}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := order(1, "10", line(1, 11, "1", "10", "0"))
			o.Status = c.status
			if c.change != nil {
				c.change(&o)
			}
			r := shop(o).under(t, "earn: {purchase: "+c.program+"}")
			if got := r.Balances[7] == 10; got != c.earns || r.Skipped != 0 {
				t.Errorf("balances %v, skipped %d, want it to earn: %v", r.Balances, r.Skipped, c.earns)
			}
		})
	}
}
