package gbdt

import (
	"math"
	"slices"

	"retrain/internal/model"
)

// Sigmoid is Platt's calibration: the log odds of class 1 become a·raw + b, with
// a and b fitted to the validation part.
const Sigmoid = "sigmoid"

// line is the map from raw scores to calibrated ones, slope·raw + shift.
type line struct{ slope, shift float64 }

func (l line) at(raw float64) float64 { return float64(l.slope*raw) + l.shift }

// calibrate returns the trees with the fitted line laid over them. The line
// goes into the base and the leaves, so that the model stays a plain sum of
// trees. Class weights have no part in the fit: the probabilities are to be
// those of the rows as they are. The given trees stay as they are, since a
// checkpoint may hold them.
func (t *trainer) calibrate(trees *model.Trees) *model.Trees {
	raw, labels, weights := t.judged(trees)
	if !slices.Contains(labels, 0) || !slices.Contains(labels, 1) {
		t.warn("There are too few rows for a validation part; calibration had no effect.")
		return trees
	}
	l := platt(raw, labels, weights)
	if !(l.slope > 0) || math.IsInf(l.slope, 0) || math.IsNaN(l.shift) || math.IsInf(l.shift, 0) {
		t.warn("On the validation part the model is no better than chance; calibration had no effect.")
		return trees
	}
	return l.over(trees)
}

// judged returns the raw scores, the labels and the weights of the validation
// part, in the order of the rows' numbers.
func (t *trainer) judged(trees *model.Trees) (raw []float64, labels []uint16, weights []float64) {
	rows := t.part.judging
	raw, labels, weights = make([]float64, len(rows)), make([]uint16, len(rows)), make([]float64, len(rows))
	for i, place := range rows {
		raw[i], weights[i] = trees.Base[0], t.data.weight(int(place))
		labels[i] = t.data.labels[place]
	}
	for k := range trees.Trees {
		grown := t.data.bins.restore(&trees.Trees[k])
		t.each(len(rows), func(_, from, to int) {
			for i := from; i < to; i++ {
				raw[i] += grown.value(t.data, int(rows[i]))
			}
		})
	}
	return raw, labels, weights
}

// over returns the trees whose sum is the line's value at the given trees' sum.
func (l line) over(trees *model.Trees) *model.Trees {
	to := &model.Trees{Base: []float64{l.at(trees.Base[0])}, Trees: slices.Clone(trees.Trees), Log: trees.Log}
	for k := range to.Trees {
		to.Trees[k].Nodes = slices.Clone(to.Trees[k].Nodes)
		for i := range to.Trees[k].Nodes {
			to.Trees[k].Nodes[i].Value *= l.slope
		}
	}
	return to
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
func platt(raw []float64, labels []uint16, weights []float64) line {
	f := plattFit{raw: raw, weights: weights, targets: make([]float64, len(raw))}
	var n [2]float64
	for i, y := range labels {
		n[y] += weights[i]
	}
	target := [2]float64{1 / (n[0] + 2), (n[1] + 1) / (n[1] + 2)}
	for i, y := range labels {
		f.targets[i] = target[y]
	}
	l := line{0, model.Log((n[1] + 1) / (n[0] + 1))}
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

// plattFit is what a line is fitted to.
type plattFit struct{ raw, targets, weights []float64 }

// loss returns the weighted sum of the log losses.
func (f *plattFit) loss(l line) float64 {
	sum := 0.0
	for i, raw := range f.raw {
		z := l.at(raw)
		sum += float64(f.weights[i] * (max(z, 0) - float64(f.targets[i]*z) + model.Log(1+model.Exp(-math.Abs(z)))))
	}
	return sum
}

// gradient is the loss's first derivatives by slope and shift, and its second.
type gradient struct{ slope, shift, slope2, both, shift2 float64 }

func (f *plattFit) slopes(l line) gradient {
	g := gradient{slope2: plattRidge, shift2: plattRidge}
	for i, raw := range f.raw {
		p := model.Sigmoid(l.at(raw))
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
func (f *plattFit) descend(l line, g gradient, loss float64) (line, float64) {
	det := float64(g.slope2*g.shift2) - float64(g.both*g.both)
	step := line{
		slope: (float64(g.shift2*g.slope) - float64(g.both*g.shift)) / det,
		shift: (float64(g.slope2*g.shift) - float64(g.both*g.slope)) / det,
	}
	for range plattHalvings {
		next := line{l.slope - step.slope, l.shift - step.shift}
		if lower := f.loss(next); lower < loss {
			return next, lower
		}
		step.slope, step.shift = step.slope/2, step.shift/2
	}
	return l, loss
}
