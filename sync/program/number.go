package program

import (
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

// number is an exact decimal of any size, c × 10^e. The zero value is 0. It
// is never changed once made, so copies may share digits.
type number struct {
	c apd.BigInt
	e int
}

func numberOf(d *apd.Decimal) number {
	var z number
	if d.Coeff.Sign() == 0 {
		return z // whatever its exponent
	}
	if d.Negative {
		z.c.Neg(&d.Coeff)
	} else {
		z.c.Set(&d.Coeff)
	}
	z.e = int(d.Exponent)
	return z
}

func numberOfInt(n int64) number { return number{c: *apd.NewBigInt(n)} }

func (x number) sign() int { return x.c.Sign() }

func (x number) neg() number {
	var z number
	z.c.Neg(&x.c)
	z.e = x.e
	return z
}

func (x number) add(y number) number {
	if x.sign() == 0 {
		return y
	}
	if y.sign() == 0 {
		return x
	}
	if x.e != y.e {
		x, y = align(x, y)
	}
	var z number
	z.c.Add(&x.c, &y.c)
	z.e = x.e
	return z
}

func (x number) sub(y number) number { return x.add(y.neg()) }

func (x number) mul(y number) number {
	var z number
	z.c.Mul(&x.c, &y.c)
	if z.sign() != 0 {
		z.e = x.e + y.e
	}
	return z
}

func (x number) cmp(y number) int {
	if sx, sy := x.sign(), y.sign(); sx != sy || sx == 0 {
		return sx - sy
	}
	if x.e != y.e {
		x, y = align(x, y)
	}
	return x.c.Cmp(&y.c)
}

func larger(x, y number) number {
	if x.cmp(y) < 0 {
		return y
	}
	return x
}

// align writes x and y with the same power of ten, the smaller of theirs.
func align(x, y number) (number, number) {
	if x.e > y.e {
		return x.lower(y.e), y
	}
	return x, y.lower(x.e)
}

func (x number) lower(e int) number {
	var z number
	power := powerOfTen(x.e - e)
	z.c.Mul(&x.c, &power)
	z.e = e
	return z
}

var powersOfTen = func() (powers [64]apd.BigInt) {
	ten := apd.NewBigInt(10)
	powers[0].SetInt64(1)
	for i := 1; i < len(powers); i++ {
		powers[i].Mul(&powers[i-1], ten)
	}
	return powers
}()

func powerOfTen(n int) apd.BigInt {
	if n < len(powersOfTen) {
		return powersOfTen[n]
	}
	var z apd.BigInt
	z.SetMathBigInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
	return z
}

// String returns x as people write it, without trailing zeros.
func (x number) String() string {
	d := x.decimal()
	return canonical(&d)
}

func (x number) decimal() (d apd.Decimal) {
	d.Negative = x.sign() < 0
	d.Coeff.Abs(&x.c)
	// An exponent that no decimal holds only comes from numbers with as
	// many digits; their size is all a reader can use.
	d.Exponent = int32(min(max(x.e, -1<<30), 1<<30))
	return d
}

// fraction is an exact n ÷ d. A d of 0 stands for 1, so that the zero value
// is 0 and an amount that was never divided costs nothing.
type fraction struct {
	n, d number // d is never negative
}

func whole(n number) fraction { return fraction{n: n} }

var one = number{c: *apd.NewBigInt(1)}

// ratio returns n ÷ d, held between 0 and 1. d must not be 0.
func ratio(n, d number) fraction {
	if d.sign() < 0 {
		n, d = n.neg(), d.neg()
	}
	if n.sign() <= 0 {
		return fraction{}
	}
	if n.cmp(d) >= 0 {
		return whole(one)
	}
	return fraction{n, d}
}

func (x fraction) divided() bool { return x.d.sign() != 0 }

func (x fraction) denominator() number {
	if x.divided() {
		return x.d
	}
	return one
}

func (x fraction) add(y fraction) fraction {
	switch {
	case x.n.sign() == 0:
		return y
	case y.n.sign() == 0:
		return x
	case !x.divided() && !y.divided():
		return whole(x.n.add(y.n))
	case x.divided() && y.divided() && x.d.cmp(y.d) == 0:
		return fraction{x.n.add(y.n), x.d}
	}
	xd, yd := x.denominator(), y.denominator()
	return fraction{x.n.mul(yd).add(y.n.mul(xd)), xd.mul(yd)}
}

func (x fraction) mul(y fraction) fraction {
	z := whole(x.n.mul(y.n))
	switch {
	case x.divided() && y.divided():
		z.d = x.d.mul(y.d)
	case x.divided():
		z.d = x.d
	default:
		z.d = y.d
	}
	return z
}

func (x fraction) times(y number) fraction { return fraction{x.n.mul(y), x.d} }

// cmp compares x with a number.
func (x fraction) cmp(y number) int {
	if x.divided() {
		y = y.mul(x.d)
	}
	return x.n.cmp(y)
}

// round returns the integer that the rounding makes of x: RoundDown is toward
// zero, RoundUp away from zero, RoundNearest half away from zero.
func (x fraction) round(rounding string) *apd.BigInt {
	var n, d apd.BigInt
	n.Set(&x.n.c)
	den := x.denominator()
	d.Set(&den.c)
	switch e := x.n.e - den.e; {
	case e > 0:
		power := powerOfTen(e)
		n.Mul(&n, &power)
	case e < 0:
		power := powerOfTen(-e)
		d.Mul(&d, &power)
	}
	var quotient, rest apd.BigInt
	quotient.QuoRem(&n, &d, &rest)
	sign := int64(rest.Sign())
	away := rounding == RoundUp && sign != 0
	if rounding == RoundNearest {
		var twice apd.BigInt
		twice.Add(&rest, &rest)
		away = twice.CmpAbs(&d) >= 0
	}
	if away {
		quotient.Add(&quotient, apd.NewBigInt(sign))
	}
	return &quotient
}

// String returns x exactly if eight decimals can, else "about" them.
func (x fraction) String() string {
	if !x.divided() {
		return x.n.String()
	}
	const places = 8
	scaled := x.times(number{c: *apd.NewBigInt(1), e: places})
	cut := number{c: *scaled.round(RoundNearest), e: -places}
	if scaled.cmp(number{c: cut.c}) == 0 {
		return cut.String()
	}
	return "about " + cut.String()
}
