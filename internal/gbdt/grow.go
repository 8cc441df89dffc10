package gbdt

import (
	"container/heap"
	"context"
	"math"
	"slices"
)

// grower grows one tree at a time, best leaf first (Shi, Best-first decision
// tree learning, 2007): of all leaves it splits the one whose best split gains
// most, until the tree has enough leaves or no split gains anything.
type grower struct {
	data   *Data
	params *Params
	pool   *pool
	cargo  // the pairs of the rows in the first places, which the tree is grown on, and the scores

	rules   // of the tree that grows
	scale   // of its pairs
	number  uint64
	columns []int // that the tree may split by; nil for all
	tree    *tree
	leaves  leafHeap // that can be split
	done    []*leaf  // that can not

	shelf
	candidates [2][]candidate // of the leaves that are looked at, by column
	counted    tally          // of one of them, by one column
	desks      []desk         // of the workers
	groups     []piece
	pieces     []piece // what a worker takes of a small leaf
}

// leaf is a leaf of the growing tree.
type leaf struct {
	site
	node     int // in the tree
	from, to int // the places of its rows
	depth    int
	hist     histogram // nil if it was not built or not kept
	best     candidate
}

func (l *leaf) count() int { return l.to - l.from }

// newGrower returns a grower for the rows in the first places of the data.
func newGrower(d *Data, p *Params, workers *pool, rows int) *grower {
	g := &grower{data: d, params: p, pool: workers}
	g.pairs = make([]pair, rows)
	g.desks = make([]desk, workers.size)
	g.groups, g.pieces = d.pieces(group), d.piecesFor(workers.size)
	g.shelf = newShelf(len(d.words)*group*cells, workers.size)
	for i := range g.candidates {
		g.candidates[i] = make([]candidate, len(d.bins.columns))
	}
	return g
}

// grow grows a tree on the rows, the pairs of which have the given sum, and
// returns it with its leaves by their places. It returns ctx's error if that
// ends before.
func (g *grower) grow(ctx context.Context, sum pair) (*tree, []*leaf, error) {
	g.tree, g.leaves, g.done = &tree{}, g.leaves[:0], nil
	root := &leaf{node: g.tree.add(len(g.pairs)), to: len(g.pairs)}
	root.site = site{sum: sum, rows: len(g.pairs), low: math.Inf(-1), high: math.Inf(1)}
	g.enter(nil, root)
	for len(g.leaves) > 0 && !g.full(g.count()) {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		g.split(heap.Pop(&g.leaves).(*leaf))
	}
	for _, l := range g.leaves {
		g.release(&l.hist)
	}
	leaves := append(g.done, g.leaves...)
	slices.SortFunc(leaves, func(a, b *leaf) int { return a.from - b.from })
	return g.tree, leaves, nil
}

func (g *grower) count() int { return len(g.leaves) + len(g.done) }

// full reports whether a tree with that many leaves has enough.
func (g *grower) full(leaves int) bool {
	return g.params.MaxLeafNodes > 0 && leaves >= g.params.MaxLeafNodes
}

// split splits a leaf by its best candidate.
func (g *grower) split(l *leaf) {
	by := l.best
	column := &g.data.bins.columns[by.column]
	goesLeft := by.goesLeft()
	bytes := column.bytes(&goesLeft)
	flags := bytes.flags()
	middle := g.data.divide(g.pool, l.from, l.to, g.cargo, func(dst []uint64, from, to int) {
		g.data.mark(dst, from, to, column.lane, &flags)
	})
	left := &leaf{site: l.site, from: l.from, to: middle, depth: l.depth + 1}
	right := &leaf{site: l.site, from: middle, to: l.to, depth: l.depth + 1}
	left.sum, right.sum = by.sum, l.sum-by.sum
	left.rows, right.rows = left.count(), right.count()
	if !by.missing {
		left, right = sendUnseen(column, &by, &goesLeft, left, right)
	}
	g.bound(left, right, l, by.column)
	left.node, right.node = g.tree.add(left.count()), g.tree.add(right.count())
	g.tree.split(l.node, column, step{column.lane, column.bytes(&goesLeft), left.node, right.node}, &goesLeft, by, g.realGain(by.gain))
	g.enter(l, left, right)
}

// sendUnseen decides where values go that no row of the leaf has, namely to the
// child with more rows: a missing number by the split's missing direction, and
// other categories, which always go right, by exchanging the children.
func sendUnseen(c *column, by *candidate, goesLeft *binSet, left, right *leaf) (*leaf, *leaf) {
	more := left.count() > right.count()
	switch {
	case !c.categorical():
		goesLeft.set(missingBin, more)
	case more:
		*goesLeft = by.right
		return right, left
	}
	return left, right
}

// bound narrows the bounds of the children's values after a split by a column
// with a monotone constraint: they are parted by the middle of the two values.
func (g *grower) bound(left, right, parent *leaf, column int) {
	if g.constraints == nil || g.constraints[column] == 0 {
		return
	}
	middle := g.value(left.sum, &parent.site)/2 + g.value(right.sum, &parent.site)/2
	if g.constraints[column] > 0 {
		left.high, right.low = middle, middle
	} else {
		left.low, right.high = middle, middle
	}
}

// enter finds the best splits of the children of a leaf, or of the root alone
// (parent being nil), and puts each with those that can be split or with those
// that can not.
func (g *grower) enter(parent *leaf, children ...*leaf) {
	var open []*leaf
	for _, c := range children {
		c.best = none
		if g.mayBeSplit(c, g.count()+len(children)) {
			open = append(open, c)
		}
	}
	if len(open) > 0 {
		g.find(parent, children, open)
	}
	if parent != nil {
		g.release(&parent.hist)
	}
	for _, c := range children {
		if c.best.column < 0 {
			g.release(&c.hist)
			g.done = append(g.done, c)
			continue
		}
		if g.crowded() {
			g.release(&c.hist)
		}
		heap.Push(&g.leaves, c)
	}
}

// mayBeSplit reports whether it is worth looking for a split of a leaf in a
// tree of that many leaves.
func (g *grower) mayBeSplit(l *leaf, leaves int) bool {
	return !g.full(leaves) &&
		(g.params.MaxDepth == 0 || l.depth < g.params.MaxDepth) &&
		l.count() >= 2*g.minSamples && l.sum.hessian() >= 2*g.minHessian
}

// leafHeap is a heap of leaves, the one with the largest gain on top, of equal
// ones the oldest.
type leafHeap []*leaf

func (h leafHeap) Len() int      { return len(h) }
func (h leafHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h leafHeap) Less(i, j int) bool {
	if h[i].best.gain != h[j].best.gain {
		return h[i].best.gain > h[j].best.gain
	}
	return h[i].node < h[j].node
}

// Push implements heap.Interface.
func (h *leafHeap) Push(x any) { *h = append(*h, x.(*leaf)) }

// Pop implements heap.Interface.
func (h *leafHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
