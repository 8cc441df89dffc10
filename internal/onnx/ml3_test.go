package onnx_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/model/modeltest"
	"retrain/internal/onnx"
	pb "retrain/internal/onnx/onnxpb"
)

func encodeML3(t *testing.T, m *model.Model) *pb.ModelProto {
	t.Helper()
	file, err := onnx.EncodeML3(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := onnx.EncodeML3(m)
	if err != nil || string(again) != string(file) {
		t.Fatalf("another file the second time: %v", err)
	}
	if _, err := onnx.Decode(file); err == nil {
		t.Fatal("an export is read as a stored model")
	}
	p := &pb.ModelProto{}
	if err := proto.Unmarshal(file, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// regressor is a naive TreeEnsembleRegressor: it walks from node to node by the
// numbers in the file, and gives its sums as float32.
type regressor struct {
	at      map[[2]int64]int // a node's place, by its tree and number
	p       *pb.ModelProto
	values  []float64
	weights []float64
}

func (r *regressor) ints(name string) []int64 { return attr(r.p, "TreeEnsembleRegressor", name).Ints }

func numbersOf(t *pb.TensorProto) (all []float64) {
	for raw := t.RawData; len(raw) > 0; raw = raw[8:] {
		all = append(all, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return all
}

func newRegressor(p *pb.ModelProto) *regressor {
	r := &regressor{at: map[[2]int64]int{}, p: p}
	trees, ids := r.ints("nodes_treeids"), r.ints("nodes_nodeids")
	for i := range ids {
		r.at[[2]int64{trees[i], ids[i]}] = i
	}
	r.values = numbersOf(attr(p, "TreeEnsembleRegressor", "nodes_values_as_tensor").T)
	r.weights = numbersOf(attr(p, "TreeEnsembleRegressor", "target_weights_as_tensor").T)
	return r
}

func (r *regressor) leaf(tree int64, row []float64) int64 {
	modes := attr(r.p, "TreeEnsembleRegressor", "nodes_modes").Strings
	for node := int64(0); ; {
		i := r.at[[2]int64{tree, node}]
		x := row[r.ints("nodes_featureids")[i]]
		yes := math.IsNaN(x) && r.ints("nodes_missing_value_tracks_true")[i] == 1
		switch string(modes[i]) {
		case "LEAF":
			return node
		case "BRANCH_LEQ":
			yes = yes || x <= r.values[i]
		case "BRANCH_EQ":
			yes = x == r.values[i]
		}
		if node = r.ints("nodes_falsenodeids")[i]; yes {
			node = r.ints("nodes_truenodeids")[i]
		}
	}
}

func (r *regressor) sums(row []float64) []float32 {
	sums := make([]float64, attr(r.p, "TreeEnsembleRegressor", "n_targets").I)
	trees, nodes, targets := r.ints("target_treeids"), r.ints("target_nodeids"), r.ints("target_ids")
	reached := map[int64]int64{}
	for i, tree := range trees {
		if _, walked := reached[tree]; !walked {
			reached[tree] = r.leaf(tree, row)
		}
		if reached[tree] == nodes[i] {
			sums[targets[i]] += r.weights[i]
		}
	}
	rounded := make([]float32, len(sums))
	for k, s := range sums {
		rounded[k] = float32(s)
	}
	return rounded
}

// The two parts of the sums, each a float32, make up the trees' sum.
func TestTheOlderFormComputesTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	for i := range 20 {
		m := modeltest.Trees(rng, model.Regression, 1+5*i, 20)
		scale := math.Ldexp(1, 4*i-40)
		for k := range m.Trees.Trees {
			for n := range m.Trees.Trees[k].Nodes {
				m.Trees.Trees[k].Nodes[n].Value *= scale
			}
		}
		m.Trees.Base[0] = 0
		r := newRegressor(encodeML3(t, m))
		x := modeltest.Rows(rng, &m.Recipe, 20).Encode(&m.Recipe)
		for ; len(x) > 0; x = x[len(m.Features):] {
			want := make([]float64, 1)
			m.Predict(want, x[:len(m.Features)])
			sums := r.sums(x)
			if got := float64(sums[0]) + float64(sums[1]); math.Abs(got-want[0]) > 1e-11*scale {
				t.Fatalf("%d trees: %g, want %g", len(m.Trees.Trees), got, want[0])
			}
		}
	}
}

func TestTheOlderFormsOperators(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	for _, m := range []*model.Model{modeltest.Trees(rng, model.Binary, 5, 9), modeltest.Linear(rng, model.Multiclass)} {
		p := encodeML3(t, m)
		if ml := p.OpsetImport[1]; ml.Domain != "ai.onnx.ml" || ml.Version != 3 {
			t.Errorf("%v", p.OpsetImport)
		}
		for _, n := range p.Graph.Node {
			if n.OpType == "TreeEnsemble" {
				t.Error("an operator that version 3 does not have")
			}
		}
	}
}

// What the older form cannot hold is refused.
func TestTheOlderFormHasLimits(t *testing.T) {
	f := model.Feature{Name: "zip", Kind: model.Category}
	var set []int32
	for i := range 5000 {
		f.Categories = append(f.Categories, string([]byte{'a' + byte(i/1000), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)}))
		set = append(set, int32(i))
	}
	leaf := func(x float64) model.Node { return model.Node{Feature: -1, Set: -1, Value: x} }
	m := &model.Model{Recipe: model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{f}}, Trees: &model.Trees{
		Base: []float64{0}, Trees: []model.Tree{{Nodes: []model.Node{{Feature: 0, Left: 1, Right: 2}, leaf(1), leaf(2)}, Sets: [][]int32{set[:4999]}}},
	}}
	if _, err := onnx.EncodeML3(m); !fault.Is(err, fault.TooLarge) {
		t.Errorf("5,000 categories: %v", err)
	}
	m.Trees.Trees[0].Sets[0] = set[:4000]
	encodeML3(t, m)
	m.Trees.Trees[0].Nodes[1].Value = 1e300
	if _, err := onnx.EncodeML3(m); !fault.Is(err, fault.TooLarge) {
		t.Errorf("leaves beyond float32: %v", err)
	}
}
