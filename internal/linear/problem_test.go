package linear

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"retrain/internal/model"
)

// problems are small ones of each kind, with weighted rows and classes.
func problems(t *testing.T) map[string]*problem {
	t.Helper()
	all := map[string]*problem{}
	for name, c := range map[string]struct {
		task    model.Task
		classes int
	}{
		"binary": {model.Binary, 2}, "multiclass": {model.Multiclass, 3}, "values": {model.Regression, 0},
	} {
		recipe, x, y := made(c.task, 400, 3, c.classes, 3, 4)
		d := &Data{layout: newLayout(recipe)} // rows, not sums, for values too
		w := make([]float64, len(y))
		for i := range w {
			w[i] = []float64{1, 1, 0.5, 2, 0}[i%5]
		}
		d.Append(x, y, w)
		p := Defaults()
		p.Balanced = true
		problem, err := newProblem(d, p)
		if err != nil {
			t.Fatal(err)
		}
		problem.scale = 1.5 // as for a sample
		all[name] = problem
	}
	return all
}

func randomTheta(p *problem) []float64 {
	rng := rand.New(rand.NewPCG(3, 3))
	theta := make([]float64, p.scores*p.size())
	for i := range theta {
		theta[i] = rng.NormFloat64()
	}
	return theta
}

// valueAt is the objective as gonum takes it.
func valueAt(t *testing.T, p *problem) func(theta []float64) float64 {
	return func(theta []float64) float64 {
		v, err := newPasser(p).value(context.Background(), theta, make([]float64, len(theta)))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestGradientAgreesWithDifferences(t *testing.T) {
	for name, p := range problems(t) {
		theta := randomTheta(p)
		got := make([]float64, len(theta))
		if _, err := newPasser(p).value(context.Background(), theta, got); err != nil {
			t.Fatal(err)
		}
		want := fd.Gradient(nil, valueAt(t, p), theta, &fd.Settings{Formula: fd.Central})
		if !floats.EqualFunc(got, want, func(g, w float64) bool { return relative(g, w) < 1e-5 }) {
			t.Errorf("%s: gradient %v, differences give %v", name, got, want)
		}
	}
}

// The factors are those of each raw score's part of the second derivative.
func TestCurvatureAgreesWithDifferences(t *testing.T) {
	for name, p := range problems(t) {
		theta := randomTheta(p)
		c := newCurvature(p, theta, 0)
		if c.diagonal != nil {
			t.Fatalf("%s: a small Hessian is not factorized", name)
		}
		hessian := mat.NewSymDense(len(theta), nil)
		fd.Hessian(hessian, valueAt(t, p), theta, nil)
		for k, factor := range c.factors {
			lower := mat.NewTriDense(c.size, mat.Lower, factor)
			var got mat.Dense
			got.Mul(lower, lower.T())
			want := hessian.SliceSym(k*c.size, (k+1)*c.size)
			if !mat.EqualApprox(&got, want, 1e-3*mat.Max(want)) {
				t.Errorf("%s: part %d of the Hessian differs", name, k)
			}
			for i, d := range p.diagonal(p.seconds(theta, 0)[k]) {
				if relative(d, got.At(i, i)) > 1e-9 {
					t.Errorf("%s: entry %d of the diagonal is %v, want %v", name, i, d, got.At(i, i))
				}
			}
		}
	}
}

// A row's curvature is at least the given share of its slope.
func TestCurvatureCountsSlopes(t *testing.T) {
	const share = 0.3
	for name, p := range problems(t) {
		if p.classes == 0 {
			continue
		}
		theta := randomTheta(p)
		plain, steadied, more := p.seconds(theta, 0), p.seconds(theta, share), 0
		for i, b := range p.blocks {
			s := newScorer(p)
			s.score(b, theta)
			s.loss.residuals(s.z, b)
			for k, slopes := range s.z {
				for r := range b.n {
					want := max(plain[k][i][r], share*math.Abs(slopes[r]))
					if got := steadied[k][i][r]; relative(got, want) > 1e-9 {
						t.Fatalf("%s: %v, want %v", name, got, want)
					} else if got > plain[k][i][r] {
						more++
					}
				}
			}
		}
		if more == 0 {
			t.Errorf("%s: the slope never counts", name)
		}
	}
}

// The written-out L-BFGS ends where gonum's does, whatever it starts with as
// the curvature.
func TestOptimumAgreesWithGonum(t *testing.T) {
	for name, p := range problems(t) {
		gradient := func(g, theta []float64) {
			if _, err := newPasser(p).value(context.Background(), theta, g); err != nil {
				t.Fatal(err)
			}
		}
		want, err := optimize.Minimize(optimize.Problem{Func: valueAt(t, p), Grad: gradient}, p.start(),
			&optimize.Settings{GradientThreshold: 1e-7}, &optimize.LBFGS{})
		if err != nil && want.F == 0 {
			t.Fatal(err)
		}
		exact, rough := newCurvature(p, p.start(), 0), &curvature{size: p.size()}
		for k := range p.scores {
			rough.diagonal = append(rough.diagonal, p.diagonal(p.seconds(p.start(), 0)[k])...)
		}
		for i, c := range []*curvature{exact, rough} {
			got, steps, err := newPasser(p).minimize(context.Background(), p.start(), func([]float64, float64) *curvature { return c }, 1e-7*p.unit, 500)
			if err != nil {
				t.Fatal(err)
			}
			if largest(got.gradient) > 1e-7*p.unit || relative(got.value, want.F) > 1e-12 {
				t.Errorf("%s, curvature %d: %v after %d steps (gradient %v), gonum has %v", name, i, got.value, steps, largest(got.gradient), want.F)
			}
			if i == 0 && steps > 20 {
				t.Errorf("%s: %d steps with the exact curvature", name, steps)
			}
		}
	}
}

// Losses stay exact where exponentials overflow and vanish.
func TestLossAtExtremeScores(t *testing.T) {
	b := &block[float32]{n: 4, y: rows{0, 1, 0, 1}, w: rows{1, 1, 1, 1}}
	z := []rows{{1000, 1000, -40, -1e6}}
	loss := logistic{[]float64{1, 1}}.residuals(z, b)
	tiny := math.Exp(-40)
	if want := 1000 + tiny + 1e6; loss != want {
		t.Errorf("loss %v, want %v", loss, want)
	}
	if want := [4]float64{1, 0, tiny, -1}; [4]float64(z[0][:4]) != want {
		t.Errorf("residuals %v, want %v", z[0][:4], want)
	}
	full := &block[float32]{n: blockRows}
	for i := range full.w {
		full.w[i] = 1
	}
	want := blockRows * math.Ln2
	if got := (logistic{[]float64{1, 1}}).residuals(make([]rows, 1), full); relative(got, want) > 1e-14 {
		t.Errorf("loss of a block of zero scores %v, want %v", got, want)
	}
	if got := (multinomial{make([]float64, 300)}).residuals(make([]rows, 300), full); got != 0 {
		t.Errorf("loss of a block of zero weights %v, want 0", got)
	}
	z = []rows{{1000, -1000, 0, 0}, {0, 1000, 800, -1e6}}
	loss = multinomial{[]float64{1, 1}}.residuals(z, b)
	if want := 0.0 + 0 + 800 + 1e6; loss != want {
		t.Errorf("loss of two scores %v, want %v", loss, want)
	}
}
