package metric

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Regression scores the predictions against the true values y, in the metrics of
// the objective. It panics if the lengths do not agree.
func Regression(y, predicted []float64, o Objective) Scores {
	checkValues(y, predicted)
	s := newScores()
	for _, name := range o.Metrics() {
		s.set(name, valueMetric(name, y, predicted, o))
	}
	return s
}

// RegressionScore is the one score of Regression that is named, or the reason
// why it is undefined. It panics for a metric that the objective does not list.
func RegressionScore(name string, y, predicted []float64, o Objective) (score float64, undefined string) {
	checkValues(y, predicted)
	v := valueMetric(name, y, predicted, o)
	return v.v, v.reason()
}

// valueMetric is one metric of predicted values.
func valueMetric(name string, y, predicted []float64, o Objective) value {
	if reason := unusable(predicted); reason != "" {
		return undefined(reason)
	}
	if !allFinite(y) {
		return undefined(reasonTarget)
	}
	switch name {
	case RMSE:
		return value{v: math.Sqrt(mean(squaredErrors(y, predicted)).v)}
	case MAE:
		return mean(absoluteErrors(y, predicted))
	case R2:
		return r2Score(y, squaredErrors(y, predicted))
	case PoissonDeviance:
		if reason := notCounts(y, predicted); reason != "" {
			return undefined(reason)
		}
		return mean(poissonDeviances(y, predicted))
	case Pinball:
		if o.Quantile != 0 {
			return mean(pinballLosses(y, predicted, o.Quantile))
		}
	}
	panic("metric: " + name + " is no metric of values")
}

func checkValues(y, predicted []float64) {
	if len(y) != len(predicted) {
		panic("metric: lengths of truth and predictions do not agree")
	}
}

func squaredErrors(y, predicted []float64) []float64 {
	errs := make([]float64, len(y))
	for i := range y {
		miss := y[i] - predicted[i]
		errs[i] = float64(miss * miss)
	}
	return errs
}

func absoluteErrors(y, predicted []float64) []float64 {
	errs := make([]float64, len(y))
	for i := range y {
		errs[i] = math.Abs(y[i] - predicted[i])
	}
	return errs
}

// r2Score is 1 minus the squared errors as a share of those of y's mean.
func r2Score(y, squares []float64) value {
	if slices.Min(y) == slices.Max(y) {
		return undefined(reasonConstant)
	}
	centre := mean(y).v
	deviations := make([]float64, len(y))
	for i := range y {
		deviations[i] = float64((y[i] - centre) * (y[i] - centre))
	}
	return value{v: 1 - floats.SumCompensated(squares)/floats.SumCompensated(deviations)}
}
