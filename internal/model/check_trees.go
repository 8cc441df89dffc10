package model

import (
	"errors"
	"fmt"
	"math"
)

// MaxDepth is how many splits may lie between a tree's root and a leaf. It
// bounds the time of scoring a row, and the recursion of runtimes that load the
// stored model.
const MaxDepth = 1024

// check wants whole trees, and sums that cannot overflow.
func (t *Trees) check(r *Recipe, width int) error {
	if len(t.Base) != width || !finite(t.Base...) {
		return fmt.Errorf("model: the base is not %d finite numbers", width)
	}
	if t.Log && r.Task != Regression {
		return errors.New("model: classes have no logarithm")
	}
	reach := make([]float64, width) // the largest raw scores possible
	for k, b := range t.Base {
		reach[k] = math.Abs(b)
	}
	for i := range t.Trees {
		largest, err := t.Trees[i].check(r)
		if err != nil {
			return fmt.Errorf("model: tree %d: %w", i, err)
		}
		reach[i%width] += largest
	}
	if !finite(reach...) || t.Log && reach[0] > expMax {
		return errors.New("model: the sum of the trees can overflow")
	}
	return nil
}

// check wants every node but the root to be the child of exactly one node that
// lies before it, so that every walk ends and no node can be reached twice. It
// returns the largest leaf by size.
func (t *Tree) check(r *Recipe) (largest float64, err error) {
	if len(t.Nodes) == 0 || len(t.Nodes) > math.MaxInt32 {
		return 0, errors.New("it has no nodes, or too many")
	}
	const orphan = -1
	depth := make([]int32, len(t.Nodes))
	for i := range depth[1:] {
		depth[i+1] = orphan
	}
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if depth[i] == orphan {
			return 0, fmt.Errorf("node %d has no parent before it", i)
		}
		if n.Feature < 0 {
			if !finite(n.Value) || n.Count < 0 {
				return 0, fmt.Errorf("leaf %d has a value that is not finite, or a negative count", i)
			}
			largest = max(largest, math.Abs(n.Value))
			continue
		}
		if err := t.checkSplit(n, r); err != nil {
			return 0, fmt.Errorf("node %d: %w", i, err)
		}
		if depth[i] == MaxDepth {
			return 0, fmt.Errorf("node %d lies deeper than %d splits", i, MaxDepth)
		}
		for _, child := range [2]int32{n.Left, n.Right} {
			if int(child) <= i || int(child) >= len(t.Nodes) || depth[child] != orphan {
				return 0, fmt.Errorf("node %d has a child that is no node behind it, or another's", i)
			}
			depth[child] = depth[i] + 1
		}
	}
	return largest, nil
}

func (t *Tree) checkSplit(n *Node, r *Recipe) error {
	if int(n.Feature) >= len(r.Features) {
		return errors.New("it splits on an unknown feature")
	}
	if !finite(n.Threshold, n.Gain) || n.Count < 0 {
		return errors.New("its threshold or gain is not finite, or its count is negative")
	}
	f := &r.Features[n.Feature]
	if f.Kind == Number {
		if n.Set != -1 {
			return errors.New("it splits a number by a set")
		}
		return nil
	}
	if n.Set < 0 || int(n.Set) >= len(t.Sets) {
		return errors.New("it splits a category without a set")
	}
	return checkSet(t.Sets[n.Set], len(f.Categories))
}

// checkSet wants a set of codes, ascending, of which none is unseen. An empty
// set would split nothing off.
func checkSet(set []int32, categories int) error {
	if len(set) == 0 {
		return errors.New("its set is empty")
	}
	last := int32(-1)
	for _, code := range set {
		if code <= last || int(code) >= categories {
			return errors.New("its set is not ascending or leaves the categories")
		}
		last = code
	}
	return nil
}
