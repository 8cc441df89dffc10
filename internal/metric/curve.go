package metric

import (
	"math"
	"slices"

	"retrain/internal/model"
)

// Point is one point of a curve.
type Point struct{ X, Y float64 }

// maxPoints bounds a curve: finer ones look the same.
const maxPoints = 200

// ROC returns the receiver operating characteristic of class k against the
// rest: over all thresholds in descending order, the share of the other rows
// (X) and of the class's own rows (Y) that reach the threshold, from (0, 0) to
// (1, 1) in at most 200 points. It is nil where the area under it is undefined.
// It panics where Classification does.
func ROC(y []int32, p []float64, classes, k int) []Point {
	var curve []Point
	descend(y, p, classes, k, func(truth, others, allTrue, allOthers int64) {
		if allTrue > 0 && allOthers > 0 {
			curve = append(curve, Point{float64(others) / float64(allOthers), float64(truth) / float64(allTrue)})
		}
	})
	if curve == nil {
		return nil
	}
	return thin(append([]Point{{0, 0}}, curve...))
}

// PrecisionRecall returns recall (X) and precision (Y) of class k over all
// thresholds in descending order, in at most 200 points. The precision of a
// point holds from the recall before it, as in average_precision. It is nil if
// no row is of the class.
func PrecisionRecall(y []int32, p []float64, classes, k int) []Point {
	var curve []Point
	descend(y, p, classes, k, func(truth, others, allTrue, _ int64) {
		if allTrue > 0 {
			curve = append(curve, Point{float64(truth) / float64(allTrue), float64(truth) / float64(truth+others)})
		}
	})
	return thin(curve)
}

// descend calls visit for each distinct score of class k, the largest first,
// with the numbers of the class's rows and of the others that reach it, and
// with those of all rows.
func descend(y []int32, p []float64, classes, k int, visit func(truth, others, allTrue, allOthers int64)) {
	checkClasses(y, p, classes)
	if unusable(p) != "" {
		return
	}
	rows := rank(y, p, classes, k)
	slices.Reverse(rows)
	var truth, others, all int64
	for _, r := range rows {
		if r.positive {
			all++
		}
	}
	ties(rows, func(_ []ranked, positive, negative int64) {
		truth += positive
		others += negative
		visit(truth, others, all, int64(len(rows))-all)
	})
}

// thin keeps at most 200 points of a curve, in their places: the ends, and
// those at equal distances along it. So a steep part keeps as many points as a
// flat one, whatever the number of rows behind either.
func thin(curve []Point) []Point {
	if len(curve) <= maxPoints {
		return curve
	}
	length := make([]float64, len(curve))
	for i := 1; i < len(curve); i++ {
		length[i] = length[i-1] + math.Abs(curve[i].X-curve[i-1].X) + math.Abs(curve[i].Y-curve[i-1].Y)
	}
	last := len(curve) - 1
	kept := []Point{curve[0]}
	for i, steps := 1, 1; i < last; i++ {
		if length[i]*(maxPoints-1) >= float64(steps)*length[last] {
			kept = append(kept, curve[i])
			steps = int(length[i]*(maxPoints-1)/length[last]) + 1
		}
	}
	return append(kept, curve[last])
}

// Calibration is a group of rows with about the same predicted probability.
type Calibration struct {
	Rows     int
	Expected float64  // the mean of the predicted probabilities
	Observed float64  // the share of the rows for which the prediction came true
	Interval Interval // of Observed: Wilson's, 95 %
}

// Calibrate groups the rows by their predicted probability into at most so
// many groups of nearly equal numbers, ascending. For two classes the
// probability is that of class 1; for more it is the predicted label's, which
// comes true if the label is right. Rows with equal probabilities stay
// together. It panics where Classification does.
func Calibrate(y []int32, p []float64, classes, groups int) []Calibration {
	checkClasses(y, p, classes)
	if unusable(p) != "" {
		return nil
	}
	rows := calibrated(y, p, classes)
	size := (len(rows) + groups - 1) / groups
	var all []Calibration
	for len(rows) > 0 {
		end := min(size, len(rows))
		for end < len(rows) && rows[end].score == rows[end-1].score {
			end++
		}
		all = append(all, calibrationOf(rows[:end]))
		rows = rows[end:]
	}
	return all
}

// calibrated sorts the rows by the probability that calibration is about.
func calibrated(y []int32, p []float64, classes int) []ranked {
	if classes == 2 {
		return rank(y, p, 2, 1)
	}
	rows := make([]ranked, len(y))
	for i := range y {
		own := p[i*classes : (i+1)*classes]
		label := model.Label(own)
		rows[i] = ranked{own[label], int32(i), y[i] == int32(label)}
	}
	slices.SortFunc(rows, compareRanked)
	return rows
}

func calibrationOf(rows []ranked) Calibration {
	c := Calibration{Rows: len(rows)}
	scores, hits := make([]float64, len(rows)), 0
	for i, r := range rows {
		scores[i] = r.score
		if r.positive {
			hits++
		}
	}
	c.Expected = mean(scores).v
	c.Observed = float64(hits) / float64(len(rows))
	c.Interval = wilson(hits, len(rows))
	return c
}

// wilson is the 95 % score interval of a share (Wilson, Probable inference,
// the law of succession, and statistical inference, JASA 22, 1927).
func wilson(hits, n int) Interval {
	const z = 1.959963984540054
	share, rows := float64(hits)/float64(n), float64(n)
	centre := (share + z*z/(2*rows)) / (1 + z*z/rows)
	reach := z / (1 + z*z/rows) * math.Sqrt(share*(1-share)/rows+z*z/(4*rows*rows))
	return Interval{max(0, centre-reach), min(1, centre+reach)}
}
