package train_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
	"retrain/internal/train"
)

func TestTheSameRunAgainIsAnsweredFromTheStore(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small(), Gate: map[string]any{"policy": "better"}})
	first := b.run(t, req)
	before := b.keys(t)
	again := b.run(t, req)
	if first.Cached || !again.Cached {
		t.Errorf("cached: %v, then %v", first.Cached, again.Cached)
	}
	again.Cached, again.DurationMS, first.DurationMS = false, 0, 0
	if diff := cmp.Diff(asJSON(t, first), asJSON(t, again)); diff != "" {
		t.Errorf("-first +again:\n%s", diff)
	}
	if diff := cmp.Diff(before, b.keys(t)); diff != "" {
		t.Errorf("the store has changed:\n%s", diff)
	}
	// In other words, and with another gate, it is still the same training.
	req.ModelParams, req.Gate = map[string]any{"algorithm": "gbdt", "num_trees": 12.0, "num_leaves": 6.0, "max_depth": nil, "target": "y"}, map[string]any{}
	other := b.run(t, req)
	if !other.Cached || other.ModelSHA256 != first.ModelSHA256 || !cmp.Equal(other.ModelParams, req.ModelParams) || len(other.Gate) != 0 {
		t.Errorf("in other words: %+v", other)
	}
}

// Whoever deletes models, and keeps the runs, gets them back by asking again.
func TestAModelThatWasDeletedIsTrainedAgain(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(300, model.Binary), preprocess.Request{ModelParams: small()})
	first := b.run(t, req)
	before := b.keys(t)
	for _, key := range before {
		if strings.HasPrefix(key, "models/") {
			if err := b.bucket.Delete(ctx, key); err != nil {
				t.Fatal(err)
			}
		}
	}
	if again := b.run(t, req); again.Cached || again.ModelSHA256 != first.ModelSHA256 {
		t.Errorf("%+v", again)
	}
	if diff := cmp.Diff(before, b.keys(t)); diff != "" {
		t.Errorf("the store differs:\n%s", diff)
	}
	if third := b.run(t, req); !third.Cached {
		t.Error("the third time is not answered from the store")
	}
}

func TestWhichRunATrainingBelongsTo(t *testing.T) {
	b := newBench()
	prepared := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
	data := prepared.RunID
	bare := train.Request{ProcessedDataPath: prepared.ProcessedDataPath}
	ask := func(runID string, params map[string]any) train.Request {
		req := bare
		req.RunID, req.ModelParams = runID, params
		return req
	}
	first := b.run(t, ask("", nil))
	if first.RunID != data || !cmp.Equal(first.ModelParams, small()) {
		t.Errorf("without parameters: run %s with %v, want %s", first.RunID, first.ModelParams, data)
	}
	if r := b.run(t, ask("", map[string]any{"algorithm": "lightgbm", "n_estimators": 12.0, "max_leaves": 6.0})); r.RunID != data || !r.Cached {
		t.Errorf("the same parameters: run %s, cached %v", r.RunID, r.Cached)
	}
	derived := b.run(t, ask("", small("max_iter", 5.0)))
	if derived.RunID == data || derived.Cached || derived.ModelSHA256 == first.ModelSHA256 {
		t.Errorf("other parameters: run %s, cached %v", derived.RunID, derived.Cached)
	}
	if r := b.run(t, ask("", small("max_iter", 5.0))); r.RunID != derived.RunID || !r.Cached {
		t.Errorf("other parameters again: run %s, cached %v", r.RunID, r.Cached)
	}
	if r := b.run(t, ask("mine", small("max_iter", 5.0))); r.RunID != "mine" || r.Cached || r.ModelSHA256 != derived.ModelSHA256 {
		t.Errorf("a run of another name: %+v", r)
	}
	before := b.keys(t)
	b.Progress = func(float64) { t.Error("a training began that cannot be stored") }
	for name, req := range map[string]train.Request{
		"other parameters in the data's run":     ask(data, small("max_iter", 6.0)),
		"other parameters in a run of their own": ask("mine", small("max_iter", 6.0)),
		"other parameters in the derived run":    ask(derived.RunID, small()),
		"a run that another preprocessing has":   ask(b.preprocess(t, table(400, model.Binary), preprocess.Request{RunID: "theirs"}).RunID, small()),
	} {
		_, err := b.Run(ctx, req)
		if f := fault.From(err); f == nil || f.Kind != fault.RunConflict || fmt.Sprint(f.Fields[0].Loc) != "[body run_id]" {
			t.Errorf("%s: %v", name, err)
		}
	}
	after := slices.DeleteFunc(b.keys(t), func(key string) bool { return strings.HasPrefix(key, "runs/theirs/") })
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a refused training has written:\n%s", diff)
	}
	b.Progress = nil
	// And the other way round: a run that trained is no name for new data.
	req := preprocess.Request{DataPath: "s3://data/d.csv", Target: "y", ModelParams: small(), RunID: "mine"}
	if _, err := b.prepare.Run(ctx, req); !fault.Is(err, fault.RunConflict) {
		t.Errorf("preprocessing in a run that trained: %v", err)
	}
}

// After a new release, data that was preprocessed before it can be trained on.
func TestAnotherProgramHasARunOfItsOwn(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(300, model.Binary), preprocess.Request{ModelParams: small()})
	old := b.run(t, req)
	b.Engine = "new"
	if _, err := b.Run(ctx, req); !fault.Is(err, fault.RunConflict) {
		t.Errorf("in the run of the old program: %v", err)
	}
	req.RunID = ""
	if r := b.run(t, req); r.RunID == old.RunID || r.Cached || r.ModelSHA256 == old.ModelSHA256 {
		t.Errorf("in a run of its own: %+v", r)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	b := newBench()
	good := b.preprocess(t, table(300, model.Binary), preprocess.Request{ModelParams: small()})
	before := b.keys(t)
	for _, c := range []struct {
		name, loc string
		kind      fault.Kind
		change    func(*train.Request)
	}{
		{"nothing", "[body processed_data_path]", fault.InvalidRequest, func(r *train.Request) { r.ProcessedDataPath = "" }},
		{"no such run", "[body processed_data_path]", fault.DataNotFound, func(r *train.Request) { r.ProcessedDataPath = "s3://store/runs/other/processed.parquet" }},
		{"another place", "[body processed_data_path]", fault.AccessDenied, func(r *train.Request) { r.ProcessedDataPath = "s3://elsewhere/runs/other/processed.parquet" }},
		{"another model", "[body model_name]", fault.InvalidRequest, func(r *train.Request) { r.ModelName = "other" }},
		{"another target", "[body model_params target]", fault.InvalidRequest, func(r *train.Request) { r.ModelParams = map[string]any{"target": "x"} }},
		{"an unknown parameter", "[body model_params max_iters]", fault.InvalidRequest, func(r *train.Request) { r.ModelParams = map[string]any{"max_iters": 1.0} }},
		{"a run id that is none", "[body run_id]", fault.InvalidRequest, func(r *train.Request) { r.RunID = "../models" }},
	} {
		req := good
		c.change(&req)
		_, err := b.Run(ctx, req)
		if f := fault.From(err); f == nil || f.Kind != c.kind || fmt.Sprint(f.Fields[0].Loc) != c.loc {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if diff := cmp.Diff(before, b.keys(t)); diff != "" {
		t.Errorf("a refused request has written:\n%s", diff)
	}
}

// Two who ask the same at the same time get the same.
func TestConcurrentTrainingsOfOneRun(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(500, model.Multiclass), preprocess.Request{ModelParams: small()})
	results := make([]train.Result, 4)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			var err error
			if results[i], err = b.Run(ctx, req); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, r := range results {
		r.DurationMS, results[0].DurationMS, r.Cached, results[0].Cached = 0, 0, false, false
		if diff := cmp.Diff(asJSON(t, results[0]), asJSON(t, r)); diff != "" {
			t.Errorf("they differ:\n%s", diff)
		}
	}
}
