package oracle

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
)

// Everything here is a fraction, so that no step of a valuation ever rounds.

var decimalText = regexp.MustCompile(`^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$`)

// parseDecimal reads decimal text exactly. big.Rat's own parser would also
// take fractions, hexadecimal and underscores; those are refused.
func parseDecimal(text string) (*big.Rat, error) {
	if !decimalText.MatchString(text) {
		return nil, fmt.Errorf("%q is not a decimal number", text)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a decimal number", text)
	}
	return r, nil
}

// amount is a stored sum or quantity; JSON null and "" are 0, as is what is
// above 10^18.
type amount struct{ rat *big.Rat }

func (a *amount) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" {
		return nil
	}
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	if text == "" {
		return nil
	}
	r, err := parseDecimal(text)
	if err == nil && new(big.Rat).Abs(r).Cmp(mostMoney) > 0 {
		r = new(big.Rat)
	}
	a.rat = r
	return err
}

func (a amount) value() *big.Rat {
	if a.rat == nil {
		return new(big.Rat)
	}
	return a.rat
}

// refunded turns a refund's stored (negative) number into what was refunded.
func (a amount) refunded() *big.Rat { return new(big.Rat).Neg(a.value()) }

func plus(terms ...*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for _, t := range terms {
		sum.Add(sum, t)
	}
	return sum
}

func minus(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }

func times(factors ...*big.Rat) *big.Rat {
	product := whole(1)
	for _, f := range factors {
		product.Mul(product, f)
	}
	return product
}

func whole(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// unit is the smallest amount of so many decimals.
func unit(decimals int) *big.Rat {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	return new(big.Rat).SetFrac(big.NewInt(1), power)
}

func larger(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

// fraction is part/all held between 0 and 1, and 0 of nothing.
func fraction(part, all *big.Rat) *big.Rat {
	if all.Sign() == 0 {
		return new(big.Rat)
	}
	share := new(big.Rat).Quo(part, all)
	if share.Sign() < 0 {
		return new(big.Rat)
	}
	if share.Cmp(whole(1)) > 0 {
		return whole(1)
	}
	return share
}

// round makes whole points: down is toward zero, up away from zero, nearest
// half away from zero.
func round(r *big.Rat, mode string) *big.Int {
	rest := new(big.Int)
	points, _ := new(big.Int).QuoRem(r.Num(), r.Denom(), rest)
	if rest.Sign() == 0 {
		return points
	}
	away := mode == "up"
	if mode == "nearest" {
		twice := new(big.Int).Abs(rest)
		twice.Lsh(twice, 1)
		away = twice.Cmp(r.Denom()) >= 0
	}
	if away {
		points.Add(points, big.NewInt(int64(r.Sign())))
	}
	return points
}

// Nobody means more: points of one order, and money.
var (
	mostPoints = new(big.Int).Exp(big.NewInt(10), big.NewInt(15), nil)
	mostMoney  = new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil))
)

func parseID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, fmt.Errorf("%q is not an id of 1 or more", text)
	}
	return id, nil
}
