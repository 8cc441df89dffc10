package metric

import (
	"slices"

	"gonum.org/v1/gonum/floats"

	"retrain/internal/model"
)

// Objective is what a regression was trained for, where squared errors do not
// tell how well it does that. The zero value is none.
type Objective struct {
	Quantile float64 // the quantile that is predicted, between 0 and 1; 0 for none
	Poisson  bool    // the mean of counts
	Absolute bool    // the median, by absolute errors
}

// Metrics lists the metrics of a regression with the objective, in the order in
// which they are shown.
func (o Objective) Metrics() []string {
	names := Known(model.Regression)
	if own := o.Own(); own != "" && !slices.Contains(names, own) {
		names = append(names, own)
	}
	return names
}

// Own returns the metric that tells how well the objective is met, or "".
func (o Objective) Own() string {
	switch {
	case o.Quantile != 0:
		return Pinball
	case o.Poisson:
		return PoissonDeviance
	case o.Absolute:
		return MAE
	}
	return ""
}

// pinballLosses returns q for each unit that a prediction is too low, and 1-q
// for each that it is too high (Koenker and Bassett, Regression quantiles,
// Econometrica 46, 1978).
func pinballLosses(y, predicted []float64, q float64) []float64 {
	losses := make([]float64, len(y))
	for i := range y {
		miss := y[i] - predicted[i]
		losses[i] = float64(q * miss)
		if miss < 0 {
			losses[i] = float64((q - 1) * miss)
		}
	}
	return losses
}

// poissonDeviances returns each row's unit deviance of the Poisson distribution,
// 2·(y·ln(y/μ) - y + μ).
func poissonDeviances(y, predicted []float64) []float64 {
	losses := make([]float64, len(y))
	for i, mean := range predicted {
		losses[i] = 2 * (mean - y[i])
		if y[i] > 0 {
			losses[i] = 2 * (float64(y[i]*model.Log(y[i]/mean)) - y[i] + mean)
		}
	}
	return losses
}

// notCounts says why the deviance of counts is undefined, or "".
func notCounts(y, predicted []float64) string {
	switch {
	case floats.Min(y) < 0:
		return reasonNegative
	case slices.ContainsFunc(predicted, func(p float64) bool { return p <= 0 }):
		return reasonNotPositive
	}
	return ""
}
