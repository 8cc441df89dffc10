package gbdt

import (
	"cmp"
	"math"
	"slices"
)

// pinball is the loss of a quantile (Koenker and Bassett, Regression quantiles,
// Econometrica 46, 1978): q for each unit that a prediction is too low, 1-q for
// each that it is too high, both times factor. The absolute error is that of the
// median times 2.
//
// Its second derivative is 0, so that trees are grown with hessians of 1, and
// each leaf then gets the value that is best for its rows: the quantile of what
// is still missing (Friedman, Greedy function approximation, 2001, algorithm 3).
type pinball struct {
	data      *Data
	scores    []float64
	q, factor float64
}

func (l *pinball) base(in *part) []float64 {
	var rows []residual
	for i, y := range l.data.targets {
		if in.has(i) {
			rows = append(rows, residual{y + 0, l.data.weight(i)})
		}
	}
	return []float64{quantile(rows, l.q)}
}

func (l *pinball) prepare(int, int) {}

func (l *pinball) derive(dst []pair, _, from int) {
	var room [blockRows]float64
	weights := room[:len(dst)]
	l.data.weigh(weights, from, nil)
	for i, w := range weights {
		g := 0.0
		switch e := l.data.targets[from+i] - l.scores[from+i]; {
		case e > 0:
			g = -l.q
		case e < 0:
			g = 1 - l.q
		}
		dst[i] = rawPair(w*g*l.factor, w)
	}
}

func (l *pinball) arrays() [][]float64 { return [][]float64{l.scores} }

func (l *pinball) unit() float64 { return 1 }

func (l *pinball) limit() float64 { return math.Inf(1) }

func (l *pinball) weight(place int) float64 { return l.data.weight(place) }

func (l *pinball) loss(place int) float64 {
	e := l.data.targets[place] - l.scores[place]
	return l.factor * max(l.q*e, (l.q-1)*e)
}

// refit returns the best value for the rows in places from..to-1.
func (l *pinball) refit(from, to int) float64 {
	rows := make([]residual, to-from)
	for i := range rows {
		place := from + i
		rows[i] = residual{l.data.targets[place] - l.scores[place] + 0, l.data.weight(place)}
	}
	return quantile(rows, l.q)
}

// residual is what is missing from a prediction, and the row's weight.
type residual struct{ value, weight float64 }

// quantile returns the least value that the share q of the weight does not
// exceed, or, where that share is met exactly, the middle between it and the
// next. It sorts the rows: weights are added up in one order, whichever the rows
// came in, so that the result has the same bits.
func quantile(rows []residual, q float64) float64 {
	slices.SortFunc(rows, func(a, b residual) int {
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.weight, b.weight))
	})
	total := 0.0
	for _, r := range rows {
		total += r.weight
	}
	share, sum := float64(q*total), 0.0
	for i, r := range rows {
		sum += r.weight
		if sum == share && i+1 < len(rows) {
			return r.value/2 + rows[i+1].value/2
		}
		if sum >= share {
			return r.value
		}
	}
	return rows[len(rows)-1].value
}
