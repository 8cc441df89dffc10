package gbdt

import (
	"math"

	"retrain/internal/model"
)

// chunk is what is found out about the pairs of a chunk of rows. None of it
// depends on the order of the rows: the largest are taken of floating-point
// numbers, but sums only of integers.
type chunk struct {
	gradient, hessian   uint32 // bits of the largest, absolute, as float32
	gradients, hessians int64  // sums in ticks
	squares             int64  // sum of the gradients' squares, in 2^16 ticks
	sum                 pair   // and in fixed point:
	least, most         uint32 // hessian
}

// takeGradients writes the rows' pairs by raw score k to the grower, sets its
// scale and rules, and returns the sum of the pairs; false if one of them is not
// finite.
func (t *trainer) takeGradients(k int) (pair, bool) {
	pairs, n := t.grower.pairs, t.drawn
	chunks := t.chunks[:chunksOf(n)]
	t.each(n, func(i, from, to int) {
		for at := from; at < to; at += blockRows {
			end := min(at+blockRows, to)
			t.derive(pairs[at:end], k, at)
		}
		chunks[i].find(pairs[from:to])
	})
	var all chunk
	for _, c := range chunks {
		all.gradient, all.hessian = max(all.gradient, c.gradient), max(all.hessian, c.hessian)
	}
	if max(all.gradient, all.hessian) > math.Float32bits(math.MaxFloat32) {
		return 0, false
	}
	tick := newTick(math.Float32frombits(all.gradient), math.Float32frombits(all.hessian))
	t.each(n, func(i, from, to int) { chunks[i].measure(pairs[from:to], tick) })
	for _, c := range chunks {
		all.gradients += c.gradients
		all.hessians += c.hessians
		all.squares += c.squares
	}
	s := newScale(float64(all.gradients)/tick.gradient, float64(all.hessians)/tick.hessian, n)
	t.each(n, func(i, from, to int) { chunks[i].fix(pairs[from:to], s) })
	all.least = math.MaxUint32
	for _, c := range chunks {
		all.sum += c.sum
		all.least, all.most = min(all.least, c.least), max(all.most, c.most)
	}
	noise := float64(all.squares) * (1 << 32) / tick.gradient / tick.gradient / (float64(all.hessians) / tick.hessian)
	t.grower.scale = s
	t.grower.rules = newRules(t.params, t.data, s, t.unit(), noise, float64(all.least), float64(all.most))
	return all.sum, true
}

// find finds the largest gradient and hessian. Floating-point numbers that are
// not negative are in the order of their bits.
func (c *chunk) find(pairs []pair) {
	gradient, hessian := uint32(0), uint32(0) // in registers, as all sums below
	for _, p := range pairs {
		gradient = max(gradient, uint32(p>>32)&^(1<<31))
		hessian = max(hessian, uint32(p))
	}
	c.gradient, c.hessian = gradient, hessian
}

// newTick returns the scale at which the largest gradient and hessian have 31
// bits, so that a sum over all rows has at most 60.
func newTick(gradient, hessian float32) scale {
	return scale{power(1<<31, float64(gradient)), power(1<<31, float64(hessian))}
}

// measure sums up the absolute gradients, their squares, and the hessians, each
// rounded up.
func (c *chunk) measure(pairs []pair, tick scale) {
	gradients, hessians, squares := int64(0), int64(0), int64(0)
	for _, p := range pairs {
		g := int64(math.Abs(p.rawGradient())*tick.gradient) + 1
		gradients += g
		hessians += int64(p.rawHessian()*tick.hessian) + 1
		coarse := (g + 1<<15) >> 16
		squares += coarse * coarse
	}
	c.gradients, c.hessians, c.squares = gradients, hessians, squares
}

// fix brings the raw pairs to the scale, and sums them up.
func (c *chunk) fix(pairs []pair, s scale) {
	sum, least, most := pair(0), uint32(math.MaxUint32), uint32(0)
	for i, p := range pairs {
		p = s.fix(p)
		pairs[i] = p
		sum += p
		least, most = min(least, uint32(p)), max(most, uint32(p))
	}
	c.sum, c.least, c.most = sum, least, most
}

// newRules brings the parameters to the units of a tree's pairs. noise is in
// those of the raw pairs; least and most, which bound a row's hessian, are not.
func newRules(p *Params, d *Data, s scale, unit, noise, least, most float64) rules {
	r := rules{
		most:       math.Inf(1),
		l2:         p.L2Regularization * s.hessian,
		catSmooth:  p.CatSmooth * s.hessian,
		noise:      noise / s.realGain(1),
		minGain:    p.MinGain / s.realGain(1) / unit / unit,
		minHessian: max(p.MinHessian*s.hessian, float64(p.MinSamplesLeaf)*least),
		minSamples: p.MinSamplesLeaf,
		sure:       float64(p.MinSamplesLeaf) * most,
	}
	if p.RegAlpha > 0 || p.MaxDeltaStep > 0 {
		r.bounded = true
		r.l1 = p.RegAlpha * s.gradient / unit
		if p.MaxDeltaStep > 0 {
			r.most = p.MaxDeltaStep / s.realValue(1) / unit
		}
	}
	for k, c := range d.bins.columns {
		if p.MonotonicCst != nil && p.MonotonicCst[c.feature] != 0 {
			if r.constraints == nil {
				r.bounded = true
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
