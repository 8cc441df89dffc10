// Package linear fits linear models: logistic regression for two or more
// classes, and linear regression of values, with an L2 penalty (ridge), L1
// (lasso) or both (elastic net).
//
// The inputs are those of model.Linear: standardized numbers, and one column
// for each category, which is never written out but kept as a code of one or
// two bytes. The package knows recipes, rows and nothing of where they came
// from.
//
// A fit gives the same bytes on any number of cores, for any sizes of the
// appended blocks, on amd64 and arm64: rows are cut into blocks of fixed size,
// sums over blocks are added in a fixed order, and products that feed a sum are
// rounded before. That is also why the few vector kernels, the Cholesky
// factorization and the L-BFGS iteration are written out here. gonum has
// them all, but its kernels are assembly on one architecture and fused by the
// compiler on the other, and their last bits differ; so gonum is the oracle of
// this package's tests instead.
package linear

import (
	"context"
	"math"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// Result is a fitted model and how it was found.
type Result struct {
	Linear     *model.Linear
	Iterations int  // of the optimizer over all rows; 1 where the optimum is solved for
	Converged  bool // false if max_iter ended the search
	// Objective is the value that was minimized: the sum of the rows' losses
	// plus the penalty, or half the sum of the squared errors plus the penalty.
	Objective float64
	Warnings  []string
}

// Fit finds the model that minimizes
//
//	Σ wᵢ·logloss(yᵢ, softmax(coef·xᵢ + intercept)) + ‖coef‖²/(2C)      classes
//	½ Σ wᵢ·(yᵢ - coef·xᵢ - intercept)² + alpha·‖coef‖²/2               values
//
// which are the objectives of scikit-learn's LogisticRegression and Ridge. With
// an L1Ratio r the penalty of classes is (r·‖coef‖₁ + (1-r)·‖coef‖²/2)/C, and that
// of values Σwᵢ·alpha·(r·‖coef‖₁ + (1-r)·‖coef‖²/2): the objectives of
// LogisticRegression and, times Σwᵢ, of ElasticNet, whose alpha unlike Ridge's
// is for each row. Coefficients may then be zero to the bit. Two
// classes have one row of coefficients, for the second class. The intercept is
// not penalized. Data can be fitted again with other parameters.
//
// Errors are fault.InvalidRequest (parameters), fault.InvalidData (no rows, a
// class without rows, an extreme value or sum), fault.TooLarge, and ctx's.
func Fit(ctx context.Context, data *Data, params Params) (*Result, error) {
	if err := params.Check(); err != nil {
		return nil, err
	}
	if err := data.finish(); err != nil {
		return nil, err
	}
	by := fitIteratively
	if data.sums != nil {
		by = fitDirectly
	}
	r, err := by(ctx, data, params)
	if err == nil && !r.finite() {
		return nil, fault.New(fault.InvalidData, "The fit diverged: the weights or the targets are too large, or too small.")
	}
	return r, err
}

// finite reports whether all coefficients are numbers: sums may have left their
// range.
func (r *Result) finite() bool {
	for k, coef := range r.Linear.Coef {
		if x := max(largest(coef), math.Abs(r.Linear.Intercept[k])); math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// emptyData is the error for data without a usable row.
func emptyData() error {
	return fault.New(fault.InvalidData, "There are no training rows with a weight above zero.")
}
