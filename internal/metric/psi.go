package metric

import (
	"gonum.org/v1/gonum/stat/distuv"

	"retrain/internal/model"
)

// Shift is how far two samples' distributions over the same bins lie apart.
type Shift struct {
	// PSI is the population stability index Σ (q-p)·ln(q/p) over the bins'
	// shares p and q: the symmetrized divergence of Kullback and Leibler.
	PSI float64
	// Floor is what the index of two samples of one population, of these
	// sizes, exceeds with the given probability only.
	Floor float64
}

// Stability compares the counts of two samples over the same bins. It panics if
// the bins do not agree; a sample without rows has no shift.
//
// Without any change PSI / (1/n + 1/m) is nearly χ² distributed, with one degree
// of freedom less than there are bins (Yurdakul and Naranjo, Statistical
// properties of the population stability index, Journal of Risk Model
// Validation 14, 2020). Half a row is added to each bin, so that an empty one
// counts as a rare one and not as impossible; bins that are empty in both
// samples do not count.
func Stability(before, now []int64, falseAlarm float64) Shift {
	if len(before) != len(now) {
		panic("metric: the bins of two samples do not agree")
	}
	n, m, bins := 0.0, 0.0, 0
	for k := range before {
		if before[k]+now[k] > 0 {
			n, m, bins = n+float64(before[k])+0.5, m+float64(now[k])+0.5, bins+1
		}
	}
	half := float64(bins) / 2
	if n <= half || m <= half || bins < 2 {
		return Shift{}
	}
	psi := 0.0
	for k := range before {
		if before[k]+now[k] > 0 {
			p, q := (float64(before[k])+0.5)/n, (float64(now[k])+0.5)/m
			psi += float64((q - p) * model.Log(q/p))
		}
	}
	chi := distuv.ChiSquared{K: float64(bins - 1)}.Quantile(1 - falseAlarm)
	return Shift{PSI: psi, Floor: chi * (1/(n-half) + 1/(m-half))}
}
