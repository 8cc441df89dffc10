package evaluate_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/evaluate"
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
