package linear

import (
	"math"

	"retrain/internal/fault"
)

// Params says how to fit. The names and defaults are those of scikit-learn's
// LogisticRegression and Ridge.
type Params struct {
	C           float64   // C: the weight of the rows' losses against the penalty
	MaxIter     int       // max_iter: iterations over all rows at most
	Tol         float64   // tol: the largest component of the mean loss's gradient at the end
	Balanced    bool      // class_weight "balanced": rows / (classes × rows of the class)
	ClassWeight []float64 // class_weight: a factor for each class; nil is 1
	Alpha       float64   // alpha: the penalty of ridge regression
}

// Defaults returns the parameters that a caller changes what it wants of.
func Defaults() Params { return Params{C: 1, MaxIter: 100, Tol: 1e-4, Alpha: 1} }

// maxIter bounds what a caller may ask for.
const maxIter = 100_000

// Check returns a fault.InvalidRequest that names every parameter that is out
// of its range, or nil.
func (p Params) Check() error {
	bad := fault.New(fault.InvalidRequest, "A parameter of the linear model is not valid.")
	wrong := func(name, msg string) { bad.At(msg, "value_error", "body", "model_params", name) }
	if !positive(p.C) {
		wrong("C", "Input should be greater than 0")
	}
	if p.MaxIter < 1 || p.MaxIter > maxIter {
		wrong("max_iter", "Input should be between 1 and 100000")
	}
	if !positive(p.Tol) {
		wrong("tol", "Input should be greater than 0")
	}
	if !(p.Alpha >= 0) || math.IsInf(p.Alpha, 0) {
		wrong("alpha", "Input should be greater than or equal to 0")
	}
	for _, w := range p.ClassWeight {
		if !positive(w) {
			wrong("class_weight", "Input should be greater than 0 for each class")
			break
		}
	}
	if p.Balanced && p.ClassWeight != nil {
		wrong("class_weight", "Input should be either 'balanced' or a weight for each class")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
