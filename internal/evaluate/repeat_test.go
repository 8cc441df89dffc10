package evaluate_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/evaluate"
	"retrain/internal/fault"
)

// differ compares two answers to the same question.
func differ(a, b evaluate.Result) string {
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(a, "Cached", "DurationMS"))
}

func TestTheSameComparisonIsMadeOnce(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	version := r.add(t, run, believing(run.recipe, "right90"))
	first := r.evaluate(t, version, nil)
	before := r.keys(t)
	again := r.evaluate(t, version, map[string]any{"policy": "superior", "confidence": 0.95}) // the defaults
	if first.Cached || !again.Cached {
		t.Errorf("cached: %v, then %v", first.Cached, again.Cached)
	}
	if diff := differ(first, again); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, r.keys(t)); diff != "" {
		t.Error(diff)
	}
	// The same comparison in another run is answered in that run's name.
	v, err := r.Run(ctx, evaluate.Request{ModelPath: version.URI, RunID: "another"})
	if err != nil || !v.Cached || v.RunID != "another" || v.EvaluationPath != first.EvaluationPath {
		t.Errorf("%+v: %v", v, err)
	}
	for name, change := range map[string]func() evaluate.Result{
		"another gate":       func() evaluate.Result { return r.evaluate(t, version, map[string]any{"policy": "better"}) },
		"another program":    func() evaluate.Result { r.Engine = "new"; return r.evaluate(t, version, nil) },
		"another challenger": func() evaluate.Result { return r.evaluate(t, r.add(t, run, believing(run.recipe, "right70")), nil) },
	} {
		if v := change(); v.Cached || v.EvaluationPath == first.EvaluationPath {
			t.Errorf("%s: cached %v at %s", name, v.Cached, v.EvaluationPath)
		}
	}
}

// A verdict that was damaged in the store is made anew, and lets in what it let
// in before.
func TestADamagedVerdictIsMadeAnew(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	version := r.add(t, run, believing(run.recipe, "right90"))
	first := r.evaluate(t, version, nil)
	r.overwrite(t, first.EvaluationPath, []byte(`{"format":1}`))
	if _, err := r.update(t, first); !fault.Is(err, fault.InvalidData) {
		t.Errorf("the damaged verdict lets a model in: %v", err)
	}
	again := r.evaluate(t, version, nil)
	if diff := differ(first, again); again.Cached || diff != "" {
		t.Errorf("cached: %v\n%s", again.Cached, diff)
	}
	if third := r.evaluate(t, version, nil); !third.Cached {
		t.Error("the new verdict does not stand")
	}
	if u, err := r.update(t, again); err != nil || !u.Updated {
		t.Errorf("the new verdict: %+v, %v", u, err)
	}
}

// A verdict is about one champion. When another stands, there is a new one.
func TestAChampionThatMovedMeansANewEvaluation(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	low, high := r.add(t, run, believing(run.recipe, "right70")), r.add(t, run, believing(run.recipe, "right90"))
	version := r.add(t, run, believing(run.recipe, "right80"))
	r.crown(t, low)
	first := r.evaluate(t, version, nil)
	r.crown(t, high)
	second := r.evaluate(t, version, nil)
	if !first.ShouldUpdate || second.ShouldUpdate || second.Cached || first.EvaluationPath == second.EvaluationPath || second.ExpectedChampionVersion != 2 {
		t.Errorf("%v over version 1, %v over version 2, cached %v", first.ShouldUpdate, second.ShouldUpdate, second.Cached)
	}
	if _, err := r.update(t, first); !fault.Is(err, fault.ChampionChanged) {
		t.Errorf("an update by the first verdict: %v", err)
	}
	// The very same model as version 3: still another comparison.
	r.crown(t, low)
	if third := r.evaluate(t, version, nil); third.Cached || third.EvaluationPath == first.EvaluationPath || third.ExpectedChampionVersion != 3 {
		t.Errorf("over version 3: %+v", third)
	}
}

func TestMetricsInTheRequestCountForNothing(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	version := r.add(t, run, believing(run.recipe, "right70"))
	honest := r.evaluate(t, version, nil)
	one, precise := 1.0, *honest.Metrics["accuracy"]*(1+1e-12)
	for name, c := range map[string]struct {
		metrics map[string]*float64
		told    bool
	}{
		"none":          {nil, false},
		"as measured":   {honest.Metrics, false},
		"nearly":        {map[string]*float64{"accuracy": &precise}, false},
		"better":        {map[string]*float64{"accuracy": &one, "f1_score": &one}, true},
		"made up":       {map[string]*float64{"quality": &one}, true},
		"said to be no": {map[string]*float64{"accuracy": nil}, true},
	} {
		v, err := r.Run(ctx, evaluate.Request{ModelPath: version.URI, Metrics: c.metrics})
		told := slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, "contradict") })
		if err != nil || v.ShouldUpdate || told != c.told || len(v.Warnings) != len(honest.Warnings)+map[bool]int{true: 1}[told] {
			t.Errorf("%s: %v with %q: %v", name, v.ShouldUpdate, v.Warnings, err)
		}
		v.Warnings = honest.Warnings
		if diff := differ(honest, v); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Of those who compare the same at the same time, all get one verdict.
func TestConcurrentEvaluations(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	version := r.add(t, run, believing(run.recipe, "right90"))
	results := make([]evaluate.Result, 4)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			var err error
			if results[i], err = r.Run(ctx, evaluate.Request{ModelPath: version.URI}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, v := range results[1:] {
		if diff := differ(results[0], v); diff != "" {
			t.Error(diff)
		}
	}
}
