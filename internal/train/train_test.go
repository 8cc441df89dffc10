package train_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/dataset"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

// naive scores a model's holdout row by row, as a textbook says. It has the
// metrics that every caller looks at.
func naive(t *testing.T, d *processed.Data, m *model.Model) map[string]float64 {
	t.Helper()
	n, right, logs, squares, absolute, sum, sumSquares := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
	k := len(m.Classes)
	hit, actual, predicted := make([]float64, k), make([]float64, k), make([]float64, k)
	err := d.Each(ctx, dataset.Holdout, &m.Recipe, func(b *processed.Block) error {
		for i := range b.Rows {
			p := make([]float64, m.Outputs())
			m.Predict(p, b.X[i*len(m.Features):(i+1)*len(m.Features)])
			y := b.Y[i]
			n++
			if m.Task == model.Regression {
				squares, absolute = squares+(y-p[0])*(y-p[0]), absolute+math.Abs(y-p[0])
				sum, sumSquares = sum+y, sumSquares+y*y
				continue
			}
			label := slices.Index(p, slices.Max(p))
			if m.Threshold != 0 {
				label = map[bool]int{true: 1}[p[1] > m.Threshold]
			}
			actual[int(y)]++
			predicted[label]++
			if label == int(y) {
				right++
				hit[label]++
			}
			logs -= math.Log(p[int(y)])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if m.Task == model.Regression {
		return map[string]float64{"rmse": math.Sqrt(squares / n), "mae": absolute / n, "r2": 1 - squares/(sumSquares-sum*sum/n)}
	}
	f1 := func(c int) float64 { return 2 * hit[c] / (actual[c] + predicted[c]) }
	scores := map[string]float64{"accuracy": right / n, "log_loss": logs / n}
	if m.Task == model.Binary {
		scores["f1_score"] = f1(1)
	} else {
		scores["f1_score"] = (f1(0) + f1(1) + f1(2)) / 3
	}
	return scores
}

func TestAChallengerIsStoredWithItsScores(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench()
			req := b.preprocess(t, table(700, c.task), preprocess.Request{ModelParams: c.params})
			r := b.run(t, req)
			if r.Status != "success" || r.RunID != req.RunID || r.ModelName != "default" || r.Task != string(c.task) || r.Target != "y" || r.Cached {
				t.Errorf("result %+v", r)
			}
			loaded, err := b.Models.Load(ctx, "default", r.ModelSHA256)
			if err != nil || loaded.URI != r.ModelPath {
				t.Fatalf("stored as %q, answered %q: %v", loaded.URI, r.ModelPath, err)
			}
			m, err := onnx.Decode(loaded.Model)
			if err != nil {
				t.Fatal(err)
			}
			d := b.open(t, req)
			want := naive(t, d, m)
			if diff := cmp.Diff(want, pick(r.Metrics, want), near); diff != "" {
				t.Errorf("metrics (-naive +got):\n%s", diff)
			}
			for name, ci := range r.MetricsCI {
				if s := *r.Metrics[name]; !(ci.Low <= s && s <= ci.High) || ci.Low == ci.High {
					t.Errorf("%s is %v, with the interval %v", name, s, ci)
				}
			}
			checkBaselines(t, d, m, r)
			checkGolden(t, d, loaded)
			checkManifest(t, d, loaded.Manifest, r)
			checkLineage(t, d, m, r)
			checkImportances(t, m, r)
		})
	}
}

// checkBaselines computes the constant baseline's scores by hand, and those of
// the linear one with a model of its own.
func checkBaselines(t *testing.T, d *processed.Data, m *model.Model, r train.Result) {
	t.Helper()
	var train, holdout []float64 // the targets
	for side, into := range map[dataset.Side]*[]float64{dataset.Train: &train, dataset.Holdout: &holdout} {
		err := d.Each(ctx, side, &m.Recipe, func(b *processed.Block) error {
			*into = append(*into, b.Y...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want, name := map[string]float64{}, "majority"
	if m.Task == model.Regression {
		name = "mean"
		mean, squares := 0.0, 0.0
		for _, y := range train {
			mean += y / float64(len(train))
		}
		for _, y := range holdout {
			squares += (y - mean) * (y - mean)
		}
		want["rmse"] = math.Sqrt(squares / float64(len(holdout)))
	} else {
		shares := make([]float64, len(m.Classes))
		for _, y := range train {
			shares[int(y)] += 1 / float64(len(train))
		}
		top := float64(slices.Index(shares, slices.Max(shares)))
		for _, y := range holdout {
			want["log_loss"] -= math.Log(shares[int(y)]) / float64(len(holdout))
			if y == top {
				want["accuracy"] += 1 / float64(len(holdout))
			}
		}
	}
	if diff := cmp.Diff(want, pick(r.Baselines[name], want), near); diff != "" {
		t.Errorf("baseline %s (-by hand +got):\n%s", name, diff)
	}
	if linear := r.Baselines["linear"]; len(linear) != len(r.Metrics) {
		t.Errorf("the linear baseline has %d metrics, the challenger %d", len(linear), len(r.Metrics))
	}
	if own := m.Linear != nil && cmp.Equal(map[string]*float64(r.Baselines["linear"]), r.Metrics); own != (m.Linear != nil) {
		t.Error("a linear challenger is not its own baseline")
	}
	if len(r.Baselines) != 2 {
		t.Errorf("baselines %v", r.Baselines)
	}
}

func checkGolden(t *testing.T, d *processed.Data, loaded *modelstore.Loaded) {
	t.Helper()
	if n := len(loaded.Manifest.Golden); n != 16 {
		t.Errorf("%d golden rows", n)
	}
	if err := modelstore.CheckGolden(loaded.Model, loaded.Manifest); err != nil {
		t.Errorf("the golden rows: %v", err)
	}
	missing, texts := 0, 0
	for _, row := range loaded.Manifest.Golden {
		if len(row.Inputs) != len(d.Recipe.Features) || len(row.Outputs) != d.Recipe.Outputs() {
			t.Errorf("a golden row has %d inputs and %d outputs", len(row.Inputs), len(row.Outputs))
		}
		for _, v := range row.Inputs {
			if v == nil {
				missing++
			}
			if _, ok := v.(string); ok {
				texts++
			}
		}
	}
	if missing == 0 || texts == 0 {
		t.Errorf("the golden rows have %d missing values and %d texts", missing, texts)
	}
}

func checkManifest(t *testing.T, d *processed.Data, m modelstore.Manifest, r train.Result) {
	t.Helper()
	recipe, err := processed.Fingerprint(d.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		Run, Engine, Task, Target, Algorithm, Recipe, Processed, Holdout string
		Train, Test                                                      int64
		Source                                                           modelstore.Source
	}
	want := facts{
		r.RunID, "test", r.Task, "y", r.Algorithm, recipe, r.ProcessedDataPath, d.Holdout.Digest, d.Train.Rows, d.Holdout.Rows,
		modelstore.Source{URI: "s3://data/d.csv", ETag: d.Sources[0].ETag, SHA256: d.Sources[0].SHA256, Size: d.Sources[0].Size},
	}
	got := facts{
		m.RunID, m.Engine, m.Task, m.Target, m.Algorithm, m.RecipeSHA256, m.Data.ProcessedPath, m.Data.HoldoutSHA256,
		m.Data.TrainRows, m.Data.HoldoutRows, m.Data.Sources[0],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	digest, err := processed.Fingerprint([]string{d.Train.Digest, d.Holdout.Digest})
	if err != nil || len(d.Sources) != 1 || d.Sources[0].SHA256 == "" || d.Sources[0].Size == 0 || m.Data.Digest != digest {
		t.Errorf("the data is not identified: %+v %+v: %v", d.Sources, m.Data, err)
	}
	if diff := cmp.Diff(r.Metrics, map[string]*float64(m.Metrics)); diff != "" {
		t.Errorf("the manifest's metrics (-answered +stored):\n%s", diff)
	}
	for name, scores := range r.Baselines {
		if diff := cmp.Diff(map[string]*float64(scores), map[string]*float64(m.Baselines[name])); diff != "" {
			t.Errorf("the manifest's baseline %s (-answered +stored):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(asJSON(t, r.Params), asJSON(t, m.Params)); diff != "" {
		t.Errorf("the manifest's parameters (-answered +stored):\n%s", diff)
	}
}

// checkLineage checks what the model file says of itself, wherever it goes.
func checkLineage(t *testing.T, d *processed.Data, m *model.Model, r train.Result) {
	t.Helper()
	for key, want := range map[string]string{
		"algorithm": r.Algorithm, "engine": "test", "data_sha256": d.Train.Digest, "holdout_sha256": d.Holdout.Digest,
	} {
		if m.Meta[key] != want {
			t.Errorf("the model's %s is %q, want %q", key, m.Meta[key], want)
		}
	}
	var scores struct{ Metrics map[string]*float64 }
	if err := json.Unmarshal([]byte(m.Meta["metrics"]), &scores); err != nil || !cmp.Equal(scores.Metrics, r.Metrics) {
		t.Errorf("the model's metrics are %s: %v", m.Meta["metrics"], err)
	}
	if diff := cmp.Diff(asJSON(t, r.Params), asJSON(t, json.RawMessage(m.Meta["params"]))); diff != "" {
		t.Errorf("the model's parameters (-answered +stored):\n%s", diff)
	}
	if diff := cmp.Diff(d.Recipe, m.Recipe, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the model's recipe (-data +model):\n%s", diff)
	}
}

func checkImportances(t *testing.T, m *model.Model, r train.Result) {
	t.Helper()
	sum, last := 0.0, 1.0
	for _, i := range r.Importances {
		if i.Share > last || !slices.ContainsFunc(m.Features, func(f model.Feature) bool { return f.Name == i.Feature }) {
			t.Errorf("importances %v", r.Importances)
		}
		sum, last = sum+i.Share, i.Share
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the importances add up to %v", sum)
	}
}

func TestTheLearnersGetTheirParameters(t *testing.T) {
	fit := func(task model.Task, params map[string]any) *model.Model {
		b := newBench()
		r := b.run(t, b.preprocess(t, table(500, task), preprocess.Request{ModelParams: params}))
		loaded, err := b.Models.Load(ctx, "default", r.ModelSHA256)
		if err != nil {
			t.Fatal(err)
		}
		m, err := onnx.Decode(loaded.Model)
		if err != nil {
			t.Fatal(err)
		}
		if m.Trees != nil && len(m.Trees.Trees) != r.BestIteration*m.Width() {
			t.Errorf("%d trees after %d iterations", len(m.Trees.Trees), r.BestIteration)
		}
		return m
	}
	trees := fit(model.Multiclass, small()).Trees.Trees
	if len(trees) != 3*12 || slices.ContainsFunc(trees, func(tree model.Tree) bool { return len(tree.Nodes) > 2*6-1 }) {
		t.Errorf("%d trees", len(trees))
	}
	size := func(task model.Task, params map[string]any) float64 {
		sum := 0.0
		for _, row := range fit(task, params).Linear.Coef {
			for _, w := range row {
				sum += w * w
			}
		}
		return sum
	}
	for task, pair := range map[model.Task][2]map[string]any{
		model.Binary:     {{"algorithm": "logistic_regression"}, {"algorithm": "logistic_regression", "C": 1e-4}},
		model.Regression: {{"algorithm": "linear_regression"}, {"algorithm": "linear_regression", "alpha": 1e5}},
	} {
		if free, penalized := size(task, pair[0]), size(task, pair[1]); penalized > free/10 {
			t.Errorf("%s: weights of size %v became %v", task, free, penalized)
		}
	}
}

func TestProgressRises(t *testing.T) {
	b := newBench()
	var told []float64
	b.Progress = func(done float64) { told = append(told, done) }
	b.run(t, b.preprocess(t, table(300, model.Binary), preprocess.Request{ModelParams: small()}))
	if len(told) != 12 || !slices.IsSorted(told) || told[0] <= 0 || told[11] != 1 {
		t.Errorf("progress %v", told)
	}
}

// Where a straight line is the truth, whoever grows trees is told so.
func TestALinearModelThatIsBetterIsMentioned(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var text strings.Builder
	text.WriteString("x,z,y\n")
	for range 400 {
		x, z := rng.NormFloat64(), rng.NormFloat64()
		fmt.Fprintf(&text, "%.4f,%.4f,%.4f\n", x, z, 3*x-z)
	}
	told := func(params map[string]any) bool {
		b := newBench()
		r := b.run(t, b.preprocess(t, text.String(), preprocess.Request{ModelParams: params}))
		return slices.ContainsFunc(r.Warnings, func(w string) bool {
			return strings.Contains(w, "better rmse") && strings.Contains(w, `"algorithm":"linear_regression"`)
		})
	}
	if !told(small()) || told(map[string]any{"algorithm": "ridge"}) {
		t.Error("the warning is missing, or given to a linear model")
	}
}

// What a model is trained for is among its scores and those of the baselines.
func TestTheMetricOfTheLoss(t *testing.T) {
	for name, params := range map[string]map[string]any{
		"mean_pinball_loss":     small("loss", "quantile", "quantile", 0.8),
		"mean_poisson_deviance": small("loss", "poisson"),
	} {
		b := newBench()
		req := b.preprocess(t, strings.ReplaceAll(table(600, model.Regression), ",-", ","), preprocess.Request{ModelParams: params})
		r := b.run(t, req)
		score, mean := r.Metrics[name], r.Baselines["mean"][name]
		if score == nil || mean == nil || *score >= *mean || len(r.Metrics) != 4 {
			t.Errorf("%v with baselines %v", r.Metrics, r.Baselines)
			continue
		}
		if ci, ok := r.MetricsCI[name]; !ok || ci.Low >= *score || ci.High <= *score {
			t.Errorf("%s: %g with %v", name, *score, r.MetricsCI)
		}
	}
}

// A baseline is for comparison. If it cannot be had, the challenger stands
// without it.
func TestAChallengerDoesNotNeedTheLinearBaseline(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var text strings.Builder
	text.WriteString("x,z,y\n")
	for i := range 400 {
		x := rng.NormFloat64()
		if i == 17 {
			x = 1e300
		}
		fmt.Fprintf(&text, "%g,%.4f,%.4f\n", x, rng.NormFloat64(), rng.NormFloat64())
	}
	b := newBench()
	r := b.run(t, b.preprocess(t, text.String(), preprocess.Request{ModelParams: small()}))
	if r.Baselines["linear"] != nil || r.Baselines["mean"] == nil {
		t.Errorf("baselines %v", r.Baselines)
	}
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.HasPrefix(w, "the linear baseline could not be fitted: ") }) {
		t.Errorf("warnings %q", r.Warnings)
	}
}
