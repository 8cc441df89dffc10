package metric

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Histogram counts values in bins of equal width.
type Histogram struct {
	Low, High    float64
	Counts       []int64
	Below, Above int64 // values outside of the bins
}

// Errors returns the histogram of predicted - y, for each of the models, over
// common bins that reach as far as the middle 98 % of all errors. It is nil
// where there is nothing finite to show.
func Errors(y []float64, bins int, models ...[]float64) []Histogram {
	errs, all := make([][]float64, len(models)), []float64(nil)
	for m, predicted := range models {
		checkValues(y, predicted)
		errs[m] = make([]float64, len(y))
		for i := range y {
			errs[m][i] = predicted[i] - y[i]
		}
		all = append(all, errs[m]...)
	}
	low, high, ok := middle(all)
	if !ok {
		return nil
	}
	histograms := make([]Histogram, len(models))
	for m := range errs {
		histograms[m] = histogram(errs[m], low, high, bins)
	}
	return histograms
}

// middle returns the span of the middle 98 % of values; false if they are not
// all finite, or too large to have a span.
func middle(values []float64) (low, high float64, ok bool) {
	if len(values) == 0 || !allFinite(values) {
		return 0, 0, false
	}
	sorted := slices.Sorted(slices.Values(values))
	low, high = stat.Quantile(0.01, stat.Empirical, sorted, nil), stat.Quantile(0.99, stat.Empirical, sorted, nil)
	if low == high {
		reach := max(1, math.Abs(low)) / 2
		low, high = low-reach, high+reach
	}
	return low, high, finite(high - low)
}

func histogram(values []float64, low, high float64, bins int) Histogram {
	h := Histogram{Low: low, High: high, Counts: make([]int64, bins)}
	for _, v := range values {
		switch at, inside := cellOf(v, low, high, bins); {
		case inside:
			h.Counts[at]++
		case v < low:
			h.Below++
		default:
			h.Above++
		}
	}
	return h
}

// cellOf returns the bin of a value, and whether it lies within the bins.
func cellOf(v, low, high float64, bins int) (int, bool) {
	if v < low || v > high {
		return 0, false
	}
	return min(bins-1, int((v-low)/(high-low)*float64(bins))), true
}

// Grid counts pairs of values in square cells; [row][column] by y and x, both
// from Low to High.
type Grid struct {
	Low, High float64
	Counts    [][]int64
	Outside   int64
}

// Against counts the rows by true value (x) and prediction (y) in bins × bins
// cells that reach as far as the middle 98 % of the true values. It is nil
// where there is nothing finite to show.
func Against(y, predicted []float64, bins int) *Grid {
	checkValues(y, predicted)
	low, high, ok := middle(y)
	if !ok || !allFinite(predicted) {
		return nil
	}
	g := &Grid{Low: low, High: high, Counts: make([][]int64, bins)}
	for r := range g.Counts {
		g.Counts[r] = make([]int64, bins)
	}
	for i := range y {
		column, insideX := cellOf(y[i], low, high, bins)
		row, insideY := cellOf(predicted[i], low, high, bins)
		if !insideX || !insideY {
			g.Outside++
			continue
		}
		g.Counts[row][column]++
	}
	return g
}
