package gbdt

import (
	"math"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// resume brings a trainer that has not begun to the state of a checkpoint, but
// for the scores, which replay brings there. A nil checkpoint is the beginning.
func (t *trainer) resume(c *Checkpoint) error {
	if c == nil {
		return nil
	}
	t.identity = identify(t.data, t.params, t.pool)
	if err := c.of.differs(t.identity); err != nil {
		return err
	}
	judged := 0
	if t.judge != nil {
		judged = c.Rounds()
	}
	if c.width != len(t.scores) || len(c.history) != judged || c.Rounds() > t.params.MaxIter {
		return errDamaged()
	}
	t.resumed = make([]*tree, len(c.trees))
	for i := range t.resumed {
		if t.resumed[i] = t.data.bins.restore(&c.trees[i]); t.resumed[i] == nil {
			return errDamaged()
		}
	}
	t.trees = slices.Clone(c.trees)
	for round := range slices.Chunk(t.trees, c.width) {
		if !t.follow(round) {
			return errDamaged()
		}
	}
	for _, loss := range c.history {
		t.judge.hear(loss)
	}
	return nil
}

// errDamaged is about a checkpoint that no training has made.
func errDamaged() error { return fault.New(fault.InvalidData, "The checkpoint is damaged.") }

// restore returns the tree in terms of bins as it was when it grew, or nil if
// it cannot have grown with these bins.
func (b *Bins) restore(stored *model.Tree) *tree {
	t := &tree{Tree: *stored, steps: make([]step, len(stored.Nodes))}
	for at := range t.steps {
		n := &stored.Nodes[at]
		s := step{lane: -1, left: int(n.Left), right: int(n.Right)}
		if n.Feature >= 0 {
			k := slices.IndexFunc(b.columns, func(c column) bool { return c.feature == int(n.Feature) })
			behind := s.left > at && s.right > at && max(s.left, s.right) < len(t.steps)
			var goesLeft binSet
			if k < 0 || !behind || !b.columns[k].restore(&goesLeft, n, stored.Sets) {
				return nil
			}
			s.lane, s.goesLeft = b.columns[k].lane, b.columns[k].bytes(&goesLeft)
		}
		t.steps[at] = s
	}
	if len(t.steps) == 0 {
		return nil
	}
	return t
}

// restore finds the bins that a node sends left: the inverse of threshold and
// of set. It reports whether there are such.
func (c *column) restore(goesLeft *binSet, n *model.Node, sets [][]int32) bool {
	if c.categorical() {
		if n.Set < 0 || int(n.Set) >= len(sets) {
			return false
		}
		for _, code := range sets[n.Set] {
			b, found := slices.BinarySearch(c.codes, code)
			if !found {
				return false
			}
			goesLeft.add(uint8(b))
		}
		return true
	}
	b, found := slices.BinarySearch(c.edges, n.Threshold)
	if n.Set >= 0 || !found && n.Threshold != math.MaxFloat64 {
		return false
	}
	*goesLeft = upTo(uint8(b))
	goesLeft.set(missingBin, n.MissingLeft)
	return true
}
