package model_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

// naiveValue is what a tree says on average if only some features are known.
func naiveValue(t *model.Tree, at int32, row []float64, known uint) float64 {
	n := &t.Nodes[at]
	if n.Feature < 0 {
		return n.Value
	}
	a, b := float64(t.Nodes[n.Left].Count), float64(t.Nodes[n.Right].Count)
	if a+b == 0 {
		a, b = 1, 1
	}
	if known>>n.Feature&1 == 1 {
		a, b = 0, 1
		if naiveLeft(t, n, row[n.Feature]) {
			a, b = 1, 0
		}
	}
	return (a*naiveValue(t, n.Left, row, known) + b*naiveValue(t, n.Right, row, known)) / (a + b)
}

func naiveLeft(t *model.Tree, n *model.Node, x float64) bool {
	if n.Set >= 0 {
		for _, code := range t.Sets[n.Set] {
			if float64(code) == x {
				return true
			}
		}
		return false
	}
	return x <= n.Threshold || math.IsNaN(x) && n.MissingLeft
}

// naiveExplain is the definition: a feature's Shapley value is its mean
// difference over all sets of the others, each weighed by its orders.
func naiveExplain(m *model.Model, row []float64, k int) (base float64, values []float64) {
	features := len(m.Features)
	v := make([]float64, 1<<features)
	for known := range v {
		v[known] = m.Trees.Base[k]
		for i := k; i < len(m.Trees.Trees); i += len(m.Trees.Base) {
			v[known] += naiveValue(&m.Trees.Trees[i], 0, row, uint(known))
		}
	}
	values = make([]float64, features)
	for j := range values {
		for known := range v {
			if known>>j&1 == 1 {
				continue
			}
			size := 0
			for b := range features {
				size += known >> b & 1
			}
			orders := math.Gamma(float64(size+1)) * math.Gamma(float64(features-size)) / math.Gamma(float64(features+1))
			values[j] += orders * (v[known|1<<j] - v[known])
		}
	}
	return v[0], values
}

func TestExplainGivesShapleyValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	tried := 0
	for tried < 60 {
		task := []model.Task{model.Binary, model.Multiclass, model.Regression}[rng.IntN(3)]
		m := modeltest.Trees(rng, task, 4, 12)
		if len(m.Features) > 8 {
			continue
		}
		tried++
		rows, features := modeltest.Rows(rng, &m.Recipe, 3).Encode(&m.Recipe), len(m.Features)
		for ; len(rows) > 0; rows = rows[features:] {
			row, got, k := rows[:features], make([]float64, features), rng.IntN(m.Width())
			base := m.Explain(got, row, k)
			wantBase, want := naiveExplain(m, row, k)
			if math.Abs(base-wantBase) > 1e-9*(1+math.Abs(base)) {
				t.Fatalf("base %v, want %v", base, wantBase)
			}
			for j := range want {
				if math.Abs(got[j]-want[j]) > 1e-9*(1+math.Abs(want[j])) {
					t.Fatalf("%v: feature %d: %v, want %v", m, j, got[j], want[j])
				}
			}
		}
	}
}

// Base and contributions make up what Predict answers, also where a row cannot
// be explained by hand: in large trees, and in linear models.
func TestContributionsSumToTheRawScore(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 40 {
		for _, m := range []*model.Model{modeltest.Trees(rng, model.Regression, 20, 60), modeltest.Linear(rng, model.Regression)} {
			features := len(m.Features)
			row, out, parts := modeltest.Rows(rng, &m.Recipe, 1).Encode(&m.Recipe), make([]float64, 1), make([]float64, features)
			m.Predict(out, row)
			sum := m.Explain(parts, row, 0)
			size := math.Abs(sum)
			for _, part := range parts {
				sum += part
				size += math.Abs(part)
			}
			if m.Trees != nil && m.Trees.Log {
				sum = model.Exp(sum)
			}
			if math.Abs(sum-out[0]) > 1e-9*(1+size) {
				t.Fatalf("%v: %v, want %v", m, sum, out[0])
			}
		}
	}
}
