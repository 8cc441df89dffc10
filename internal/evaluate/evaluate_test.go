package evaluate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/modelstore"
)

// update asks /update-model for what an evaluation answered.
func (r *ring) update(t *testing.T, v evaluate.Result) (modelstore.UpdateResult, error) {
	t.Helper()
	step := modelstore.Update{Store: r.Models, Check: func([]byte, modelstore.Manifest) error { return nil }}
	return step.Run(ctx, modelstore.UpdateRequest{
		ShouldUpdate: &v.ShouldUpdate, ModelPath: v.ModelPath, ModelName: v.ModelName, EvaluationPath: v.EvaluationPath,
		ExpectedChampionVersion: &v.ExpectedChampionVersion,
	})
}

// The verdict on one model after the other, each promoted on the strength of
// its own.
func TestFromTheFirstModelToABetterOne(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	for i, c := range []struct {
		column, decision string
		version          int64
	}{{"right70", "bootstrap", 1}, {"right80", "promote", 2}, {"other80", "keep", 2}, {"right90", "promote", 3}, {"right70", "keep", 3}} {
		v := r.evaluate(t, r.add(t, run, believing(run.recipe, c.column)), nil)
		if v.Decision != c.decision || v.ShouldUpdate != (c.decision != "keep") {
			t.Fatalf("%d, %s: %s by %s", i, c.column, v.Decision, rules(v))
		}
		u, err := r.update(t, v)
		if err != nil || u.Version == nil || *u.Version != c.version || u.Updated != v.ShouldUpdate {
			t.Fatalf("%d, %s: %+v: %v", i, c.column, u, err)
		}
	}
	if err := r.Models.Audit(ctx, "m"); err != nil {
		t.Error(err)
	}
}

// A champion that cannot be scored on the new holdout.
func TestAnIncompatibleChampion(t *testing.T) {
	renamed := func(recipe model.Recipe, change func(*model.Recipe)) model.Recipe {
		recipe.Features, recipe.Classes = slices.Clone(recipe.Features), slices.Clone(recipe.Classes)
		change(&recipe)
		return recipe
	}
	for _, c := range []struct {
		name, says string
		champion   func(model.Recipe) *model.Model
		damage     func(t *testing.T, r *ring, v modelstore.Version)
	}{
		{"a column is gone", `column "height" is not in the data`, func(own model.Recipe) *model.Model {
			return believing(renamed(own, func(r *model.Recipe) { r.Features[0].Name = "height" }), "right80")
		}, nil},
		{"a column is of another kind", `column "right70" is integer in the data; the model takes a category`, func(own model.Recipe) *model.Model {
			return believing(renamed(own, func(r *model.Recipe) {
				r.Features[0] = model.Feature{Name: "right70", Kind: model.Category, Categories: []string{"a"}}
			}), "right80")
		}, nil},
		{"another task", "it was trained for another task, regression", func(own model.Recipe) *model.Model {
			return copying(renamed(own, func(r *model.Recipe) { r.Task, r.Classes = model.Regression, nil }), "right80")
		}, nil},
		{"another target", "it predicts another column", func(own model.Recipe) *model.Model {
			return believing(renamed(own, func(r *model.Recipe) { r.Target = "z" }), "right80")
		}, nil},
		{"other classes", "it tells other classes apart", func(own model.Recipe) *model.Model {
			return believing(renamed(own, func(r *model.Recipe) { r.Classes = []string{"maybe", "yes"} }), "right80")
		}, nil},
		{"a damaged file", "its files are damaged or gone", func(own model.Recipe) *model.Model { return believing(own, "right80") },
			func(t *testing.T, r *ring, v modelstore.Version) { r.overwrite(t, v.URI, []byte("nonsense")) }},
		{"no file", "its files are damaged or gone", func(own model.Recipe) *model.Model { return believing(own, "right80") },
			func(t *testing.T, r *ring, v modelstore.Version) {
				if err := r.bucket.Delete(ctx, strings.TrimPrefix(v.URI, "s3://store/")); err != nil {
					t.Fatal(err)
				}
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRing()
			run := r.process(t, "run-1", yesNo(), nil)
			champion := r.add(t, run, c.champion(run.recipe))
			r.crown(t, champion)
			if c.damage != nil {
				c.damage(t, r, champion)
			}
			good, bad := r.add(t, run, believing(run.recipe, "right90")), r.add(t, run, denying(run.recipe))
			slice := []any{map[string]any{"column": "region"}}
			for _, g := range []struct {
				challenger modelstore.Version
				setting    string
				promoted   bool
				want       string
			}{
				{bad, "thresholds_only", false, "+champion_incompatible, -threshold recall, -baseline accuracy"},
				{good, "keep", false, "-champion_incompatible, +threshold recall, +baseline accuracy"},
				{good, "thresholds_only", true, "+champion_incompatible, +threshold recall, +baseline accuracy"},
			} {
				v := r.evaluate(t, g.challenger, map[string]any{
					"on_champion_incompatible": g.setting, "slices": slice, "thresholds": map[string]any{"recall": map[string]any{"min": 0.8}},
				})
				if v.Decision != "champion_incompatible" || v.ShouldUpdate != g.promoted || rules(v) != g.want {
					t.Errorf("%s: %s, %v by %s", g.setting, v.Decision, v.ShouldUpdate, rules(v))
				}
				if v.Champion == nil || v.Champion.Incompatible != c.says || v.Champion.Metrics != nil || v.ExpectedChampionVersion != 1 {
					t.Errorf("%s: champion %+v", g.setting, v.Champion)
				}
				if g.promoted && v.Summary != "Version 1 cannot be scored on this data ("+c.says+"); the challenger passes with accuracy 0.9." {
					t.Errorf("summary %q", v.Summary)
				}
				if u, err := r.update(t, v); err != nil || *u.Version != map[bool]int64{false: 1, true: 2}[g.promoted] {
					t.Errorf("%s: %+v: %v", g.setting, u, err)
				}
			}
		})
	}
}

func (r *ring) overwrite(t *testing.T, uri string, data []byte) {
	t.Helper()
	if _, err := r.bucket.Put(ctx, strings.TrimPrefix(uri, "s3://store/"), data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
}

// A challenger that is the champion already cannot replace itself, whatever the
// gate.
func TestTheChampionItselfIsKept(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	version := r.add(t, run, believing(run.recipe, "right90"))
	r.crown(t, version)
	for _, gate := range []map[string]any{nil, bare("policy", "better"), bare("policy", "non_inferior", "min_absolute_change", 1.0)} {
		v := r.evaluate(t, version, gate)
		if v.Decision != "keep" || v.ShouldUpdate || !strings.HasPrefix(rules(v), "-same_model") || v.Summary != "The challenger is the champion itself, version 1." {
			t.Errorf("%v: %s, %s", gate, rules(v), v.Summary)
		}
		if diff := cmp.Diff(v.Metrics, v.Champion.Metrics); diff != "" {
			t.Error(diff)
		}
		u, err := r.update(t, v)
		if err != nil || u.Updated || *u.Version != 1 {
			t.Errorf("update: %+v: %v", u, err)
		}
	}
}

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

// animals makes a table of birds and cats, and of dogs and eels in some rows. The
// column said is right in three of four.
func animals(strange func(i int) bool) string {
	var b strings.Builder
	b.WriteString("day,said,x,y\n")
	for i := range 1000 {
		y := []string{"bird", "cat"}[i/3%2]
		if strange(i) {
			y = []string{"dog", "eel"}[i/5%2]
		}
		said := y
		if i%4 == 0 {
			said = []string{"cat", "bird", "dog", "eel"}[i/4%4]
		}
		fmt.Fprintf(&b, "%d,%s,%d,%s\n", i, said, i*i%17, y)
	}
	return b.String()
}

// repeating returns a classification that answers what the column said says, as
// far as it knows the class.
func repeating(recipe model.Recipe) *model.Model {
	m := &model.Model{Recipe: recipe, Linear: &model.Linear{}}
	for _, class := range recipe.Classes {
		row, at := make([]float64, recipe.Inputs()), 0
		for i := range recipe.Features {
			f := &recipe.Features[i]
			if f.Name == "said" && f.Code(class) >= 0 {
				row[at+f.Code(class)] = 3
			}
			at += f.Width()
		}
		m.Linear.Coef, m.Linear.Intercept = append(m.Linear.Coef, row), append(m.Linear.Intercept, 0)
	}
	return m
}

// The champion knows two classes that the challenger has never met. Their rows
// are still rows: the challenger is wrong in them.
func TestClassesThatOnlyOneOfThemKnows(t *testing.T) {
	r := newRing()
	all := r.process(t, "run-1", animals(func(i int) bool { return i%5 == 4 }), nil)
	lately := r.process(t, "run-2", animals(func(i int) bool { return i >= 800 && i%5 == 4 }), nil)
	narrow, wide := lately.recipe, all.recipe
	if !slices.Equal(wide.Classes, []string{"bird", "cat", "dog", "eel"}) || !slices.Equal(narrow.Classes, []string{"bird", "cat"}) {
		t.Fatalf("classes %q and %q", wide.Classes, narrow.Classes)
	}
	narrow.Task, wide.Features = model.Multiclass, narrow.Features
	champion, challenger := r.add(t, lately, repeating(wide)), r.add(t, lately, repeating(narrow))
	r.crown(t, champion)
	f1 := map[string]any{"f1_score": map[string]any{"min": 0.1}}
	v := r.evaluate(t, challenger, bare("policy", "better", "primary", "f1_score", "must_beat_baseline", true,
		"thresholds", f1, "guardrails", map[string]any{"f1_score": map[string]any{}}))

	rows, strange, mine, theirs := 0.0, 0.0, 0.0, 0.0
	d := r.open(t, lately.uri)
	index, names, err := d.Groups(ctx, dataset.Holdout, "y")
	if err != nil {
		t.Fatal(err)
	}
	said, saidNames, err := d.Groups(ctx, dataset.Holdout, "said")
	if err != nil {
		t.Fatal(err)
	}
	for i := range index {
		y, answer := names[index[i]], saidNames[said[i]]
		rows++
		if y == "dog" || y == "eel" {
			strange++
		}
		if y == answer {
			theirs++
		}
		if answer == "dog" || answer == "eel" { // which tell the challenger nothing: it takes its first class
			answer = "bird"
		}
		if y == answer {
			mine++
		}
	}
	if strange == 0 {
		t.Fatal("the holdout has birds and cats only")
	}
	if a := *v.Metrics["accuracy"]; math.Abs(a-mine/rows) > 1e-12 {
		t.Errorf("the challenger's accuracy is %v, want %v", a, mine/rows)
	}
	if a := *v.Champion.Metrics["accuracy"]; math.Abs(a-theirs/rows) > 1e-12 {
		t.Errorf("the champion's accuracy is %v, want %v", a, theirs/rows)
	}
	if v.Decision != "keep" || v.Champion.Incompatible != "" {
		t.Errorf("%s by %s", v.Decision, rules(v))
	}
	// What the challenger scores by itself is what /train said of it, and what
	// thresholds are about: its champion's classes have no part in it.
	scored, err := d.Score(ctx, repeating(narrow), dataset.Holdout)
	if err != nil {
		t.Fatal(err)
	}
	own := scored.Scores().Metrics()
	if diff := cmp.Diff(own, v.Metrics); diff != "" {
		t.Errorf("-by itself +in the verdict:\n%s", diff)
	}
	guardrail, threshold, baseline := v.Reasons[1], v.Reasons[2], v.Reasons[3]
	if *threshold.Challenger != *own["f1_score"] || *baseline.Challenger != *own["f1_score"] || !(*guardrail.Challenger < *threshold.Challenger) {
		t.Errorf("the threshold is held against %v and the guardrail against %v, of %v", *threshold.Challenger, *guardrail.Challenger, *own["f1_score"])
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	good := r.add(t, run, believing(run.recipe, "right80"))
	before := r.keys(t)
	for _, c := range []struct {
		name, loc string
		kind      fault.Kind
		req       evaluate.Request
	}{
		{"nothing", "[body model_path]", fault.InvalidRequest, evaluate.Request{}},
		{"another place", "[body model_path]", fault.AccessDenied, evaluate.Request{ModelPath: "s3://elsewhere/models/m/sha256/" + good.Digest + "/model.onnx"}},
		{"no model", "[body model_path]", fault.InvalidRequest, evaluate.Request{ModelPath: run.uri}},
		{"its manifest", "[body model_path]", fault.InvalidRequest, evaluate.Request{ModelPath: strings.Replace(good.URI, "model.onnx", "manifest.json", 1)}},
		{"out of its folder", "[body model_path]", fault.InvalidRequest, evaluate.Request{ModelPath: strings.Replace(good.URI, "sha256/", "sha256/../sha256/", 1)}},
		{"no such version", "[body model_path]", fault.DataNotFound, evaluate.Request{ModelPath: strings.Replace(good.URI, good.Digest, strings.Repeat("0", 64), 1)}},
		{"no such model", "[body model_path]", fault.DataNotFound, evaluate.Request{ModelPath: strings.Replace(good.URI, "/m/", "/n/", 1)}},
		{"another name", "[body model_name]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, ModelName: "n"}},
		{"a wrong gate", "[body gate policy]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, Gate: map[string]any{"policy": "best"}}},
		{"a metric of another task", "[body gate primary]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, Gate: map[string]any{"primary": "rmse"}}},
		{"a run id that cannot be kept", "[body run_id]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, RunID: "a\nb"}},
	} {
		_, err := r.Run(ctx, c.req)
		if f := fault.From(err); f == nil || f.Kind != c.kind || len(f.Fields) == 0 || fmt.Sprint(f.Fields[0].Loc) != c.loc {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if diff := cmp.Diff(before, r.keys(t)); diff != "" {
		t.Errorf("a refused request has written:\n%s", diff)
	}
}

// What a challenger is judged by must be whole: its file, and its holdout.
func TestWhatHasChangedIsNotJudged(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   fault.Kind
		damage func(t *testing.T, r *ring, run *run, v modelstore.Version)
	}{
		{"one byte of the model", fault.InvalidData, func(t *testing.T, r *ring, _ *run, v modelstore.Version) {
			file, err := r.Models.Load(ctx, "m", v.Digest)
			if err != nil {
				t.Fatal(err)
			}
			file.Model[len(file.Model)/2] ^= 1
			r.overwrite(t, v.URI, file.Model)
		}},
		{"the holdout is gone", fault.DataNotFound, func(t *testing.T, r *ring, run *run, _ modelstore.Version) {
			if err := r.bucket.Delete(ctx, "runs/run-1/processed.parquet"); err != nil {
				t.Fatal(err)
			}
		}},
		{"the holdout is another run's", fault.InvalidData, func(t *testing.T, r *ring, run *run, _ modelstore.Version) {
			other := newRing()
			other.process(t, "run-1", strings.Replace(yesNo(), "south", "north", 1900), nil)
			for _, name := range []string{"processed.parquet", "recipe.json"} {
				data, _, err := blob.ReadAll(ctx, other.bucket, "runs/run-1/"+name, 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				r.overwrite(t, "s3://store/runs/run-1/"+name, data)
			}
		}},
		{"the recipe is damaged", fault.InvalidData, func(t *testing.T, r *ring, run *run, _ modelstore.Version) {
			r.overwrite(t, "s3://store/runs/run-1/recipe.json", []byte("{}"))
		}},
	} {
		r := newRing()
		run := r.process(t, "run-1", yesNo(), nil)
		version := r.add(t, run, believing(run.recipe, "right80"))
		c.damage(t, r, run, version)
		before := r.keys(t)
		_, err := r.Run(ctx, evaluate.Request{ModelPath: version.URI})
		if f := fault.From(err); f == nil || f.Kind != c.kind || fmt.Sprint(f.Fields[0].Loc) != "[body model_path]" || strings.Contains(f.Detail, "processed_data_path") {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(before, r.keys(t)); diff != "" {
			t.Errorf("%s: it has written:\n%s", c.name, diff)
		}
	}
}

// A store that was copied to another place is still a store, but old addresses
// do not lead out of it.
func TestAHoldoutElsewhereIsNotRead(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	version := r.add(t, run, believing(run.recipe, "right80"))
	moved := blob.Root{Bucket: r.bucket, Base: "s3://moved"}
	r.Store, r.Models = moved, &modelstore.Store{Root: moved}
	_, err := r.Run(ctx, evaluate.Request{ModelPath: strings.Replace(version.URI, "s3://store", "s3://moved", 1)})
	if f := fault.From(err); f == nil || f.Kind != fault.InvalidData || fmt.Sprint(f.Fields[0].Loc) != "[body model_path]" {
		t.Errorf("got %v", err)
	}
}

// counted is a bucket whose user is cancelled at one of the calls.
type counted struct {
	*blob.Memory
	left   int
	cancel func()
	mu     sync.Mutex
}

func (c *counted) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		c.cancel()
	}
}

func (c *counted) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	c.count()
	return c.Memory.Open(ctx, key, span)
}

func (c *counted) Stat(ctx context.Context, key string) (blob.Info, error) {
	c.count()
	return c.Memory.Stat(ctx, key)
}

func (c *counted) Put(ctx context.Context, key string, data []byte, cond blob.Condition) (blob.Info, error) {
	c.count()
	return c.Memory.Put(ctx, key, data, cond)
}

// An evaluation that is cut off anywhere leaves a whole verdict or none, and
// can be repeated.
func TestAnEvaluationThatIsCutOffAnywhereCanBeRepeated(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	version := r.add(t, run, believing(run.recipe, "right90"))
	before := len(r.keys(t))
	for cut := 1; ; cut++ {
		brief, cancel := context.WithCancel(ctx)
		w := &counted{Memory: r.bucket, left: cut, cancel: cancel}
		r.Store.Bucket, r.Models.Root.Bucket = w, w
		v, err := r.Run(brief, evaluate.Request{ModelPath: version.URI})
		cancel()
		if err == nil {
			if cut < 8 || v.Decision != "promote" || v.Cached || len(r.keys(t)) != before+1 {
				t.Errorf("after %d calls: %s, cached %v", cut, v.Decision, v.Cached)
			}
			return
		}
		if !fault.Is(err, fault.Transient) || len(r.keys(t)) != before {
			t.Errorf("cut at call %d: %v", cut, err)
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

// Whatever a result holds, it can be written down.
func TestResultsHaveNoNullLists(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	raw, err := json.Marshal(r.evaluate(t, r.add(t, run, believing(run.recipe, "right80")), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"reasons", "warnings", "slices", "thresholds", "guardrails"} {
		if strings.Contains(string(raw), fmt.Sprintf("%q:null", name)) {
			t.Errorf("%s is null", name)
		}
	}
	if !strings.Contains(string(raw), `"champion":null`) || !strings.Contains(string(raw), `"should_update":true`) {
		t.Errorf("%s", raw)
	}
}
