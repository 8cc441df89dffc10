package gbdt

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"retrain/internal/model"
)

// table is training rows as a caller has them.
type table struct {
	features []model.Feature
	task     model.Task
	outputs  int
	x, y, w  []float64
}

func (t *table) rows() int { return len(t.y) }

func (t *table) row(i int) []float64 {
	width := len(t.features)
	return t.x[i*width : (i+1)*width]
}

// data bins the table in blocks of the given number of rows.
func (t *table) data(p Params, block int) *Data {
	width := len(t.features)
	binner := NewBinner(t.features, p.MaxBins, p.RandomState)
	for from := 0; from < t.rows(); from += block {
		to := min(from+block, t.rows())
		binner.Observe(int64(from), t.x[from*width:to*width])
	}
	d := NewData(binner.Bins(), t.task, t.outputs, t.rows()/2)
	for from := 0; from < t.rows(); from += block {
		to := min(from+block, t.rows())
		var w []float64
		if t.w != nil {
			w = t.w[from:to]
		}
		d.Append(t.x[from*width:to*width], t.y[from:to], w)
	}
	return d
}

// train trains on the table and fails the test on an error.
func (t *table) train(tb testing.TB, p Params) *Result {
	tb.Helper()
	r, err := Train(context.Background(), t.data(p, 1000), p, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// predict returns the outputs of the model for each row of the table.
func (t *table) predict(trees *model.Trees) []float64 {
	m := model.Model{Trees: trees}
	m.Task, m.Features = t.task, t.features
	if t.task != model.Regression {
		m.Classes = make([]string, t.outputs)
	}
	dst := make([]float64, t.rows()*t.outputs)
	m.Predict(dst, t.x)
	return dst
}

// accuracy is the share of the rows whose class is the most probable one.
func (t *table) accuracy(trees *model.Trees) float64 {
	p := t.predict(trees)
	right := 0
	for i, y := range t.y {
		best := 0
		for k := range t.outputs {
			if p[i*t.outputs+k] > p[i*t.outputs+best] {
				best = k
			}
		}
		if float64(best) == y {
			right++
		}
	}
	return float64(right) / float64(t.rows())
}

// numbers returns n numeric features.
func numbers(n int) []model.Feature {
	fs := make([]model.Feature, n)
	for j := range fs {
		fs[j] = model.Feature{Name: fmt.Sprintf("n%d", j), Kind: model.Number}
	}
	return fs
}

// category returns a categorical feature with n categories.
func category(n int) model.Feature {
	f := model.Feature{Name: fmt.Sprintf("c%d", n), Kind: model.Category}
	for k := range n {
		f.Categories = append(f.Categories, fmt.Sprintf("%04d", k))
	}
	return f
}

// mixed returns a table with numbers, of which one has few values and some are
// missing, with categories, of which some are unseen, and with a signal in all.
func mixed(task model.Task, rows int, seed uint64) *table {
	rng := rand.New(rand.NewPCG(seed, 17))
	t := &table{features: append(numbers(8), category(5), category(40), category(300)), task: task, outputs: 2}
	if task == model.Regression {
		t.outputs = 1
	} else if task == model.Multiclass {
		t.outputs = 3
	}
	effect := make([]float64, 300)
	for k := range effect {
		effect[k] = rng.NormFloat64()
	}
	for range rows {
		row := make([]float64, len(t.features))
		for j := range 8 {
			row[j] = rng.NormFloat64()
		}
		row[3] = math.Floor(row[3] * 3)
		row[8] = float64(rng.IntN(5))
		row[9] = math.Floor(40 * rng.Float64() * rng.Float64())
		row[10] = math.Floor(300 * rng.Float64() * rng.Float64())
		f := row[0]*row[1] + math.Sin(2*row[2]) + row[3]/4 + 2*effect[int(row[8])] + effect[int(row[9])] + effect[int(row[10])]/2
		for j := range 6 {
			if rng.Float64() < 0.07 {
				row[j] = math.NaN()
			}
		}
		if rng.Float64() < 0.02 {
			row[9] = model.Unseen
		}
		t.x = append(t.x, row...)
		t.y = append(t.y, draw(task, f, rng))
	}
	return t
}

// draw returns a target for a row with signal f.
func draw(task model.Task, f float64, rng *rand.Rand) float64 {
	switch task {
	case model.Regression:
		return 100 + 10*f + 5*rng.NormFloat64()
	case model.Multiclass:
		return min(2, max(0, math.Floor(1.5+f/2+rng.NormFloat64()/2)))
	}
	if rng.Float64() < 1/(1+math.Exp(-f)) {
		return 1
	}
	return 0
}

var tasks = []model.Task{model.Binary, model.Multiclass, model.Regression}
