//go:build e2e

package onnx_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"retrain/internal/model"
	"retrain/internal/model/modeltest"
	"retrain/internal/onnx"
)

// ONNX Runtime, given the stored file, computes what Model.Predict does with
// the model that is read back from it: on random models of every task and kind,
// and on rows with missing, unseen and empty values. RETRAIN_PYTHON names a
// Python with numpy, onnx and onnxruntime.
func TestParityWithONNXRuntime(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	dir := t.TempDir()
	for seed := range uint64(12) {
		for _, task := range tasks[:2] {
			rng := rand.New(rand.NewPCG(seed, 9))
			writeCase(t, filepath.Join(dir, fmt.Sprintf("calibrated-linear-%s-%02d", task, seed)), rng, modeltest.Calibrate(rng, modeltest.Linear(rng, task)))
			writeCase(t, filepath.Join(dir, fmt.Sprintf("calibrated-trees-%s-%02d", task, seed)), rng, modeltest.Calibrate(rng, modeltest.Trees(rng, task, int(seed*9), 31)))
		}
		for _, task := range tasks {
			rng := rand.New(rand.NewPCG(seed, 8))
			writeCase(t, filepath.Join(dir, fmt.Sprintf("linear-%s-%02d", task, seed)), rng, modeltest.Linear(rng, task))
			writeCase(t, filepath.Join(dir, fmt.Sprintf("trees-%s-%02d", task, seed)), rng, modeltest.Trees(rng, task, int(seed*9), 31))
		}
		rng := rand.New(rand.NewPCG(seed, 8))
		writeCase(t, filepath.Join(dir, fmt.Sprintf("logarithm-%02d", seed)), rng, modeltest.LogTrees(rng, int(seed*9), 31))
	}
	rng := rand.New(rand.NewPCG(1, 8))
	writeCase(t, filepath.Join(dir, "large"), rng, large())
	writeCase(t, filepath.Join(dir, "many-categories"), rng, manyCategories(rng))
	writeCase(t, filepath.Join(dir, "deepest"), rng, deepest())
	for _, task := range tasks[:2] {
		writeCase(t, filepath.Join(dir, "ties-"+string(task)), rng, ties(rng, task))
		writeCase(t, filepath.Join(dir, "calibrated-ties-"+string(task)), rng, modeltest.Calibrate(rng, ties(rng, task)))
	}
	for name, m := range goldenModels() {
		writeCase(t, filepath.Join(dir, "golden-"+name), rng, m)
	}
	out, err := exec.Command(python, filepath.Join("..", "..", "test", "onnx_parity.py"), dir).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// The export for older runtimes agrees as well: the operator's sums are float32,
// but come in two parts. (The runtime here is a new one, which still runs the old
// operators.)
func TestParityOfTheOlderForm(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	dir := t.TempDir()
	older := func(name string, rng *rand.Rand, m *model.Model) {
		t.Helper()
		file, err := onnx.EncodeML3(m)
		if err != nil {
			t.Fatal(err)
		}
		writeCase(t, filepath.Join(dir, name), rng, m)
		if err := os.WriteFile(filepath.Join(dir, name, "model.onnx"), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range uint64(8) {
		for _, task := range tasks {
			rng := rand.New(rand.NewPCG(seed, 18))
			older(fmt.Sprintf("linear-%s-%02d", task, seed), rng, modeltest.Linear(rng, task))
			older(fmt.Sprintf("trees-%s-%02d", task, seed), rng, modeltest.Trees(rng, task, int(seed*20), 31))
		}
		rng := rand.New(rand.NewPCG(seed, 19))
		older(fmt.Sprintf("calibrated-%02d", seed), rng, modeltest.Calibrate(rng, modeltest.Trees(rng, model.Binary, 9, 31)))
		older(fmt.Sprintf("logarithm-%02d", seed), rng, modeltest.LogTrees(rng, 9, 31))
	}
	rng := rand.New(rand.NewPCG(1, 18))
	older("many-categories", rng, manyCategories(rng))
	older("deepest", rng, deepest())
	older("large", rng, large())
	for name, m := range goldenModels() {
		older("golden-"+name, rng, m)
	}
	out, err := exec.Command(python, filepath.Join("..", "..", "test", "onnx_parity.py"), dir).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// manyCategories returns trees over a category with 3,000 values.
func manyCategories(rng *rand.Rand) *model.Model {
	f := model.Feature{Name: "zip", Kind: model.Category}
	for i := range 3000 {
		f.Categories = append(f.Categories, fmt.Sprintf("%05d", 7*i))
	}
	m := &model.Model{Recipe: model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{f}}}
	m.Trees = &model.Trees{Base: []float64{1}}
	for range 5 {
		m.Trees.Trees = append(m.Trees.Trees, modeltest.Tree(rng, &m.Recipe, 8))
	}
	return m
}

// ties returns trees with leaves of -1, 0 and 1, of which many rows' raw scores
// are equal: the first class must win in both.
func ties(rng *rand.Rand, task model.Task) *model.Model {
	m := modeltest.Trees(rng, task, 6, 8)
	clear(m.Trees.Base)
	for i := range m.Trees.Trees {
		for j := range m.Trees.Trees[i].Nodes {
			n := &m.Trees.Trees[i].Nodes[j]
			n.Value = max(-1, min(1, math.Round(4*n.Value)))
		}
	}
	return m
}

// deepest returns a tree that is one chain of the greatest depth.
func deepest() *model.Model {
	nodes := make([]model.Node, 0, 2*model.MaxDepth+1)
	for i := range int32(model.MaxDepth) {
		nodes = append(nodes,
			model.Node{Feature: 0, Set: -1, Left: 2*i + 1, Right: 2*i + 2, Threshold: float64(i)/100 - 5},
			model.Node{Feature: -1, Set: -1, Value: float64(i)})
	}
	nodes = append(nodes, model.Node{Feature: -1, Set: -1, Value: -1})
	return &model.Model{
		Recipe: model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{{Name: "x", Kind: model.Number}}},
		Trees:  &model.Trees{Base: []float64{0}, Trees: []model.Tree{{Nodes: nodes}}},
	}
}

// writeCase writes a model, 1,000 rows and what the model that is read back says
// of them in the form that test/onnx_parity.py reads.
func writeCase(t *testing.T, dir string, rng *rand.Rand, m *model.Model) {
	t.Helper()
	const rows = 1000
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	table := modeltest.Rows(rng, &m.Recipe, rows)
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := encode(t, m)
	write("model.onnx", file)
	write("inputs.json", marshal(t, inputs(m, table)))
	stored, err := onnx.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]float64, rows*m.Outputs())
	stored.Predict(p, table.Encode(&stored.Recipe))
	write("expected.json", marshal(t, expected(m, p)))
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func inputs(m *model.Model, table modeltest.Table) map[string]any {
	columns := make([]map[string]any, len(m.Columns()))
	for k, c := range m.Columns() {
		if m.Features[c.First].Kind == model.Category {
			columns[k] = map[string]any{"name": c.Name, "type": "string", "values": table.Texts[c.First]}
			continue
		}
		values := make([]*float64, table.Rows)
		for i, v := range table.Numbers[c.First] {
			if !math.IsNaN(v) {
				values[i] = &v
			}
		}
		columns[k] = map[string]any{"name": c.Name, "type": "double", "values": values}
	}
	return map[string]any{"columns": columns}
}

func expected(m *model.Model, p []float64) map[string]any {
	if m.Task == model.Regression {
		return map[string]any{"prediction": p}
	}
	var labels []any
	var rows [][]float64
	for ; len(p) > 0; p = p[m.Outputs():] {
		row := p[:m.Outputs()]
		rows = append(rows, row)
		label := m.Classes[m.Label(row)]
		if v, err := strconv.ParseInt(label, 10, 64); err == nil && m.IntLabels {
			labels = append(labels, v)
		} else {
			labels = append(labels, label)
		}
	}
	return map[string]any{"label": labels, "probabilities": rows}
}
