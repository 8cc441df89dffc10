//go:build e2e

package gbdt

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"retrain/internal/model"
)

// lightGBMCase is what test/lightgbm_trees.py reads.
type lightGBMCase struct {
	Objective string         `json:"objective"`
	Params    map[string]any `json:"params"`
	X         [][]float64    `json:"x"`
	Y         []float64      `json:"y"`
}

// A tree's nodes here and there: each before its children, the left one first.
type treeNodes [][]float64

// On data without ties, with so few values that each has a bin of its own, the
// trees have the splits of LightGBM's, and the leaves its values, but for the
// rounding of gradients to integers. RETRAIN_PYTHON names a Python with lightgbm.
func TestTreesAgainstLightGBM(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	var cases []lightGBMCase
	var ours [][]treeNodes
	for _, task := range []model.Task{model.Binary, model.Regression, model.Multiclass} {
		for _, l2 := range []float64{0, 3} {
			tab, p := easy(task), Defaults()
			p.MaxIter, p.MaxLeafNodes, p.MinSamplesLeaf, p.L2Regularization = 10, 8, 15, l2
			p.EarlyStopping, p.MinHessian, p.MaxDeltaStep = false, 0, 0
			if task == model.Multiclass {
				// LightGBM estimates a leaf's rows from its hessian, we count them: the
				// bound is on the hessian itself.
				p.MinSamplesLeaf, p.MinHessian = 1, 3
			}
			ours = append(ours, nodesOf(tab.train(t, p).Trees))
			cases = append(cases, lightGBMCaseOf(tab, &p))
		}
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, filepath.Join("..", "..", "test", "lightgbm_trees.py"))
	command.Stdin, command.Stderr = bytes.NewReader(input), os.Stderr
	output, err := command.Output()
	var theirs [][]treeNodes
	if err == nil {
		err = json.Unmarshal(output, &theirs)
	}
	if err != nil || len(theirs) != len(cases) {
		t.Fatalf("%d answers: %v", len(theirs), err)
	}
	for i, c := range cases {
		if len(theirs[i]) != len(ours[i]) {
			t.Fatalf("%s: %d trees, LightGBM has %d", c.Objective, len(ours[i]), len(theirs[i]))
		}
		farthest := 0.0
		for k := range ours[i] {
			farthest = max(farthest, compareNodes(t, ours[i][k], theirs[i][k]))
		}
		t.Logf("%s, l2 %v: the largest difference of a leaf is %.2g", c.Objective, c.Params["lambda_l2"], farthest)
		if farthest > 1e-6 {
			t.Error("that is more than 1e-6")
		}
	}
}

// easy makes rows of whole numbers, whose targets follow them with noise. None is
// 0, beside which LightGBM does not split halfway.
func easy(task model.Task) *table {
	rng := rand.New(rand.NewPCG(31, 32))
	t := &table{features: numbers(4), task: task, outputs: 1}
	switch task {
	case model.Binary:
		t.outputs = 2
	case model.Multiclass:
		t.outputs = 3
	}
	for range 1500 {
		a, b, c, d := 1+rng.IntN(30), 1+rng.IntN(20), 1+rng.IntN(11), 1+rng.IntN(7)
		t.x = append(t.x, float64(a), float64(b), float64(c), float64(d))
		y := math.Sin(float64(a)/5) + float64(b*c)/60 - float64(d)/4 + rng.NormFloat64()/2
		switch {
		case task == model.Regression:
		case task == model.Multiclass && y > 1.6:
			y = 2
		case y > 0.9:
			y = 1
		default:
			y = 0
		}
		t.y = append(t.y, y)
	}
	return t
}

// lightGBMCaseOf says the same to LightGBM. Of K classes it multiplies hessians by
// K/(K-1), as Friedman did (Greedy function approximation, 2001, algorithm 6), which
// we do not: with L2, the bound of a leaf's hessian and the learning rate multiplied, too, its steps are ours.
func lightGBMCaseOf(tab *table, p *Params) lightGBMCase {
	factor := 1.0
	if tab.task == model.Multiclass {
		factor = float64(tab.outputs) / float64(tab.outputs-1)
	}
	c := lightGBMCase{Objective: string(tab.task), Y: tab.y, Params: map[string]any{
		"rounds": p.MaxIter, "num_leaves": p.MaxLeafNodes, "learning_rate": p.LearningRate * factor, "lambda_l2": p.L2Regularization * factor,
		"min_data_in_leaf": p.MinSamplesLeaf, "min_sum_hessian_in_leaf": p.MinHessian * factor, "max_bin": 255,
	}}
	if tab.task == model.Multiclass {
		c.Params["num_class"] = tab.outputs
	}
	for i := range tab.rows() {
		c.X = append(c.X, tab.row(i))
	}
	return c
}

// nodesOf lists the trees' nodes. LightGBM keeps the bases in the first round's.
func nodesOf(trees *model.Trees) (all []treeNodes) {
	for i := range trees.Trees {
		base := 0.0
		if i < len(trees.Base) {
			base = trees.Base[i]
		}
		var nodes treeNodes
		var visit func(at int32)
		visit = func(at int32) {
			n := &trees.Trees[i].Nodes[at]
			if n.Feature < 0 {
				nodes = append(nodes, []float64{n.Value + base})
				return
			}
			nodes = append(nodes, []float64{float64(n.Feature), n.Threshold})
			visit(n.Left)
			visit(n.Right)
		}
		visit(0)
		all = append(all, nodes)
	}
	return all
}

// compareNodes returns the largest difference of two leaves' values; the splits
// are to be the same.
func compareNodes(t *testing.T, ours, theirs treeNodes) (farthest float64) {
	t.Helper()
	if len(ours) != len(theirs) {
		t.Fatalf("%d nodes, LightGBM has %d", len(ours), len(theirs))
	}
	for i, n := range ours {
		switch {
		case len(n) != len(theirs[i]):
			t.Fatalf("node %d: a split against a leaf", i)
		case len(n) == 1:
			farthest = max(farthest, math.Abs(n[0]-theirs[i][0]))
		case n[0] != theirs[i][0] || math.Abs(n[1]-theirs[i][1]) > 1e-9:
			t.Fatalf("node %d: split %v, LightGBM has %v", i, n, theirs[i])
		}
	}
	return farthest
}
