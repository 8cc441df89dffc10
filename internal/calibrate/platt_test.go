package calibrate

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/model"
)

// anyFit returns a few rows whose targets are those of Platt's.
func anyFit(t *rapid.T) *plattFit {
	f := &plattFit{}
	for range rapid.IntRange(2, 8).Draw(t, "rows") {
		f.raw = append(f.raw, rapid.Float64Range(-4, 4).Draw(t, "raw"))
		f.targets = append(f.targets, rapid.SampledFrom([]float64{0.2, 0.9}).Draw(t, "target"))
		f.weights = append(f.weights, rapid.Float64Range(0.1, 3).Draw(t, "weight"))
	}
	return f
}

// Naive: the log loss by its definition, and derivatives by differences.
func TestPlattsLossAndItsDerivatives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFit(t)
		naive := func(slope, shift float64) (sum float64) {
			for i, raw := range f.raw {
				p := 1 / (1 + math.Exp(-slope*raw-shift))
				sum -= f.weights[i] * (f.targets[i]*math.Log(p) + (1-f.targets[i])*math.Log(1-p))
			}
			return sum
		}
		l := model.Line{Slope: rapid.Float64Range(-2, 2).Draw(t, "slope"), Shift: rapid.Float64Range(-2, 2).Draw(t, "shift")}
		close := func(name string, got, want, by float64) {
			if math.Abs(got-want) > by*(1+math.Abs(want)) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
		a, b, g := l.Slope, l.Shift, f.slopes(l)
		close("loss", f.loss(l), naive(a, b), 1e-10)
		const h = 1e-4
		close("by slope", g.slope, (naive(a+h, b)-naive(a-h, b))/(2*h), 1e-5)
		close("by shift", g.shift, (naive(a, b+h)-naive(a, b-h))/(2*h), 1e-5)
		close("twice by slope", g.slope2, (f.slopes(model.Line{Slope: a + h, Shift: b}).slope-f.slopes(model.Line{Slope: a - h, Shift: b}).slope)/(2*h), 1e-5)
		close("by both", g.both, (f.slopes(model.Line{Slope: a, Shift: b + h}).slope-f.slopes(model.Line{Slope: a, Shift: b - h}).slope)/(2*h), 1e-5)
		close("twice by shift", g.shift2, (f.slopes(model.Line{Slope: a, Shift: b + h}).shift-f.slopes(model.Line{Slope: a, Shift: b - h}).shift)/(2*h), 1e-5)
	})
}

// Newton's steps double the digits, and where a whole one leads up it is halved:
// from anywhere near the data the fit comes to the bottom in a few steps.
func TestPlattsStepsAreNewtons(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	f := &plattFit{}
	for range 200 {
		raw := 2 + 3*rng.NormFloat64()
		target := 0.01
		if rng.Float64() < model.Sigmoid(raw-2) {
			target = 0.99
		}
		f.raw, f.targets, f.weights = append(f.raw, raw), append(f.targets, target), append(f.weights, 1)
	}
	for _, l := range []model.Line{{}, {Slope: 3, Shift: 4}, {Slope: -2, Shift: -5}} {
		steps, loss := 0, f.loss(l)
		for g := f.slopes(l); math.Abs(g.slope)+math.Abs(g.shift) > 1e-6 && steps < 15; g = f.slopes(l) {
			next, lower := f.descend(l, g, loss)
			if lower > loss {
				t.Fatalf("a step from %+v to %+v leads up", l, next)
			}
			l, loss, steps = next, lower, steps+1
		}
		if steps == 15 {
			t.Errorf("after %d steps the slopes are still %+v", steps, f.slopes(l))
		}
	}
}

// Naive: of all neighbours, the two are joined after which the squared error is
// the least.
func TestTheNearestPoolsAreJoined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var pools []pool
		for i := range rapid.IntRange(2, 8).Draw(t, "pools") {
			weight := rapid.Float64Range(0.5, 20).Draw(t, "weight")
			pools = append(pools, pool{float64(i), float64(i), rapid.Float64Range(0, 1).Draw(t, "share") * weight, weight})
		}
		squared := func(pools []pool) (sum float64) {
			for _, p := range pools {
				sum += p.hits * (p.weight - p.hits) / p.weight
			}
			return sum
		}
		least := math.Inf(1)
		for i := range len(pools) - 1 {
			joined := append(append([]pool{}, pools[:i]...), pools[i].with(pools[i+1]))
			least = min(least, squared(append(joined, pools[i+2:]...)))
		}
		n := len(pools)
		got := joinNearest(pools)
		if len(got) != n-1 || math.Abs(squared(got)-least) > 1e-9 {
			t.Errorf("%v has a squared error of %v, the least is %v", got, squared(got), least)
		}
	})
}
