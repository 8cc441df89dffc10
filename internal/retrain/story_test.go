package retrain_test

import (
	"context"
	"testing"

	"retrain/internal/fault"
	"retrain/internal/retrain"
)

// TestTheStoryOfThreeRetrainings is the demo's: a first slice starts the line,
// a better model on all data is promoted, a worse one is not, and the same
// request again changes nothing.
func TestTheStoryOfThreeRetrainings(t *testing.T) {
	h := newHouse()
	var begun []string
	h.steps.Begin = func(step string) { begun = append(begun, step) }
	all := example(t, "churn.csv")
	first := h.put(t, "first.csv", firstLines(all, 2000))
	whole := h.put(t, "whole.csv", all)
	good := retrain.Request{DataPath: whole, Target: "churn", ModelName: "churn", ModelParams: map[string]any{"algorithm": "logistic_regression"}}
	for i, c := range []struct {
		req      retrain.Request
		decision string
		updated  bool
		version  int64
	}{
		{retrain.Request{DataPath: first, Target: "churn", ModelName: "churn", ModelParams: map[string]any{"max_iter": 8.0, "max_leaf_nodes": 4.0}}, "bootstrap", true, 1},
		{good, "promote", true, 2},
		{retrain.Request{DataPath: whole, Target: "churn", ModelName: "churn", ModelParams: map[string]any{"max_iter": 3.0, "max_leaf_nodes": 3.0}}, "keep", false, 2},
		{good, "keep", false, 2},
	} {
		r := h.run(t, c.req)
		if r.Decision != c.decision || r.Updated != c.updated || r.Version == nil || *r.Version != c.version {
			t.Errorf("retraining %d: %s, updated %v, version %v; want %+v", i+1, r.Decision, r.Updated, r.Version, c)
		}
		if i == 3 && (!r.Preprocess.Cached || !r.Train.Cached) {
			t.Error("the same request again was worked out anew")
		}
	}
	if len(begun) != 16 || begun[0] != "preprocess" || begun[3] != "update-model" {
		t.Errorf("steps begun: %v", begun)
	}
}

func TestADryRunIsNoRetraining(t *testing.T) {
	h := newHouse()
	_, err := h.steps.Run(context.Background(), retrain.Request{DataPath: "s3://data/d.csv", ModelParams: map[string]any{}, DryRun: true})
	if !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("got %v", err)
	}
}
