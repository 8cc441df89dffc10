package gbdt

import "math"

// A pair is a gradient and a hessian, or a sum of them, as fixed-point numbers
// in one integer: the gradient in the upper 32 bits, signed, and the hessian in
// the lower 32, not negative. Adding and subtracting pairs adds and subtracts
// both, exactly, as long as neither leaves its range; see newScale. Sums of
// pairs are therefore the same in any order, on any number of threads.
//
//	63              32 31               0
//	├─ gradient (int32) ┼ hessian (uint32) ┤
type pair int64

func newPair(gradient, hessian int64) pair { return pair(gradient<<32 + hessian) }

func (p pair) gradient() float64 { return float64(int32(p >> 32)) }
func (p pair) hessian() float64  { return float64(uint32(p)) }

// raw is a gradient and a hessian before the scale is known, as two float32 in
// the same eight bytes.
func rawPair(gradient, hessian float64) pair {
	return pair(uint64(math.Float32bits(float32(gradient)))<<32 | uint64(math.Float32bits(float32(hessian))))
}

func (p pair) rawGradient() float64 { return float64(math.Float32frombits(uint32(uint64(p) >> 32))) }
func (p pair) rawHessian() float64  { return float64(math.Float32frombits(uint32(p))) }

// scale holds the factors from real gradients and hessians to the integers of
// one tree's pairs. They are powers of two, so that no product is rounded.
type scale struct {
	gradient, hessian float64
}

// newScale returns the largest scale for which no sum over any of the rows can
// leave its range, given the sums of all absolute gradients and of all
// hessians. Rounding adds at most a half to a gradient and 1 to a hessian.
func newScale(gradients, hessians float64, rows int) scale {
	return scale{
		gradient: power(float64(math.MaxInt32-rows), gradients),
		hessian:  power(float64(math.MaxUint32-2*rows), hessians),
	}
}

// power returns the largest power of two s with s·sum ≤ limit, in a range that
// keeps all that is computed with it finite.
func power(limit, sum float64) float64 {
	if sum <= 0 {
		return 1
	}
	_, exp := math.Frexp(limit / sum)
	return math.Ldexp(1, max(-200, min(exp-1, 200)))
}

// fix rounds a raw pair to the scale. A hessian becomes at least 1, so that a
// sum of pairs is zero exactly when it is over no rows, and a sum of hessians
// bounds the number of rows.
func (s scale) fix(p pair) pair {
	g := round(float64(p.rawGradient() * s.gradient))
	h := round(float64(p.rawHessian() * s.hessian))
	return newPair(g, max(1, h))
}

// round returns the integer nearest to x, the even one of two, for |x| < 2^51:
// adding 1.5·2^52 leaves it in the low bits.
func round(x float64) int64 {
	const shift = 0x1.8p52
	return int64(math.Float64bits(x+shift)) - int64(math.Float64bits(shift))
}

// realGain and realValue convert a gain and a leaf's value, that were computed
// from pairs, to the units of the raw gradients and hessians.
func (s scale) realGain(gain float64) float64 {
	return gain * s.hessian / s.gradient / s.gradient
}

func (s scale) realValue(value float64) float64 { return value * s.hessian / s.gradient }
