package model

import (
	"math"
	"math/big"
)

// math.Exp is assembly on some architectures and plain Go, which the compiler
// may fuse, on others: its last bit differs from machine to machine, and with
// it every model that was trained through it. Exp is the same everywhere.

// The reduction x = (n/expSteps)·ln2 + r leaves |r| ≤ ln2/(2·expSteps), where
// five terms of the series of e^r reach 2^-60.
const (
	expSteps = 128
	// ln2/expSteps in two parts. The first has 33 significant bits, so that its
	// product with any n that can occur (under 2^18) is exact.
	expStepHi = 0x1.62e42fefp-8
	expStepLo = 0x1.473de6af278edp-41
	// Adding 1.5·2^52 to a number of moderate size rounds it to the nearest
	// integer and leaves that in the low bits.
	roundShift = 0x1.8p52

	expMax = 0x1.62e42fefa39efp+9  // the largest x with a finite e^x
	expMin = -0x1.74910d52d3051p+9 // the smallest x with a positive e^x
)

// step is one entry of the table of 2^(i/expSteps).
type step struct {
	bits uint64  // the power, rounded, as bits
	tail float64 // what rounding took away, relative to the power
}

var expTable = newExpTable()

// newExpTable computes the table with 200-bit numbers: by square roots down to
// 2^(1/expSteps), and its powers. It takes some 20 µs at start.
func newExpTable() (table [expSteps]step) {
	base := big.NewFloat(2).SetPrec(200)
	for n := 1; n < expSteps; n *= 2 {
		base.Sqrt(base)
	}
	power := big.NewFloat(1).SetPrec(200)
	for i := range table {
		head, _ := power.Float64()
		rest := new(big.Float).Sub(power, big.NewFloat(head))
		tail, _ := rest.Quo(rest, power).Float64()
		table[i] = step{math.Float64bits(head), tail}
		power.Mul(power, base)
	}
	return table
}

// Exp returns e**x to within 0.51 units in the last place (one unit where the
// result is subnormal), with the same bits on every architecture. The method
// is P. T. P. Tang's (Table-driven implementation of the exponential function
// in IEEE floating-point arithmetic, ACM TOMS 15, 1989).
//
// Special cases: Exp(+Inf) = +Inf, Exp(-Inf) = 0, Exp(NaN) = NaN.
func Exp(x float64) float64 {
	if !(math.Abs(x) < 708) {
		return expWide(x)
	}
	bits, s := expParts(x)
	head := math.Float64frombits(bits)
	return head + float64(head*s)
}

// ExpAll writes Exp of each element of x to dst, which may be x. Without a call
// for each, it takes three quarters of the time.
func ExpAll(dst, x []float64) {
	dst = dst[:len(x)]
	for i, v := range x {
		if math.Abs(v) < 708 {
			k, r := expReduce(v)
			e := &expTable[k%expSteps]
			head := math.Float64frombits(e.bits + k/expSteps<<52)
			dst[i] = head + float64(head*expSeries(r, e.tail))
		} else {
			dst[i] = expWide(v)
		}
	}
}

// expParts returns a power of 2^(1/expSteps) as bits, the exponent of which
// may have left its range, and s such that e^x = power·(1+s).
func expParts(x float64) (bits uint64, s float64) {
	k, r := expReduce(x)
	e := &expTable[k%expSteps]
	return e.bits + k/expSteps<<52, expSeries(r, e.tail)
}

// expReduce returns n, in the low bits of k, and r such that
// x = (n/expSteps)·ln2 + r. The bits above n%expSteps go to the exponent.
func expReduce(x float64) (k uint64, r float64) {
	shifted := float64(x*(1/(expStepHi+expStepLo))) + roundShift
	n := shifted - roundShift
	return math.Float64bits(shifted), (x - float64(n*expStepHi)) - float64(n*expStepLo)
}

// expSeries returns e^r - 1, plus the tail of the power it belongs to.
func expSeries(r, tail float64) float64 {
	r2 := float64(r * r)
	high := 1.0/24 + float64(r*(1.0/120))
	low := 0.5 + float64(r*(1.0/6))
	return r + (tail + float64(r2*(low+float64(r2*high))))
}

// expWide handles the ends of Exp's range, where the exponent of the power or
// of the result may leave that of a normal number.
func expWide(x float64) float64 {
	switch {
	case x > expMax:
		return math.Inf(1)
	case x < expMin:
		return 0
	case math.IsNaN(x):
		return x
	}
	const shift = 100
	towards := uint64(shift)
	if x > 0 {
		towards = -towards
	}
	bits, s := expParts(x)
	head := math.Float64frombits(bits + towards<<52)
	y := head + float64(head*s)
	if x > 0 {
		return y * 0x1p100
	}
	return y * 0x1p-100
}
