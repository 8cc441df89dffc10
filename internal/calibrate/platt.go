package calibrate

import (
	"math"

	"retrain/internal/model"
)

// rises reports whether a line was found, and keeps the order of the rows.
func rises(l model.Line) bool {
	return l.Slope > 0 && !math.IsInf(l.Slope, 0) && !math.IsNaN(l.Shift) && !math.IsInf(l.Shift, 0)
}

// The bounds of Platt's fit.
const (
	plattSteps    = 100   // of Newton's method, which needs about ten
	plattHalvings = 30    // of one step
	plattRidge    = 1e-12 // keeps the Hessian invertible
	plattGradient = 1e-10 // for each unit of weight, at which the fit ends
)

// platt fits a line to raw scores, so that its sigmoid has the least log loss
// against Platt's targets, (n1+1)/(n1+2) for a row of class 1 and 1/(n0+2) for
// one of class 0: Platt 1999, by Newton's method with backtracking as Lin, Lin
// and Weng 2007 have it. It starts from the line that knows the class shares
// only.
func platt(s *sample) model.Line {
	f := plattFit{raw: s.z, weights: s.weights, targets: make([]float64, len(s.z))}
	var n [2]float64
	for i, hit := range s.hit {
		n[index(hit)] += s.weights[i]
	}
	target := [2]float64{1 / (n[0] + 2), (n[1] + 1) / (n[1] + 2)}
	for i, hit := range s.hit {
		f.targets[i] = target[index(hit)]
	}
	l := model.Line{Slope: 0, Shift: model.Log((n[1] + 1) / (n[0] + 1))}
	loss := f.loss(l)
	for range plattSteps {
		g := f.slopes(l)
		if math.Abs(g.slope)+math.Abs(g.shift) < plattGradient*(n[0]+n[1]) {
			break
		}
		next, lower := f.descend(l, g, loss)
		if !(lower < loss) {
			break
		}
		l, loss = next, lower
	}
	return l
}

func index(hit bool) int {
	if hit {
		return 1
	}
	return 0
}

// plattFit is what a line is fitted to.
type plattFit struct{ raw, targets, weights []float64 }

// loss returns the weighted sum of the log losses.
func (f *plattFit) loss(l model.Line) float64 {
	sum := 0.0
	for i, raw := range f.raw {
		z := l.At(raw)
		sum += float64(f.weights[i] * (max(z, 0) - float64(f.targets[i]*z) + model.Log(1+model.Exp(-math.Abs(z)))))
	}
	return sum
}

// gradient is the loss's first derivatives by slope and shift, and its second.
type gradient struct{ slope, shift, slope2, both, shift2 float64 }

func (f *plattFit) slopes(l model.Line) gradient {
	g := gradient{slope2: plattRidge, shift2: plattRidge}
	for i, raw := range f.raw {
		p := model.Sigmoid(l.At(raw))
		d, h := float64(f.weights[i]*(p-f.targets[i])), float64(float64(f.weights[i]*p)*(1-p))
		g.slope += float64(d * raw)
		g.shift += d
		g.slope2 += float64(float64(h*raw) * raw)
		g.both += float64(h * raw)
		g.shift2 += h
	}
	return g
}

// descend takes Newton's step, halved until the loss falls, and returns the new
// line and its loss; the old ones if no step lowers it.
func (f *plattFit) descend(l model.Line, g gradient, loss float64) (model.Line, float64) {
	det := float64(g.slope2*g.shift2) - float64(g.both*g.both)
	step := model.Line{
		Slope: (float64(g.shift2*g.slope) - float64(g.both*g.shift)) / det,
		Shift: (float64(g.slope2*g.shift) - float64(g.both*g.slope)) / det,
	}
	for range plattHalvings {
		next := model.Line{Slope: l.Slope - step.Slope, Shift: l.Shift - step.Shift}
		if lower := f.loss(next); lower < loss {
			return next, lower
		}
		step.Slope, step.Shift = step.Slope/2, step.Shift/2
	}
	return l, loss
}
