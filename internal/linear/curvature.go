package linear

// curvature approximates the inverse of an objective's second derivative. Where
// that is affordable it holds, for each raw score, the Cholesky factor of its
// own part of the Hessian; else the Hessian's diagonal.
//
// With it the optimizer's first step is nearly Newton's, and numbers that
// depend on each other, rare categories and rare classes cost no extra steps.
// It is measured on a sample of the rows, which is enough for that.
type curvature struct {
	size     int
	factors  [][]float64 // of each raw score, or
	diagonal []float64   // of all
}

// The limits for factors: entries in memory (64 MB), and multiplications.
const (
	maxFactorEntries = 8 << 20
	maxFactorWork    = 5e8
)

// newCurvature measures the Hessian of a problem, usually over a sample, at
// theta. The second derivative of a row's loss by a raw score counts for at least
// that share of the absolute first one.
func newCurvature(p *problem, theta []float64, share float64) *curvature {
	c := &curvature{size: p.size()}
	seconds := p.seconds(theta, share)
	if p.affordable() && c.factorize(p, seconds) {
		return c
	}
	c.factors = nil
	for k := range p.scores {
		c.diagonal = append(c.diagonal, p.diagonal(seconds[k])...)
	}
	return c
}

// affordable reports whether the raw scores' Hessians may be made and factorized.
func (p *problem) affordable() bool {
	size := float64(p.size())
	entries := float64(p.scores) * size * size
	return entries <= maxFactorEntries && entries*size/6 <= maxFactorWork
}

// seconds returns the loss's second derivative by each raw score of the rows of
// each block, see newCurvature.
func (p *problem) seconds(theta []float64, share float64) [][]*rows {
	all := make([][]*rows, p.scores)
	for k := range all {
		all[k] = make([]*rows, len(p.blocks))
	}
	parallel(len(p.blocks), func() func(int) {
		s := newScorer(p)
		return func(i int) {
			s.score(p.blocks[i], theta)
			s.loss.curvatures(s.z, p.blocks[i], share)
			for k := range all {
				all[k][i] = new(rows)
				*all[k][i] = s.z[k]
			}
		}
	})
	return all
}

// factorize fills the factors, and reports whether each could be made.
func (c *curvature) factorize(p *problem, seconds [][]*rows) bool {
	for k := range p.scores {
		g := p.hessian(seconds[k])
		if !factorize(g, c.size) {
			return false
		}
		c.factors = append(c.factors, g)
	}
	return true
}

// hessian returns one raw score's part of the Hessian.
func (p *problem) hessian(seconds []*rows) []float64 {
	size := p.size()
	g := make([]float64, size*size)
	addGram(p.layout, g, p.blocks, seconds)
	symmetrize(p.layout, g)
	for i := range g {
		g[i] = float64(p.scale * g[i])
	}
	for i := range size {
		p.regularize(&g[i*size+i], i)
	}
	return g
}

// diagonal returns one raw score's diagonal of the Hessian.
func (p *problem) diagonal(seconds []*rows) []float64 {
	d, scratch := make([]float64, p.size()), make([]float64, p.layout.widest()+1)
	for i, b := range p.blocks {
		for _, c := range p.layout.numbers {
			for r, x := range b.numbers[c.index] {
				d[c.at] += float64(seconds[i][r] * float64(float64(x)*float64(x)))
			}
		}
		b.backward(p.layout, d[:p.layout.inputs], seconds[i], len(p.layout.numbers), scratch)
		d[p.layout.inputs] += total(seconds[i])
	}
	for i := range d {
		d[i] = float64(p.scale * d[i])
		p.regularize(&d[i], i)
	}
	return d
}

// regularize adds the penalty to entry i of a Hessian's diagonal, and as much
// more as keeps the Hessian definite.
func (p *problem) regularize(entry *float64, i int) {
	*entry += float64(1e-9**entry) + 1e-9
	if i < p.layout.inputs {
		*entry += p.penalty
	}
}

// solve replaces x by its product with the approximate inverse. Raw scores of
// several classes may all be shifted alike without any effect but on the
// penalty, so at the optimum they sum to zero; the product is kept to that, as
// else the search would drift along a direction in which it sees no slope.
func (c *curvature) solve(x []float64) {
	for k, factor := range c.factors {
		solve(factor, c.size, x[k*c.size:][:c.size])
	}
	for i, d := range c.diagonal {
		x[i] /= d
	}
	centreScores(x, c.size)
}

// centreScores makes the raw scores' coefficients of each input sum to zero, if
// there is more than one raw score.
func centreScores(theta []float64, size int) {
	scores := len(theta) / size
	if scores == 1 {
		return
	}
	mean := make([]float64, size)
	for k := range scores {
		addScaled(mean, 1/float64(scores), theta[k*size:][:size])
	}
	for k := range scores {
		addScaled(theta[k*size:][:size], -1, mean)
	}
}
