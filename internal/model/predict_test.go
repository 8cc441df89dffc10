package model_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

var tasks = []model.Task{model.Binary, model.Multiclass, model.Regression}

// each calls check with random models of every task and kind.
func each(t *testing.T, check func(t *testing.T, rng *rand.Rand, m *model.Model)) {
	for seed := range uint64(40) {
		for _, task := range tasks {
			rng := rand.New(rand.NewPCG(seed, 1))
			t.Run(fmt.Sprintf("linear/%s/%d", task, seed), func(t *testing.T) { check(t, rng, modeltest.Linear(rng, task)) })
			t.Run(fmt.Sprintf("trees/%s/%d", task, seed), func(t *testing.T) { check(t, rng, modeltest.Trees(rng, task, rng.IntN(12), 12)) })
			if task != model.Regression {
				t.Run(fmt.Sprintf("calibrated/%s/%d", task, seed), func(t *testing.T) {
					check(t, rng, modeltest.Calibrate(rng, modeltest.Trees(rng, task, 2, 12)))
				})
			}
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		t.Run(fmt.Sprintf("logarithm/%d", seed), func(t *testing.T) { check(t, rng, modeltest.LogTrees(rng, rng.IntN(12), 12)) })
	}
}

// naive scores a raw row as the documentation of Node and Linear reads, by
// recursion and by names instead of codes.
func naive(m *model.Model, table modeltest.Table, row int) []float64 {
	raw := make([]float64, m.Width())
	if m.Linear != nil {
		naiveLinear(raw, m, table, row)
	} else {
		copy(raw, m.Trees.Base)
		for i := range m.Trees.Trees {
			raw[i%len(raw)] += naiveTree(m, &m.Trees.Trees[i], 0, table, row)
		}
	}
	switch m.Task {
	case model.Regression:
		if m.Trees != nil && m.Trees.Log {
			raw[0] = math.Exp(raw[0])
		}
		return raw
	case model.Binary:
		p := 1 / (1 + math.Exp(-raw[0]))
		if m.Calibration != nil {
			p = naiveCurve(m.Calibration.Curves[0], raw[0])
		}
		return []float64{1 - p, p}
	}
	sum, p := 0.0, make([]float64, len(raw))
	for k := range raw {
		p[k] = math.Exp(raw[k] - slices.Max(raw))
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	if m.Calibration != nil {
		naiveCalibration(m.Calibration, p)
	}
	return p
}

// naiveCalibration calibrates the probabilities of several classes.
func naiveCalibration(c *model.Calibration, p []float64) {
	own, sum := make([]float64, len(p)), 0.0
	for k := range p {
		rest := 0.0
		for j := range p {
			if j != k {
				rest += p[j]
			}
		}
		z := math.Log(p[k] / rest)
		if c.Lines != nil {
			own[k] = 1 / (1 + math.Exp(-c.Lines[k].Slope*z-c.Lines[k].Shift))
		} else {
			own[k] = naiveCurve(c.Curves[k], z)
		}
		sum += own[k]
	}
	for k := range p {
		p[k] = own[k] / sum
	}
}

// naiveCurve is the sum of the ramps that the score has gone up.
func naiveCurve(c model.Curve, z float64) float64 {
	y := c.Y[0]
	for i := range len(c.X) - 1 {
		y += (c.Y[i+1] - c.Y[i]) * max(0, min(1, (z-c.X[i])/(c.X[i+1]-c.X[i])))
	}
	return y
}

func naiveTree(m *model.Model, t *model.Tree, at int32, table modeltest.Table, row int) float64 {
	n := t.Nodes[at]
	if n.Feature < 0 {
		return n.Value
	}
	left := false
	if f := m.Features[n.Feature]; f.Kind == model.Number {
		x := naivePart(f.Part, table.Numbers[n.Feature][row])
		left = x <= n.Threshold || math.IsNaN(x) && n.MissingLeft
	} else {
		for _, code := range t.Sets[n.Set] {
			left = left || f.Categories[code] == table.Texts[n.Feature][row]
		}
	}
	if left {
		return naiveTree(m, t, n.Left, table, row)
	}
	return naiveTree(m, t, n.Right, table, row)
}

func naiveLinear(raw []float64, m *model.Model, table modeltest.Table, row int) {
	for k := range raw {
		var inputs []float64
		for j, f := range m.Features {
			if f.Kind == model.Number {
				x := naivePart(f.Part, table.Numbers[j][row])
				if math.IsNaN(x) {
					x = f.Fill
				}
				inputs = append(inputs, (x-f.Mean)/f.Scale)
			}
			for _, c := range f.Categories {
				hot := 0.0
				if c == table.Texts[j][row] {
					hot = 1
				}
				inputs = append(inputs, hot)
			}
		}
		raw[k] = m.Linear.Intercept[k]
		for i, x := range inputs {
			raw[k] += m.Linear.Coef[k][i] * x
		}
	}
}

func TestPredictAgreesWithItsNaiveTwin(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand, m *model.Model) {
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		table := modeltest.Rows(rng, &m.Recipe, 150)
		got := make([]float64, table.Rows*m.Outputs())
		m.Predict(got, table.Encode(&m.Recipe))
		for i := range table.Rows {
			want := naive(m, table, i)
			for k, p := range got[i*len(want) : (i+1)*len(want)] {
				if diff := math.Abs(p - want[k]); diff > 1e-12*max(1, math.Abs(want[k])) {
					t.Fatalf("row %d, output %d: %v, want %v", i, k, p, want[k])
				}
			}
		}
	})
}

func TestPredictDoesNotDependOnTheRowsBeside(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand, m *model.Model) {
		const rows = 600 // more than are scored together
		x := modeltest.Rows(rng, &m.Recipe, rows).Encode(&m.Recipe)
		features, outputs := len(m.Features), m.Outputs()
		all, one := make([]float64, rows*outputs), make([]float64, outputs)
		m.Predict(all, x)
		for i := range rows {
			m.Predict(one, x[i*features:(i+1)*features])
			if !slices.Equal(one, all[i*outputs:(i+1)*outputs]) {
				t.Fatalf("row %d alone is %v, in the block %v", i, one, all[i*outputs:(i+1)*outputs])
			}
		}
	})
}

func TestProbabilitiesSumToOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, task := range tasks[:2] {
		m := modeltest.Trees(rng, task, 50, 8)
		n, k := 100, m.Outputs()
		p := make([]float64, n*k)
		m.Predict(p, modeltest.Rows(rng, &m.Recipe, n).Encode(&m.Recipe))
		for i := range n {
			sum := 0.0
			for _, v := range p[i*k : (i+1)*k] {
				if v < 0 || v > 1 {
					t.Fatalf("%s: probability %v", task, v)
				}
				sum += v
			}
			if math.Abs(sum-1) > 1e-15*float64(k) {
				t.Fatalf("%s: probabilities sum to %v", task, sum)
			}
		}
	}
}

func TestPredictPanicsWhereLengthsDisagree(t *testing.T) {
	m := modeltest.Linear(rand.New(rand.NewPCG(1, 1)), model.Binary)
	features := len(m.Features)
	for name, call := range map[string]func(){
		"part of a row": func() { m.Predict(make([]float64, 2), make([]float64, features+1)) },
		"short dst":     func() { m.Predict(make([]float64, 1), make([]float64, features)) },
		"no features":   func() { (&model.Model{Linear: &model.Linear{}}).Predict(nil, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

// BenchmarkPredict scores rows with 100 trees of 31 leaves over 25 features.
func BenchmarkPredict(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := wide(rng)
	const rows = 4096
	x := make([]float64, rows*len(m.Features))
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	dst := make([]float64, rows*m.Outputs())
	for b.Loop() {
		m.Predict(dst, x)
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPredictRow is the latency of one row.
func BenchmarkPredictRow(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := wide(rng)
	x := make([]float64, 1024*len(m.Features))
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	dst := make([]float64, m.Outputs())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % 1024 * len(m.Features)
		m.Predict(dst, x[at:at+len(m.Features)])
	}
}

// wide returns 100 balanced trees over 25 numbers.
func wide(rng *rand.Rand) *model.Model {
	m := &model.Model{Recipe: model.Recipe{Task: model.Binary, Classes: []string{"no", "yes"}}, Trees: &model.Trees{Base: []float64{0}}}
	for j := range 25 {
		m.Features = append(m.Features, model.Feature{Name: fmt.Sprint("x", j), Kind: model.Number})
	}
	for range 100 {
		var t model.Tree
		for i := range int32(61) {
			n := model.Node{Feature: -1, Set: -1, Value: rng.NormFloat64()}
			if i < 30 {
				n = model.Node{Feature: rng.Int32N(25), Set: -1, Left: 2*i + 1, Right: 2*i + 2, Threshold: rng.NormFloat64()}
			}
			t.Nodes = append(t.Nodes, n)
		}
		m.Trees.Trees = append(m.Trees.Trees, t)
	}
	return m
}
