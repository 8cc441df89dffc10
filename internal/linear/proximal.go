package linear

import (
	"context"
	"math"
	"slices"
)

// minimizeSparse goes from a point towards the optimum of an objective with an
// L1 penalty, until its conditions are missed by at most goal, or for maxIter
// iterations. It is the proximal Newton method (Lee, Sun and Saunders, Proximal
// Newton-Type Methods for Minimizing Composite Functions, 2014): each step
// minimizes the penalties and a quadratic that touches the loss.
//
// The quadratic's curvature is that of the sample, and of each raw score by
// itself, so it may be too flat. What a step gained is compared with what it
// promised, and the next one made shorter or longer by stiffness.
func (p *passer) minimizeSparse(ctx context.Context, theta []float64, sample *problem, goal float64, maxIter int) (best point, iterations int, err error) {
	const (
		poor, good = 0.6, 1.3 // shares of the promise that change the stiffness
		enough     = 0.25     // and that a step must keep
		close      = 0.1      // from the whole promise; the curvature then stays
		rounding   = 1e-14    // of a value, which is a sum
		stiffest   = 1e9
	)
	if best, err = p.at(ctx, theta); err != nil {
		return best, 0, err
	}
	var m *metric
	for stiffness := 1.0; iterations < maxIter && p.missed(best) > goal && stiffness < stiffest; {
		if m == nil {
			m = newMetric(sample, best.theta)
		}
		theta, promise := m.step(p.problem, best, stiffness, goal)
		next, err := p.at(ctx, theta)
		if err != nil {
			return best, iterations, err
		}
		iterations++
		share := (best.value - next.value) / promise
		if noise := float64(rounding * math.Abs(best.value)); promise <= noise && next.value <= best.value+noise {
			share = 1 // the values no longer tell
		}
		if share < poor {
			stiffness *= 1.5
		} else if share > good {
			stiffness = max(1, stiffness/1.5)
		}
		if share >= enough {
			best = next
		}
		if share >= enough && math.Abs(share-1) > close {
			m = nil
		}
	}
	return best, iterations, nil
}

// missed is by how much a point misses the conditions of the optimum.
func (p *problem) missed(at point) float64 {
	top := 0.0
	for k := range p.scores {
		coef, intercept := p.of(at.theta, k)
		for j, v := range coef {
			top = max(top, missed(v, at.gradient[intercept-len(coef)+j], p.l1))
		}
		top = max(top, math.Abs(at.gradient[intercept]))
	}
	return top
}

// metric is the curvature of an objective without its L1 penalty: the Hessian
// of each raw score by itself, or where that is too large its diagonal.
type metric struct {
	size     int
	hessians [][]float64
	diagonal [][]float64
}

// newMetric measures a problem, usually a sample, at theta.
func newMetric(p *problem, theta []float64) *metric {
	m := &metric{size: p.size()}
	seconds := p.seconds(theta, 0)
	whole := p.affordable()
	for k := range p.scores {
		if whole {
			h := p.hessian(seconds[k])
			for j, floor := 0, p.floor(h[len(h)-1]); j < p.layout.inputs; j++ {
				h[j*(m.size+1)] += floor
			}
			m.hessians = append(m.hessians, h)
			continue
		}
		d := p.diagonal(seconds[k])
		for j, floor := 0, p.floor(d[len(d)-1]); j < p.layout.inputs; j++ {
			d[j] += floor
		}
		m.diagonal = append(m.diagonal, d)
	}
	return m
}

// floor is what a sample's curvatures are raised by: what one more row of it
// would add. A category of which the sample has no row would else seem to cost
// nothing.
func (p *problem) floor(ofAll float64) float64 {
	if p.scale == 1 {
		return 0
	}
	return ofAll / float64(countRows(p.blocks))
}

// step returns the minimum of the penalties and the quadratic, and how far below
// the value at the point it lies.
func (m *metric) step(p *problem, from point, stiffness, goal float64) (theta []float64, promise float64) {
	theta = slices.Clone(from.theta)
	for k := range p.scores {
		beta, gradient := theta[k*m.size:][:m.size], from.gradient[k*m.size:][:m.size]
		old := slices.Clone(beta)
		if m.hessians != nil {
			promise += m.newton(k, beta, gradient, p.l1, stiffness, goal)
		} else {
			promise += m.scaled(k, beta, gradient, p.l1, stiffness)
		}
		promise += float64(p.l1 * (absolute(old[:m.size-1]) - absolute(beta[:m.size-1])))
	}
	return theta, promise + p.centre(theta)
}

// newton moves beta to the minimum for raw score k, and returns by how much the
// quadratic falls.
func (m *metric) newton(k int, beta, gradient []float64, l1, stiffness, goal float64) float64 {
	q := &quadratic{h: make([]float64, m.size*m.size), b: make([]float64, m.size), n: m.size, l1: l1}
	addScaled(q.h, stiffness, m.hessians[k])
	old := slices.Clone(beta)
	addScaled(q.b, -1, gradient)
	for j, v := range old {
		addScaled(q.b, v, q.h[j*m.size:][:m.size])
	}
	q.minimize(beta, goal/10)
	by := less(beta, old)
	bent := 0.0
	for j, v := range by {
		bent += float64(v * dot(q.h[j*m.size:][:m.size], by))
	}
	return -dot(gradient, by) - bent/2
}

// scaled is newton where only the diagonal is known.
func (m *metric) scaled(k int, beta, gradient []float64, l1, stiffness float64) (fall float64) {
	for j, old := range beta {
		h, kink := float64(stiffness*m.diagonal[k][j]), l1
		if j == m.size-1 {
			kink = 0
		}
		beta[j] = shrunk(float64(h*old)-gradient[j], kink) / h
		by := beta[j] - old
		fall -= float64(gradient[j]*by) + float64(float64(h*by)*by)/2
	}
	return fall
}

// centre shifts the coefficients that the raw scores have for an input, all
// alike, to where the penalties are least, and returns by how much they fall.
// The loss does not change by that, so no step would see it (Friedman, Hastie
// and Tibshirani, 2010, section 4.1). With a single raw score it does nothing.
func (p *problem) centre(theta []float64) (fall float64) {
	if p.scores == 1 {
		return 0
	}
	column := make([]float64, p.scores)
	for j := range p.size() {
		for k := range column {
			column[k] = theta[k*p.size()+j]
		}
		l1, l2 := p.l1, p.penalty
		if j == p.layout.inputs {
			l1, l2 = 0, 1 // intercepts: any shift will do, so their mean
		}
		by := lowest(column, l1, l2)
		for k, v := range column {
			theta[k*p.size()+j] = v - by
			if j < p.layout.inputs {
				fall += float64(l1*(math.Abs(v)-math.Abs(v-by))) + float64(l2*(float64(v*v)-float64((v-by)*(v-by))))/2
			}
		}
	}
	return fall
}

// lowest returns the c with the smallest Σ l1·|xᵢ-c| + l2/2·(xᵢ-c)². If a middle
// number is such a c, it is that to the bit.
func lowest(x []float64, l1, l2 float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := float64(len(x))
	mean := sumOf(x) / n
	for i, v := range x {
		// Between v and the number before it the slope is that of i numbers
		// below c and the others above.
		slope := float64(l1 * (2*float64(i) - n))
		if free := mean - slope/float64(max(l2, math.SmallestNonzeroFloat64)*n); l2 > 0 && free < v {
			return free
		}
		if slope+2*l1+float64(float64(n*l2)*(v-mean)) >= 0 {
			return v
		}
	}
	return mean
}

// absolute is Σ|xᵢ|.
func absolute(x []float64) (sum float64) {
	for _, v := range x {
		sum += math.Abs(v)
	}
	return sum
}
