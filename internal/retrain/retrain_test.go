package retrain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// The parameters of the story: a small model, the one that suits the data, and
// one that cannot suit it.
var (
	modest = map[string]any{"max_iter": 8.0, "max_leaf_nodes": 4.0}
	suited = map[string]any{"algorithm": "logistic_regression"}
	poor   = map[string]any{"max_iter": 3.0, "max_leaf_nodes": 3.0}
)

// churn asks for a retraining on the first rows of the churn data.
func (h *house) churn(t *testing.T, rows int, params map[string]any) retrain.Request {
	t.Helper()
	data := firstLines(example(t, "churn.csv"), rows)
	return retrain.Request{DataPath: h.put(t, fmt.Sprintf("churn-%d.csv", rows), data), ModelName: "churn", Target: "churn", ModelParams: params}
}

const allRows = 7043

// keys lists the store.
func (h *house) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for info, err := range h.store.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// The demo's story, without the server: a first model, a better one on more
// data, a worse one.
func TestTheStoryOfAChampion(t *testing.T) {
	h := newHouse()
	var steps []string
	h.steps.Begin = func(step string) { steps = append(steps, step) }
	for _, c := range []struct {
		rows     int
		params   map[string]any
		decision string
		version  int64
	}{{2000, modest, "bootstrap", 1}, {allRows, suited, "promote", 2}, {allRows, poor, "keep", 2}} {
		steps = nil
		r := h.run(t, h.churn(t, c.rows, c.params))
		if r.Status != "success" || r.Decision != c.decision || r.ShouldUpdate != (c.decision != "keep") || r.Updated != r.ShouldUpdate || *r.Version != c.version {
			t.Errorf("%d rows: %s, %v, version %d: %s", c.rows, r.Decision, r.Updated, *r.Version, r.Summary)
		}
		if r.Preprocess.Rows.Read != int64(c.rows) || r.Metrics["accuracy"] == nil || *r.Metrics["accuracy"] != *r.Train.Metrics["accuracy"] {
			t.Errorf("%d rows read, accuracy %v", r.Preprocess.Rows.Read, r.Metrics["accuracy"])
		}
		if r.RunID != r.Train.RunID || r.RunID != r.Evaluate.RunID || r.ModelPath != r.Train.ModelPath || r.ModelName != "churn" || r.Summary != r.Evaluate.Summary {
			t.Errorf("the steps do not agree: %+v", r)
		}
		if want := []string{"preprocess", "train", "evaluate", "update-model"}; !slices.Equal(steps, want) {
			t.Errorf("steps %q", steps)
		}
		if len(r.Warnings) != len(r.Preprocess.Warnings)+len(r.Train.Warnings)+len(r.Evaluate.Warnings)+len(r.UpdateModel.Warnings) || r.Warnings == nil {
			t.Errorf("warnings %q", r.Warnings)
		}
	}
	if err := h.models.Audit(context.Background(), "churn"); err != nil {
		t.Error(err)
	}
	changes, err := h.models.History(context.Background(), "churn")
	if err != nil || len(changes) != 2 {
		t.Errorf("history %+v: %v", changes, err)
	}
}

// A retraining that is asked for again does nothing: every step answers from
// the store, but for evaluate, which now finds that the challenger is champion.
// From then on it answers from the store, too.
func TestTheSameRetrainingAgainChangesNothing(t *testing.T) {
	h := newHouse()
	req := h.churn(t, 2000, suited)
	first := h.run(t, req)
	if first.Preprocess.Cached || first.Train.Cached || first.Evaluate.Cached || !first.Updated {
		t.Errorf("first: %s, updated %v", first.Summary, first.Updated)
	}
	second := h.run(t, req)
	if !second.Preprocess.Cached || !second.Train.Cached || second.Evaluate.Cached {
		t.Errorf("second: cached %v, %v, %v", second.Preprocess.Cached, second.Train.Cached, second.Evaluate.Cached)
	}
	before := h.keys(t)
	third := h.run(t, req)
	if !third.Preprocess.Cached || !third.Train.Cached || !third.Evaluate.Cached {
		t.Errorf("third: cached %v, %v, %v", third.Preprocess.Cached, third.Train.Cached, third.Evaluate.Cached)
	}
	for _, r := range []retrain.Result{second, third} {
		if r.Decision != "keep" || r.ShouldUpdate || r.Updated || *r.Version != 1 || r.Evaluate.Reasons[0].Rule != "same_model" ||
			r.Summary != "The challenger is the champion itself, version 1." || r.RunID != first.RunID || r.ModelPath != first.ModelPath {
			t.Errorf("%s: %s, version %d, updated %v", r.RunID, r.Summary, *r.Version, r.Updated)
		}
		if diff := cmp.Diff(first.Metrics, r.Metrics); diff != "" {
			t.Errorf("other scores: %s", diff)
		}
	}
	if diff := cmp.Diff(before, h.keys(t)); diff != "" {
		t.Errorf("the store has changed:\n%s", diff)
	}
	changes, err := h.models.History(context.Background(), "churn")
	if err != nil || len(changes) != 1 {
		t.Errorf("history %+v: %v", changes, err)
	}
}

// An earlier champion's retraining, asked for again after it was replaced, is
// compared with the one that stands.
func TestAnOldRetrainingAgainMeetsTheNewChampion(t *testing.T) {
	h := newHouse()
	old := h.churn(t, 2000, modest)
	h.run(t, old)
	h.run(t, h.churn(t, allRows, suited))
	r := h.run(t, old)
	if !r.Train.Cached || r.Evaluate.Cached || r.Decision != "keep" || r.Evaluate.ExpectedChampionVersion != 2 || *r.Version != 2 {
		t.Errorf("%s over version %d: %s", r.Decision, r.Evaluate.ExpectedChampionVersion, r.Summary)
	}
}

func TestADryRunIsRefused(t *testing.T) {
	h := newHouse()
	req := h.churn(t, 300, modest)
	req.DryRun = true
	_, err := h.steps.Run(context.Background(), req)
	if f := fault.From(err); f == nil || f.Kind != fault.InvalidRequest || fmt.Sprint(f.Fields[0].Loc) != "[body dry_run]" || len(h.keys(t)) != 0 {
		t.Errorf("got %v", err)
	}
}

// stand is the four steps, each answering what it is told to.
type stand struct {
	retrain.Step
	asked []string
	fail  map[string][]error // the errors of a step's calls, one after the other
}

func newStand() *stand {
	s := &stand{fail: map[string][]error{}}
	s.Now = time.Now
	s.Preprocess = func(_ context.Context, req preprocess.Request) (preprocess.Result, error) {
		return preprocess.Result{RunID: "run", ModelName: req.ModelName, ProcessedDataPath: "data", ModelParams: req.ModelParams, Gate: req.Gate, Warnings: []string{"p"}}, s.call("preprocess", req)
	}
	s.Train = func(_ context.Context, req train.Request) (train.Result, error) {
		return train.Result{RunID: req.RunID, ModelName: req.ModelName, ModelPath: "model", Gate: req.Gate, Warnings: []string{"t"}}, s.call("train", req)
	}
	s.Evaluate = func(_ context.Context, req evaluate.Request) (evaluate.Result, error) {
		return evaluate.Result{RunID: req.RunID, ModelName: req.ModelName, ModelPath: req.ModelPath, ShouldUpdate: true, EvaluationPath: "verdict",
			ExpectedChampionVersion: int64(len(s.asked)), Warnings: []string{"e"}}, s.call("evaluate", req)
	}
	s.Update = func(_ context.Context, req modelstore.UpdateRequest) (modelstore.UpdateResult, error) {
		return modelstore.UpdateResult{Updated: *req.ShouldUpdate, Version: req.ExpectedChampionVersion, Warnings: []string{"u"}}, s.call("update", req)
	}
	return s
}

// call notes what a step was asked and returns the error that is due.
func (s *stand) call(step string, req any) error {
	raw, err := json.Marshal(req)
	if err != nil {
		return err
	}
	s.asked = append(s.asked, step+" "+string(raw))
	if due := s.fail[step]; len(due) > 0 {
		s.fail[step] = due[1:]
		return due[0]
	}
	return nil
}

// Each step is asked what the one before it answered.
func TestEachStepIsAskedWhatTheOneBeforeAnswered(t *testing.T) {
	s := newStand()
	r, err := s.Run(context.Background(), retrain.Request{
		DataPath: "csv", ModelName: "churn", ModelParams: map[string]any{"max_iter": 5.0}, Gate: map[string]any{"policy": "better"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`preprocess {"data_path":"csv","model_params":{"max_iter":5},"model_name":"churn","gate":{"policy":"better"}}`,
		`train {"processed_data_path":"data","model_params":{"max_iter":5},"model_name":"churn","run_id":"run","gate":{"policy":"better"}}`,
		`evaluate {"model_path":"model","model_name":"churn","run_id":"run","gate":{"policy":"better"}}`,
		`update {"should_update":true,"model_path":"model","model_name":"churn","run_id":"run","evaluation_path":"verdict","expected_champion_version":2}`,
	}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Errorf("-want +asked:\n%s", diff)
	}
	if !slices.Equal(r.Warnings, []string{"p", "t", "e", "u"}) || r.Status != "success" || !r.Updated || *r.Version != 2 {
		t.Errorf("result %+v", r)
	}
}

// An error of a step ends the run, as it is, and no later step is asked.
func TestAStepsErrorPassesThrough(t *testing.T) {
	for i, step := range []string{"preprocess", "train", "evaluate", "update"} {
		for _, due := range []error{fault.New(fault.InvalidData, "no"), fault.New(fault.GateNotPassed, "no"), context.DeadlineExceeded, errors.New("a bug")} {
			s := newStand()
			s.fail[step] = []error{due}
			r, err := s.Run(context.Background(), retrain.Request{})
			if err != due || len(s.asked) != i+1 || r.Status != "" {
				t.Errorf("%s: %v after %d steps: %+v", step, err, len(s.asked), r)
			}
		}
	}
}

// If another model became champion before the challenger could, they are
// compared again; not for ever.
func TestAChampionThatChangedIsComparedAgain(t *testing.T) {
	changed := func(times int) []error {
		return slices.Repeat([]error{fault.New(fault.ChampionChanged, "another one stands")}, times)
	}
	s := newStand()
	s.fail["update"] = changed(2)
	r, err := s.Run(context.Background(), retrain.Request{})
	var order []string
	for _, call := range s.asked {
		step, _, _ := strings.Cut(call, " ")
		order = append(order, step)
	}
	if want := "preprocess train evaluate update evaluate update evaluate update"; err != nil || strings.Join(order, " ") != want || !r.Updated {
		t.Errorf("%v: %v", order, err)
	}
	if r.Evaluate.ExpectedChampionVersion != *r.Version || len(r.Warnings) != 4 {
		t.Errorf("the result is not that of the last comparison: %+v", r)
	}
	s = newStand()
	s.fail["update"] = changed(3)
	if _, err := s.Run(context.Background(), retrain.Request{}); !fault.Is(err, fault.ChampionChanged) || len(s.asked) != 8 {
		t.Errorf("%d calls: %v", len(s.asked), err)
	}
}

// Two retrainings at once: one becomes champion, and the other is compared with
// it instead of failing.
func TestRetrainingsAtTheSameTime(t *testing.T) {
	h := newHouse()
	requests := []retrain.Request{h.churn(t, 2000, modest), h.churn(t, 2500, suited), h.churn(t, 2000, modest)}
	var all sync.WaitGroup
	for _, req := range requests {
		all.Go(func() {
			if _, err := h.steps.Run(context.Background(), req); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := h.models.Audit(context.Background(), "churn"); err != nil {
		t.Error(err)
	}
	changes, err := h.models.History(context.Background(), "churn")
	if err != nil || len(changes) == 0 || len(changes) > 2 {
		t.Errorf("history %+v: %v", changes, err)
	}
}
