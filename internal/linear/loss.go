package linear

import (
	"math"
	"math/bits"

	"retrain/internal/model"
)

// loss is what a row's raw scores cost. Both methods take the raw scores z of
// a block, a column for each, and overwrite them; for rows that the block lacks
// they write zeros.
type loss interface {
	// residuals writes the derivatives of the weighted loss by the raw scores,
	// and returns the sum of the loss over the block.
	residuals(z []rows, b *block[float32]) float64
	// curvatures writes the second derivatives, of each raw score by itself, and a
	// share of the absolute first ones where that is more.
	curvatures(z []rows, b *block[float32], share float64)
}

// logSum sums weighted logarithms of numbers between 1 and some bound. Where
// the weight is that of a class alone, it takes the logarithm of products
// instead, which saves all but one logarithm in some hundreds of rows.
type logSum struct {
	classWeights []float64
	products     []float64 // for each class
	every, left  int       // factors that cannot overflow, and those still to come
	sum          float64
}

func newLogSum(classWeights []float64, bound int) *logSum {
	s := &logSum{classWeights: classWeights, products: make([]float64, len(classWeights))}
	s.every = 1000 / bits.Len(uint(bound))
	s.flush()
	return s
}

// add adds the logarithm of x with the weight of the class times w.
func (s *logSum) add(class int, w, x float64) {
	if w != 1 {
		s.sum += float64(s.classWeights[class] * float64(w*model.Log(x)))
		return
	}
	s.products[class] *= x
	if s.left--; s.left == 0 {
		s.flush()
	}
}

// flush turns the products into a sum.
func (s *logSum) flush() {
	for k, p := range s.products {
		if p > 0 {
			s.sum += float64(s.classWeights[k] * model.Log(p))
		}
		s.products[k] = 1
	}
	s.left = s.every
}

// logistic is the log loss of two classes. The one raw score is the log odds of
// class 1.
type logistic struct{ classWeights []float64 }

func (l logistic) residuals(z []rows, b *block[float32]) float64 {
	scores, losses, margins := z[0][:b.n], newLogSum(l.classWeights, 2), 0.0
	for i, score := range scores {
		// The loss is ln(1 + e^margin), the margin being how far the score is
		// on the wrong side, and its derivative is 1/(1 + e^-margin). Written so
		// that nothing overflows and small derivatives keep their digits.
		class, side := 0, 1.0
		if b.y[i] == 1 {
			class, side = 1, -1.0
		}
		e := model.Exp(-math.Abs(score))
		slope := 1 / (1 + e)
		w := float64(l.classWeights[class] * b.w[i])
		if margin := side * score; margin > 0 {
			margins += float64(w * margin)
		} else {
			slope = float64(e * slope)
		}
		losses.add(class, b.w[i], 1+e)
		scores[i] = float64(w * side * slope)
	}
	losses.flush()
	clear(z[0][b.n:])
	return margins + losses.sum
}

func (l logistic) curvatures(z []rows, b *block[float32], share float64) {
	scores := z[0][:b.n]
	for i, score := range scores {
		e := model.Exp(-math.Abs(score))
		q := 1 / (1 + e)
		slope := q
		if (b.y[i] == 1) == (score > 0) {
			slope = float64(e * q)
		}
		w := float64(l.classWeights[int(b.y[i])] * b.w[i])
		scores[i] = max(float64(w*q*(e*q)), float64(w*share*slope))
	}
	clear(z[0][b.n:])
}

// multinomial is the log loss of any number of classes, with a raw score each.
type multinomial struct{ classWeights []float64 }

// exponentials replaces the raw scores by e^(z-top), where top is each row's
// largest, and returns tops and the sums over the classes.
func (m multinomial) exponentials(z []rows, n int) (top, sum *rows) {
	top, sum = new(rows), new(rows)
	*top = z[0]
	for k := range z {
		for i := range n {
			top[i] = max(top[i], z[k][i])
		}
	}
	for k := range z {
		powers := z[k][:n]
		for i := range powers {
			powers[i] -= top[i]
		}
		model.ExpAll(powers, powers)
		for i, power := range powers {
			sum[i] += power
		}
	}
	return top, sum
}

func (m multinomial) residuals(z []rows, b *block[float32]) float64 {
	losses, gaps := newLogSum(m.classWeights, len(z)), 0.0
	for i, class := range b.y[:b.n] {
		gaps -= float64(m.weight(b, i) * z[int(class)][i])
	}
	top, sum := m.exponentials(z, b.n)
	for i, class := range b.y[:b.n] {
		gaps += float64(m.weight(b, i) * top[i])
		losses.add(int(class), b.w[i], sum[i])
	}
	losses.flush()
	for k := range z {
		for i := range b.n {
			p := z[k][i] / sum[i]
			if b.y[i] == float64(k) {
				p -= 1
			}
			z[k][i] = float64(m.weight(b, i) * p)
		}
		clear(z[k][b.n:])
	}
	return gaps + losses.sum
}

func (m multinomial) weight(b *block[float32], i int) float64 {
	return float64(m.classWeights[int(b.y[i])] * b.w[i])
}

func (m multinomial) curvatures(z []rows, b *block[float32], share float64) {
	_, sum := m.exponentials(z, b.n)
	for k := range z {
		for i := range b.n {
			p := z[k][i] / sum[i]
			slope := p
			if b.y[i] == float64(k) {
				slope = 1 - p
			}
			w := m.weight(b, i)
			z[k][i] = max(float64(w*p*(1-p)), float64(w*share*slope))
		}
		clear(z[k][b.n:])
	}
}

// squared is half the squared error of the one raw score.
type squared struct{}

func (squared) residuals(z []rows, b *block[float32]) float64 {
	sum := 0.0
	for i := range b.n {
		miss := z[0][i] - b.y[i]
		z[0][i] = float64(b.w[i] * miss)
		sum += float64(z[0][i]*miss) / 2
	}
	clear(z[0][b.n:])
	return sum
}

func (squared) curvatures(z []rows, b *block[float32], _ float64) { z[0] = b.w }
