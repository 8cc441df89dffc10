package metric

import "slices"

// ranked is one row as rank metrics see it: the probability of a class, the
// row's number, and whether the row is of that class.
type ranked struct {
	score    float64
	row      int32
	positive bool
}

// rank sorts the rows by the probability of class k, ascending; rows that tie
// stay in their order.
func rank(y []int32, p []float64, classes, k int) []ranked {
	rows := make([]ranked, len(y))
	for i, c := range y {
		rows[i] = ranked{p[i*classes+k], int32(i), c == int32(k)}
	}
	slices.SortFunc(rows, compareRanked)
	return rows
}

func compareRanked(a, b ranked) int {
	switch {
	case a.score < b.score:
		return -1
	case a.score > b.score:
		return 1
	}
	return int(a.row - b.row)
}

// ties calls f with each run of equal scores and the numbers of positive and
// negative rows in it, in the order of the rows.
func ties(rows []ranked, f func(run []ranked, positive, negative int64)) {
	for len(rows) > 0 {
		n, positive := 0, int64(0)
		for n < len(rows) && rows[n].score == rows[0].score {
			if rows[n].positive {
				positive++
			}
			n++
		}
		f(rows[:n], positive, int64(n)-positive)
		rows = rows[n:]
	}
}

// rankedClasses lists the classes whose probabilities are ranked against the
// rest: the positive one of two, or all of more.
func rankedClasses(classes int) []int {
	if classes == 2 {
		return []int{1}
	}
	all := make([]int, classes)
	for k := range all {
		all[k] = k
	}
	return all
}

// rocAUC is the probability that a positive row has a larger score than a
// negative one, ties counting half; for more than two classes, the mean of it
// over one class against the rest.
func rocAUC(y []int32, p []float64, classes int) value {
	of, sum := rankedClasses(classes), 0.0
	for _, k := range of {
		auc := classAUC(rank(y, p, classes, k))
		if auc.undefined != "" {
			return auc
		}
		sum += auc.v
	}
	return value{v: sum / float64(len(of))}
}

// classAUC counts the pairs that are in order, in halves: an exact integer,
// which is rounded once.
func classAUC(rows []ranked) value {
	var halves, positives, negatives int64
	ties(rows, func(_ []ranked, positive, negative int64) {
		halves += positive * (2*negatives + negative)
		positives += positive
		negatives += negative
	})
	return ratio(halves, 2*positives*negatives, reasonOneClass)
}

// averagePrecision is Σ (Rₙ - Rₙ₋₁)·Pₙ over the thresholds in descending
// order, with precision Pₙ and recall Rₙ: the area under the curve of both as
// a step function, without interpolation.
func averagePrecision(y []int32, p []float64) value {
	rows := rank(y, p, 2, 1)
	slices.Reverse(rows)
	var positives, seen int64
	sum := 0.0
	ties(rows, func(_ []ranked, positive, negative int64) {
		positives += positive
		seen += positive + negative
		sum += float64(positive*positives) / float64(seen)
	})
	if positives == 0 {
		return undefined(reasonNoPositive)
	}
	return value{v: sum / float64(positives)}
}
