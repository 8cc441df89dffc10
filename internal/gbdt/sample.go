package gbdt

import (
	"math"
	"slices"
)

// sampleRows moves the rows that the round's trees are grown on to the first
// places. Which they are follows from seed, round and row number: not from the
// places, nor from what was drawn before.
func (t *trainer) sampleRows() {
	t.drawn = t.part.count
	if t.params.Subsample < 1 {
		of := uint64(t.rounds() / t.params.SubsampleFreq)
		below := uint64(t.params.Subsample * math.MaxUint64)
		mark := func(dst []uint64, from, to int) {
			for i, row := range t.data.numbers[from:to] {
				if chance(t.params.RandomState, forBag, of, uint64(row)) < below {
					dst[i/64] |= 1 << (i % 64)
				}
			}
		}
		if n := t.data.divide(t.pool, 0, t.part.count, cargo{floats: t.arrays()}, mark); n > 0 {
			t.drawn = n
		}
	}
	t.grower.pairs = t.grower.pairs[:t.drawn]
}

// sampleColumns chooses the columns that the next tree may split by; nil means
// all.
func (g *grower) sampleColumns() {
	g.columns = nil
	if g.params.ColsampleBytree < 1 {
		all := make([]int, len(g.data.bins.columns))
		for k := range all {
			all[k] = k
		}
		g.columns = g.draw(all, g.params.ColsampleBytree, forTree, g.number)
	}
}

// draw returns a share of the columns, but at least one: those with the lowest
// hashes of seed, purpose and feature.
func (g *grower) draw(columns []int, share float64, purpose ...uint64) []int {
	hash := make([]uint64, len(g.data.bins.columns))
	for _, k := range columns {
		at := append(slices.Clip(purpose), uint64(g.data.bins.columns[k].feature))
		hash[k] = chance(g.params.RandomState, at...)
	}
	order := slices.Clone(columns)
	slices.SortFunc(order, func(a, b int) int {
		if hash[a] < hash[b] {
			return -1
		}
		return 1
	})
	return order[:min(len(order), max(1, int(share*float64(len(order)))))]
}

// columnsToTry chooses, for each leaf, the share MaxFeatures of the columns that
// the tree may split by. A nil slice means all.
func (g *grower) columnsToTry(leaves []*leaf) [][]bool {
	tries := make([][]bool, len(leaves))
	if g.params.MaxFeatures == 1 && g.columns == nil {
		return tries
	}
	columns := g.columns
	if columns == nil {
		columns = make([]int, len(g.data.bins.columns))
		for k := range columns {
			columns[k] = k
		}
	}
	for i, l := range leaves {
		tries[i] = make([]bool, len(g.data.bins.columns))
		for _, k := range g.draw(columns, g.params.MaxFeatures, forFeatures, g.number, uint64(l.node)) {
			tries[i][k] = true
		}
	}
	return tries
}
