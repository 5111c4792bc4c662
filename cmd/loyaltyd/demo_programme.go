//go:build demo

package main

// demoConfig is the configuration of the demo in a terminal.
const demoConfig = `# The programme of the demo: a point for each dollar, and everything else that earns.
store: {wp_path: "{{.Folder}}"}
program:
  exclude: {roles: [administrator, shop_manager, editor, author]}
  earn:
    purchase:
      points_per_unit: 1
      currencies: {EUR: 1.08, GBP: 1.27, JPY: 0.0067}
    first_order: {points: 100}
    high_spend: [{amount: 200, points: 25}, {amount: 500, points: 100}]
    campaigns: [{name: Double points, from: "{{.From}}", to: "{{.To}}", multiplier: 2}]
    product_review: {points: 20}
    blog_comment: {points: 5}
    signup: {points: 50}
`

// sitePrograms is the programme as the Settings tab keeps it.
const sitePrograms = `{"earn": {"purchase": {"currencies": {"EUR": "1.08", "GBP": "1.27", "JPY": "0.0067"}}, "first_order": {"points": 100},
	"high_spend": [{"amount": "200", "points": 25}, {"amount": "500", "points": 100}], "product_review": {"points": 20},
	"blog_comment": {"points": 5}, "signup": {"points": 50}}, "redeem": {"points_per_unit": 100, "min": 100}}`
