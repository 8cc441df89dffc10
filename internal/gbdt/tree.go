package gbdt

import "retrain/internal/model"

// tree is a tree while it grows: as it will be stored, and beside it each node
// in terms of bins, which is how the rows that it was not grown on walk it.
type tree struct {
	model.Tree
	steps []step // of each node
}

// step is a node in terms of bins.
type step struct {
	lane        int    // -1 for a leaf
	goesLeft    binSet // bytes of the lane
	left, right int
}

// add appends a leaf and returns its index.
func (t *tree) add(rows int) int {
	t.Nodes = append(t.Nodes, model.Node{Feature: -1, Set: -1, Count: int64(rows)})
	t.steps = append(t.steps, step{lane: -1})
	return len(t.Nodes) - 1
}

// split makes a split of the leaf at. Its children are nodes left and right of
// the step, and the bins of goesLeft go left.
func (t *tree) split(at int, c *column, s step, goesLeft *binSet, by candidate, gain float64) {
	n := &t.Nodes[at]
	n.Feature, n.Gain = int32(c.feature), gain
	n.Left, n.Right = int32(s.left), int32(s.right)
	if c.categorical() {
		n.Set = int32(len(t.Sets))
		t.Sets = append(t.Sets, c.set(goesLeft))
	} else {
		n.Threshold = c.threshold(by.bin)
		n.MissingLeft = goesLeft.has(missingBin)
	}
	t.steps[at] = s
}

// set returns the codes of a set of bins, ascending.
func (c *column) set(bins *binSet) []int32 {
	codes := make([]int32, 0, bins.len())
	for b, code := range c.codes {
		if bins.has(uint8(b)) {
			codes = append(codes, code)
		}
	}
	return codes
}

// value returns the value of the leaf that the row in a place falls into.
func (t *tree) value(d *Data, place int) float64 {
	at := 0
	for t.steps[at].lane >= 0 {
		s := &t.steps[at]
		if s.goesLeft.has(d.byte(place, s.lane)) {
			at = s.left
		} else {
			at = s.right
		}
	}
	return t.Nodes[at].Value
}
