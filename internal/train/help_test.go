package train_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/blob"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

var ctx = context.Background()

// bench is preprocess and train over buckets in memory.
type bench struct {
	*train.Step
	data, bucket *blob.Memory
	prepare      *preprocess.Step
	split        map[string]any // that candidates asks for
}

func newBench() *bench {
	b := &bench{data: blob.NewMemory(), bucket: blob.NewMemory()}
	store := blob.Root{Bucket: b.bucket, Base: "s3://store"}
	models := &modelstore.Store{Root: store, Now: time.Now}
	b.Step = &train.Step{Store: store, Models: models, Engine: "test", Now: time.Now}
	b.prepare = &preprocess.Step{
		Store: store, Data: blob.Roots{{Bucket: b.data, Base: "s3://data"}}, Models: models, Engine: "test",
		CheckParams: train.CheckParams, CheckGate: func(map[string]any, string) error { return nil }, Now: time.Now,
	}
	return b
}

// preprocess processes a table and returns what /train is to be asked.
func (b *bench) preprocess(t *testing.T, text string, req preprocess.Request) train.Request {
	t.Helper()
	key := "d.csv"
	if strings.HasPrefix(text, "\x1f\x8b") {
		key = "d.csv.gz"
	}
	if _, err := b.data.Put(ctx, key, []byte(text), blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	req.DataPath, req.Target = "s3://data/"+key, "y"
	if req.ModelParams == nil {
		req.ModelParams = map[string]any{}
	}
	r, err := b.prepare.Run(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	return train.Request{ProcessedDataPath: r.ProcessedDataPath, ModelParams: r.ModelParams, ModelName: r.ModelName, RunID: r.RunID, Gate: r.Gate}
}

func (b *bench) run(t *testing.T, req train.Request) train.Result {
	t.Helper()
	r, err := b.Run(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keys lists the store.
func (b *bench) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for info, err := range b.bucket.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// open opens the data that a request trains on.
func (b *bench) open(t *testing.T, req train.Request) *processed.Data {
	t.Helper()
	d, err := processed.Open(ctx, b.Store, req.ProcessedDataPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// table makes n rows in which y depends on both features, with missing values.
func table(n int, task model.Task) string {
	rng := rand.New(rand.NewPCG(11, 12))
	var text strings.Builder
	text.WriteString("x,z,colour,y\n")
	for range n {
		x, z, colour := rng.NormFloat64(), rng.Float64(), rng.IntN(4)
		raw := x - 0.8*float64(colour%2) + math.Abs(2*z-1) + 0.3*rng.NormFloat64()
		y := fmt.Sprintf("%.4f", 100*raw)
		switch {
		case task == model.Binary:
			y = map[bool]string{true: "yes", false: "no"}[raw > 0.4]
		case task == model.Multiclass:
			y = []string{"high", "low", "medium"}[int(min(max(raw+1, 0), 2.9))]
		}
		cell := fmt.Sprintf("%.3f", x)
		if rng.IntN(10) == 0 {
			cell = ""
		}
		fmt.Fprintf(&text, "%s,%.3f,%s,%s\n", cell, z, []string{"red", "green", "blue", ""}[colour], y)
	}
	return text.String()
}

// small are parameters of a quick boosting.
func small(more ...any) map[string]any {
	params := map[string]any{"algorithm": train.GradientBoosting, "max_iter": 12.0, "max_leaf_nodes": 6.0}
	for i := 0; i < len(more); i += 2 {
		params[more[i].(string)] = more[i+1]
	}
	return params
}

// cases are a training of each algorithm on each task that it is for.
var cases = []struct {
	name   string
	task   model.Task
	params map[string]any
}{
	{"boosting, two classes", model.Binary, small()},
	{"boosting, three classes", model.Multiclass, small()},
	{"boosting, values", model.Regression, small()},
	{"logistic, two classes", model.Binary, map[string]any{"algorithm": "logistic_regression", "C": 0.3}},
	{"logistic, three classes", model.Multiclass, map[string]any{"algorithm": "logistic_regression", "C": 0.3}},
	{"boosting, calibrated", model.Binary, small("calibration", "isotonic", "tune_threshold", "f1_score")},
	{"logistic, calibrated", model.Multiclass, map[string]any{"algorithm": "logistic_regression", "calibration": "sigmoid"}},
	{"ridge", model.Regression, map[string]any{"algorithm": "linear_regression", "alpha": 30.0}},
	{"logistic, sparse", model.Binary, map[string]any{"algorithm": "logistic_regression", "penalty": "l1", "C": 0.3}},
	{"lasso", model.Regression, map[string]any{"algorithm": "lasso", "alpha": 0.1}},
}

var near = cmpopts.EquateApprox(1e-9, 1e-12)

// pick returns some of the scores.
func pick(scores map[string]*float64, like map[string]float64) map[string]float64 {
	some := map[string]float64{}
	for name := range like {
		if scores[name] != nil {
			some[name] = *scores[name]
		}
	}
	return some
}

// asJSON returns what a value becomes on its way through JSON.
func asJSON(t *testing.T, v any) (decoded any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

// compressed returns the gzip of a text.
func compressed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
