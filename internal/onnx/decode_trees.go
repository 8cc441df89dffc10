package onnx

import (
	"fmt"
	"math"
	"slices"

	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// ensembleIn returns the attributes of the graph's TreeEnsemble, or nil.
func ensembleIn(g *pb.GraphProto) map[string]*pb.AttributeProto {
	for _, n := range g.GetNode() {
		if n.GetOpType() != "TreeEnsemble" {
			continue
		}
		attrs := make(map[string]*pb.AttributeProto, len(n.GetAttribute()))
		for _, a := range n.GetAttribute() {
			attrs[a.GetName()] = a
		}
		return attrs
	}
	return nil
}

// treesIn reads the trees, and what the metadata says of their nodes.
func treesIn(g *pb.GraphProto, attrs map[string]*pb.AttributeProto, r *model.Recipe, props map[string]string) (*model.Trees, error) {
	e := ensemble{
		roots:      attrs["tree_roots"].GetInts(),
		features:   attrs["nodes_featureids"].GetInts(),
		modes:      attrs["nodes_modes"].GetT().GetRawData(),
		splits:     doublesIn(attrs["nodes_splits"].GetT()),
		missing:    attrs["nodes_missing_value_tracks_true"].GetInts(),
		trueIDs:    attrs["nodes_truenodeids"].GetInts(),
		trueLeafs:  attrs["nodes_trueleafs"].GetInts(),
		falseIDs:   attrs["nodes_falsenodeids"].GetInts(),
		falseLeafs: attrs["nodes_falseleafs"].GetInts(),
		weights:    doublesIn(attrs["leaf_weights"].GetT()),
		members:    doublesIn(attrs["membership_values"].GetT()),
	}
	n := len(e.modes)
	for _, attr := range [][]int64{e.features, e.missing, e.trueIDs, e.trueLeafs, e.falseIDs, e.falseLeafs} {
		if len(attr) != n {
			return nil, fmt.Errorf("%w: the attributes of the splits differ in length", errForeign)
		}
	}
	if len(e.splits) != n {
		return nil, fmt.Errorf("%w: %d thresholds for %d splits", errForeign, len(e.splits), n)
	}
	t := &model.Trees{Base: constantIn(g, namesBeside(r).free(baseTensor))}
	t.Log = r.Task == model.Regression && slices.ContainsFunc(g.GetNode(), func(n *pb.NodeProto) bool { return n.GetOpType() == "Exp" })
	in := treeReader{ensemble: &e, nodes: make([]model.Node, 0, n+len(e.weights))}
	for range e.roots {
		tree, err := in.tree()
		if err != nil {
			return nil, err
		}
		t.Trees = append(t.Trees, tree)
	}
	return t, annotate(t, props)
}

// treeReader reads trees off an ensemble's lists, from front to back: in
// preorder, every node is the next one, and only the leaf flags are needed. The
// indices that the file has beside them are compared when the model is encoded
// again.
type treeReader struct {
	*ensemble
	split, leaf, member int // the next of each

	nodes []model.Node // of all trees
	root  int          // where the tree that is being read begins
	sets  [][]int32    // its sets
}

func (in *treeReader) tree() (model.Tree, error) {
	in.root, in.sets = len(in.nodes), nil
	at := in.split
	if at >= len(in.modes) {
		return model.Tree{}, fmt.Errorf("%w: more trees than splits", errForeign)
	}
	isLeaf := int64(0)
	if in.trueLeafs[at] == 1 && in.falseLeafs[at] == 1 && in.trueIDs[at] == in.falseIDs[at] {
		isLeaf = 1
		in.split++
	}
	_, err := in.subtree(isLeaf, 0)
	return model.Tree{Nodes: slices.Clip(in.nodes[in.root:]), Sets: in.sets}, err
}

// subtree reads a node and what is below it, and returns the node's index in
// its tree.
func (in *treeReader) subtree(isLeaf int64, depth int) (int32, error) {
	at := len(in.nodes)
	if isLeaf == 1 {
		if in.leaf >= len(in.weights) {
			return 0, fmt.Errorf("%w: too few leaves", errForeign)
		}
		in.nodes = append(in.nodes, model.Node{Feature: -1, Set: -1, Value: in.weights[in.leaf]})
		in.leaf++
		return int32(at - in.root), nil
	}
	if depth == model.MaxDepth {
		return 0, fmt.Errorf("%w: too many splits above each other", errForeign)
	}
	from := in.split
	n, err := in.node(from)
	if err != nil {
		return 0, err
	}
	in.split++
	in.nodes = append(in.nodes, n)
	if n.Left, err = in.subtree(in.trueLeafs[from], depth+1); err != nil {
		return 0, err
	}
	if n.Right, err = in.subtree(in.falseLeafs[from], depth+1); err != nil {
		return 0, err
	}
	in.nodes[at] = n
	return int32(at - in.root), nil
}

// node reads a split but for its branches.
func (in *treeReader) node(from int) (model.Node, error) {
	if from >= len(in.modes) {
		return model.Node{}, fmt.Errorf("%w: too few splits", errForeign)
	}
	n := model.Node{Set: -1, Threshold: in.splits[from], MissingLeft: in.missing[from] == 1}
	feature := in.features[from]
	if feature < 0 || feature > math.MaxInt32 {
		return n, fmt.Errorf("%w: a feature's index is out of range", errForeign)
	}
	n.Feature = int32(feature)
	switch in.modes[from] {
	case branchLEQ:
		return n, nil
	case branchMember:
		n.Set = int32(len(in.sets))
		set, err := in.set()
		in.sets = append(in.sets, set)
		return n, err
	}
	return n, fmt.Errorf("%w: a split's mode is none of ours", errForeign)
}

// set reads the next set of codes.
func (in *treeReader) set() ([]int32, error) {
	var set []int32
	for in.member < len(in.members) {
		v := in.members[in.member]
		in.member++
		if math.IsNaN(v) {
			return set, nil
		}
		if v < 0 || v > math.MaxInt32 {
			break
		}
		set = append(set, int32(v))
	}
	return nil, fmt.Errorf("%w: a set does not end, or leaves the range of codes", errForeign)
}

// annotate fills in the counts and gains of the nodes.
func annotate(t *model.Trees, props map[string]string) error {
	nodes, splits := 0, 0
	for i := range t.Trees {
		for _, n := range t.Trees[i].Nodes {
			nodes++
			if n.Feature >= 0 {
				splits++
			}
		}
	}
	counts, err := unpackCounts(props[keyCounts], nodes)
	if err != nil {
		return err
	}
	gains, err := unpackGains(props[keyGains], splits)
	if err != nil {
		return err
	}
	for i := range t.Trees {
		for j := range t.Trees[i].Nodes {
			n := &t.Trees[i].Nodes[j]
			n.Count, counts = counts[0], counts[1:]
			if n.Feature >= 0 {
				n.Gain, gains = gains[0], gains[1:]
			}
		}
	}
	return nil
}
