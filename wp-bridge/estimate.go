package wpbridge

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

// estimateBody is an order that does not exist yet.
type estimateBody struct {
	Program  json.RawMessage `json:"program"`
	User     int64           `json:"user_id"`
	Currency string          `json:"currency"`
	Lines    []lineBody      `json:"lines"`
	Shipping chargeBody      `json:"shipping"`
	Fees     []chargeBody    `json:"fees"`
}

type lineBody struct {
	Product     int64  `json:"product_id"`
	Variation   int64  `json:"variation_id"`
	Quantity    number `json:"quantity"`
	Subtotal    number `json:"subtotal"`
	Total       number `json:"total"`
	SubtotalTax number `json:"subtotal_tax"`
	Tax         number `json:"tax"`
}

type chargeBody struct {
	Total number `json:"total"`
	Tax   number `json:"tax"`
}

// number is decimal text.
type number struct{ apd.Decimal }

var numberForm = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?$`)

// UnmarshalJSON reads decimal text of a length that money and quantities have.
func (n *number) UnmarshalJSON(document []byte) error {
	var text string
	if err := json.Unmarshal(document, &text); err != nil || !numberForm.MatchString(text) {
		return errors.New("an amount or a quantity is decimal text such as \"12.50\"")
	}
	var err error
	n.Decimal, err = program.ParseDecimal(text)
	return err
}

// mostLines bounds the work of an estimate.
const mostLines = 1000

func (b *estimateBody) check() *Error {
	switch {
	case len(b.Lines) > mostLines || len(b.Fees) > mostLines:
		return refuse(codeBadRequest, "An estimate has at most %d lines.", mostLines)
	case b.User < 0:
		return refuse(codeBadRequest, "The user_id is the id of a customer, or 0 for a guest.")
	case strings.TrimSpace(b.Currency) == "":
		return refuse(codeBadRequest, "The currency is missing.")
	case len(b.Program) > 0 && !isObject(b.Program):
		return refuse(codeBadRequest, "The program is an object, as under `program:` in the configuration.")
	}
	for _, line := range b.Lines {
		if line.Product < 0 || line.Variation < 0 {
			return refuse(codeBadRequest, "The product_id and the variation_id of a line are ids, or 0.")
		}
	}
	return nil
}

func (b *estimateBody) order() sync.EstimateOrder {
	order := sync.EstimateOrder{User: b.User, Currency: b.Currency, Shipping: b.Shipping.Total.Decimal, ShippingTax: b.Shipping.Tax.Decimal}
	for _, line := range b.Lines {
		order.Lines = append(order.Lines, program.Line{
			Product: line.Product, Variation: line.Variation, Quantity: line.Quantity.Decimal, Total: line.Total.Decimal,
			Subtotal: line.Subtotal.Decimal, Tax: line.Tax.Decimal, SubtotalTax: line.SubtotalTax.Decimal,
		})
	}
	for _, fee := range b.Fees {
		order.Fees = append(order.Fees, program.Fee{Total: fee.Total.Decimal, Tax: fee.Tax.Decimal})
	}
	return order
}

type sourceView struct {
	Source string `json:"source"`
	Points int64  `json:"points"`
}

func estimate(x *exchange) (answer, error) {
	var body estimateBody
	if err := decode(x.body, &body); err != nil {
		return answer{}, err
	}
	if err := body.check(); err != nil {
		return answer{}, err
	}
	var rules *program.Rules
	if len(body.Program) > 0 {
		checked := x.site.CheckProgram(body.Program)
		if len(checked.Problems) > 0 {
			return answer{}, refuse(codeBadRequest, "The program has a problem: %s", checked.Problems[0])
		}
		rules = checked.Rules
	}
	engine, err := x.site.Engine(x.Context())
	if err != nil {
		return answer{}, err
	}
	found, err := engine.Estimate(x.Context(), body.order(), rules)
	if err != nil {
		return answer{}, err
	}
	sources := []sourceView{}
	for _, source := range found.Sources {
		sources = append(sources, sourceView{string(source.Source), source.Points})
	}
	return ok(struct {
		Points  int64        `json:"points"`
		Sources []sourceView `json:"sources"`
		Why     []string     `json:"why"`
	}{found.Points, sources, append([]string{}, found.Why...)}), nil
}
