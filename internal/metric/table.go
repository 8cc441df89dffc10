package metric

import (
	"cmp"
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// cell is one cell of the joint table of the truth and of one or two models'
// labels.
type cell struct {
	actual int
	labels [2]int
}

// mirror is the cell in which the two models have changed places.
func (c cell) mirror() cell { return cell{c.actual, [2]int{c.labels[1], c.labels[0]}} }

func compareCells(a, b cell) int {
	return cmp.Or(cmp.Compare(a.actual, b.actual), cmp.Compare(a.labels[0], b.labels[0]), cmp.Compare(a.labels[1], b.labels[1]))
}

// table is the joint table of some rows, with the weights by which it is
// resampled.
type table struct {
	rows, classes int
	cells         []cell // in a fixed order
	weights       []float64
	models        []*counts // of the last draw
}

// labelSpan bootstraps a metric of labels. To resample rows is to draw the
// table's counts from a multinomial distribution, so the cost depends on the
// number of cells and not on that of rows.
func (o Options) labelSpan(ctx context.Context, name string, y []int32, classes int, models []Answers) span {
	t := newTable(y, classes, models)
	src := rand.NewPCG(o.Seed, 0)
	values := make([]float64, o.Resamples)
	for r := range values {
		if ctx.Err() != nil {
			break
		}
		t.draw(src)
		values[r] = t.score(name)
	}
	return o.percentile(values, "the joint table")
}

func newTable(y []int32, classes int, models []Answers) *table {
	tally := map[cell]int64{}
	for i, c := range y {
		at := cell{actual: classOf(c, classes)}
		for m, a := range models {
			at.labels[m] = a.label(i, classes)
		}
		tally[at]++
	}
	weights := smoothPair(tally)
	if len(models) == 1 {
		weights = smoothOne(tally, classes)
	}
	t := &table{rows: len(y), classes: classes, cells: slices.SortedFunc(maps.Keys(weights), compareCells)}
	for _, c := range t.cells {
		t.weights = append(t.weights, weights[c])
	}
	for range models {
		t.models = append(t.models, newCounts(classes))
	}
	return t
}

// smoothPair adds one pseudo-row to the rows on which the two models disagree,
// half of it as they do and half with the models changed over. Without it, a
// challenger that wins the only four disagreements among a thousand rows would
// be sure to be better, since no resample holds a loss; equal models do that
// one time in sixteen. (Agresti and Min, Simple improved confidence intervals
// for comparing matched proportions, Statistics in Medicine 24, 2005, add half
// a row to each cell for the same reason.)
func smoothPair(tally map[cell]int64) map[cell]float64 {
	apart := int64(0)
	for c, n := range tally {
		if c != c.mirror() {
			apart += n
		}
	}
	weights := map[cell]float64{}
	for c, n := range tally {
		m := c.mirror()
		if c == m {
			weights[c] = float64(n)
			continue
		}
		pseudo := float64(n+tally[m]) / float64(2*apart)
		weights[c] = float64(n) + pseudo
		weights[m] = float64(tally[m]) + pseudo
	}
	return weights
}

// smoothOne adds one pseudo-row to one model's table, half of it right and half
// wrong, so that a model without errors is not sure to make none. Each class
// gets its part of it, and all wrong labels are alike.
func smoothOne(tally map[cell]int64, classes int) map[cell]float64 {
	rows, actual, labels := 0.0, make([]float64, classes+1), map[int]bool{}
	for c, n := range tally {
		rows += float64(n)
		actual[c.actual] += float64(n)
		labels[c.labels[0]] = true
		if c.actual < classes {
			labels[c.actual] = true
		}
	}
	weights := map[cell]float64{}
	for k, n := range actual {
		if n == 0 {
			continue
		}
		for l := range labels {
			pseudo := n / rows / 2
			if l != k {
				pseudo /= max(1, float64(len(labels)-1))
			}
			c := cell{actual: k, labels: [2]int{l, 0}}
			weights[c] = float64(tally[c]) + pseudo
		}
	}
	return weights
}

// draw draws the table anew, cell by cell: given the cells before it, a cell's
// count is binomial.
func (t *table) draw(src rand.Source) {
	for _, c := range t.models {
		c.reset()
	}
	left, weight := t.rows, 0.0
	for _, w := range t.weights {
		weight += w
	}
	for i, c := range t.cells {
		n := left
		if i < len(t.cells)-1 && left > 0 {
			share := min(1, t.weights[i]/weight)
			n = int(distuv.Binomial{N: float64(left), P: share, Src: src}.Rand())
		}
		for m, counts := range t.models {
			counts.add(c.actual, c.labels[m], int64(n))
		}
		left -= n
		weight -= t.weights[i]
	}
}

// score is the metric of the last draw, or the difference of the two models'.
func (t *table) score(name string) float64 {
	values := make([]float64, 0, 2)
	for _, c := range t.models {
		v := c.score(name)
		if v.undefined != "" {
			return math.NaN()
		}
		values = append(values, v.v)
	}
	return difference(values)
}
