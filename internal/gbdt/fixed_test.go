package gbdt

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestPairsAddAndSubtractBothParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "n")
		var sum pair
		var g, h int64
		for range n {
			gi := int64(rapid.IntRange(-1<<31/50, 1<<31/50-1).Draw(t, "g"))
			hi := int64(rapid.IntRange(0, 1<<32/50-1).Draw(t, "h"))
			sum += newPair(gi, hi)
			g += gi
			h += hi
			if sum.gradient() != float64(g) || sum.hessian() != float64(h) {
				t.Fatalf("sum is %v, %v, want %d, %d", sum.gradient(), sum.hessian(), g, h)
			}
		}
		part := newPair(g/3, h/3)
		if rest := sum - part; rest.gradient() != float64(g-g/3) || rest.hessian() != float64(h-h/3) {
			t.Fatalf("the difference is %v, %v", rest.gradient(), rest.hessian())
		}
	})
}

// No sum of any rows leaves its range, however the sizes of the gradients
// differ, and little of the range is left unused.
func TestScaleHoldsAnySum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Float64Range(-30, 30)
		n := rapid.IntRange(1, 300).Draw(t, "n")
		raw := make([]pair, n)
		gradients, hessians := 0.0, 0.0
		for i := range raw {
			raw[i] = rawPair(math.Exp(size.Draw(t, "g")), math.Exp(size.Draw(t, "h")))
			gradients += raw[i].rawGradient()
			hessians += raw[i].rawHessian()
		}
		s := newScale(gradients, hessians, n)
		g, h := 0.0, 0.0
		for _, p := range raw {
			f := s.fix(p)
			if f.hessian() < 1 {
				t.Fatal("a row has no hessian")
			}
			if far := math.Abs(f.gradient()/s.gradient - p.rawGradient()); far > 0.5/s.gradient {
				t.Fatalf("a gradient is off by %v steps", far*s.gradient)
			}
			g += f.gradient()
			h += f.hessian()
		}
		if g > math.MaxInt32 || h > math.MaxUint32 {
			t.Fatalf("the sums are %v and %v", g, h)
		}
		if g < 1<<29 || h < 1<<30 {
			t.Fatalf("the sums are only %v and %v", g, h)
		}
	})
}

func TestScaleOfNothing(t *testing.T) {
	for _, sums := range [][2]float64{{0, 0}, {5e-324, 5e-324}, {math.MaxFloat64, math.MaxFloat64}} {
		s := newScale(sums[0], sums[1], 10)
		if !(s.gradient > 0 && s.hessian > 0 && s.realGain(1) > 0 && s.realGain(1) < math.Inf(1)) {
			t.Errorf("the scale for sums of %v is %v", sums[0], s)
		}
	}
}

func TestRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-1<<40, 1<<40).Draw(t, "x")
		if rapid.Bool().Draw(t, "half") {
			x = math.Floor(x) + 0.5
		}
		if got := round(x); got != int64(math.RoundToEven(x)) {
			t.Fatalf("round(%v) = %d", x, got)
		}
	})
}
