package api

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"retrain/internal/blob"
	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
	"retrain/internal/predict"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// realService runs the real steps over buckets in memory, with the churn
// example at s3://data/churn.csv.
func realService(t *testing.T) *service {
	t.Helper()
	csv, err := os.ReadFile("../../examples/churn.csv")
	if err != nil {
		t.Fatal(err)
	}
	data := blob.NewMemory()
	if _, err := data.Put(t.Context(), "churn.csv", csv, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	store := blob.Root{Bucket: blob.NewMemory(), Base: "s3://store"}
	models := &modelstore.Store{Root: store}
	prepare := &preprocess.Step{
		Store: store, Data: blob.Roots{{Bucket: data, Base: "s3://data"}}, Models: models, Engine: "test",
		CheckParams: train.CheckParams, CheckGate: evaluate.CheckGate, Cost: train.Cost, Now: time.Now,
	}
	fit := &train.Step{Store: store, Models: models, Engine: "test", Now: time.Now}
	judge := &evaluate.Step{Store: store, Models: models, Engine: "test", Now: time.Now}
	update := &modelstore.Update{Store: models}
	all := &retrain.Step{Preprocess: prepare.Run, Train: fit.Run, Evaluate: judge.Run, Update: update.Run, Now: time.Now}
	predictor := &predict.Predictor{Store: models, CheckEvery: time.Nanosecond}
	return newService(Steps{
		Predict: predictor.Run, Invoke: predictor.Invoke, InvokeCSV: predictor.CSV, Ready: predictor.Ready,
		Preprocess: prepare.Run, Train: fit.Run, Evaluate: judge.Run, Update: update.Run, Retrain: all.Run,
		Rollback: modelstore.Rollback{Store: models}.Run, Registry: modelstore.Registry{Store: models},
	}, Options{Log: quiet()})
}

// answerOf posts a body, and holds the answer against the schema that the
// OpenAPI document gives for it.
func answerOf(t *testing.T, s *service, path, body string) string {
	t.Helper()
	w := ask(s, "POST", path, body)
	if w.Code != 200 {
		t.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
	}
	v, err := parse(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	c := checker{registry: s.document.Components.Schemas}
	c.check(s.document.Paths[path].Post.Responses["200"].Content[jsonType].Schema, v, []any{"answer"})
	for _, f := range c.bad {
		t.Errorf("POST %s: %v: %s", path, f.Loc, f.Msg)
	}
	return w.Body.String()
}

// TestAnswersGoOnAsRequests does what the state machine does: each step gets the
// whole answer of the one before it. The answers are as documented, and none of
// their fields is unknown to the next step.
func TestAnswersGoOnAsRequests(t *testing.T) {
	s := realService(t)
	body := `{"data_path":"s3://data/churn.csv","target":"churn","model_params":{"max_iter":10},"pipeline":"nightly"}`
	for i, path := range []string{"/preprocess", "/train", "/evaluate", "/update-model"} {
		body = answerOf(t, s, path, body)
		if unknown := strings.Contains(body, "was ignored"); unknown != (i == 0) {
			t.Errorf("POST %s: %s", path, body)
		}
	}
	var last modelstore.UpdateResult
	if err := json.Unmarshal([]byte(body), &last); err != nil {
		t.Fatal(err)
	}
	if !last.Updated || last.Version == nil || *last.Version != 1 {
		t.Errorf("%s", body)
	}
	// Champion and challenger are compared, so that all of the answer is there.
	answerOf(t, s, "/retrain", `{"data_path":"s3://data/churn.csv","target":"churn","model_params":{"max_iter":3,"max_leaf_nodes":3}}`)
	answerOf(t, s, "/preprocess", `{"data_path":"s3://data/churn.csv","target":"churn","model_params":{},"dry_run":true}`)
	answerOf(t, s, "/update-model", `{"should_update":false}`)
}
