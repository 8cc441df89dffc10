//go:build e2e

package model_test

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
	"retrain/internal/model/modeltest"
)

// shapTree and shapCase are what test/shap_values.py reads, shapValues what it
// answers.
type shapTree struct {
	Feature   []int32   `json:"feature"`
	Threshold []float64 `json:"threshold"`
	Left      []int32   `json:"left"`
	Right     []int32   `json:"right"`
	Missing   []int32   `json:"missing"`
	Value     []float64 `json:"value"`
	Count     []int64   `json:"count"`
}

type shapCase struct {
	Base  float64      `json:"base"`
	Trees []shapTree   `json:"trees"`
	Rows  [][]*float64 `json:"rows"`
}

type shapValues struct {
	Base   float64     `json:"base"`
	Values [][]float64 `json:"values"`
}

// Explain's contributions are those of the shap package's TreeExplainer, whose
// authors published the algorithm: on trees over numbers, flags, parts of times
// and categories, with missing values to either side. RETRAIN_PYTHON names a
// Python with shap.
//
// That package takes trees over numbers only from a caller. So each category set
// is made one of the first codes, which is a threshold, and a category that was
// not in training, which is in no set, is given as a large number.
func TestExplainAgainstSHAP(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	rng := rand.New(rand.NewPCG(13, 14))
	var models []*model.Model
	var cases []shapCase
	var encoded [][]float64
	for i := range 30 {
		m := modeltest.Trees(rng, []model.Task{model.Binary, model.Multiclass, model.Regression}[i%3], 12, 40)
		firstCodes(m)
		x := modeltest.Rows(rng, &m.Recipe, 60).Encode(&m.Recipe)
		models, encoded, cases = append(models, m), append(encoded, x), append(cases, shapCaseOf(m, x))
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, filepath.Join("..", "..", "test", "shap_values.py"))
	command.Stdin, command.Stderr = bytes.NewReader(input), os.Stderr
	output, err := command.Output()
	var want []shapValues
	if err == nil {
		err = json.Unmarshal(output, &want)
	}
	if err != nil || len(want) != len(cases) {
		t.Fatalf("%d answers: %v", len(want), err)
	}
	farthest := 0.0
	for i, m := range models {
		farthest = max(farthest, farthestFrom(t, m, encoded[i], want[i]))
	}
	t.Logf("the largest difference is %.2g", farthest)
	if farthest > 1e-12 {
		t.Error("that is more than 1e-12")
	}
}

// firstCodes makes each set one of as many of the first codes.
func firstCodes(m *model.Model) {
	for i := range m.Trees.Trees {
		for _, set := range m.Trees.Trees[i].Sets {
			for k := range set {
				set[k] = int32(k)
			}
		}
	}
}

const unseen = 1e9

// shapCaseOf is the model's raw score 0 for another program.
func shapCaseOf(m *model.Model, x []float64) shapCase {
	c := shapCase{Base: m.Trees.Base[0]}
	for i := 0; i < len(m.Trees.Trees); i += len(m.Trees.Base) {
		c.Trees = append(c.Trees, shapTreeOf(&m.Trees.Trees[i]))
	}
	for ; len(x) > 0; x = x[len(m.Features):] {
		var row []*float64
		for j, v := range x[:len(m.Features)] {
			switch {
			case math.IsNaN(v):
				row = append(row, nil)
				continue
			case v == model.Unseen && m.Features[j].Kind == model.Category:
				v = unseen
			}
			row = append(row, &v)
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

func shapTreeOf(tree *model.Tree) (s shapTree) {
	for _, n := range tree.Nodes {
		missing := n.Right
		if n.MissingLeft {
			missing = n.Left
		}
		if n.Set >= 0 {
			n.Threshold = float64(len(tree.Sets[n.Set])) - 0.5
		}
		if n.Feature < 0 {
			n.Left, n.Right, missing = -1, -1, -1
		}
		s.Feature, s.Threshold = append(s.Feature, n.Feature), append(s.Threshold, n.Threshold)
		s.Left, s.Right, s.Missing = append(s.Left, n.Left), append(s.Right, n.Right), append(s.Missing, missing)
		s.Value, s.Count = append(s.Value, n.Value), append(s.Count, n.Count)
	}
	return s
}

// farthestFrom returns the largest difference of a contribution.
func farthestFrom(t *testing.T, m *model.Model, x []float64, want shapValues) (farthest float64) {
	t.Helper()
	wide := len(m.Features)
	for i, values := range want.Values {
		got := make([]float64, wide)
		base := m.Explain(got, x[i*wide:(i+1)*wide], 0)
		farthest = max(farthest, math.Abs(base-want.Base))
		for j := range got {
			farthest = max(farthest, math.Abs(got[j]-values[j]))
		}
	}
	return farthest
}
