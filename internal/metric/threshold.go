package metric

import (
	"math"
	"slices"
)

// Thresholds are the metrics that a threshold can be chosen by. Precision and
// recall are not: each alone is best where hardly a row has the one label, or
// the other.
var Thresholds = []string{Accuracy, BalancedAccuracy, F1}

// apart is the distance of probabilities that a threshold can lie between: with
// less, a runtime's last digits would decide.
const apart = 1e-9

// BestThreshold returns the threshold between 0 and 1 at which the metric of the
// labels is best, a row being of class 1 if its probability (p, row-major for two
// classes) is above it. Of thresholds between the same two rows it is one half,
// if that is among them, else the middle; of equally good ones, the one that is
// closest to one half. NaN says that the metric is defined nowhere. It panics for
// a metric that Thresholds does not list, and where Classification does.
func BestThreshold(name string, y []int32, p []float64) float64 {
	if !slices.Contains(Thresholds, name) {
		panic("metric: no threshold can be chosen by " + name)
	}
	checkClasses(y, p, 2)
	best, at := math.Inf(-1), math.NaN()
	if unusable(p) != "" {
		return at
	}
	rows := rank(y, p, 2, 1) // ascending
	c := newCounts(2)
	for _, r := range rows {
		c.add(classOf(y[r.row], 2), 1, 1)
	}
	low := 0.0
	for i := 0; i <= len(rows); i++ {
		high := 1.0
		if i < len(rows) {
			high = rows[i].score
		}
		if t := between(low, high); high-low > apart {
			v := c.score(name)
			if v.undefined == "" && (v.v > best || v.v == best && math.Abs(t-0.5) < math.Abs(at-0.5)) {
				best, at = v.v, t
			}
		}
		if i < len(rows) { // on to thresholds above the row
			low = high
			actual := classOf(y[rows[i].row], 2)
			c.move(actual, 1, 0)
		}
	}
	return at
}

// between returns one half if low <= 1/2 < high, else the middle.
func between(low, high float64) float64 {
	if low <= 0.5 && 0.5 < high {
		return 0.5
	}
	return low + (high-low)/2
}

// move counts a row under another label.
func (c *counts) move(actual, from, to int) {
	c.add(actual, from, -1)
	c.add(actual, to, 1)
}
