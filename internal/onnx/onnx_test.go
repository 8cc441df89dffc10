package onnx_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/model/modeltest"
	"retrain/internal/onnx"
	pb "retrain/internal/onnx/onnxpb"
)

var update = flag.Bool("update", false, "write testdata anew; only after a deliberate change of the format")

var tasks = []model.Task{model.Binary, model.Multiclass, model.Regression}

// each calls check with random models of every task and kind.
func each(t *testing.T, check func(t *testing.T, rng *rand.Rand, m *model.Model)) {
	for seed := range uint64(40) {
		for _, task := range tasks {
			rng := rand.New(rand.NewPCG(seed, 2))
			t.Run(fmt.Sprintf("linear/%s/%d", task, seed), func(t *testing.T) { check(t, rng, modeltest.Linear(rng, task)) })
			t.Run(fmt.Sprintf("trees/%s/%d", task, seed), func(t *testing.T) { check(t, rng, modeltest.Trees(rng, task, 1+rng.IntN(12), 12)) })
			if task != model.Regression {
				t.Run(fmt.Sprintf("calibrated/%s/%d", task, seed), func(t *testing.T) {
					check(t, rng, modeltest.Calibrate(rng, modeltest.Linear(rng, task)))
				})
			}
		}
		rng := rand.New(rand.NewPCG(seed, 2))
		t.Run(fmt.Sprintf("logarithm/%d", seed), func(t *testing.T) { check(t, rng, modeltest.LogTrees(rng, 1+rng.IntN(12), 12)) })
	}
}

func encode(t testing.TB, m *model.Model) []byte {
	t.Helper()
	b, err := onnx.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodeReturnsWhatWasEncoded(t *testing.T) {
	each(t, func(t *testing.T, _ *rand.Rand, m *model.Model) {
		b := encode(t, m)
		got, err := onnx.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Error(diff)
		}
		if !bytes.Equal(encode(t, got), b) {
			t.Error("encoded again, the model has other bytes")
		}
	})
}

// Learners number nodes and sets as they like.
func TestTheOrderOfNodesAndSetsDoesNotMatter(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand, m *model.Model) {
		if m.Trees == nil {
			return
		}
		b := encode(t, m)
		for i := range m.Trees.Trees {
			m.Trees.Trees[i] = shuffled(rng, m.Trees.Trees[i])
		}
		if !bytes.Equal(encode(t, m), b) {
			t.Error("another order of the nodes gives other bytes")
		}
	})
}

// shuffled returns the tree with its nodes in a random order in which children
// lie behind their parents, its sets in a random order, and all that no one
// reads filled with something.
func shuffled(rng *rand.Rand, t model.Tree) model.Tree {
	var out model.Tree
	setAt := rng.Perm(len(t.Sets))
	out.Sets = make([][]int32, len(t.Sets))
	for from, to := range setAt {
		out.Sets[to] = t.Sets[from]
	}
	type place struct {
		node   int32
		parent int
		left   bool
	}
	open := []place{{node: 0, parent: -1}}
	for len(open) > 0 {
		i := rng.IntN(len(open))
		p := open[i]
		open = slices.Delete(open, i, i+1)
		n, at := t.Nodes[p.node], len(out.Nodes)
		if p.parent >= 0 && p.left {
			out.Nodes[p.parent].Left = int32(at)
		} else if p.parent >= 0 {
			out.Nodes[p.parent].Right = int32(at)
		}
		if n.Feature >= 0 {
			open = append(open, place{n.Left, at, true}, place{n.Right, at, false})
			n.Value = rng.Float64()
		}
		if n.Set >= 0 {
			n.Set, n.Threshold, n.MissingLeft = int32(setAt[n.Set]), rng.Float64(), true
		}
		out.Nodes = append(out.Nodes, n)
	}
	return out
}

func TestNoTreesAreOneTreeOfZero(t *testing.T) {
	for _, task := range tasks {
		rng := rand.New(rand.NewPCG(5, 5))
		m := modeltest.Trees(rng, task, 0, 1)
		got, err := onnx.Decode(encode(t, m))
		if err != nil {
			t.Fatal(err)
		}
		x := modeltest.Rows(rng, &m.Recipe, 10).Encode(&m.Recipe)
		p, q := make([]float64, 10*m.Outputs()), make([]float64, 10*m.Outputs())
		m.Predict(p, x)
		got.Predict(q, x)
		if len(got.Trees.Trees) != 1 || !slices.Equal(p, q) {
			t.Errorf("%s: %d trees predict %v, want %v", task, len(got.Trees.Trees), q, p)
		}
	}
}

// Files that were written once must stay readable, and the same model must give
// the same bytes for ever: they are what versions are named by.
func TestGoldenFiles(t *testing.T) {
	for name, m := range goldenModels() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".onnx")
			b := encode(t, m)
			if *update {
				if err := os.WriteFile(path, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, want) {
				t.Error("the model gives other bytes than the stored file")
			}
			got, err := onnx.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// goldenModels are small models of each task and kind, spelled out.
func goldenModels() map[string]*model.Model {
	recipe := func(task model.Task, classes ...string) model.Recipe {
		return model.Recipe{Target: "churn", Task: task, Classes: classes, Features: []model.Feature{
			{Name: "age", Kind: model.Number, Fill: 40.5, Mean: 41, Scale: 12},
			{Name: "label", Kind: model.Category, Categories: []string{"", "blue", "naïve ☃"}},
			{Name: "income", Kind: model.Number, Scale: 1},
		}}
	}
	trees := []model.Tree{
		{
			Nodes: []model.Node{
				{Feature: 0, Left: 1, Right: 2, Set: -1, Threshold: 30.5, MissingLeft: true, Gain: 12.25, Count: 300},
				{Feature: -1, Set: -1, Value: -0.25, Count: 100},
				{Feature: 1, Left: 3, Right: 4, Set: 0, Gain: 3.5, Count: 200},
				{Feature: -1, Set: -1, Value: 0.1, Count: 150},
				{Feature: -1, Set: -1, Value: 0.7, Count: 50},
			},
			Sets: [][]int32{{0, 2}},
		},
		{Nodes: []model.Node{{Feature: -1, Set: -1, Value: 0.125, Count: 300}}},
	}
	integers := recipe(model.Multiclass, "-1", "2", "10")
	integers.IntLabels = true
	curve := model.Curve{X: []float64{-1, 0.5, 2}, Y: []float64{0.125, 0.25, 0.75}}
	meta := map[string]string{"engine_version": "1", "params": `{"max_iter":2}`}
	return map[string]*model.Model{
		"trees-binary":      {Recipe: recipe(model.Binary, "no", "yes"), Trees: &model.Trees{Base: []float64{-0.5}, Trees: trees}, Meta: meta},
		"trees-multiclass":  {Recipe: integers, Trees: &model.Trees{Base: []float64{0.1, 0.2, 0.3}, Trees: trees}},
		"trees-regression":  {Recipe: recipe(model.Regression), Trees: &model.Trees{Base: []float64{7}, Trees: trees}},
		"linear-binary":     {Recipe: recipe(model.Binary, "no", "yes"), Linear: &model.Linear{Intercept: []float64{0.5}, Coef: [][]float64{{1, 2, 3, 4, 5}}}},
		"linear-multiclass": {Recipe: integers, Linear: &model.Linear{Intercept: []float64{1, 2, 3}, Coef: [][]float64{{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, {-1, -2, -3, -4, -5}}}, Meta: meta},
		"calibrated-binary": {
			Recipe: recipe(model.Binary, "no", "yes"), Trees: &model.Trees{Base: []float64{-0.5}, Trees: trees}, Threshold: 0.375,
			Calibration: &model.Calibration{Curves: []model.Curve{curve}},
		},
		"calibrated-lines": {
			Recipe: integers, Trees: &model.Trees{Base: []float64{0.1, 0.2, 0.3}, Trees: trees},
			Calibration: &model.Calibration{Lines: []model.Line{{Slope: 1, Shift: 0.5}, {Slope: 0.5}, {Slope: 2, Shift: -1}}},
		},
		"calibrated-curves": {
			Recipe: integers, Trees: &model.Trees{Base: []float64{0.1, 0.2, 0.3}, Trees: trees},
			Calibration: &model.Calibration{Curves: []model.Curve{curve, curve, curve}},
		},
		"linear-regression": {Recipe: recipe(model.Regression), Linear: &model.Linear{Intercept: []float64{0}, Coef: [][]float64{{1, 0, 0.5, 0, -1}}}},
	}
}

func TestNamesOfTheGraphDoNotCollide(t *testing.T) {
	each(t, func(t *testing.T, _ *rand.Rand, m *model.Model) {
		g := unmarshal(t, encode(t, m)).GetGraph()
		made, known := map[string]bool{}, map[string]bool{}
		define := func(name string) {
			if name == "" || made[name] {
				t.Errorf("tensor %q is empty or made twice", name)
			}
			made[name], known[name] = true, true
		}
		for j, in := range g.GetInput() {
			if in.GetName() != m.Columns()[j].Name {
				t.Errorf("input %d is %q, want the column's name", j, in.GetName())
			}
			define(in.GetName())
		}
		for _, c := range g.GetInitializer() {
			define(c.GetName())
		}
		for _, n := range g.GetNode() {
			for _, in := range n.GetInput() {
				if !known[in] {
					t.Errorf("%s reads %q before it is made", n.GetOpType(), in)
				}
			}
			define(n.GetOutput()[0])
		}
		for _, out := range g.GetOutput() {
			if !made[out.GetName()] {
				t.Errorf("output %q is never made", out.GetName())
			}
		}
	})
}

func TestOutputsGiveWayToColumns(t *testing.T) {
	m := goldenModels()["trees-binary"]
	m.Features[0].Name, m.Features[2].Name = "label_", "probabilities"
	outputs := unmarshal(t, encode(t, m)).GetGraph().GetOutput()
	got := make([]string, len(outputs))
	for i := range outputs {
		got[i] = outputs[i].GetName()
	}
	if diff := cmp.Diff([]string{"label__", "probabilities_"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMetadataIsSortedAndComplete(t *testing.T) {
	p := unmarshal(t, encode(t, goldenModels()["trees-binary"]))
	keys := make([]string, len(p.GetMetadataProps()))
	values := map[string]string{}
	for i, e := range p.GetMetadataProps() {
		keys[i] = e.GetKey()
		values[e.GetKey()] = e.GetValue()
	}
	want := []string{"engine_version", "params", "retrain.counts", "retrain.format", "retrain.gains", "retrain.recipe", "retrain.schema", "retrain.task"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
	const schema = `{"inputs":[{"name":"age","type":"double"},{"name":"label","type":"string"},{"name":"income","type":"double"}],` +
		`"outputs":[{"name":"label_","type":"string"},{"name":"probabilities","type":"double","columns":["no","yes"]}]}`
	if values["retrain.schema"] != schema || values["retrain.task"] != "binary" {
		t.Errorf("schema %s, task %s", values["retrain.schema"], values["retrain.task"])
	}
	if p.GetProducerName() != "retrain" || p.GetIrVersion() != 8 {
		t.Errorf("written by %q in IR version %d", p.GetProducerName(), p.GetIrVersion())
	}
}

func TestEncodeRefusesWhatItCannotWrite(t *testing.T) {
	broken := goldenModels()["trees-binary"]
	broken.Trees.Trees[0].Nodes[0].Left = 0
	if _, err := onnx.Encode(broken); err == nil || !fault.Is(err, fault.Internal) {
		t.Errorf("a model that fails its check: %v", err)
	}
	ours := goldenModels()["trees-binary"]
	ours.Meta["retrain.recipe"] = "{}"
	if _, err := onnx.Encode(ours); err == nil || !fault.Is(err, fault.Internal) {
		t.Errorf("a key of ours in Meta: %v", err)
	}
	large := goldenModels()["trees-binary"]
	large.Meta["params"] = strings.Repeat("x", onnx.MaxBytes)
	if _, err := onnx.Encode(large); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a file that is too large: %v", err)
	}
}

func unmarshal(t testing.TB, b []byte) *pb.ModelProto {
	t.Helper()
	var p pb.ModelProto
	if err := proto.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// mustRefuse wants Decode to refuse the bytes without telling what they hold.
func mustRefuse(t *testing.T, b []byte) {
	t.Helper()
	m, err := onnx.Decode(b)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.InvalidData {
		t.Fatalf("Decode = %v, %v, want fault.InvalidData", m, err)
	}
	if f.Detail != "The model file is not a model that this service wrote." || len(f.Fields) > 0 {
		t.Errorf("detail %q, fields %v", f.Detail, f.Fields)
	}
}
