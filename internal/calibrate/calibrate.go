// Package calibrate fits the curves that turn a model's raw scores into
// probabilities which come true as often as they say, by rows that the learner
// has not seen.
//
// Two classes have one curve; of several, each class has its own against the
// rest, and the probabilities are divided by their sum (Zadrozny and Elkan,
// Transforming classifier scores into accurate multiclass probability
// estimates, 2002), as in scikit-learn's CalibratedClassifierCV. A curve takes
// the log odds of its class (model.Model.LogOdds).
//
// The package knows models, and nothing of learners or of where rows come from.
package calibrate

import (
	"fmt"
	"slices"

	"retrain/internal/model"
)

// The methods.
const (
	Sigmoid  = "sigmoid"  // Platt's: two numbers, for few rows
	Isotonic = "isotonic" // any curve that does not fall, for many rows
)

// fewRows is the number of rows below which isotonic curves follow chance.
const fewRows = 1000

// Part is what a model says of the rows to calibrate by.
type Part struct {
	Raw     []float64 // raw scores, row-major, model.Model.Width() a row
	Labels  []int32   // class indices
	Weights []float64 // above 0, on any scale; nil if all are 1
}

// Apply calibrates the model by the part, and reports whether it did. The warning
// says why not, or that the part is small; or it is empty. Platt's sigmoid of two
// classes becomes a part of the weights or leaves, which are copied, and the
// part's raw scores go with them; other curves become the model's Calibration. It
// panics for a method that there is not, and for a regression.
func Apply(m *model.Model, method string, part *Part) (done bool, warning string) {
	if missing(part.Labels, len(m.Classes)) {
		return false, "There are too few rows for a validation part; calibration had no effect."
	}
	fit := fitter{part: part, odds: make([]float64, len(part.Raw)), weights: inRows(part.Weights, len(part.Labels)), width: m.Width()}
	for at := 0; at < len(part.Raw); at += fit.width {
		m.LogOdds(fit.odds[at:at+fit.width], part.Raw[at:at+fit.width])
	}
	switch method {
	case Sigmoid:
		done = fit.sigmoids(m)
	case Isotonic:
		done = fit.curves(m)
	default:
		panic("calibrate: no such method")
	}
	switch {
	case !done:
		return false, "On the validation part the model is no better than chance; calibration had no effect."
	case method == Isotonic && len(part.Labels) < fewRows:
		return true, fmt.Sprintf("The isotonic calibration is fitted to %d rows only, and may follow chance: below %d, sigmoid is the better choice.", len(part.Labels), fewRows)
	}
	return true, ""
}

// missing reports whether a class has no rows.
func missing(labels []int32, classes int) bool {
	for k := range classes {
		if !slices.Contains(labels, int32(k)) {
			return true
		}
	}
	return false
}

// fitter fits curves to a part.
type fitter struct {
	part    *Part
	odds    []float64 // as Part.Raw
	weights []float64 // of the part, in rows
	width   int
}

// sample returns what curve k is fitted to: a class against the rest, which of
// two classes is class 1.
func (f *fitter) sample(k int) *sample {
	class := int32(k)
	if f.width == 1 {
		class = 1
	}
	s := &sample{z: make([]float64, len(f.part.Labels)), hit: make([]bool, len(f.part.Labels)), weights: f.weights}
	for i, label := range f.part.Labels {
		s.z[i], s.hit[i] = f.odds[i*f.width+k], label == class
	}
	return s
}

// inRows returns n weights on such a scale that their sum is the number of rows
// that tell as much (Kish, Survey Sampling, 1965, section 11.7: the squared sum
// over the sum of squares). Both methods count rows to keep away from 0 and 1, and
// only their relations mean anything in weights: those that sum to 1 are not one
// row. Nil stands for weights of 1.
func inRows(weights []float64, n int) []float64 {
	if weights == nil {
		return slices.Repeat([]float64{1}, n)
	}
	sum, squares := 0.0, 0.0
	for _, w := range weights {
		sum += w
		squares += float64(w * w)
	}
	scaled := make([]float64, n)
	for i, w := range weights {
		scaled[i] = w * (sum / squares)
	}
	return scaled
}

// sample is the log odds of rows, which of them are of the class, and their
// weights.
type sample struct {
	z       []float64
	hit     []bool
	weights []float64
}

// sigmoids fits a line for each curve, and reports whether all of them rise.
func (f *fitter) sigmoids(m *model.Model) bool {
	lines := make([]model.Line, f.width)
	for k := range lines {
		lines[k] = platt(f.sample(k))
		if !rises(lines[k]) {
			return false
		}
	}
	if f.width > 1 {
		m.Calibration = &model.Calibration{Lines: lines}
		return true
	}
	for i, raw := range f.part.Raw {
		f.part.Raw[i] = lines[0].At(raw)
	}
	fold(m, lines[0])
	return true
}

// curves fits an isotonic curve for each class, and reports whether all of them
// rise somewhere.
func (f *fitter) curves(m *model.Model) bool {
	curves := make([]model.Curve, f.width)
	for k := range curves {
		curves[k] = isotonic(f.sample(k))
		if len(curves[k].X) < 2 {
			return false
		}
	}
	m.Calibration = &model.Calibration{Curves: curves}
	return true
}

// fold lays a line over the one raw score of a model: what it says of a row is
// then the line's value at what it said. The model's form stays the same, and
// with it the explanations' sum.
func fold(m *model.Model, l model.Line) {
	if m.Linear != nil {
		linear := &model.Linear{Intercept: []float64{l.At(m.Linear.Intercept[0])}, Coef: [][]float64{slices.Clone(m.Linear.Coef[0])}}
		for i := range linear.Coef[0] {
			linear.Coef[0][i] *= l.Slope
		}
		m.Linear = linear
		return
	}
	trees := &model.Trees{Base: []float64{l.At(m.Trees.Base[0])}, Trees: slices.Clone(m.Trees.Trees), Log: m.Trees.Log}
	for k := range trees.Trees {
		trees.Trees[k].Nodes = slices.Clone(trees.Trees[k].Nodes)
		for i := range trees.Trees[k].Nodes {
			trees.Trees[k].Nodes[i].Value *= l.Slope
		}
	}
	m.Trees = trees
}
