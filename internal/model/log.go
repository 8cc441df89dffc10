package model

import "math"

// ln2 in two parts; the product of the first, which has 33 significant bits,
// with any exponent is exact.
const (
	ln2Hi = 0x1.62e42fefp-1
	ln2Lo = 0x1.473de6af278edp-34
)

// Log returns the natural logarithm of x to within one unit in the last place,
// with the same bits on every architecture, for the reasons given at Exp.
//
// It writes x = 2^k·(1+f) with √½ ≤ 1+f < √2, and with s = f/(2+f) and z = s²
// sums ln(1+f) = 2·artanh(s) = f - s·(f - z·R(z)), as fdlibm's e_log.c does,
// where R(z) = 2/3 + 2z/5 + 2z²/7 + … is taken as far as it matters.
//
// Special cases: Log(+Inf) = +Inf, Log(0) = -Inf, Log(x < 0) = Log(NaN) = NaN.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		k--
	}
	f := m - 1
	s := f / (2 + f)
	z := float64(s * s)
	half := float64(0.5 * float64(f*f))
	// f - s·(f - zR) = f - (half - s·(half + zR)): the form that loses least.
	tail := float64(s * (half + float64(z*artanhRest(z))))
	n := float64(k)
	return float64(n*ln2Hi) - ((half - (tail + float64(n*ln2Lo))) - f)
}

// artanhRest is R(z) = Σ 2zⁱ/(2i+3). For z < 0.0295 its eleven terms reach
// 2^-58 of ln(1+f).
func artanhRest(z float64) float64 {
	r := 2.0 / 23
	for _, c := range [...]float64{2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3} {
		r = float64(r*z) + c
	}
	return r
}
