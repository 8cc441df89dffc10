package metric

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"retrain/internal/model"
)

// aucSpan is the interval of one model's area under the ROC curve, or of the
// difference of two, from the variance of DeLong, DeLong and Clarke-Pearson
// (Comparing the areas under two or more correlated receiver operating
// characteristic curves, Biometrics 44, 1988), computed from ranks as in Sun
// and Xu (Fast implementation of DeLong's algorithm, IEEE Signal Processing
// Letters 21, 2014).
//
// For more than two classes the same holds for the mean over the classes: it
// is a sum of one share from each row, and given the sizes of the classes the
// rows of each are independent draws.
func (o Options) aucSpan(y []int32, classes int, models [][]float64) span {
	area, shares := aucShares(y, models[0], classes)
	variance, smallest := stratified(y, classes, shares)
	if smallest < 2 {
		return span{undefined: "Some class has fewer than two rows."}
	}
	mine := o.areaSpan(area, math.Sqrt(variance), smallest)
	if len(models) == 1 {
		return mine
	}
	other, others := aucShares(y, models[1], classes)
	variance, _ = stratified(y, classes, others)
	theirs := o.areaSpan(other, math.Sqrt(variance), smallest)
	for i, share := range others {
		shares[i] -= share
	}
	variance, _ = stratified(y, classes, shares)
	reach, at := float64(o.z()*math.Sqrt(variance)), area-other
	if reach <= 1e-9*math.Abs(at) {
		return areasApart(area, other, mine, theirs)
	}
	return span{low: at - reach, high: at + reach, method: "DeLong"}
}

// areasApart is the interval of a difference of areas that no row tells anything of
// the variance of: such as between a model that orders all pairs of a handful of
// rows, which chance does too, and one that orders none. It is put together from
// the intervals of both areas (Zou and Donner, Construction of confidence limits
// about effect measures, Statistics in Medicine 27, 2008). Without a difference it
// is 0.
func areasApart(area, other float64, mine, theirs span) span {
	at := area - other
	if at == 0 {
		return span{method: "DeLong"}
	}
	return span{
		low:    at - math.Hypot(area-mine.low, theirs.high-other),
		high:   at + math.Hypot(mine.high-area, other-theirs.low),
		method: "DeLong, logit scale",
	}
}

// areaSpan is the interval of one area, normal on the scale of log odds, which
// keeps it between 0 and 1. A perfect area has no variance: the n disjoint
// pairs of rows that can be formed are then in order with probability areaⁿ at
// most, which bounds the area from below (and a worst one from above).
func (o Options) areaSpan(area, se float64, n int) span {
	bound := model.Exp(model.Log(o.tail()) / float64(n))
	s := span{method: "DeLong, logit scale"}
	switch {
	case area >= 1:
		s.low, s.high = bound, 1
	case area <= 0:
		s.low, s.high = 0, 1-bound
	default:
		reach := o.z() * se / (area * (1 - area))
		s.low, s.high = model.Sigmoid(logit(area)-reach), model.Sigmoid(logit(area)+reach)
	}
	return s
}

// aucShares returns the area and each row's share of it, twice over: the
// shares of the rows of a class sum to the area against the rest, and so do
// those of the rest. For more than two classes all are means over the classes.
func aucShares(y []int32, p []float64, classes int) (area float64, shares []float64) {
	shares = make([]float64, len(y))
	of := rankedClasses(classes)
	for _, k := range of {
		rows := rank(y, p, classes, k)
		area += classAUC(rows).v
		addShares(shares, rows, float64(len(of)))
	}
	return area / float64(len(of)), shares
}

// addShares adds the shares of one class, divided by d. A row's share is the
// part of the rows on the other side that it is in order with, ties counting
// half, divided by the number of rows on its own side.
func addShares(shares []float64, rows []ranked, d float64) {
	positives, negatives := int64(0), int64(0)
	for _, r := range rows {
		if r.positive {
			positives++
		}
	}
	above, pairs := positives, float64(positives*(int64(len(rows))-positives))
	ties(rows, func(run []ranked, positive, negative int64) {
		above -= positive
		ofPositive := (float64(negatives) + float64(negative)/2) / pairs / d
		ofNegative := (float64(above) + float64(positive)/2) / pairs / d
		for _, r := range run {
			if r.positive {
				shares[r.row] += ofPositive
			} else {
				shares[r.row] += ofNegative
			}
		}
		negatives += negative
	})
}

// stratified returns the variance of the sum of the shares, if the rows of each
// class are independent draws and their numbers are given, and the size of the
// smallest class.
func stratified(y []int32, classes int, shares []float64) (variance float64, smallest int) {
	byClass := make([][]float64, classes+1)
	for i, c := range y {
		k := classOf(c, classes)
		byClass[k] = append(byClass[k], shares[i])
	}
	smallest = len(byClass[0])
	for k, class := range byClass {
		if k < classes {
			smallest = min(smallest, len(class))
		}
		if len(class) > 1 {
			variance += float64(float64(len(class)) * stat.Variance(class, nil))
		}
	}
	return variance, smallest
}
