package train_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

// made is a table whose target is a plain sum of the features, with noise, or
// one that no sum comes near.
func made(n int, task model.Task, plain bool) string {
	rng := rand.New(rand.NewPCG(21, 22))
	var text strings.Builder
	text.WriteString("a,b,colour,y\n")
	for range n {
		a, b, colour := rng.NormFloat64(), rng.NormFloat64(), rng.IntN(3)
		raw := a - b + 0.5*float64(colour)
		if !plain {
			raw = 2 * a * b
		}
		raw += 0.7 * rng.NormFloat64()
		y := fmt.Sprintf("%.4f", raw)
		if task != model.Regression {
			y = []string{"low", "middle", "high"}[min(2, int(max(0, raw+1)))]
		}
		if task == model.Binary {
			y = map[bool]string{true: "yes", false: "no"}[raw > 0.3]
		}
		fmt.Fprintf(&text, "%.4f,%.4f,%s,%s\n", a, b, []string{"red", "green", "blue"}[colour], y)
	}
	return text.String()
}

// The learner that suits the data wins, and the comparison says so. What ships
// is what a training with that algorithm and those parameters gives.
func TestAutoTrainsWhatSuitsTheData(t *testing.T) {
	for _, task := range []model.Task{model.Binary, model.Multiclass, model.Regression} {
		for _, plain := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, plain %t", task, plain), func(t *testing.T) {
				b := newBench()
				text := made(1500, task, plain)
				r := b.run(t, b.preprocess(t, text, preprocess.Request{}))
				want := train.GradientBoosting
				if plain {
					want = train.LogisticRegression
				}
				if plain && task == model.Regression {
					want = train.LinearRegression
				}
				s := r.Selection
				if r.Algorithm != want || s == nil || len(s.Contestants) != 2 {
					t.Fatalf("%s is chosen: %+v", r.Algorithm, s)
				}
				first := s.Contestants[0]
				if first.Algorithm != want || !first.Chosen || s.Contestants[1].Chosen || s.Difference == nil || *s.StandardError <= 0 {
					t.Errorf("the selection is %+v", s)
				}
				if ahead := *s.Difference > *s.StandardError; ahead == plain {
					t.Errorf("boosting is ahead by %g ± %g, and %s is chosen", *s.Difference, *s.StandardError, want)
				}
				params := map[string]any{"algorithm": want}
				for name, v := range first.Params {
					params[name] = v
				}
				again := b.run(t, b.preprocess(t, text, preprocess.Request{ModelParams: params}))
				if again.ModelSHA256 != r.ModelSHA256 {
					t.Errorf("%v gives another model", params)
				}
			})
		}
	}
}

// Of the training side all rows judge, or those of a part; of the holdout none
// does.
func TestAutoDoesNotLookAtTheHoldout(t *testing.T) {
	b := newBench()
	text := made(900, model.Regression, false)
	before := b.run(t, b.preprocess(t, text, preprocess.Request{ModelName: "m"}))
	data := b.open(t, train.Request{ProcessedDataPath: before.ProcessedDataPath})
	if int64(before.Selection.Rows) != data.Train.Rows {
		t.Errorf("the contest is held on %d rows; the training side has %d", before.Selection.Rows, data.Train.Rows)
	}
	// The same training rows beside half of the holdout.
	trains := linesOf(t, data, dataset.Train)
	kept := "a,b,colour,y\n"
	for i, line := range strings.SplitAfter(text, "\n")[1:] {
		if trains[line] || i%2 == 0 {
			kept += line
		}
	}
	after := b.run(t, b.preprocess(t, kept, preprocess.Request{ModelName: "m"}))
	other := b.open(t, train.Request{ProcessedDataPath: after.ProcessedDataPath})
	if other.Holdout.Rows >= data.Holdout.Rows || other.Train.Digest != data.Train.Digest {
		t.Fatalf("%d and %d rows are held out", other.Holdout.Rows, data.Holdout.Rows)
	}
	if diff := cmp.Diff(before.Selection, after.Selection); diff != "" {
		t.Error(diff)
	}
}

// linesOf returns a side's rows as made wrote them.
func linesOf(t *testing.T, d *processed.Data, side dataset.Side) map[string]bool {
	t.Helper()
	lines := map[string]bool{}
	err := d.Each(ctx, side, &d.Recipe, func(b *processed.Block) error {
		for i, y := range b.Y {
			x := b.X[3*i:]
			lines[fmt.Sprintf("%.4f,%.4f,%s,%.4f\n", x[0], x[1], d.Recipe.Features[2].Categories[int(x[2])], y)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestAutoHandsParametersToTheirLearner(t *testing.T) {
	b := newBench()
	text := made(600, model.Binary, true)
	run := func(params map[string]any) train.Result {
		return b.run(t, b.preprocess(t, text, preprocess.Request{ModelParams: params}))
	}
	r := run(map[string]any{"C": 0.03, "n_estimators": 7.0, "class_weight": "balanced", "seed": 5.0})
	if r.Params["C"] != 0.03 || r.Params["class_weight"] != "balanced" || r.Params["max_iter"] != 100 || r.Params["random_state"] != uint64(5) {
		t.Errorf("the linear model is trained with %v", r.Params)
	}
	if r := run(map[string]any{"monotonic_cst": map[string]any{"a": 1.0}, "C": 2.0}); r.Algorithm != train.GradientBoosting || r.Selection.Difference != nil || r.Params["max_iter"] != 100 {
		t.Errorf("%s is trained with a constraint: %+v", r.Algorithm, r.Selection)
	}
	values := b.preprocess(t, made(600, model.Regression, true), preprocess.Request{ModelParams: map[string]any{"loss": "absolute_error"}})
	if r := b.run(t, values); r.Algorithm != train.GradientBoosting || r.Params["loss"] != "absolute_error" {
		t.Errorf("%s is trained for absolute errors", r.Algorithm)
	}
}

// An elastic net's alpha is in the target's units, and so are those that are tried:
// whatever the unit, the same features are found out to say nothing.
func TestAutoFindsAnElasticNetsAlpha(t *testing.T) {
	b := newBench()
	rng := rand.New(rand.NewPCG(31, 32))
	tables := [2]strings.Builder{}
	for range 800 {
		x := [6]float64{}
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		y := 3*x[0] - 2*x[1] + rng.NormFloat64()
		for i := range tables {
			fmt.Fprintf(&tables[i], "%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.5f\n", x[0], x[1], x[2], x[3], x[4], x[5], []float64{1, 1000}[i]*y)
		}
	}
	for i := range tables {
		r := b.run(t, b.preprocess(t, "a,b,c,d,e,f,y\n"+tables[i].String(), preprocess.Request{ModelParams: map[string]any{"l1_ratio": 1.0}}))
		alpha := r.Selection.Contestants[0].Params["alpha"] / []float64{1, 1000}[i]
		if r.Algorithm != train.LinearRegression || alpha < 0.01 || alpha > 0.1 {
			t.Errorf("%s with alpha %g is chosen: %+v", r.Algorithm, alpha, r.Selection)
		}
	}
}

// Too few rows of each class to judge by, or a number that the linear model
// cannot take, leave one contestant.
func TestAutoWithOneContestant(t *testing.T) {
	b := newBench()
	few := "x,y\n"
	for i := range 8 {
		few += fmt.Sprintf("%d,%s\n", i, []string{"a", "b"}[i/4])
	}
	if r := b.run(t, b.preprocess(t, few, preprocess.Request{})); r.Algorithm != train.LogisticRegression || r.Selection.Difference != nil {
		t.Errorf("of 8 rows %s is trained: %+v", r.Algorithm, r.Selection)
	}
	far := "x,z,y\n"
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		x := rng.Float64()
		z := fmt.Sprintf("%.3f", rng.Float64())
		if i == 7 {
			z = "1e300"
		}
		far += fmt.Sprintf("%.3f,%s,%.3f\n", x, z, x*x)
	}
	r := b.run(t, b.preprocess(t, far, preprocess.Request{}))
	if r.Algorithm != train.GradientBoosting {
		t.Errorf("%s is trained: %+v", r.Algorithm, r.Selection)
	}
}

// A training of auto that takes several calls ends with the bytes of one call,
// and holds its contest once.
func TestAutoOverSeveralCalls(t *testing.T) {
	text := made(800, model.Binary, false)
	whole := newBench()
	want := whole.run(t, whole.preprocess(t, text, preprocess.Request{}))
	b := newBench()
	req := b.preprocess(t, text, preprocess.Request{})
	req.OnDeadline = "checkpoint"
	b.CheckpointEvery = 1
	b.Progress = func(done float64) {
		if done > 0.3 {
			panic("killed")
		}
	}
	func() {
		defer func() { _ = recover() }()
		_, err := b.Run(ctx, req)
		t.Errorf("it was not killed: %v", err)
	}()
	b.Progress = nil
	got := b.run(t, req)
	if got.ModelSHA256 != want.ModelSHA256 || !cmp.Equal(got.Selection, want.Selection) {
		t.Errorf("after a death the model is another one, chosen by %+v", got.Selection)
	}
}

func TestAutoIsRefusedWhatNobodyHas(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(100, model.Regression), preprocess.Request{})
	req.ModelParams = map[string]any{"C": 1.0}
	if _, err := b.Run(ctx, req); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("C for a regression: %v", err)
	}
}
