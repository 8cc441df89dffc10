package linear

import (
	"math"

	"retrain/internal/fault"
)

// Params says how to fit. The names and defaults are those of scikit-learn's
// LogisticRegression, Ridge and ElasticNet.
type Params struct {
	C           float64   // C: the weight of the rows' losses against the penalty
	Penalty     string    // penalty: Ridge, Lasso, ElasticNet or NoPenalty of classes; "" goes by L1Ratio
	L1Ratio     *float64  // l1_ratio: the share of L1 in the penalty; nil is 0, or ridge regression
	MaxIter     int       // max_iter: iterations over all rows at most
	Tol         float64   // tol: the largest component of the mean loss's gradient at the end
	Balanced    bool      // class_weight "balanced": rows / (classes × rows of the class)
	ClassWeight []float64 // class_weight: a factor for each class; nil is 1
	Alpha       float64   // alpha: the penalty of ridge regression, or of the elastic net
}

// The penalties of logistic regression, by scikit-learn's names.
const (
	Ridge      = "l2"
	Lasso      = "l1"
	ElasticNet = "elasticnet"
	NoPenalty  = "none"
)

// PenaltyName is the penalty of logistic regression that is meant.
func (p Params) PenaltyName() string {
	switch {
	case p.Penalty == NoPenalty:
		return NoPenalty
	case p.Ratio() == 0:
		return Ridge
	case p.Ratio() == 1:
		return Lasso
	}
	return ElasticNet
}

// Ratio is the share of L1 in the penalty that is meant.
func (p Params) Ratio() float64 {
	switch {
	case p.L1Ratio != nil:
		return *p.L1Ratio
	case p.Penalty == Lasso:
		return 1
	}
	return 0
}

// ofClasses returns what ‖coef‖₁ and ‖coef‖²/2 are multiplied by.
func (p Params) ofClasses() (l1, l2 float64) {
	if p.Penalty == NoPenalty {
		return 0, 0
	}
	return p.Ratio() / p.C, (1 - p.Ratio()) / p.C
}

// ofValues is ofClasses for values whose rows have the given weight in sum.
func (p Params) ofValues(weight float64) (l1, l2 float64) {
	if p.L1Ratio == nil {
		return 0, p.Alpha
	}
	alpha := float64(p.Alpha * weight)
	return float64(*p.L1Ratio * alpha), float64((1 - *p.L1Ratio) * alpha)
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
	p.checkPenalty(wrong)
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

// checkPenalty tells wrong which of penalty and l1_ratio are not valid, or not
// together.
func (p Params) checkPenalty(wrong func(name, msg string)) {
	if p.L1Ratio != nil && !(*p.L1Ratio >= 0 && *p.L1Ratio <= 1) {
		wrong("l1_ratio", "Input should be between 0 and 1")
		return
	}
	switch p.Penalty {
	case "":
	case Ridge, NoPenalty:
		if p.Ratio() != 0 {
			wrong("l1_ratio", "Input should be 0 or left out with this penalty")
		}
	case Lasso:
		if p.Ratio() != 1 {
			wrong("l1_ratio", "Input should be 1 or left out with penalty 'l1'")
		}
	case ElasticNet:
		if p.L1Ratio == nil {
			wrong("l1_ratio", "Input should be given with penalty 'elasticnet'")
		}
	default:
		wrong("penalty", "Input should be 'l2', 'l1', 'elasticnet' or 'none'")
	}
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
