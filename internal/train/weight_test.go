package train_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

// weighted makes n rows of two features, numbers from 0 up behind a prefix, each
// with a weight of 0, 1 or 2; and the same without weights, where a row stands as
// often as its weight says.
func weighted(n int, task model.Task, prefix string) (weights, repeated string) {
	rng := rand.New(rand.NewPCG(5, 6))
	var a, b strings.Builder
	a.WriteString("p,q,w,y\n")
	b.WriteString("p,q,y\n")
	for range n {
		p, q, w := rng.IntN(7), rng.IntN(9), rng.IntN(3)
		raw := float64(p%3) - float64(q%4) + float64(w) + rng.NormFloat64()
		y := fmt.Sprintf("%.0f", 8*raw)
		if task != model.Regression {
			y = map[bool]string{true: "yes", false: "no"}[raw > 0.6]
		}
		fmt.Fprintf(&a, "%s%d,%s%d,%d,%s\n", prefix, p, prefix, q, w, y)
		b.WriteString(strings.Repeat(fmt.Sprintf("%s%d,%s%d,%s\n", prefix, p, prefix, q, y), w))
	}
	return a.String(), b.String()
}

// A row of weight 2 is the row twice, and one of weight 0 is none: for boosting
// within the rounding of its gradients, which are integers, and but for what
// counts rows, the least of a leaf and of a category.
func TestAWeightIsARowsNumber(t *testing.T) {
	boosting := map[string]any{"algorithm": "gradient_boosting", "max_iter": 20.0, "min_samples_leaf": 1.0, "early_stopping": false}
	for _, c := range []struct {
		task   model.Task
		prefix string
		params map[string]any
	}{
		{model.Binary, "", boosting},
		{model.Regression, "", boosting},
		{model.Binary, "c", map[string]any{"algorithm": "logistic_regression", "class_weight": "balanced", "tol": 1e-10}},
		{model.Regression, "c", map[string]any{"algorithm": "linear_regression"}},
	} {
		text, repeated := weighted(900, c.task, c.prefix)
		b := newBench()
		mine := b.run(t, b.preprocess(t, text, preprocess.Request{ModelParams: c.params, SampleWeight: "w", Task: string(c.task)}))
		theirs := b.run(t, b.preprocess(t, repeated, preprocess.Request{ModelParams: c.params, Task: string(c.task)}))
		a, z := answers(t, b, mine), answers(t, b, theirs)
		if diff := cmp.Diff(z, a, cmpopts.EquateApprox(1e-6, 1e-6)); diff != "" {
			t.Errorf("%s, %s: %s", mine.Algorithm, c.task, diff)
		}
		unweighted := b.run(t, b.preprocess(t, strings.Replace(text, "w,y", "id,y", 1), preprocess.Request{ModelParams: c.params, Task: string(c.task)}))
		if unweighted.ModelSHA256 == mine.ModelSHA256 {
			t.Errorf("%s, %s: the weights have no effect", mine.Algorithm, c.task)
		}
	}
}

// answers returns what a stored model says of all rows that can be.
func answers(t *testing.T, b *bench, r train.Result) []float64 {
	t.Helper()
	m := b.load(t, r)
	var x []float64
	for p := range 7 {
		for q := range 9 {
			for at, value := range []int{p, q} {
				if f := &m.Features[at]; f.Kind == model.Category {
					value = f.Code(fmt.Sprintf("c%d", value))
				}
				x = append(x, float64(value))
			}
		}
	}
	out := make([]float64, 7*9*m.Outputs())
	m.Predict(out, x)
	return out
}

// The baseline that knows no feature knows the weights.
func TestTheBaselineIsWeighted(t *testing.T) {
	for _, task := range []model.Task{model.Binary, model.Regression} {
		text, _ := weighted(900, task, "c")
		b := newBench()
		req := b.preprocess(t, text, preprocess.Request{ModelParams: small(), SampleWeight: "w", Task: string(task)})
		r := b.run(t, req)
		data := b.open(t, req)
		weight, sum := 0.0, 0.0
		err := data.Learn(ctx, func(block *processed.Block) {
			for i, w := range block.W {
				weight, sum = weight+w, sum+w*block.Y[i]
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		mean, rows, loss := sum/weight, 0.0, 0.0
		err = data.Each(ctx, dataset.Holdout, &data.Recipe, func(block *processed.Block) error {
			for _, y := range block.Y {
				rows++
				if task == model.Regression {
					loss += (y - mean) * (y - mean)
				} else {
					loss -= y*math.Log(mean) + (1-y)*math.Log(1-mean)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		name, metric, want := "majority", "log_loss", loss/rows
		if task == model.Regression {
			name, metric, want = "mean", "rmse", math.Sqrt(loss/rows)
		}
		if got := *r.Baselines[name][metric]; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s of the %s %v, want %v", metric, name, got, want)
		}
	}
}

// Where each row of a class counts five, learner and calibration make that class
// as likely as if it had five times the rows.
func TestCalibrationIsWeighted(t *testing.T) {
	text, _ := weighted(900, model.Binary, "c")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	shas := map[string]bool{}
	for _, weight := range []func(row []string) string{
		func([]string) string { return "1" },
		func(row []string) string { return map[string]string{"yes": "5", "no": "1"}[row[3]] },
	} {
		var text strings.Builder
		text.WriteString("p,q,w,y\n")
		for _, row := range rows[1:] {
			fmt.Fprintf(&text, "%s,%s,%s,%s\n", row[0], row[1], weight(row), row[3])
		}
		b := newBench()
		params := map[string]any{"algorithm": "logistic_regression", "calibration": "sigmoid", "validation_fraction": 0.3}
		r := b.run(t, b.preprocess(t, text.String(), preprocess.Request{ModelParams: params, SampleWeight: "w"}))
		if m := *r.Metrics["recall"]; len(shas) == 1 && m < 0.8 {
			t.Errorf("recall %v where a row of the class counts five", m)
		}
		shas[r.ModelSHA256] = true
	}
	if len(shas) != 2 {
		t.Error("the weights have no effect")
	}
}

// What auto chooses suits the rows that weigh.
func TestAutoFollowsTheWeights(t *testing.T) {
	for _, plain := range []bool{true, false} {
		text := "a,b,colour,y,w\n"
		for _, kind := range []bool{true, false} {
			lines := strings.Split(strings.TrimSpace(made(700, model.Regression, kind)), "\n")[1:]
			weight := map[bool]string{true: ",9\n", false: ",0.01\n"}[kind == plain]
			text += strings.Join(lines, weight) + weight
		}
		b := newBench()
		r := b.run(t, b.preprocess(t, text, preprocess.Request{SampleWeight: "w", Task: "regression"}))
		want := map[bool]string{true: train.LinearRegression, false: train.GradientBoosting}[plain]
		if r.Algorithm != want {
			t.Errorf("%s is chosen, not %s: %+v", r.Algorithm, want, r.Selection)
		}
	}
}

// A weight column that differs from the run's comes too late.
func TestAnotherWeightColumnIsRefused(t *testing.T) {
	text, _ := weighted(300, model.Binary, "c")
	b := newBench()
	req := b.preprocess(t, text, preprocess.Request{ModelParams: small("weight_column", "w")})
	req.ModelParams["weight_column"] = "w"
	b.run(t, req)
	for _, wrong := range []any{"p", nil, 3.0} {
		req.ModelParams = small("sample_weight", wrong)
		if _, err := b.Run(ctx, req); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
