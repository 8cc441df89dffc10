package linear

import (
	"context"

	"retrain/internal/model"
)

// The mean gradient at which the search on the sample ends, and the share of
// Params.Tol at which the one on all rows does: the last digits are cheap, and
// where a search stopped should not show.
const (
	sampleGoal = 1e-3
	tolShare   = 1e-3
)

// fitIteratively minimizes the objective by L-BFGS, first over a sample of the
// rows, and from there over all. Each search uses the curvature of the sample,
// from the place where it starts on, so that the few steps over all rows are
// nearly Newton's. With an L1 penalty, proximal Newton steps take the place of
// L-BFGS.
func fitIteratively(ctx context.Context, d *Data, params Params) (*Result, error) {
	all, err := newProblem(d, params)
	if err != nil {
		return nil, err
	}
	sample, theta := all.sample(max(minSample, len(all.blocks)/4)), all.start()
	if !all.stoodFor(sample) {
		sample = all.sample(maxSample)
	} else {
		goal := sampleGoal * all.unit
		near, _, err := sample.search(ctx, theta, sample, goal, params.MaxIter)
		if err != nil {
			return nil, err
		}
		theta = near.theta
	}
	goal := params.Tol * all.unit
	best, iterations, err := all.search(ctx, theta, sample, tolShare*goal, params.MaxIter)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Linear:     all.linear(best.theta),
		Iterations: iterations,
		Converged:  all.missed(best) <= goal,
		Objective:  best.value,
	}
	if !r.Converged {
		r.Warnings = append(r.Warnings, "the search for the coefficients ended before it converged: allow more iterations (max_iter), or a larger penalty (a smaller C)")
	}
	return r, nil
}

// search minimizes the objective from theta on, with the curvature of a sample.
func (p *problem) search(ctx context.Context, theta []float64, sample *problem, goal float64, maxIter int) (point, int, error) {
	if p.l1 > 0 {
		return newPasser(p).minimizeSparse(ctx, theta, sample, goal, maxIter)
	}
	measure := func(theta []float64, share float64) *curvature { return newCurvature(sample, theta, share) }
	return newPasser(p).minimize(ctx, theta, measure, goal, maxIter)
}

// The search begins, and the curvature is measured, on a quarter of the blocks,
// but at least and at most on so many: 16,384 and 65,536 rows. Where these have
// too few rows of a class, the search begins on all, and the curvature is
// measured on as many as may be. With very many classes they are fewer, for memory.
const (
	minSample = 8
	maxSample = 32
)

// sample returns the problem over so many evenly spaced blocks, or as many as
// may be, that stand for all.
func (p *problem) sample(n int) *problem {
	n = min(n, maxSample, max(1, 1024/p.scores))
	if len(p.blocks) <= n {
		return p
	}
	s := *p
	s.blocks = make([]*block[float32], n)
	for i := range s.blocks {
		s.blocks[i] = p.blocks[i*len(p.blocks)/n]
	}
	s.scale = float64(countRows(p.blocks)) / float64(countRows(s.blocks))
	return &s
}

// stoodFor reports whether a sample has enough rows of each class for a search
// to begin there. Few rows of a class can be told apart too well.
func (p *problem) stoodFor(sample *problem) bool {
	const enough = 100
	if sample == p || p.classes == 0 {
		return true
	}
	for _, w := range classTotals(sample.blocks, p.classes) {
		if w < enough {
			return false
		}
	}
	return true
}

func countRows(blocks []*block[float32]) (n int) {
	for _, b := range blocks {
		n += b.n
	}
	return n
}

// linear returns theta as a model.
func (p *problem) linear(theta []float64) *model.Linear {
	m := &model.Linear{}
	for k := range p.scores {
		coef, intercept := p.of(theta, k)
		m.Coef = append(m.Coef, coef)
		m.Intercept = append(m.Intercept, theta[intercept])
	}
	return m
}
