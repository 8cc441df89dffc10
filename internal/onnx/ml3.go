package onnx

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	"retrain/internal/fault"
	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// opsetML3 is the operator set of runtimes that do not know TreeEnsemble.
const opsetML3 = 3

// maxChain is the largest set of categories that is written as a chain of
// splits: runtimes walk down it, and some build it by recursion.
const maxChain = 4096

// EncodeML3 returns the model as an ONNX file of ai.onnx.ml 3, for ONNX Runtime
// before about 1.21 and for other runtimes without the TreeEnsemble operator.
// Inputs and outputs are those of Encode. It is an export: Decode refuses it,
// since it lacks retrain.format.
//
// Trees become a TreeEnsembleRegressor, with thresholds and leaves in doubles.
// A category set becomes a chain of splits that each ask for one code; all of
// them share the branch behind, and their number is bounded (fault.TooLarge).
// The operator's sums leave it as float32. So each leaf is written as two
// numbers, a multiple of a unit that is chosen such that its sums are exact in
// float32, and the small rest: put together again in doubles, raw scores differ
// from the service's own by at most 2^-47 of the sum of the trees' largest
// leaves, times the number of trees.
func EncodeML3(m *model.Model) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("onnx: encode: %w", err)
	}
	p, err := protoOf(m, opsetML3)
	if err != nil {
		return nil, err
	}
	if proto.Size(p) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "The model is larger than %d MiB in this form.", MaxBytes>>20)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(p)
}

// withoutOurs drops the metadata by which Decode knows its own.
func withoutOurs(props []*pb.StringStringEntryProto) []*pb.StringStringEntryProto {
	return slices.DeleteFunc(props, func(p *pb.StringStringEntryProto) bool {
		return slices.Contains([]string{keyFormat, keyCounts, keyGains}, p.Key)
	})
}

// forest holds the attributes of a TreeEnsembleRegressor: all nodes in one list,
// tree after tree.
type forest struct {
	trees, ids, features, trueIDs, falseIDs, missing []int64 // of each node
	values                                           []float64
	modes                                            []string

	leafTrees, leafIDs, leafTargets []int64 // of each leaf, twice
	weights                         []float64

	tree  int64
	first int // where the present tree's nodes begin
	units []float64
}

// forestOf lays out trees that passed Model.Check.
func forestOf(t *model.Trees) (*forest, error) {
	width := len(t.Base)
	units, err := unitsOf(t)
	if err != nil {
		return nil, err
	}
	f, trees := &forest{units: units}, t.Trees
	if len(trees) == 0 {
		trees = []model.Tree{{Nodes: []model.Node{{Feature: -1, Set: -1}}}}
	}
	for i := range trees {
		for _, set := range trees[i].Sets {
			if len(set) > maxChain {
				return nil, fault.New(fault.TooLarge, "A split of the model tells more than %d categories from the others, which this form has no room for.", maxChain)
			}
		}
		f.tree, f.first = int64(i), len(f.ids)
		f.add(&trees[i], 0, i%width)
	}
	return f, nil
}

// unitsOf returns, for each raw score, the power of two of which the first parts
// of leaves are multiples: sums of those stay below 2^24 units, up to which
// float32 has every whole number.
func unitsOf(t *model.Trees) ([]float64, error) {
	width := len(t.Base)
	reach, units := make([]float64, width), make([]float64, width)
	for i := range t.Trees {
		largest := 0.0
		for _, n := range t.Trees[i].Nodes {
			largest = max(largest, math.Abs(n.Value))
		}
		reach[i%width] += largest
	}
	for k := range units {
		if reach[k] > math.MaxFloat32/2 {
			return nil, fault.New(fault.TooLarge, "The model's sums are too large for this form, which has them as float32.")
		}
		_, exponent := math.Frexp(reach[k])
		units[k] = math.Ldexp(1, max(exponent-23, -140)) // a float32, however small
	}
	return units, nil
}

// add adds a node and what is below it, and returns its number in the tree.
func (f *forest) add(t *model.Tree, node int32, target int) int64 {
	n := &t.Nodes[node]
	switch {
	case n.Feature < 0:
		return f.addLeaf(n, target)
	case n.Set < 0:
		at := f.addNode("BRANCH_LEQ", n, n.Threshold)
		left := f.add(t, n.Left, target)
		f.branch(at, left, f.add(t, n.Right, target))
		return at
	case len(t.Sets[n.Set]) == 0:
		return f.add(t, n.Right, target)
	}
	set := t.Sets[n.Set]
	chain := make([]int64, len(set))
	for i, code := range set {
		chain[i] = f.addNode("BRANCH_EQ", &model.Node{Feature: n.Feature}, float64(code))
	}
	left := f.add(t, n.Left, target)
	right := f.add(t, n.Right, target)
	for i, at := range chain {
		next := right
		if i+1 < len(chain) {
			next = chain[i+1]
		}
		f.branch(at, left, next)
	}
	return chain[0]
}

func (f *forest) addNode(mode string, n *model.Node, value float64) int64 {
	at, missing := int64(len(f.ids)-f.first), int64(0)
	if n.MissingLeft {
		missing = 1
	}
	f.trees, f.ids = append(f.trees, f.tree), append(f.ids, at)
	f.features, f.values, f.modes = append(f.features, max(0, int64(n.Feature))), append(f.values, value), append(f.modes, mode)
	f.trueIDs, f.falseIDs, f.missing = append(f.trueIDs, 0), append(f.falseIDs, 0), append(f.missing, missing)
	return at
}

func (f *forest) branch(at, yes, no int64) {
	f.trueIDs[f.first+int(at)], f.falseIDs[f.first+int(at)] = yes, no
}

// addLeaf adds a leaf that adds to two sums: of multiples of the unit, and of
// rests.
func (f *forest) addLeaf(n *model.Node, target int) int64 {
	at := f.addNode("LEAF", n, 0)
	unit, width := f.units[target], len(f.units)
	coarse := math.RoundToEven(n.Value/unit) * unit
	f.leafTrees, f.leafIDs = append(f.leafTrees, f.tree, f.tree), append(f.leafIDs, at, at)
	f.leafTargets = append(f.leafTargets, int64(target), int64(target+width))
	f.weights = append(f.weights, coarse, n.Value-coarse)
	return at
}

func (f *forest) attributes() []*pb.AttributeProto {
	return []*pb.AttributeProto{
		attrInt("n_targets", int64(2*len(f.units))),
		attrString("aggregate_function", "SUM"),
		attrString("post_transform", "NONE"),
		attrInts("nodes_treeids", f.trees),
		attrInts("nodes_nodeids", f.ids),
		attrInts("nodes_featureids", f.features),
		attrStrings("nodes_modes", f.modes),
		attrTensor("nodes_values_as_tensor", vector(f.values)),
		attrInts("nodes_missing_value_tracks_true", f.missing),
		attrInts("nodes_truenodeids", f.trueIDs),
		attrInts("nodes_falsenodeids", f.falseIDs),
		attrInts("target_treeids", f.leafTrees),
		attrInts("target_nodeids", f.leafIDs),
		attrInts("target_ids", f.leafTargets),
		attrTensor("target_weights_as_tensor", vector(f.weights)),
	}
}

// addForest is addTrees with the older operator.
func (g *graph) addForest(m *model.Model, output string) error {
	f, err := forestOf(m.Trees)
	if err != nil {
		return err
	}
	parts := g.opML("TreeEnsembleRegressor", "parts", []string{g.addFeatures(m)}, f.attributes()...)
	parts = g.op("Cast", "parts_double", []string{parts}, attrInt("to", int64(pb.TensorProto_DOUBLE)))
	width := len(f.units)
	together := make([]float64, 2*width*width) // the unit matrix over itself
	for k := range 2 * width {
		together[k*width+k%width] = 1
	}
	matrix := g.constant(doubles("together", together, int64(2*width), int64(width)))
	sums := g.op("MatMul", "sums", []string{parts, matrix})
	base := g.constant(row(baseTensor, m.Trees.Base))
	g.op("Add", output, []string{sums, base})
	return nil
}

func attrString(name, v string) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_STRING, S: []byte(v)}
}
