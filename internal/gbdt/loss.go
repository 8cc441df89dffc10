package gbdt

import (
	"math"
	"slices"

	"retrain/internal/model"
)

// objective is what the trees minimize: a loss, summed over the rows. Its
// derivatives are by the raw scores. All methods work on some rows, so that
// goroutines can share them, and write nothing else.
type objective interface {
	// base returns the raw scores that are best without any feature.
	base(in *part) []float64
	// prepare is called at the start of a round, when all raw scores are known
	// that its gradients are taken at.
	prepare(from, to int)
	// derive writes the raw pairs by raw score k of the rows in places from
	// onwards, at most blockRows, to dst.
	derive(dst []pair, k, from int)
	// arrays returns what is known of each row by its place, the raw scores
	// among it.
	arrays() [][]float64
	// unit is the factor by which gradients were divided to keep them near 1:
	// leaf values come out divided by it, and gains by its square.
	unit() float64
	// limit bounds a leaf's value before the learning rate, however small its
	// hessian is: a step so long that the loss is not nearly quadratic along it.
	limit() float64
	// loss returns the loss of the row in a place without its weight, and
	// weight that.
	loss(place int) float64
	weight(place int) float64
}

// weigh writes the weights of the rows in places from onwards, those of their
// classes included, to dst.
func (d *Data) weigh(dst []float64, from int, factors []float64) {
	for i := range dst {
		dst[i] = 1
	}
	if d.weights != nil {
		for i, w := range d.weights[from : from+len(dst)] {
			dst[i] = float64(w)
		}
	}
	if d.labels != nil {
		for i, y := range d.labels[from : from+len(dst)] {
			dst[i] *= factors[y]
		}
	}
}

// refitter is an objective with a better value for a leaf than its gradients and
// hessians tell.
type refitter interface {
	refit(from, to int) float64 // for the rows in places from..to-1
}

// The losses. That of classes is always LogLoss.
const (
	SquaredError  = "squared_error"
	AbsoluteError = "absolute_error"
	Quantile      = "quantile"
	Poisson       = "poisson"
	LogLoss       = "log_loss"
)

// newObjective returns the loss on the data's rows with the present scores, one
// slice for each raw score, by place. factors holds a weight for each class.
func newObjective(d *Data, p *Params, scores [][]float64, factors []float64) objective {
	switch {
	case p.Loss == AbsoluteError:
		return &pinball{d, scores[0], 0.5, 2}
	case p.Loss == Quantile:
		return &pinball{d, scores[0], p.Quantile, 1}
	case p.Loss == Poisson:
		return &poisson{d, scores[0]}
	case d.task == model.Regression:
		return newSquared(d, scores[0])
	case d.task == model.Binary:
		return &logistic{d, scores[0], factors}
	}
	return &softmax{d, scores, factors, make([]float64, d.rows), make([]float64, d.rows)}
}

// squared is half the squared error. Its targets are divided by a power of two
// near the largest, which is exact and keeps every square finite.
type squared struct {
	data   *Data
	scores []float64
	size   float64
}

func newSquared(d *Data, scores []float64) *squared {
	largest := 0.0
	for _, y := range d.targets {
		largest = max(largest, math.Abs(y))
	}
	_, exp := math.Frexp(largest)
	return &squared{d, scores, math.Ldexp(1, max(-1000, min(exp, 1000)))}
}

func (s *squared) base(in *part) []float64 {
	sum, weights := 0.0, 0.0
	for i, y := range s.data.targets {
		if in.has(i) {
			w := s.data.weight(i)
			sum += float64(w * (y / s.size))
			weights += w
		}
	}
	return []float64{sum / weights * s.size}
}

func (s *squared) prepare(int, int) {}

func (s *squared) derive(dst []pair, _, from int) {
	var room [blockRows]float64
	weights := room[:len(dst)]
	s.data.weigh(weights, from, nil)
	scores, targets := s.scores[from:from+len(dst)], s.data.targets[from:from+len(dst)]
	inverse := 1 / s.size
	for i, w := range weights {
		dst[i] = rawPair(w*((scores[i]-targets[i])*inverse), w)
	}
}

func (s *squared) arrays() [][]float64 { return [][]float64{s.scores} }

func (s *squared) unit() float64 { return s.size }

func (s *squared) limit() float64 { return math.Inf(1) }

func (s *squared) weight(place int) float64 { return s.data.weight(place) }

func (s *squared) loss(place int) float64 {
	e := s.scores[place] - s.data.targets[place]
	return e * e / 2
}

// maxLogOdds bounds a leaf of the log losses. Where a class is all but ruled out,
// hessians p(1-p) vanish faster than gradients do. Without L2 the values of
// leaves then grow until nothing is learned any more: of the seven classes of
// the shuttle data, one in a thousand rows is predicted right.
const maxLogOdds = 10

// logistic is the log loss of two classes; the raw score is the log odds of
// class 1.
type logistic struct {
	data    *Data
	scores  []float64
	factors []float64
}

func (l *logistic) base(in *part) []float64 {
	w := classWeights(l.data, in, l.factors)
	return []float64{model.Log(w[1]) - model.Log(w[0])}
}

func (l *logistic) prepare(int, int) {}

func (l *logistic) derive(dst []pair, _, from int) {
	var room [blockRows]float64
	weights := room[:len(dst)]
	l.data.weigh(weights, from, l.factors)
	scores, labels := l.scores[from:from+len(dst)], l.data.labels[from:from+len(dst)]
	var powers [blockRows]float64
	odds := powers[:len(dst)] // against class 1
	for i, s := range scores {
		odds[i] = -s
	}
	model.ExpAll(odds, odds)
	for i, w := range weights {
		p := 1 / (1 + odds[i])
		dst[i] = rawPair(w*(p-float64(labels[i])), w*(p*(1-p)))
	}
}

func (l *logistic) arrays() [][]float64 { return [][]float64{l.scores} }

func (l *logistic) unit() float64 { return 1 }

func (l *logistic) limit() float64 { return maxLogOdds }

func (l *logistic) weight(place int) float64 {
	return l.data.weight(place) * l.factors[l.data.labels[place]]
}

func (l *logistic) loss(place int) float64 {
	margin := l.scores[place]
	if l.data.labels[place] == 0 {
		margin = -margin
	}
	return max(-margin, 0) + model.Log(1+model.Exp(-math.Abs(margin)))
}

// softmax is the log loss of several classes, with a raw score for each.
type softmax struct {
	data    *Data
	scores  [][]float64
	factors []float64
	// At the start of the round: each row's largest score, and 1/Σ exp(score - top).
	// The tree of a class changes only that class's scores, so that with them the
	// gradients of the other classes are still those of the round's start.
	top, norm []float64
}

func (s *softmax) base(in *part) []float64 {
	base := classWeights(s.data, in, s.factors)
	for k, w := range base {
		base[k] = model.Log(w)
	}
	return base
}

func (s *softmax) prepare(from, to int) {
	for ; from < to; from += blockRows {
		end := min(from+blockRows, to)
		top, norm := s.top[from:end], s.norm[from:end]
		copy(top, s.scores[0][from:end])
		for _, scores := range s.scores[1:] {
			for i, score := range scores[from:end] {
				top[i] = max(top[i], score)
			}
		}
		clear(norm)
		var room [blockRows]float64
		for k := range s.scores {
			for i, power := range s.powers(&room, k, from, end) {
				norm[i] += power
			}
		}
		for i, sum := range norm {
			norm[i] = 1 / sum
		}
	}
}

// powers returns exp(score - top) by class k for the rows in places from..to-1,
// at most blockRows.
func (s *softmax) powers(room *[blockRows]float64, k, from, to int) []float64 {
	powers, top := room[:to-from], s.top[from:to]
	for i, score := range s.scores[k][from:to] {
		powers[i] = score - top[i]
	}
	model.ExpAll(powers, powers)
	return powers
}

// logSum returns ln Σ exp(score) of the row in a place, shifted by the largest score.
func (s *softmax) logSum(place int) float64 {
	top := math.Inf(-1)
	for _, score := range s.scores {
		top = max(top, score[place])
	}
	sum := 0.0
	for _, score := range s.scores {
		sum += model.Exp(score[place] - top)
	}
	return top + model.Log(sum)
}

func (s *softmax) derive(dst []pair, k, from int) {
	var room [blockRows]float64
	weights := room[:len(dst)]
	s.data.weigh(weights, from, s.factors)
	var powers [blockRows]float64
	norms, labels := s.norm[from:from+len(dst)], s.data.labels[from:from+len(dst)]
	for i, power := range s.powers(&powers, k, from, from+len(dst)) {
		w, p := weights[i], power*norms[i]
		g := p
		if int(labels[i]) == k {
			g--
		}
		dst[i] = rawPair(w*g, w*(p*(1-p)))
	}
}

func (s *softmax) arrays() [][]float64 { return append(slices.Clip(s.scores), s.top, s.norm) }

func (s *softmax) unit() float64 { return 1 }

func (s *softmax) limit() float64 { return maxLogOdds }

func (s *softmax) weight(place int) float64 {
	return s.data.weight(place) * s.factors[s.data.labels[place]]
}

func (s *softmax) loss(place int) float64 {
	return s.logSum(place) - s.scores[s.data.labels[place]][place]
}

// classWeights returns each class's share of the weight of the rows. A class
// without any is taken to have half a row, so that its logarithm is finite.
func classWeights(d *Data, in *part, factors []float64) []float64 {
	sums := make([]float64, d.outputs)
	total := 0.0
	for i, y := range d.labels {
		if in.has(i) {
			w := d.weight(i) * factors[y]
			sums[y] += w
			total += w
		}
	}
	for k, w := range sums {
		if w == 0 {
			w = 0.5
		}
		sums[k] = w / total
	}
	return sums
}
