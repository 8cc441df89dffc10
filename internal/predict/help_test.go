package predict

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
)

// churn is a logistic model of two numbers and two categories; bias tells one
// champion from another.
func churn(bias float64) *model.Model {
	return &model.Model{
		Recipe: model.Recipe{
			Target: "churn", Task: model.Binary, Classes: []string{"no", "yes"},
			Features: []model.Feature{
				{Name: "age", Kind: model.Number, Fill: 40, Mean: 42, Scale: 11},
				{Name: "plan", Kind: model.Category, Categories: []string{"", "1", "basic", "gold"}},
				{Name: "active", Kind: model.Category, Categories: []string{"False", "True"}},
				{Name: "fee", Kind: model.Number, Scale: 1},
			},
		},
		Linear: &model.Linear{Coef: [][]float64{{0.3, 0.1, 0.25, -0.4, 0.5, -0.5, 0.7, 1}}, Intercept: []float64{bias}},
	}
}

// price is a regression with steep weights.
func price() *model.Model {
	return &model.Model{
		Recipe: model.Recipe{
			Target: "price", Task: model.Regression,
			Features: []model.Feature{{Name: "rooms", Kind: model.Number, Scale: 1}},
		},
		Linear: &model.Linear{Coef: [][]float64{{100}}, Intercept: []float64{5}},
	}
}

// digits has integer labels.
func digits() *model.Model {
	return &model.Model{
		Recipe: model.Recipe{
			Target: "digit", Task: model.Multiclass, Classes: []string{"-1", "2", "10"}, IntLabels: true,
			Features: []model.Feature{{Name: "x", Kind: model.Number, Scale: 1}},
		},
		Linear: &model.Linear{Coef: [][]float64{{-1}, {0}, {1}}, Intercept: []float64{0, 0.5, 0}},
	}
}

// lake is a store in memory that counts its calls and may fail them, with a
// clock that stands still, and a predictor over it.
type lake struct {
	*Predictor
	t     testing.TB
	calls atomic.Int64
	fault atomic.Pointer[func(op blobtest.Op, key string) blobtest.Outcome]
	clock atomic.Int64
	mem   *blob.Memory
	logMu sync.Mutex
	log   bytes.Buffer
}

func newLake(t testing.TB) *lake {
	l := &lake{t: t, mem: blob.NewMemory()}
	l.clock.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixNano())
	now := func() time.Time { return time.Unix(0, l.clock.Load()) }
	bucket := &blobtest.Faulty{Bucket: l.mem, Fault: func(op blobtest.Op, key string) blobtest.Outcome {
		l.calls.Add(1)
		if f := l.fault.Load(); f != nil {
			return (*f)(op, key)
		}
		return blobtest.Outcome{}
	}}
	l.Predictor = &Predictor{
		Store: &modelstore.Store{Root: blob.Root{Bucket: bucket, Base: "s3://lake"}, Now: now},
		Now:   now, Log: slog.New(slog.NewTextHandler(l, nil)),
	}
	return l
}

// Write implements io.Writer for the log.
func (l *lake) Write(p []byte) (int, error) {
	l.logMu.Lock()
	defer l.logMu.Unlock()
	return l.log.Write(p)
}

func (l *lake) logged() string {
	l.logMu.Lock()
	defer l.logMu.Unlock()
	return l.log.String()
}

func (l *lake) wait(d time.Duration) { l.clock.Add(int64(d)) }

func (l *lake) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// crown makes a model champion of a name, after its golden row was written down
// by edit.
func (l *lake) crown(name string, m *model.Model, edit func(*modelstore.Manifest)) string {
	l.t.Helper()
	file, err := onnx.Encode(m)
	l.must(err)
	golden := modelstore.Golden{Inputs: map[string]any{}, Outputs: make([]float64, m.Outputs())}
	row := make([]float64, len(m.Features))
	for j := range m.Features {
		golden.Inputs[m.Features[j].Source()] = nil
		row[j] = m.Features[j].MissingValue()
	}
	m.Predict(golden.Outputs, row)
	manifest := modelstore.Manifest{
		RunID: "run", Engine: "test", Task: string(m.Task), Target: m.Target, Algorithm: "test",
		Params: json.RawMessage(`{}`), Golden: []modelstore.Golden{golden},
	}
	if edit != nil {
		edit(&manifest)
	}
	ctx := l.t.Context()
	v, err := l.Store.Add(ctx, name, file, manifest)
	l.must(err)
	standing, _, err := l.Store.Champion(ctx, name)
	l.must(err)
	e := modelstore.Evaluation{
		Comparison: modelstore.Comparison{
			ModelName: name, ModelDigest: v.Digest,
			HoldoutDigest: modelstore.Digest(nil), GateDigest: modelstore.Digest(nil), Engine: "test",
		},
		Decision: "bootstrap", ShouldUpdate: true, RunID: "run", Result: json.RawMessage(`{"status":"success","should_update":true}`),
	}
	if standing != nil {
		e.ChampionGeneration, e.ChampionDigest, e.Decision = standing.Generation, standing.Digest, "promote"
	}
	e, _, err = l.Store.PutEvaluation(ctx, e)
	l.must(err)
	_, err = l.Store.Promote(ctx, name, e.ID(), modelstore.Asked{}, nil)
	l.must(err)
	return v.Digest
}

func wrongGolden(m *modelstore.Manifest) { m.Golden[0].Outputs[0] += 0.5 }

// decoded reads a JSON text into the values that the API hands over.
func decoded[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// ask scores one ordinary row.
func (l *lake) ask(name string) (Result, error) {
	return l.Run(l.t.Context(), Request{ModelName: name, Records: []map[string]any{
		{"age": 50.0, "plan": "gold", "active": "True", "fee": math.Pi},
	}})
}

func (l *lake) version(name string) int64 {
	l.t.Helper()
	r, err := l.ask(name)
	l.must(err)
	return r.Version
}
