package linear

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// naiveMinimum tries every choice of signs and zeros and solves for the rest:
// the naive twin of quadratic.minimize.
func (q *quadratic) naiveMinimum() float64 {
	best, patterns := 0.0, int(math.Pow(3, float64(q.n)))
	for pattern := range patterns {
		var own []int
		var signs []float64
		for j, rest := 0, pattern; j < q.n; j, rest = j+1, rest/3 {
			if sign := float64(rest%3) - 1; sign != 0 {
				own, signs = append(own, j), append(signs, sign)
			}
		}
		n := len(own)
		h, x, beta := make([]float64, n*n), make([]float64, n), make([]float64, q.n)
		for i, j := range own {
			for k, other := range own {
				h[i*n+k] = q.h[j*q.n+other]
			}
			x[i] = q.b[j] - signs[i]*q.kink(j)
		}
		if factorize(h, n) {
			solve(h, n, x)
			for i, j := range own {
				beta[j] = x[i]
			}
			best = min(best, q.value(beta))
		}
	}
	return best
}

func (q *quadratic) value(beta []float64) float64 {
	v := 0.0
	for j, g := range q.gradient(beta) {
		v += (g-q.b[j])*beta[j]/2 + q.kink(j)*math.Abs(beta[j])
	}
	return v
}

func TestMinimumOfAQuadratic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		n := rapid.IntRange(1, 5).Draw(t, "variables")
		rows := n + rapid.IntRange(0, 3).Draw(t, "more rows")
		q := &quadratic{h: make([]float64, n*n), b: make([]float64, n), n: n, l1: rapid.Float64Range(0, 3).Draw(t, "l1")}
		alike := rapid.Float64Range(0, 5).Draw(t, "alike") // how much the variables depend on each other
		for range rows {
			x, common := make([]float64, n), alike*rng.NormFloat64()
			for j := range x {
				x[j] = rng.NormFloat64() + common
			}
			addScaled(q.b, rng.NormFloat64(), x)
			for j, v := range x {
				addScaled(q.h[j*n:][:n], v, x)
			}
		}
		beta := make([]float64, n)
		for j := range beta {
			beta[j] = rng.NormFloat64()
		}
		if !q.minimize(beta, 1e-9) {
			t.Fatal("did not converge")
		}
		if got, want := q.value(beta), q.naiveMinimum(); relative(got, want) > 1e-7 {
			t.Errorf("value %v at %v, the minimum is %v", got, beta, want)
		}
	})
}

// A variable without curvature, as a constant column's, stays where it is.
func TestVariablesWithoutCurvature(t *testing.T) {
	q := &quadratic{h: []float64{2, 0, 0, 0, 0, 0, 0, 0, 0}, b: []float64{3, 0, 0}, n: 3, l1: 1}
	beta := make([]float64, 3)
	if !q.minimize(beta, 1e-12) || beta[0] != 1 || beta[1] != 0 || beta[2] != 0 {
		t.Errorf("minimum at %v, want 1, 0, 0", beta)
	}
}
