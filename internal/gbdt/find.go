package gbdt

import (
	"iter"
	"slices"
)

// Leaves with more rows than this have their histograms built by rows, each
// worker with its share of rows and a histogram of its own; smaller ones by
// pieces of lanes, which needs no adding up. Either way the sums are the same.
const (
	byRows      = 1 << 12
	rowsPerTask = 1 << 11
)

// find finds the best splits of those of a leaf's children that are open. It
// builds the histogram of the smaller child and subtracts it from the parent's,
// which becomes the larger child's; without a parent's, it builds all.
//
// The lanes of a piece are built, subtracted and searched by one worker, one
// after the other, while they are in its cache.
func (g *grower) find(parent *leaf, children, open []*leaf) {
	built, larger := children, (*leaf)(nil)
	if parent != nil && parent.hist != nil {
		small, large := children[0], children[1]
		if small.count() > large.count() {
			small, large = large, small
		}
		built, larger = []*leaf{small}, large
		larger.hist, parent.hist = parent.hist, nil
	}
	whole := make([]bool, len(built))
	for i, l := range built {
		l.hist = g.borrow()
		whole[i] = len(built) == 1 && (l.count() > byRows || g.pool.size == 1)
		if whole[i] {
			g.buildByRows(l)
		}
	}
	tries := g.columnsToTry(open)
	g.pool.run(len(g.pieces), func(task, worker int) {
		p := g.pieces[task]
		for i, l := range built {
			g.buildPiece(l, p, whole[i])
		}
		if larger != nil {
			larger.hist.subtract(built[0].hist, p)
		}
		for i, l := range open {
			for _, lane := range g.data.bins.lanes[p.from:p.to] {
				g.searchLane(l, &lane, tries[i], g.candidates[i], &g.desks[worker])
			}
		}
	})
	for i, l := range open {
		l.best = g.choose(l, g.candidates[i])
	}
}

// buildByRows adds the rows of a leaf to its histogram and, by other workers,
// to the partial ones. The sum of all is the leaf's histogram.
func (g *grower) buildByRows(l *leaf) {
	clear(l.hist)
	for _, h := range g.partials {
		clear(h)
	}
	tasks := (l.count() + rowsPerTask - 1) / rowsPerTask
	g.pool.run(tasks, func(task, worker int) {
		h := l.hist
		if worker > 0 {
			h = g.partials[worker-1]
		}
		from := l.from + task*rowsPerTask
		g.data.accumulate(h, g.pairs, from, min(from+rowsPerTask, l.to), g.groups...)
	})
}

// buildPiece completes a leaf's histogram for some lanes.
func (g *grower) buildPiece(l *leaf, p piece, whole bool) {
	if whole {
		for _, h := range g.partials {
			l.hist.add(h, p)
		}
		return
	}
	clear(l.hist[p.from*cells : p.to*cells])
	g.data.accumulate(l.hist, g.pairs, l.from, l.to, p)
}

// desk is where a worker finds splits.
type desk struct {
	fold
	keys [cells]uint64 // of a column's categories
}

// searchLane finds the best split of a leaf by each column of a lane, or each of
// these that may be tried.
func (g *grower) searchLane(l *leaf, lane *lane, tries []bool, found []candidate, d *desk) {
	for k, sums := range g.sums(l, lane, d) {
		found[k] = none
		if tries == nil || tries[k] {
			found[k] = g.search(l, k, sums, nil, d)
		}
	}
}

// sums goes through the columns of a lane, and a leaf's sums by the bins of each.
func (g *grower) sums(l *leaf, lane *lane, d *desk) iter.Seq2[int, *[cells]pair] {
	return func(yield func(int, *[cells]pair) bool) {
		h := l.hist.lane(g.data.bins.columns[lane.columns[0]].lane)
		if len(lane.columns) == 1 {
			yield(lane.columns[0], h)
			return
		}
		d.start(h, lane.size)
		for _, k := range slices.Backward(lane.columns) {
			if !yield(k, d.out(&g.data.bins.columns[k])) {
				return
			}
		}
	}
}

// search returns the best split of a leaf by one column.
func (g *grower) search(l *leaf, k int, sums *[cells]pair, rows *tally, d *desk) candidate {
	c := &g.data.bins.columns[k]
	if c.categorical() {
		return g.category(sums, len(c.codes), &l.site, k, rows, &d.keys)
	}
	return g.numeric(sums, len(c.edges)+1, &l.site, k, rows)
}

// searchCounted is search for a single column, the rows of which it counts.
func (g *grower) searchCounted(l *leaf, column int) candidate {
	d, rows := &g.desks[0], g.tally(l, column)
	for k, sums := range g.sums(l, &g.data.bins.lanes[g.data.bins.columns[column].lane], d) {
		if k == column {
			return g.search(l, k, sums, rows, d)
		}
	}
	panic("the column is not in its lane")
}

// choose returns the best of the candidates, of equal ones the first, that
// leaves both children enough rows.
//
// Histograms do not count rows. The sum of hessians is a bound that mostly
// suffices; where it does not, the rows are counted, but only for the winner:
// if it fails, its column is searched again with the rows of each bin, and the
// best is chosen anew. So the result is as if all had been counted.
func (g *grower) choose(l *leaf, candidates []candidate) candidate {
	for {
		best := &none
		for k := range candidates {
			if c := &candidates[k]; c.column >= 0 && (best.column < 0 || c.gain > best.gain) {
				best = c
			}
		}
		if best.column < 0 || g.certain(best, &l.site) || g.enough(l, best) {
			return *best
		}
		*best = g.searchCounted(l, best.column)
	}
}

// enough reports whether a split leaves both children enough rows, looking at
// no more rows than that takes.
func (g *grower) enough(l *leaf, c *candidate) bool {
	column, goesLeft := &g.data.bins.columns[c.column], c.goesLeft()
	words, shift := g.data.lane(column.lane, l.from, l.to)
	left, right := 0, 0
	for _, w := range words {
		if goesLeft.has(column.decode(uint8(w >> (shift & 63)))) {
			left++
		} else {
			right++
		}
		if left >= g.minSamples && right >= g.minSamples {
			return true
		}
	}
	return false
}

// tally counts a leaf's rows by their bin in one column. It is valid until the
// next call.
func (g *grower) tally(l *leaf, k int) *tally {
	t, column := &g.counted, &g.data.bins.columns[k]
	*t = tally{}
	words, shift := g.data.lane(column.lane, l.from, l.to)
	for _, w := range words {
		t.add(column.decode(uint8(w >> (shift & 63))))
	}
	t.total()
	return t
}
