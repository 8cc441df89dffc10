package gbdt

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
	"retrain/internal/model"
)

func TestTrainingsThatDivergeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		task   model.Task
		change func(*table, *Params)
	}{
		"a gradient beyond single precision": {model.Regression, func(tab *table, p *Params) { tab.weigh(math.MaxFloat32); p.LearningRate = 10 }},
		"a gain beyond double precision":     {model.Regression, func(tab *table, p *Params) { tab.weigh(1e30); tab.y[0] = 1e149 }},
		"a leaf beyond double precision":     {model.Regression, func(tab *table, p *Params) { tab.y[0], p.LearningRate = 1e149, 1e300 }},
		"a sum of leaves beyond it":          {model.Regression, func(_ *table, p *Params) { p.Loss, p.LearningRate = AbsoluteError, 0.9e308 }},
		"a validation loss beyond it":        {model.Regression, func(tab *table, p *Params) { p.EarlyStopping, p.LearningRate = true, 1e160 }},
		"a count beyond it":                  {model.Regression, func(tab *table, p *Params) { tab.count(); p.Loss, p.LearningRate = Poisson, 1e4 }},
		"a base beyond it":                   {model.Binary, func(tab *table, p *Params) { tab.weigh(1e30); p.ClassWeight = []float64{1e300, 1} }},
		"a class that weighs too much":       {model.Multiclass, func(_ *table, p *Params) { p.ClassWeight = []float64{1e300, 1e300, 1} }},
	} {
		tab, p := mixed(c.task, 200, 3), Defaults()
		p.MaxIter = 10
		c.change(tab, &p)
		if _, err := Train(context.Background(), tab.data(p, 100), p, Options{}); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// weigh gives all rows a weight.
func (t *table) weigh(w float64) {
	t.w = make([]float64, t.rows())
	for i := range t.w {
		t.w[i] = w
	}
}

// count makes counts of the targets.
func (t *table) count() {
	for i, y := range t.y {
		t.y[i] = math.Floor(math.Abs(y))
	}
}

// However large or small the numbers are, a training ends with a model that can
// be stored, and losses that can be told, or with an error.
func TestWhatIsTrainedCanBeStored(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		of := func(name string, among ...float64) float64 { return rapid.SampledFrom(among).Draw(rt, name) }
		task := rapid.SampledFrom([]model.Task{model.Regression, model.Binary, model.Multiclass}).Draw(rt, "task")
		tab, p := mixed(task, rapid.IntRange(2, 60).Draw(rt, "rows"), 5), Defaults()
		tab.weigh(1)
		weight, target := of("weight", 1, 1e-45, 1e-30, 1e30, math.MaxFloat32), of("target", 1, 1e-300, 1e20, 1e149)
		for i := range tab.y {
			tab.w[i] = rapid.Float64Range(0, 1).Draw(rt, "share") * weight
			if task == model.Regression {
				tab.y[i] *= target / 10
			}
		}
		for i := range tab.x {
			if tab.features[i%len(tab.features)].Kind == model.Number && i%3 == 0 {
				tab.x[i] = of("number", 0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64)
			}
		}
		p.MaxIter, p.MinSamplesLeaf = 5, 2
		p.LearningRate, p.L2Regularization, p.MinHessian = of("learning_rate", 0.1, 1, 10, 1e300), of("l2", 0, 1), of("min_hessian", 0, 1)
		p.EarlyStopping = rapid.Bool().Draw(rt, "early_stopping")
		if task == model.Regression {
			p.Loss = rapid.SampledFrom([]string{SquaredError, AbsoluteError, Quantile}).Draw(rt, "loss")
		} else {
			p.ClassWeight = make([]float64, tab.outputs)
			for k := range p.ClassWeight {
				p.ClassWeight[k] = of("class_weight", 1, 1e-300, 1e30, 1e300)
			}
		}
		r, err := Train(context.Background(), tab.data(p, 100), p, Options{})
		if err != nil {
			return
		}
		m := &model.Model{Recipe: model.Recipe{Target: "y", Task: task, Features: tab.features}, Trees: r.Trees}
		if task != model.Regression {
			m.Classes = []string{"a", "b", "c"}[:tab.outputs]
		}
		if err := m.Check(); err != nil {
			rt.Fatal(err)
		}
		for _, loss := range r.History {
			if !finite(loss) {
				rt.Fatalf("a validation loss of %v", loss)
			}
		}
	})
}
