package modelstore

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// The tests put plain texts where model files go: the store looks at nothing
// but their digests. golden_test.go has real models.

// newStore returns an empty store over memory, whose clock ticks.
func newStore() *Store { return over(blob.NewMemory()) }

func over(bucket blob.Bucket) *Store {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return &Store{
		Root: blob.Root{Bucket: bucket, Base: "s3://lake/retrain"},
		Now:  func() time.Time { return at },
	}
}

// manifest returns a manifest as /train would fill it.
func manifest() Manifest {
	accuracy := 0.81
	return Manifest{
		RunID: "run-1", Engine: "test", Task: "binary", Target: "churn", Algorithm: "logistic_regression",
		Params: json.RawMessage(`{"C":1,"max_iter":100}`), RecipeSHA256: Digest([]byte("recipe")),
		Data: Data{
			Sources:       []Source{{URI: "s3://lake/churn.csv", ETag: "e1", SHA256: Digest([]byte("csv")), Size: 3}},
			Digest:        Digest([]byte("data")),
			ProcessedPath: "s3://lake/retrain/runs/run-1/processed.parquet",
			HoldoutSHA256: Digest([]byte("holdout")),
			TrainRows:     80, HoldoutRows: 20,
		},
		Metrics:   Scores{"accuracy": &accuracy, "roc_auc": nil},
		Undefined: map[string]string{"roc_auc": "The holdout has one class."},
		Baselines: map[string]Scores{"majority": {"accuracy": &accuracy}},
		Golden:    []Golden{{Inputs: map[string]any{"age": 41.5, "plan": "<gold & blue>", "city": nil}, Outputs: []float64{0.25, 0.75}}},
	}
}

// comparison returns what an evaluation of the model against the champion
// that stands is determined by.
func comparison(t testing.TB, s *Store, name, digest string) Comparison {
	t.Helper()
	standing, _, err := s.Champion(t.Context(), name)
	must(t, err)
	return Comparison{
		ModelName: name, ModelDigest: digest,
		ChampionGeneration: standing.generation(), ChampionDigest: standing.digest(),
		HoldoutDigest: Digest([]byte("holdout")), GateDigest: Digest([]byte("gate")), Engine: "test",
	}
}

// verdict turns a comparison into an evaluation.
func verdict(c Comparison, shouldUpdate bool) Evaluation {
	e := Evaluation{Comparison: c, Decision: "promote", ShouldUpdate: shouldUpdate, RunID: "run-1"}
	switch {
	case !shouldUpdate:
		e.Decision = "keep"
	case c.ChampionGeneration == 0:
		e.Decision = "bootstrap"
	}
	e.Result = json.RawMessage(fmt.Sprintf(`{"status":"success","should_update":%t}`, shouldUpdate))
	return e
}

// add stores a model.
func add(t testing.TB, s *Store, name, model string) Version {
	t.Helper()
	v, err := s.Add(t.Context(), name, []byte(model), manifest())
	must(t, err)
	return v
}

// judge stores a model and its evaluation against the champion that stands.
func judge(t testing.TB, s *Store, name, model string, shouldUpdate bool) Evaluation {
	t.Helper()
	e, _, err := s.PutEvaluation(t.Context(), verdict(comparison(t, s, name, add(t, s, name, model).Digest), shouldUpdate))
	must(t, err)
	return e
}

// crown makes a model champion.
func crown(t testing.TB, s *Store, name, model string) Promotion {
	t.Helper()
	p, err := s.Promote(t.Context(), name, judge(t, s, name, model, true).ID(), Asked{}, nil)
	must(t, err)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind fails the test unless err is of the kind.
func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("got the error %v, want a %v", err, kind)
	}
}

// overwrite puts bytes under a key, whatever stands there.
func overwrite(t testing.TB, s *Store, key string, data []byte) {
	t.Helper()
	_, err := s.Root.Put(context.Background(), key, data, blob.Condition{})
	must(t, err)
}

// stored returns the bytes under a key.
func stored(t testing.TB, s *Store, key string) []byte {
	t.Helper()
	data, _, err := blob.ReadAll(context.Background(), s.Root, key, 1<<30)
	must(t, err)
	return data
}

// snapshot returns all objects of a store.
func snapshot(t testing.TB, s *Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for info, err := range s.Root.List(context.Background(), "") {
		must(t, err)
		all[info.Key] = string(stored(t, s, info.Key))
	}
	return all
}

func ptr[T any](v T) *T { return &v }
