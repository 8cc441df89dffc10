package linear

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat"

	"retrain/internal/fault"
	"retrain/internal/model"
)

func fit(t *testing.T, d *Data, p Params) *Result {
	t.Helper()
	r, err := Fit(context.Background(), d, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func predict(recipe *model.Recipe, m *model.Linear, x []float64) []float64 {
	p := make([]float64, len(x)/len(recipe.Features)*recipe.Outputs())
	(&model.Model{Recipe: *recipe, Linear: m}).Predict(p, x)
	return p
}

// bitsOf hashes a model's numbers.
func bitsOf(m *model.Linear) uint64 {
	h := fnv.New64a()
	write := func(v float64) {
		bits := math.Float64bits(v)
		for range 8 {
			h.Write([]byte{byte(bits)})
			bits >>= 8
		}
	}
	for k := range m.Coef {
		for _, c := range m.Coef[k] {
			write(c)
		}
		write(m.Intercept[k])
	}
	return h.Sum64()
}

// The same rows give the same bytes on any number of cores, however they are
// appended, and on every architecture: the hashes are recorded. The classes of
// the first case begin on a sample, and no last block is full.
func TestTheSameRowsGiveTheSameBytes(t *testing.T) {
	for _, c := range []struct {
		task     model.Task
		classes  int
		rows     int
		weighted bool
		l1       float64 // l1_ratio, or 0
		hash     uint64
	}{
		{model.Binary, 2, (minSample+9)*blockRows + 100, false, 0, 0x4a6c952872f8e5d},
		{model.Binary, 2, 3000, true, 0, 0x61dc4f5972fa6dc9},
		{model.Multiclass, 3, 5000, false, 0, 0x7aacf02402444a26},
		{model.Multiclass, 3, 3000, true, 0, 0xc24bfb4fb9b32c69},
		{model.Regression, 0, (maxPending+1)*blockRows + 100, false, 0, 0x6d5e1c73cecd2869},
		{model.Regression, 0, 3000, true, 0, 0x4dceb9f831c00cb0},
		{model.Binary, 2, (minSample+9)*blockRows + 100, false, 1, 0x8a9dc932a20b9c1a},
		{model.Multiclass, 3, 3000, true, 0.5, 0x5d5cdeab7470ce80},
		{model.Regression, 0, 3000, true, 0.5, 0x763fb4f40b7d0089},
	} {
		recipe, x, y := made(c.task, c.rows, 3, c.classes, 4, 260)
		p, w := Defaults(), []float64(nil)
		if c.weighted {
			p.Balanced, p.C, p.Alpha = true, 10, 0.1
			for i := range y {
				w = append(w, float64(1+i%5)/3)
			}
		}
		if c.l1 > 0 {
			p.L1Ratio = &c.l1
		}
		hashes := map[uint64]bool{}
		for _, cores := range []int{1, 2, 3, 8} {
			old := runtime.GOMAXPROCS(cores)
			hashes[bitsOf(fit(t, dataOf(recipe, x, y, w, 701*cores), p).Linear)] = true
			runtime.GOMAXPROCS(old)
		}
		if len(hashes) != 1 {
			t.Errorf("%s, %d rows: %d different models", c.task, c.rows, len(hashes))
		}
		if !hashes[c.hash] {
			t.Errorf("%s, %d rows: the model's hash is %#x, recorded is %#x", c.task, c.rows, slices.Collect(maps.Keys(hashes)), c.hash)
		}
	}
}

// A class that the sample hardly has, or has not at all, must not send the
// search astray.
func TestRareClasses(t *testing.T) {
	const rows = 4*minSample*blockRows + 100
	for _, rare := range []int{1, 9} {
		recipe, x, y := made(model.Binary, rows, 3, 2)
		for i := range y {
			y[i] = 0
		}
		for i := range rare {
			y[blockRows+1+i*7] = 1
		}
		d, p := dataOf(recipe, x, y, nil, rows), Defaults()
		all, err := newProblem(d, p)
		if err != nil {
			t.Fatal(err)
		}
		if all.stoodFor(all.sample(minSample)) {
			t.Errorf("%d rows: the search begins on the sample", rare)
		}
		if r := fit(t, d, p); !r.Converged || r.Iterations > 20 {
			t.Errorf("%d rows: converged %v after %d iterations", rare, r.Converged, r.Iterations)
		}
	}
}

// Classes that can nearly be told apart have next to no curvature at the optimum,
// and plenty where the search starts: so it is measured on the way, too. And the
// rarest of the shuttle data, a dozen rows, are no part of a small sample.
func TestShuttle(t *testing.T) {
	recipe, x, y := shuttle(t)
	r := fit(t, dataOf(recipe, x, y, nil, 10_000), Defaults())
	const optimum = 6659.6462 // after 1,300 iterations with the curvature of the start, and scikit-learn's
	if !r.Converged || relative(r.Objective, optimum) > 1e-6 {
		t.Errorf("converged %v at %v after %d iterations, want %v", r.Converged, r.Objective, r.Iterations, optimum)
	}
}

// On the way to the optimum the search takes a rare class to be impossible: its
// curvature there is next to nothing.
func TestClassThatSeemsImpossible(t *testing.T) {
	recipe, x, y := made(model.Multiclass, 20_000, 6, 6)
	for i := range y {
		row := x[i*6 : i*6+6]
		for j, v := range row {
			if math.IsNaN(v) {
				row[j] = 0
			}
		}
		y[i] = 0
		for k := 1.0; k < 6; k++ {
			if row[0]+row[1]/2+0.05*row[2]*row[2] > 1.2*(k-2) {
				y[i] = k
			}
		}
	}
	if r := fit(t, dataOf(recipe, x, y, nil, 1000), Defaults()); !r.Converged || r.Iterations > 60 {
		t.Errorf("converged %v after %d iterations", r.Converged, r.Iterations)
	}
}

// shuttle is the table of examples/, its numbers standardized.
func shuttle(t *testing.T) (recipe *model.Recipe, x, y []float64) {
	file, err := os.Open("../../examples/shuttle.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	recipe = &model.Recipe{Task: model.Multiclass}
	names, rows := lines[0], lines[1:]
	target := len(names) - 1
	columns := make([][]float64, target)
	for _, row := range rows {
		for j, cell := range row[:target] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			columns[j] = append(columns[j], v)
		}
		class := slices.Index(recipe.Classes, row[target])
		if class < 0 {
			class = len(recipe.Classes)
			recipe.Classes = append(recipe.Classes, row[target])
		}
		y = append(y, float64(class))
	}
	for j, name := range names[:target] {
		mean, scale := stat.PopMeanStdDev(columns[j], nil)
		recipe.Features = append(recipe.Features, model.Feature{Name: name, Kind: model.Number, Fill: mean, Mean: mean, Scale: scale})
	}
	for i := range rows {
		for _, column := range columns {
			x = append(x, column[i])
		}
	}
	return recipe, x, y
}

// Ridge regression by the search over kept rows, as it is done with very many
// inputs, ends where the direct solution is.
func TestBothWaysOfRidgeRegressionAgree(t *testing.T) {
	recipe, x, y := made(model.Regression, 3000, 4, 0, 5, 30)
	for i := range y {
		y[i] = 1e5 + 300*y[i]
	}
	kept := &Data{layout: newLayout(recipe)}
	kept.Append(x, y, nil)
	p := Defaults()
	p.Alpha = 0.5
	searched, direct := fit(t, kept, p), fit(t, dataOf(recipe, x, y, nil, 1000), p)
	if gap := relative(searched.Objective, direct.Objective); gap > 1e-8 || !searched.Converged {
		t.Errorf("objective %v, directly %v", searched.Objective, direct.Objective)
	}
	want := predict(recipe, direct.Linear, x)
	for i, got := range predict(recipe, searched.Linear, x) {
		if relative(got, want[i]) > 1e-7 {
			t.Fatalf("row %d: prediction %v, directly %v", i, got, want[i])
		}
	}
}

func TestVeryManyInputs(t *testing.T) {
	for _, task := range []model.Task{model.Regression, model.Binary} {
		classes := 0
		if task == model.Binary {
			classes = 2
		}
		recipe, x, y := made(task, 4000, 2, classes, maxGram+500)
		d := dataOf(recipe, x, y, nil, 4000)
		if d.sums != nil {
			t.Fatalf("%s: a Gram matrix of %d inputs", task, d.layout.inputs)
		}
		if r := fit(t, d, Defaults()); !r.Converged {
			t.Errorf("%s: not converged after %d iterations", task, r.Iterations)
		}
	}
}

// A row of weight 2 counts as two rows, and one of weight 0 as none.
func TestWeightsCountRows(t *testing.T) {
	for task, classes := range map[model.Task]int{model.Binary: 2, model.Multiclass: 3, model.Regression: 0} {
		recipe, x, y := made(task, 300, 3, classes, 4)
		w := make([]float64, len(y))
		var xs, ys []float64
		for i := range w {
			w[i] = float64(i % 3)
			for range i % 3 {
				xs, ys = append(xs, x[i*4:(i+1)*4]...), append(ys, y[i])
			}
		}
		weighted, repeated := fit(t, dataOf(recipe, x, y, w, 300), Defaults()), fit(t, dataOf(recipe, xs, ys, nil, 300), Defaults())
		for k := range weighted.Linear.Coef {
			for j, c := range weighted.Linear.Coef[k] {
				if relative(c, repeated.Linear.Coef[k][j]) > 1e-6 {
					t.Errorf("%s: coefficient %v with weights, %v with rows repeated", task, c, repeated.Linear.Coef[k][j])
				}
			}
		}
	}
}

func TestDataCanBeFittedAgain(t *testing.T) {
	for task, classes := range map[model.Task]int{model.Binary: 2, model.Regression: 0} {
		recipe, x, y := made(task, 500, 3, classes, 4)
		d, strong := dataOf(recipe, x, y, nil, 100), Defaults()
		strong.C, strong.Alpha = 0.01, 100
		first := bitsOf(fit(t, d, Defaults()).Linear)
		other := bitsOf(fit(t, d, strong).Linear)
		if again := bitsOf(fit(t, d, Defaults()).Linear); again != first || other == first {
			t.Errorf("%s: hashes %x, %x with another penalty, then %x", task, first, other, again)
		}
	}
}

// Without features, a model knows the shares of the classes, or the mean.
func TestWithoutFeatures(t *testing.T) {
	recipe := &model.Recipe{Task: model.Binary, Classes: []string{"a", "b"}}
	d := NewData(recipe, 4)
	d.Append(nil, []float64{0, 1, 1, 1}, nil)
	if got, want := fit(t, d, Defaults()).Linear.Intercept[0], math.Log(3); math.Abs(got-want) > 1e-12 {
		t.Errorf("log odds %v, want %v", got, want)
	}
	d = NewData(&model.Recipe{Task: model.Regression}, 4)
	d.Append(nil, []float64{1, 2, 6}, []float64{1, 1, 2})
	if got := fit(t, d, Defaults()).Linear.Intercept[0]; math.Abs(got-3.75) > 1e-12 {
		t.Errorf("mean %v, want 3.75", got)
	}
}

// number returns a recipe of one number that is standardized already.
func number(task model.Task, names ...string) *model.Recipe {
	recipe := &model.Recipe{Task: task}
	for _, name := range names {
		recipe.Features = append(recipe.Features, model.Feature{Name: name, Kind: model.Number, Scale: 1})
	}
	if task == model.Binary {
		recipe.Classes = []string{"a", "b"}
	}
	return recipe
}

func TestSeparableClasses(t *testing.T) {
	recipe := number(model.Binary, "x")
	d := dataOf(recipe, []float64{-2, -1, 1, 2}, []float64{0, 0, 1, 1}, nil, 4)
	p := Defaults()
	for _, p.C = range []float64{1, 1e4} {
		r := fit(t, d, p)
		if got := predict(recipe, r.Linear, []float64{-2, 2}); !r.Converged || got[0] < 0.7 || got[3] < 0.7 {
			t.Errorf("C=%v: converged %v, probabilities %v", p.C, r.Converged, got)
		}
	}
}

func TestConstantColumnsAndMoreColumnsThanRows(t *testing.T) {
	recipe := number(model.Regression, "a", "b", "c")
	r := fit(t, dataOf(recipe, []float64{1, 0, 2, -1, 0, 5}, []float64{1, 2}, nil, 2), Defaults())
	if got := r.Linear.Coef[0][1]; got != 0 || len(r.Warnings) > 0 {
		t.Errorf("a constant column has the coefficient %v, warnings %v", got, r.Warnings)
	}
	// Two rows that lie (2, 0, -3) apart: the centred system solved by hand.
	if got, want := r.Linear.Coef[0][0], -1.0/7.5; math.Abs(got-want) > 1e-12 {
		t.Errorf("coefficient %v, want %v", got, want)
	}
}

// A column that varies only in rows which are not learned from is a constant
// whose standardized value is not 0, and cancels but for rounding. Its
// coefficient, which counts where it varies, is 0 as that of any constant.
func TestConstantsThatAreNotZero(t *testing.T) {
	recipe := number(model.Regression, "constant", "x")
	rng := rand.New(rand.NewPCG(2, 3))
	for _, constant := range []float64{-0.1, 0.7, 1e3 / 3.} {
		var x, y, w []float64
		for range 300 {
			v := rng.NormFloat64()
			x, y, w = append(x, constant, v), append(y, 5+2*v+rng.NormFloat64()), append(w, rng.Float64())
		}
		for _, ratio := range []*float64{nil, new(float64)} {
			p := Defaults()
			p.Alpha, p.L1Ratio = 0, ratio
			r := fit(t, dataOf(recipe, x, y, w, 300), p)
			if got := r.Linear.Coef[0]; math.Abs(got[0]) > 1e-6 || math.Abs(got[1]-2) > 0.2 {
				t.Errorf("a constant of %v: coefficients %v", constant, got)
			}
		}
	}
}

// Without a penalty, any of the equally good solutions will do, but it must be
// said.
func TestRidgeWithoutPenalty(t *testing.T) {
	recipe := number(model.Regression, "a", "b")
	p := Defaults()
	p.Alpha = 0
	x, y := []float64{1, 2, 2, 4, 3, 6, 4, 8.5}, []float64{3, 5, 7, 9}
	if r := fit(t, dataOf(recipe, x, y, nil, 4), p); len(r.Warnings) > 0 {
		t.Errorf("independent columns: warnings %v", r.Warnings)
	}
	x[7] = 8
	r := fit(t, dataOf(recipe, x, y, nil, 4), p)
	if len(r.Warnings) != 1 {
		t.Errorf("dependent columns: warnings %v", r.Warnings)
	}
	for i, got := range predict(recipe, r.Linear, x) {
		if math.Abs(got-y[i]) > 1e-6 {
			t.Errorf("row %d: prediction %v, want %v", i, got, y[i])
		}
	}
}

func TestUnconvergedSearchesSaySo(t *testing.T) {
	recipe, x, y := made(model.Multiclass, 500, 3, 3, 4)
	p := Defaults()
	p.MaxIter, p.C = 1, 100
	r := fit(t, dataOf(recipe, x, y, nil, 500), p)
	if r.Converged || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "max_iter") {
		t.Errorf("converged %v, warnings %v", r.Converged, r.Warnings)
	}
}

func TestUnusableData(t *testing.T) {
	huge := number(model.Binary, "x")
	huge.Features[0].Scale = 1e-15
	wide := &model.Recipe{Task: model.Binary, Classes: []string{"a", "b"}, Features: []model.Feature{category("c", 70_000)}}
	for name, c := range map[string]struct {
		recipe *model.Recipe
		x, y   []float64
		w      []float64
		want   fault.Kind
	}{
		"no rows":              {number(model.Binary, "x"), nil, nil, nil, fault.InvalidData},
		"no rows of values":    {number(model.Regression, "x"), nil, nil, nil, fault.InvalidData},
		"no weight":            {number(model.Regression, "x"), []float64{1}, []float64{1}, []float64{0}, fault.InvalidData},
		"one class":            {number(model.Binary, "x"), []float64{1, 2}, []float64{1, 1}, nil, fault.InvalidData},
		"one class has weight": {number(model.Binary, "x"), []float64{1, 2}, []float64{0, 1}, []float64{0, 1}, fault.InvalidData},
		"extreme value":        {huge, []float64{1, 2}, []float64{0, 1}, nil, fault.InvalidData},
		"extreme sum":          {number(model.Regression, "x"), []float64{1, 2}, []float64{1e307, -1e307}, []float64{1e10, 2e10}, fault.InvalidData},
		"too many categories":  {wide, []float64{1, 2}, []float64{0, 1}, nil, fault.TooLarge},
	} {
		d := NewData(c.recipe, 0)
		d.Append(c.x, c.y, c.w)
		if _, err := Fit(context.Background(), d, Defaults()); !fault.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func TestTheContextEndsAFit(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for task, classes := range map[model.Task]int{model.Binary: 2, model.Regression: 0} {
		recipe, x, y := made(task, 100, 2, classes)
		if _, err := Fit(ctx, dataOf(recipe, x, y, nil, 100), Defaults()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", task, err)
		}
	}
}

func TestParamsAreChecked(t *testing.T) {
	bad := Params{C: 0, Penalty: "l3", MaxIter: 0, Tol: math.NaN(), Alpha: -1, Balanced: true, ClassWeight: []float64{1, 0}}
	err := bad.Check()
	if !fault.Is(err, fault.InvalidRequest) {
		t.Fatalf("error %v", err)
	}
	var names []any
	for _, f := range fault.From(err).Fields {
		if diff := cmp.Diff([]any{"body", "model_params"}, f.Loc[:2]); diff != "" {
			t.Error(diff)
		}
		names = append(names, f.Loc[2])
	}
	if diff := cmp.Diff([]any{"C", "penalty", "max_iter", "tol", "alpha", "class_weight", "class_weight"}, names); diff != "" {
		t.Error(diff)
	}
	recipe, x, y := made(model.Binary, 100, 2, 2)
	p := Defaults()
	p.ClassWeight = []float64{1, 2, 3}
	if _, err := Fit(context.Background(), dataOf(recipe, x, y, nil, 100), p); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("three weights for two classes: %v", err)
	}
	if _, err := Fit(context.Background(), dataOf(recipe, x, y, nil, 100), Params{}); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("no parameters: %v", err)
	}
}

func TestPenalties(t *testing.T) {
	ratio := func(r float64) *float64 { return &r }
	for _, c := range []struct {
		penalty string
		ratio   *float64
		name    string // "" if that is not valid
		l1, l2  float64
	}{
		{"", nil, "l2", 0, 0.5},
		{"", ratio(0), "l2", 0, 0.5},
		{"", ratio(1), "l1", 0.5, 0},
		{"", ratio(0.25), "elasticnet", 0.125, 0.375},
		{"l2", nil, "l2", 0, 0.5},
		{"l1", nil, "l1", 0.5, 0},
		{"elasticnet", ratio(1), "l1", 0.5, 0},
		{"none", nil, "none", 0, 0},
		{"l2", ratio(1), "", 0, 0},
		{"l1", ratio(0), "", 0, 0},
		{"none", ratio(0.5), "", 0, 0},
		{"elasticnet", nil, "", 0, 0},
		{"elasticnet", ratio(1.5), "", 0, 0},
		{"", ratio(math.NaN()), "", 0, 0},
		{"lasso", nil, "", 0, 0},
	} {
		p := Defaults()
		p.C, p.Penalty, p.L1Ratio = 2, c.penalty, c.ratio
		if err := p.Check(); (err == nil) != (c.name != "") {
			t.Errorf("%+v: error %v", c, err)
		}
		if c.name == "" {
			continue
		}
		if l1, l2 := p.ofClasses(); p.PenaltyName() != c.name || l1 != c.l1 || l2 != c.l2 {
			t.Errorf("%+v: %s, %v, %v", c, p.PenaltyName(), l1, l2)
		}
	}
}

// The larger the L1 penalty, the fewer coefficients there are, and at last none.
func TestSparseCoefficients(t *testing.T) {
	for task, classes := range map[model.Task]int{model.Binary: 2, model.Multiclass: 3, model.Regression: 0} {
		recipe, x, y := made(task, 2000, 12, classes, 20)
		p, one, left := Defaults(), 1.0, math.Inf(1)
		p.L1Ratio = &one
		for _, strength := range []float64{1e-4, 2e-2, 10} {
			p.C, p.Alpha = 1/(2000*strength), strength
			r, some := fit(t, dataOf(recipe, x, y, nil, 2000), p), 0.0
			for _, coef := range r.Linear.Coef {
				for _, v := range coef {
					if v != 0 {
						some++
					}
				}
			}
			if !r.Converged || some >= left || strength == 10 && some > 0 {
				t.Errorf("%s, strength %v: %v coefficients after %v, converged %v", task, strength, some, left, r.Converged)
			}
			left = some
		}
	}
}

func TestAppendPanics(t *testing.T) {
	for name, f := range map[string]func(d *Data){
		"lengths":         func(d *Data) { d.Append([]float64{1, 2}, []float64{1}, nil) },
		"weights":         func(d *Data) { d.Append([]float64{1}, []float64{1}, []float64{1, 1}) },
		"negative weight": func(d *Data) { d.Append([]float64{1}, []float64{1}, []float64{-1}) },
		"no class":        func(d *Data) { d.Append([]float64{1}, []float64{2}, nil) },
		"half a class":    func(d *Data) { d.Append([]float64{1}, []float64{0.5}, nil) },
		"NaN":             func(d *Data) { d.Append([]float64{1}, []float64{math.NaN()}, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f(NewData(number(model.Binary, "x"), 1))
		})
	}
}
