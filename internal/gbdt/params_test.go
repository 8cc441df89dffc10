package gbdt

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/model"
)

func TestDefaultsAreValid(t *testing.T) {
	if err := Defaults().Check(); err != nil {
		t.Error(err)
	}
}

// namesOf returns the parameters that an error names.
func namesOf(t *testing.T, err error) (names []string) {
	t.Helper()
	if !fault.Is(err, fault.InvalidRequest) {
		t.Fatalf("error %v", err)
	}
	for _, f := range fault.From(err).Fields {
		if f.Loc[0] != "body" || f.Loc[1] != "model_params" {
			t.Errorf("location %v", f.Loc)
		}
		names = append(names, f.Loc[2].(string))
	}
	return names
}

func TestParametersOutOfRangeAreNamed(t *testing.T) {
	nan := math.NaN()
	for name, set := range map[string]func(*Params){
		"max_iter":            func(p *Params) { p.MaxIter = 0 },
		"learning_rate":       func(p *Params) { p.LearningRate = nan },
		"max_leaf_nodes":      func(p *Params) { p.MaxLeafNodes = 1 },
		"max_depth":           func(p *Params) { p.MaxDepth = -1 },
		"min_samples_leaf":    func(p *Params) { p.MinSamplesLeaf = 0 },
		"l2_regularization":   func(p *Params) { p.L2Regularization = -1 },
		"min_hessian":         func(p *Params) { p.MinHessian = math.Inf(1) },
		"min_gain":            func(p *Params) { p.MinGain = -1 },
		"max_bins":            func(p *Params) { p.MaxBins = 256 },
		"max_features":        func(p *Params) { p.MaxFeatures = 0 },
		"loss":                func(p *Params) { p.Loss = "hinge" },
		"quantile":            func(p *Params) { p.Quantile = 1 },
		"reg_alpha":           func(p *Params) { p.RegAlpha = -1 },
		"max_delta_step":      func(p *Params) { p.MaxDeltaStep = nan },
		"colsample_bytree":    func(p *Params) { p.ColsampleBytree = 0 },
		"subsample":           func(p *Params) { p.Subsample = 1.1 },
		"subsample_freq":      func(p *Params) { p.SubsampleFreq = 0 },
		"cat_smooth":          func(p *Params) { p.CatSmooth = nan },
		"n_iter_no_change":    func(p *Params) { p.NIterNoChange = 0 },
		"validation_fraction": func(p *Params) { p.ValidationFraction = 1 },
		"tol":                 func(p *Params) { p.Tol = -1 },
		"monotonic_cst":       func(p *Params) { p.MonotonicCst = []int8{0, 2, 3} },
		"class_weight":        func(p *Params) { p.ClassWeight = []float64{1, 0} },
		"threads":             func(p *Params) { p.Threads = -1 },
	} {
		p := Defaults()
		set(&p)
		if diff := cmp.Diff([]string{name}, namesOf(t, p.Check())); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	p := Defaults()
	p.MaxIter, p.Balanced, p.ClassWeight = -1, true, []float64{1, 1}
	if diff := cmp.Diff([]string{"max_iter", "class_weight"}, namesOf(t, p.Check())); diff != "" {
		t.Error(diff)
	}
}

func TestParametersThatDoNotFitTheData(t *testing.T) {
	for name, c := range map[string]struct {
		task model.Task
		set  func(*Params)
		want string
	}{
		"constraints for other features": {model.Binary, func(p *Params) { p.MonotonicCst = []int8{1} }, "monotonic_cst"},
		"a constraint on categories":     {model.Binary, func(p *Params) { p.MonotonicCst = make([]int8, 11); p.MonotonicCst[9] = 1 }, "monotonic_cst"},
		"a constraint on three classes":  {model.Multiclass, func(p *Params) { p.MonotonicCst = make([]int8, 11); p.MonotonicCst[0] = 1 }, "monotonic_cst"},
		"classes of a regression":        {model.Regression, func(p *Params) { p.Balanced = true }, "class_weight"},
		"weights for other classes":      {model.Multiclass, func(p *Params) { p.ClassWeight = []float64{1, 2} }, "class_weight"},
	} {
		p := Defaults()
		d := mixed(c.task, 100, 1).data(p, 100)
		c.set(&p)
		_, err := Train(context.Background(), d, p, Options{})
		if diff := cmp.Diff([]string{c.want}, namesOf(t, err)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestPreconditionsPanic(t *testing.T) {
	bins := binsOf(t, numbers(1)[0], []float64{1, 2}, 255)
	nan := math.NaN()
	classes := func() *Data { return NewData(bins, model.Binary, 2, 0) }
	values := func() *Data { return NewData(bins, model.Regression, 1, 0) }
	for name, f := range map[string]func(){
		"NaN as value":    func() { values().Append([]float64{1}, []float64{nan}, nil) },
		"infinite value":  func() { values().Append([]float64{1}, []float64{math.Inf(1)}, nil) },
		"NaN as class":    func() { classes().Append([]float64{1}, []float64{nan}, nil) },
		"no such class":   func() { classes().Append([]float64{1}, []float64{2}, nil) },
		"unknown class":   func() { classes().Append([]float64{1}, []float64{-1}, nil) },
		"half a class":    func() { classes().Append([]float64{1}, []float64{0.5}, nil) },
		"negative weight": func() { values().Append([]float64{1}, []float64{1}, []float64{-1}) },
		"NaN as weight":   func() { values().Append([]float64{1}, []float64{1}, []float64{nan}) },
		"too few targets": func() { values().Append([]float64{1, 2}, []float64{1}, nil) },
		"too few weights": func() { values().Append([]float64{1, 2}, []float64{1, 2}, []float64{1}) },
		"weights too late": func() {
			d := values()
			d.Append([]float64{1}, []float64{1}, nil)
			d.Append([]float64{1}, []float64{1}, []float64{1})
		},
		"outputs":    func() { NewData(bins, model.Binary, 3, 0) },
		"bins":       func() { NewBinner(nil, 256, 0) },
		"half a row": func() { NewBinner(numbers(2), 255, 0).Observe(0, []float64{1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
