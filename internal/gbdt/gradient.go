package gbdt

import (
	"math"
	"slices"

	"retrain/internal/model"
)

// measure sums up the raw pairs of rows from..to-1.
func (c *chunk) measure(pairs []pair, in *part, from, to int) {
	c.gradients, c.squares, c.hessians = 0, 0, 0
	for i := from; i < to; i++ {
		if in.has(i) {
			g := pairs[i].rawGradient()
			c.gradients += math.Abs(g)
			c.squares += float64(g * g)
			c.hessians += pairs[i].rawHessian()
		}
	}
}

// fix brings the raw pairs of rows from..to-1 to the scale, and sums them up.
func (c *chunk) fix(pairs []pair, in *part, s scale, from, to int) {
	c.sum, c.least, c.most = 0, math.MaxUint32, 0
	for i := from; i < to; i++ {
		if !in.has(i) {
			continue
		}
		p := s.fix(pairs[i])
		pairs[i] = p
		c.sum += p
		c.least, c.most = min(c.least, p.hessian()), max(c.most, p.hessian())
	}
}

// newRules brings the parameters to the units of a tree's pairs. all is of all
// rows, least and most in these units.
func newRules(p *Params, d *Data, s scale, unit float64, all *chunk) rules {
	r := rules{
		l2:         p.L2Regularization * s.hessian,
		catSmooth:  p.CatSmooth * s.hessian,
		noise:      all.squares / all.hessians / s.realGain(1),
		minGain:    p.MinGain / s.realGain(1) / unit / unit,
		minHessian: max(p.MinHessian*s.hessian, float64(p.MinSamplesLeaf)*all.least),
		minSamples: p.MinSamplesLeaf,
		sure:       float64(p.MinSamplesLeaf) * all.most,
	}
	for k, c := range d.bins.columns {
		if p.MonotonicCst != nil && p.MonotonicCst[c.feature] != 0 {
			if r.constraints == nil {
				r.constraints = make([]int8, len(d.bins.columns))
			}
			r.constraints[k] = p.MonotonicCst[c.feature]
		}
	}
	return r
}

// classFactors returns the weight of each class.
func (d *Data) classFactors(p *Params) []float64 {
	factors := make([]float64, d.outputs)
	for k := range factors {
		factors[k] = 1
	}
	switch {
	case d.task == model.Regression:
	case p.Balanced:
		counts, total := d.classCounts()
		for k, n := range counts {
			if n > 0 {
				factors[k] = total / (float64(d.outputs) * n)
			}
		}
	case p.ClassWeight != nil:
		copy(factors, p.ClassWeight)
	}
	return factors
}

// classCounts returns the weight of the rows of each class, and of all.
func (d *Data) classCounts() (counts []float64, total float64) {
	counts = make([]float64, d.outputs)
	for i, y := range d.labels {
		counts[y] += d.weight(i)
		total += d.weight(i)
	}
	return counts, total
}

// between returns those of the ascending rows that are in from..to-1.
func between(rows []uint32, from, to int) []uint32 {
	a, _ := slices.BinarySearch(rows, uint32(from))
	b, _ := slices.BinarySearch(rows, uint32(to))
	return rows[a:b]
}
