package onnx

import (
	"math"

	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// The values of nodes_modes that we use (ai.onnx.ml TreeEnsemble, version 5).
const (
	branchLEQ    = 0
	branchMember = 6
)

// ensemble holds the attributes of a TreeEnsemble operator: splits and leaves
// in two lists, each in preorder, tree after tree. A branch is an index into
// one of the lists; which one, its leaf flag says. A tree that is a single leaf
// is a split with that leaf on both sides.
type ensemble struct {
	roots []int64 // of each tree, into the splits

	// Of each split.
	features, trueIDs, falseIDs, trueLeafs, falseLeafs, missing []int64
	splits                                                      []float64
	modes                                                       []byte
	members                                                     []float64 // the sets of the member splits, each ended by a NaN

	// Of each leaf.
	targets []int64
	weights []float64

	// Beside the operator, for our metadata.
	counts []uint64  // of each node, splits and leaves, in preorder
	gains  []float64 // of each split that a tree really has
}

// ensembleOf lays out trees that passed Model.Check.
func ensembleOf(t *model.Trees) ensemble {
	nodes := 1
	for i := range t.Trees {
		nodes += len(t.Trees[i].Nodes)
	}
	e := newEnsemble(nodes)
	width := len(t.Base)
	for i := range t.Trees {
		e.add(&t.Trees[i], int64(i%width))
	}
	if len(t.Trees) == 0 {
		e.add(&model.Tree{Nodes: []model.Node{{Feature: -1, Set: -1}}}, 0)
	}
	return e
}

// newEnsemble returns an empty ensemble with room for the nodes of trees, about
// half of which are leaves.
func newEnsemble(nodes int) ensemble {
	n := nodes/2 + 1
	ints := func() []int64 { return make([]int64, 0, n) }
	return ensemble{
		features: ints(), trueIDs: ints(), falseIDs: ints(), trueLeafs: ints(), falseLeafs: ints(), missing: ints(),
		splits: make([]float64, 0, n), modes: make([]byte, 0, n),
		targets: ints(), weights: make([]float64, 0, n),
		counts: make([]uint64, 0, nodes), gains: make([]float64, 0, n),
	}
}

func (e *ensemble) add(t *model.Tree, target int64) {
	e.roots = append(e.roots, int64(len(e.modes)))
	if root := &t.Nodes[0]; root.Feature < 0 {
		at := e.addSplit(&model.Node{})
		leaf := e.addLeaf(root, target)
		e.trueIDs[at], e.trueLeafs[at] = leaf, 1
		e.falseIDs[at], e.falseLeafs[at] = leaf, 1
		return
	}
	e.addSubtree(t, 0, target)
}

// addSubtree adds a node and what is below it. It returns where the node is,
// and 1 if that is among the leaves.
func (e *ensemble) addSubtree(t *model.Tree, node int32, target int64) (at, isLeaf int64) {
	n := &t.Nodes[node]
	if n.Feature < 0 {
		return e.addLeaf(n, target), 1
	}
	at = e.addSplit(n)
	e.counts = append(e.counts, uint64(n.Count))
	e.gains = append(e.gains, n.Gain)
	if n.Set >= 0 {
		e.addSet(at, t.Sets[n.Set])
	}
	e.trueIDs[at], e.trueLeafs[at] = e.addSubtree(t, n.Left, target)
	e.falseIDs[at], e.falseLeafs[at] = e.addSubtree(t, n.Right, target)
	return at, 0
}

// addSplit adds a split of a number; its branches are still to be set.
func (e *ensemble) addSplit(n *model.Node) int64 {
	missing := int64(0)
	if n.MissingLeft {
		missing = 1
	}
	e.features = append(e.features, int64(n.Feature))
	e.splits = append(e.splits, n.Threshold)
	e.modes = append(e.modes, branchLEQ)
	e.missing = append(e.missing, missing)
	e.trueIDs, e.trueLeafs = append(e.trueIDs, 0), append(e.trueLeafs, 0)
	e.falseIDs, e.falseLeafs = append(e.falseIDs, 0), append(e.falseLeafs, 0)
	return int64(len(e.modes) - 1)
}

// addSet makes the split at one of categories.
func (e *ensemble) addSet(at int64, set []int32) {
	e.modes[at], e.splits[at], e.missing[at] = branchMember, 0, 0
	for _, code := range set {
		e.members = append(e.members, float64(code))
	}
	e.members = append(e.members, math.NaN())
}

func (e *ensemble) addLeaf(n *model.Node, target int64) int64 {
	e.counts = append(e.counts, uint64(n.Count))
	e.targets = append(e.targets, target)
	e.weights = append(e.weights, n.Value)
	return int64(len(e.weights) - 1)
}

func (e *ensemble) attributes(targets int) []*pb.AttributeProto {
	attrs := []*pb.AttributeProto{
		attrInt("n_targets", int64(targets)),
		attrInt("aggregate_function", 1), // SUM
		attrInt("post_transform", 0),     // NONE
		attrInts("tree_roots", e.roots),
		attrInts("nodes_featureids", e.features),
		attrTensor("nodes_modes", octets(e.modes)),
		attrTensor("nodes_splits", vector(e.splits)),
		attrInts("nodes_missing_value_tracks_true", e.missing),
		attrInts("nodes_truenodeids", e.trueIDs),
		attrInts("nodes_trueleafs", e.trueLeafs),
		attrInts("nodes_falsenodeids", e.falseIDs),
		attrInts("nodes_falseleafs", e.falseLeafs),
		attrInts("leaf_targetids", e.targets),
		attrTensor("leaf_weights", vector(e.weights)),
	}
	if len(e.members) > 0 {
		attrs = append(attrs, attrTensor("membership_values", vector(e.members)))
	}
	return attrs
}

func vector(values []float64) *pb.TensorProto { return doubles("", values, int64(len(values))) }
