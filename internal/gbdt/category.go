package gbdt

import (
	"math"
	"slices"
)

// catSupport is the number of rows below which a category has no say of its own
// in a split: it goes right. Rows are estimated by their share of the hessian.
const catSupport = 10

// category returns the best split of a categorical column with the given number of
// bins into two sets.
//
// In the order of their ratio G/(H+catSmooth), the best of all sets is a run of
// the first categories (Fisher, On grouping for maximum homogeneity, JASA 53,
// 1958), so only those are tried. Rows of categories with too few rows, and
// those in missingBin, go right; where there are any, runs of the last
// categories are tried as left sets too.
//
// A split into sets is chosen from so many that it gains much by chance alone,
// see chanceGain; what counts is what it gains beyond that.
func (r *rules) category(h *[cells]pair, bins int, s *site, k int, rows *tally, keys *[cells]uint64) candidate {
	var room [maxBins]uint8
	present, order := r.sorted(room[:0], h[:bins], s, keys)
	luck := r.chanceGain(h[:bins], s)
	sc := r.newScan(s, k, rows)
	sc.best += luck
	sc.prefixes(h, order, present)
	missing := h[missingBin] != 0
	if missing || len(order) < present.len() {
		slices.Reverse(order)
		sc.prefixes(h, order, present)
	}
	found := sc.result(missing)
	found.gain -= luck
	return found
}

// sorted returns the bins that the leaf has rows in, those of missing ones aside, and
// of these, appended to dst, the ones with enough rows by their smoothed ratio.
// keys is room for it.
func (r *rules) sorted(dst []uint8, h []pair, s *site, keys *[cells]uint64) (present binSet, order []uint8) {
	n := 0
	support := catSupport * s.sum.hessian() / float64(s.rows)
	for b, cell := range h {
		if cell == 0 {
			continue
		}
		present.add(uint8(b))
		if cell.hessian() >= support {
			// The bin takes the place of the ratio's last eight bits.
			ratio := cell.gradient() / (cell.hessian() + r.catSmooth)
			keys[n] = sortKey(ratio)&^0xff | uint64(b)
			n++
		}
	}
	slices.Sort(keys[:n])
	for _, key := range keys[:n] {
		dst = append(dst, uint8(key))
	}
	return present, dst
}

// chanceGain returns what the best split into sets gains, in expectation, if
// the categories mean nothing. The sum G of a category with hessian H is then
// nearly normal with mean 0 and variance noise·H, and the best split sends the
// positive sums one way and the negative the other. Each side has Σ√(noise·H) /
// √(2π) of gradient and half the hessian, so together they score
//
//	2/π · noise · (Σ√H)² / ΣH
//
// which for n categories of equal size is 2n/π of the noise. Without it, a
// column of many categories is split at every turn, and fits only noise.
func (r *rules) chanceGain(h []pair, s *site) float64 {
	roots := 0.0
	for _, cell := range h {
		roots += math.Sqrt(cell.hessian())
	}
	return 2 / math.Pi * r.noise * roots * roots / s.sum.hessian()
}

// prefixes offers every run of the first bins of order as the left set. The
// other bins of present go right.
func (sc *scan) prefixes(h *[cells]pair, order []uint8, present binSet) {
	g, hessian := sc.site.sum.gradient(), sc.site.sum.hessian()
	var left pair
	for i, b := range order {
		left += h[b]
		gl, hl := left.gradient(), left.hessian()
		gr, hr := g-gl, hessian-hl
		if hr < sc.minHessian {
			return
		}
		if hl >= sc.minHessian && beats(gl, hl+sc.l2, gr, hr+sc.l2, sc.best*(1-scanSlack)) {
			c := candidate{sum: left, right: present}
			for _, in := range order[:i+1] {
				c.left.add(in)
				c.right.set(in, false)
			}
			sc.offer(c)
		}
	}
}
