package gbdt

import "slices"

// category returns the best split of a categorical column into two sets.
//
// In the order of their ratio G/(H+catSmooth), the best of all sets is a run of
// the first categories (Fisher, On grouping for maximum homogeneity, JASA 53,
// 1958), so only those are tried; the smoothing draws rare categories to the
// middle. Rows in missingBin, which are of categories too rare to have a bin,
// always go right; where there are any, runs of the last categories are tried
// as left sets too.
func (r *rules) category(h *[cells]pair, s *site, k int, rows *tally) candidate {
	sc := r.newScan(s, k, r.l2+r.catL2, rows)
	order := r.sorted(h)
	sc.prefixes(h, order)
	missing := h[missingBin] != 0
	if missing {
		slices.Reverse(order)
		sc.prefixes(h, order)
	}
	return sc.result(missing)
}

// sorted returns the bins that the leaf has rows in, except for missingBin, by
// their smoothed ratio and then by their number.
func (r *rules) sorted(h *[cells]pair) []uint8 {
	var ratio [cells]float64
	order := make([]uint8, 0, maxBins)
	for b, cell := range h[:maxBins] {
		if cell != 0 {
			ratio[b] = cell.gradient() / (cell.hessian() + r.catSmooth)
			order = append(order, uint8(b))
		}
	}
	slices.SortStableFunc(order, func(a, b uint8) int {
		switch {
		case ratio[a] < ratio[b]:
			return -1
		case ratio[a] > ratio[b]:
			return 1
		}
		return 0
	})
	return order
}

// prefixes offers every run of the first bins of order as the left set.
func (sc *scan) prefixes(h *[cells]pair, order []uint8) {
	var c candidate
	for _, b := range order {
		c.right.add(b)
	}
	for _, b := range order {
		c.left.add(b)
		c.right.set(b, false)
		c.sum += h[b]
		right := sc.site.sum - c.sum
		if right.hessian() < sc.minHessian {
			return
		}
		if c.sum.hessian() >= sc.minHessian {
			sc.offer(c)
		}
	}
}
