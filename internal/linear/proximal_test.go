package linear

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// proximalGradient is the naive twin of minimizeSparse: the shortest steps, and
// very many of them.
func proximalGradient(t *testing.T, p *problem, steps int) float64 {
	theta, gradient := p.start(), make([]float64, p.scores*p.size())
	steepest := 0.0
	for k := range p.scores {
		steepest += sumOf(p.diagonal(p.seconds(make([]float64, len(theta)), 0)[k]))
	}
	value := 0.0
	for range steps {
		var err error
		if value, err = newPasser(p).value(context.Background(), theta, gradient); err != nil {
			t.Fatal(err)
		}
		for i := range theta {
			l1 := p.l1
			if i%p.size() == p.size()-1 {
				l1 = 0
			}
			theta[i] = shrunk(theta[i]-gradient[i]/steepest, l1/steepest)
		}
	}
	return value
}

// With the curvature of all rows, of a wrong sample, or only its diagonal, the
// search ends at the optimum.
func TestSparseOptimum(t *testing.T) {
	for name, p := range problems(t) {
		p.l1, p.penalty = 9, 1
		want := proximalGradient(t, p, 3000)
		sample := *p
		sample.scale *= 0.4
		for i, curvature := range []*problem{p, &sample} {
			got, steps, err := newPasser(p).minimizeSparse(context.Background(), p.start(), curvature, 1e-7*p.unit, 500)
			if err != nil {
				t.Fatal(err)
			}
			if p.missed(got) > 1e-7*p.unit || got.value > want+1e-9*math.Abs(want) || relative(got.value, want) > 1e-6 {
				t.Errorf("%s, curvature %d: %v after %d steps, which misses the conditions by %v; short steps find %v",
					name, i, got.value, steps, p.missed(got), want)
			}
			if i == 0 && steps > 40 {
				t.Errorf("%s: %d steps", name, steps)
			}
		}
	}
}

// Where a Hessian is too large, its diagonal serves.
func TestSparseOptimumByDiagonal(t *testing.T) {
	for name, p := range problems(t) {
		p.l1, p.penalty = 9, 1
		want, _, err := newPasser(p).minimizeSparse(context.Background(), p.start(), p, 1e-7*p.unit, 500)
		if err != nil {
			t.Fatal(err)
		}
		m, best := newMetric(p, p.start()), point{}
		seconds := p.seconds(p.start(), 0)
		m.hessians = nil
		for k := range p.scores {
			m.diagonal = append(m.diagonal, p.diagonal(seconds[k]))
		}
		for theta, i := p.start(), 0; i < 600; i++ {
			if best, err = newPasser(p).at(context.Background(), theta); err != nil {
				t.Fatal(err)
			}
			theta, _ = m.step(p, best, 4, 0)
		}
		if relative(best.value, want.value) > 1e-8 {
			t.Errorf("%s: %v, with Hessians %v", name, best.value, want.value)
		}
	}
}

func TestLowest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-3, 3), 1, 6).Draw(t, "x")
		l1, l2 := rapid.Float64Range(0, 2).Draw(t, "l1"), rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "l2")
		cost := func(c float64) (sum float64) {
			for _, v := range x {
				sum += l1*math.Abs(v-c) + l2/2*(v-c)*(v-c)
			}
			return sum
		}
		got := lowest(x, l1, l2)
		for _, by := range []float64{-1, -0.1, -1e-4, 1e-4, 0.1, 1} {
			if cost(got+by) < cost(got)-1e-12 {
				t.Errorf("%v costs %v, %v only %v", got, cost(got), got+by, cost(got+by))
			}
		}
	})
}
