package linear

import (
	"context"
	"math"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// sums are what ridge regression needs of the rows: with x the inputs and a
// last 1, Σw·xxᵀ and Σw·x·t, where t is the target's distance from a value near
// its mean. Without that the digits of a target far from zero would cancel.
type sums struct {
	layout  *layout
	pending []*block[float64] // of which the last ones may be empty
	filled  int               // blocks of pending that are full
	xx, xt  []float64
	tt      float64
	near    float64 // the mean target of the first block
	started bool
	extreme int
}

// maxPending bounds the memory of the pending blocks' numbers, in bytes, and
// their number. More of them save starting goroutines.
const (
	maxPending      = 16
	maxPendingBytes = 16 << 20
)

func newSums(l *layout) *sums {
	size := l.inputs + 1
	s := &sums{layout: l, xx: make([]float64, size*size), xt: make([]float64, size)}
	blocks := maxPendingBytes / (8 * blockRows * max(1, len(l.numbers)))
	for range min(max(blocks, 1), maxPending) {
		s.pending = append(s.pending, newBlock[float64](l))
	}
	return s
}

// append takes rows as Data.Append does.
func (s *sums) append(x, y, w []float64) {
	for len(y) > 0 {
		b := s.pending[s.filled]
		n := b.fill(s.layout, x, y, w)
		x, y = x[n*len(s.layout.recipe.Features):], y[n:]
		if w != nil {
			w = w[n:]
		}
		if b.n == blockRows {
			s.filled++
		}
		if s.filled == len(s.pending) {
			s.flush()
		}
	}
}

// flush adds the pending blocks, of which only the last may be in part empty,
// and empties them.
func (s *sums) flush() {
	var blocks []*block[float64]
	var weights []*rows
	for _, b := range s.pending {
		if b.n > 0 {
			blocks, weights = append(blocks, b), append(weights, &b.w)
			s.extreme = max(s.extreme, b.extreme)
		}
	}
	if len(blocks) == 0 {
		return
	}
	if !s.started {
		s.near, s.started = total(&blocks[0].y)/float64(blocks[0].n), true
	}
	addGram(s.layout, s.xx, blocks, weights)
	scratch, r := make([]float64, s.layout.widest()+1), new(rows)
	for _, b := range blocks {
		for i := range b.n {
			t := b.y[i] - s.near
			r[i] = float64(b.w[i] * t)
			s.tt += float64(r[i] * t)
		}
		clear(r[b.n:])
		b.backward(s.layout, s.xt[:s.layout.inputs], r, 0, scratch)
		s.xt[s.layout.inputs] += total(r)
		b.clear()
	}
	s.filled = 0
}

// jitter is the penalty, as a share of the rows' weight, that is used where the
// inputs are linearly dependent and alpha is too small to decide between the
// solutions.
const jitter = 1e-9

// fitDirectly solves the normal equations of the centred inputs.
func fitDirectly(ctx context.Context, d *Data, p Params) (*Result, error) {
	s, size := d.sums, d.layout.inputs
	weight := s.xx[len(s.xx)-1]
	if !(weight > 0) {
		return nil, emptyData()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	means := make([]float64, size)
	for j := range means {
		means[j] = s.xx[j*(size+1)+size] / weight
	}
	l1, l2 := p.ofValues(weight)
	if l1 > 0 {
		return fitElasticNet(d, p, means, weight), nil
	}
	r := &Result{Iterations: 1, Converged: true}
	factor := s.centred(means, weight, l2)
	if !factorize(factor, size) {
		factor = s.centred(means, weight, max(l2, float64(jitter*weight)))
		if !factorize(factor, size) {
			return nil, fault.New(fault.InvalidData, "The inputs depend on each other too closely for a penalty of this size; use a larger alpha.")
		}
		r.Warnings = append(r.Warnings, "some inputs are linear combinations of others: a small penalty picked one of the equally good solutions")
	}
	meanT, xt := s.xt[size]/weight, s.centredTargets(means, weight)
	coef := slices.Clone(xt)
	solve(factor, size, coef)
	intercept := s.near + (meanT - dot(means, coef))
	r.Linear = &model.Linear{Coef: [][]float64{coef}, Intercept: []float64{intercept}}
	// At the optimum, Σw·(t-xβ)² + α‖β‖² = Σw·t² - βᵀΣw·x·t, all centred.
	r.Objective = max(0, s.tt-float64(meanT*s.xt[size])-dot(coef, xt)) / 2
	return r, nil
}

// fitElasticNet minimizes the same squares, of the centred inputs, with an L1
// penalty among the others.
func fitElasticNet(d *Data, p Params, means []float64, weight float64) *Result {
	s, size := d.sums, d.layout.inputs
	l1, l2 := p.ofValues(weight)
	// The last variable of a quadratic is an intercept. Centred inputs need
	// none; its row is zero.
	q := &quadratic{h: make([]float64, (size+1)*(size+1)), b: make([]float64, size+1), n: size + 1, l1: l1}
	meanT := s.xt[size] / weight
	centred := s.centred(means, weight, l2)
	for j := range size {
		copy(q.h[j*(size+1):], centred[j*size:][:size])
	}
	copy(q.b, s.centredTargets(means, weight))
	beta := make([]float64, size+1)
	twice := max(0, s.tt-float64(meanT*s.xt[size]))
	r := &Result{Iterations: 1, Converged: q.minimize(beta, float64(p.Tol*tolShare)*math.Sqrt(weight*twice))}
	if !r.Converged {
		r.Warnings = append(r.Warnings, "the search for the coefficients ended before it converged: use a larger alpha")
	}
	// With G the gradient Hβ - b, Σw·(t-xβ)² + l2‖β‖² = Σw·t² - βᵀ(b - G), all centred.
	for j, g := range q.gradient(beta) {
		twice -= float64(beta[j] * (q.b[j] - g))
	}
	coef := beta[:size]
	r.Objective = max(0, twice)/2 + float64(l1*absolute(coef))
	r.Linear = &model.Linear{Coef: [][]float64{coef}, Intercept: []float64{s.near + (meanT - dot(means, coef))}}
	return r
}

// constant reports whether input j is one but for rounding. What rounding leaves
// of its products must not be divided by what it leaves of its square.
func (s *sums) constant(j int, mean, weight float64) bool {
	square := s.xx[j*len(s.xt)+j]
	return !(square-float64(float64(weight*mean)*mean) > 1e-12*square)
}

// centred returns Σw·(x-mean)(x-mean)ᵀ + alpha·I.
func (s *sums) centred(means []float64, weight, alpha float64) []float64 {
	n := len(means)
	a := make([]float64, n*n)
	for i := range n {
		row := a[i*n:][:n]
		copy(row, s.xx[i*(n+1):])
		addScaled(row, -float64(weight*means[i]), means)
	}
	for i := range n {
		if s.constant(i, means[i], weight) {
			for j := range n {
				a[i*n+j], a[j*n+i] = 0, 0
			}
		}
		a[i*n+i] += alpha
	}
	return a
}

// centredTargets returns Σw·(x-mean)·(t-mean of t).
func (s *sums) centredTargets(means []float64, weight float64) []float64 {
	xt := make([]float64, len(means))
	for j := range xt {
		if !s.constant(j, means[j], weight) {
			xt[j] = s.xt[j] - float64(means[j]*s.xt[len(xt)])
		}
	}
	return xt
}
