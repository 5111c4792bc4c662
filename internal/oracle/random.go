package oracle

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// What occurs in the test stores; a few are of one store only, gone, or known
// to neither.
var (
	productPool  = []int{11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 777777}
	categoryPool = []int{15, 16, 17, 18, 19, 20, 21, 777777}
	userPool     = []int{1, 3, 7, 8, 10, 12, 13, 14, 18, 20, 22, 23, 26, 30, 31, 37, 44, 45, 777777}
	rolePool     = []string{"administrator", "shop_manager", "author", "editor", "subscriber", "Subscriber", "nobody"}
	statusPool   = []string{"processing", "completed", "on-hold", "pending", "shipped"}
	ratePool     = []string{"0", "1", "2", "10", "0.1", "0.5", "0.01", "1.5", "3.3333333333333333333333", "0.000001", "0.99999999999999999999", "12.345678901234567890123"}
)

// RandomProgram draws a valid programme over all options; the same seed gives
// the same one. Its text is JSON, which is YAML too.
func RandomProgram(seed int64) Named {
	d := draw{rand.New(rand.NewPCG(uint64(seed), 0x10a17))}
	program := map[string]any{}
	d.maybe(func() { program["starts"] = d.moment() })
	d.maybe(func() { program["starts_by"] = d.of("earning", "creation") })
	d.maybe(func() { program["guests"] = d.of("ignore", "match_email", "match_email") })
	d.maybe(func() {
		users, roles := []any{}, []string{}
		for range d.IntN(4) {
			users = append(users, d.number(strconv.Itoa(pick(d, userPool))))
		}
		for range d.IntN(3) {
			roles = append(roles, pick(d, rolePool))
		}
		program["exclude"] = map[string]any{"users": users, "roles": roles}
	})
	d.maybe(func() { program["hold_days"] = d.IntN(400) })
	d.maybe(func() { program["negative_balance"] = d.of("allow", "clamp") })
	earn := map[string]any{"purchase": d.purchase()}
	d.maybe(func() { earn["first_order"] = map[string]any{"points": d.IntN(200)} })
	d.maybe(func() {
		steps := []any{}
		for range d.IntN(5) {
			amount := d.of("0", "0.01", "25", "25.00", "100", "99.99", "250.005", "1000", strconv.Itoa(d.IntN(600)))
			steps = append(steps, map[string]any{"amount": d.number(amount), "points": d.IntN(100)})
		}
		earn["high_spend"] = steps
	})
	d.maybe(func() {
		campaigns := []any{}
		for i := range d.IntN(4) {
			c := map[string]any{"name": fmt.Sprintf("campaign %d", i+1)}
			d.window(c)
			if d.IntN(2) == 0 {
				c["points"] = d.IntN(50)
			} else {
				c["multiplier"] = d.number(d.of("1", "1.5", "2", "3", "1.1", "1.00000000000000000001", "2.3333333333333333333"))
			}
			campaigns = append(campaigns, c)
		}
		earn["campaigns"] = campaigns
	})
	d.maybe(func() {
		earn["product_review"] = map[string]any{"points": d.IntN(30), "verified_only": d.IntN(2) == 0}
	})
	d.maybe(func() { earn["blog_comment"] = map[string]any{"points": d.IntN(30)} })
	d.maybe(func() { earn["signup"] = map[string]any{"points": d.IntN(300)} })
	program["earn"] = earn

	text, err := json.Marshal(program)
	if err != nil {
		panic(err) // maps of strings and numbers always marshal
	}
	return Named{fmt.Sprintf("random %d", seed), string(text) + "\n"}
}

type draw struct{ *rand.Rand }

func pick[T any](d draw, from []T) T { return from[d.IntN(len(from))] }

func (d draw) of(from ...string) string { return pick(d, from) }

// maybe does it half the time.
func (d draw) maybe(do func()) {
	if d.IntN(2) == 0 {
		do()
	}
}

// number writes digits as a JSON number or, as often, as text.
func (d draw) number(digits string) any {
	if d.IntN(2) == 0 {
		return digits
	}
	return json.Number(digits)
}

// window opens a campaign, closes it, or both in that order.
func (d draw) window(c map[string]any) {
	from, to := d.moment(), d.moment()
	a, errA := parseLocal(from)
	b, errB := parseLocal(to)
	if errA != nil || errB != nil || !a.Before(b) {
		to = "2027-01-01"
	}
	d.maybe(func() { c["from"] = from })
	d.maybe(func() { c["to"] = to })
}

// moment is a wall time inside the stores' span, one in four in an hour New
// York's clock shows twice or never.
func (d draw) moment() string {
	if d.IntN(4) == 0 {
		return d.of("2025-11-02 01:15", "2025-11-02T01:59:59", "2026-03-08 02:00", "2026-03-08T02:45:10", "2026-11-01 01:00:00")
	}
	begin := time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)
	t := begin.Add(time.Duration(d.IntN(570*24*3600)) * time.Second)
	return t.Format(pick(d, localForms))
}

func (d draw) purchase() map[string]any {
	p := map[string]any{"points_per_unit": d.number(pick(d, ratePool))}
	for _, option := range []string{"tax", "shipping", "fees"} {
		d.maybe(func() { p[option] = d.IntN(3) > 0 })
	}
	d.maybe(func() { p["discounts"] = d.of("deduct", "ignore") })
	d.maybe(func() { p["credit"] = d.of("earn", "deduct", "deduct") })
	d.maybe(func() { p["rounding"] = d.of("down", "up", "nearest") })
	d.maybe(func() {
		statuses := []string{}
		for _, s := range statusPool {
			d.maybe(func() { statuses = append(statuses, s) })
		}
		p["statuses"] = statuses
	})
	d.maybe(func() {
		if d.IntN(2) == 0 {
			p["custom_statuses"] = d.of("earn", "ignore")
			return
		}
		p["custom_statuses"] = []string{d.of("shipped", "packed")}
	})
	d.maybe(func() { p["min_order"] = d.number(d.of("0", "20", "49.99", "100", "250.5")) })
	d.maybe(func() { p["max_points"] = pick(d, []int{0, 1, 50, 500}) })
	d.maybe(func() {
		rates := map[string]any{}
		d.maybe(func() { rates[d.of("JPY", "jpy")] = d.number(d.of("0.0066", "0.00671234567890123456789", "1", "0")) })
		d.maybe(func() { rates[d.of("EUR", "Eur")] = d.number(d.of("1.08", "1.1", "0.9")) })
		d.maybe(func() { rates["KWD"] = d.number(d.of("3.25", "3.254109")) })
		p["currencies"] = rates
	})
	d.maybe(func() {
		rules := map[string]any{}
		for range d.IntN(7) {
			rules[strconv.Itoa(pick(d, productPool))] = d.rule(true)
		}
		p["products"] = rules
	})
	d.maybe(func() {
		rules := map[string]any{}
		for range d.IntN(5) {
			rules[strconv.Itoa(pick(d, categoryPool))] = d.rule(false)
		}
		p["categories"] = rules
	})
	return p
}

func (d draw) rule(product bool) map[string]any {
	kind := d.IntN(3)
	switch {
	case kind == 0:
		return map[string]any{"exclude": true}
	case kind == 1 && product:
		return map[string]any{"points": d.number(d.of("0", "1", "2.5", "10", "0.3333333333333333333"))}
	default:
		return map[string]any{"points_per_unit": d.number(pick(d, ratePool))}
	}
}
