package evaluate_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/model"
)

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestGateDefaults(t *testing.T) {
	want := evaluate.Gate{
		Primary: "auto", Policy: "superior", Confidence: 0.95,
		Thresholds: map[string]evaluate.Threshold{}, Guardrails: map[string]evaluate.Guardrail{"f1_score": {MaxDrop: 0.01}},
		MustBeatBaseline: true, Slices: []evaluate.Slice{}, OnChampionIncompatible: "thresholds_only", MaxSeenFraction: 0.5, OnSuspectedLeak: "warn",
	}
	for _, given := range []map[string]any{nil, {}} {
		for _, task := range []model.Task{model.Binary, model.Multiclass, ""} {
			got, err := evaluate.ParseGate(given, task)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%q: %v\n%s", task, err, diff)
			}
		}
	}
	want.Guardrails = map[string]evaluate.Guardrail{}
	got, err := evaluate.ParseGate(nil, model.Regression)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("regression: %v\n%s", err, diff)
	}
}

func TestGateSettings(t *testing.T) {
	low, high := 0.5, 1.0
	got, err := evaluate.ParseGate(decoded(t, `{
		"primary_metric":"roc_auc","policy":"non_inferior","confidence":0.9,"min_absolute_change":0.01,"min_relative_change":0.02,
		"thresholds":{"accuracy":{"min":0.5},"recall":{"min":0.5,"max":1}},"guardrails":{"precision":{"max_drop":0.02}},
		"slices":[{"column":"region"},{"column":"age","min_rows":10,"max_drop":0.1}],
		"must_beat_baseline":false,"on_champion_incompatible":"keep","max_seen_fraction":0.25,"on_suspected_leak":"block"}`), model.Binary)
	want := evaluate.Gate{
		Primary: "roc_auc", Policy: "non_inferior", Confidence: 0.9, MinAbsoluteChange: 0.01, MinRelativeChange: 0.02,
		Thresholds:             map[string]evaluate.Threshold{"accuracy": {Min: &low}, "recall": {Min: &low, Max: &high}},
		Guardrails:             map[string]evaluate.Guardrail{"precision": {MaxDrop: 0.02}}, // and not the default one
		Slices:                 []evaluate.Slice{{Column: "region", MinRows: 100}, {Column: "age", MinRows: 10, MaxDrop: 0.1}},
		OnChampionIncompatible: "keep", MaxSeenFraction: 0.25, OnSuspectedLeak: "block",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestWrongGateSettingsAreAllNamed(t *testing.T) {
	for _, c := range []struct {
		text string
		task model.Task
		want map[string]string // by loc
	}{
		{`{"polici":"superior"}`, model.Binary, map[string]string{"[body gate polici]": "extra_forbidden: Unknown parameter; did you mean 'policy'?"}},
		{`{"policy":"best","must_beat_baseline":"false","confidence":1}`, model.Binary, map[string]string{
			"[body gate policy]": "enum: Input should be 'superior' or 'non_inferior' or 'better'", "[body gate must_beat_baseline]": "bool_type: Input should be a valid boolean",
			"[body gate confidence]": "range: Input should be at least 0.5 and less than 1",
		}},
		{`{"min_absolute_change":-0.1,"min_relative_change":-1,"confidence":0.4}`, model.Binary, map[string]string{
			"[body gate min_absolute_change]": "range: Input should not be negative", "[body gate min_relative_change]": "range: Input should not be negative",
			"[body gate confidence]": "range: Input should be at least 0.5 and less than 1",
		}},
		{`{"policy":"non_inferior"}`, model.Binary, map[string]string{
			"[body gate policy]": "value_error: non_inferior needs a margin: set min_absolute_change or min_relative_change",
		}},
		{`{"primary":"accuracy"}`, model.Regression, map[string]string{"[body gate primary]": "enum: Input should be 'auto' or 'rmse' or 'mae' or 'r2' or 'mean_pinball_loss' or 'mean_poisson_deviance'"}},
		{`{"thresholds":{"accuracyy":{"min":0.5},"rmse":{"max":1}}}`, model.Binary, map[string]string{
			"[body gate thresholds accuracyy]": "extra_forbidden: Unknown metric; did you mean 'accuracy'?", "[body gate thresholds rmse]": "extra_forbidden: Unknown metric",
		}},
		{`{"thresholds":{"accuracy":0.5,"recall":{"minimum":0.5},"precision":{},"f1_score":{"min":0.9,"max":0.1},"roc_auc":{"min":"0.5"}}}`, model.Binary, map[string]string{
			"[body gate thresholds accuracy]": "dict_type: Input should be a valid dictionary", "[body gate thresholds recall minimum]": "extra_forbidden: Unknown parameter; known are min, max",
			"[body gate thresholds precision]": "value_error: Input should have min or max", "[body gate thresholds f1_score]": "value_error: min should not be above max",
			"[body gate thresholds roc_auc min]": "float_type: Input should be a valid number",
		}},
		{`{"guardrails":{"f1_score":{"max_drop":-0.1}},"thresholds":[]}`, model.Binary, map[string]string{
			"[body gate guardrails f1_score]": "value_error: max_drop should not be negative", "[body gate thresholds]": "dict_type: Input should be a valid dictionary",
		}},
		{`{"slices":null,"thresholds":null,"guardrails":null}`, model.Binary, map[string]string{
			"[body gate slices]": "list_type: Input should be a valid list", "[body gate thresholds]": "dict_type: Input should be a valid dictionary",
			"[body gate guardrails]": "dict_type: Input should be a valid dictionary",
		}},
		{`{"slices":{"column":"region"}}`, model.Binary, map[string]string{"[body gate slices]": "list_type: Input should be a valid list"}},
		{`{"slices":["region",{"min_rows":5},{"column":"a","min_rows":0},{"column":"a","max_drop":-1},{"column":"a","min_row":5}]}`, model.Binary, map[string]string{
			"[body gate slices 0]": "dict_type: Input should be a valid dictionary", "[body gate slices 1]": "value_error: Input should name a column",
			"[body gate slices 2]": "value_error: min_rows should be at least 1", "[body gate slices 3]": "value_error: max_drop should not be negative",
			"[body gate slices 4 min_row]": "extra_forbidden: Unknown parameter; did you mean 'min_rows'?",
		}},
	} {
		_, err := evaluate.ParseGate(decoded(t, c.text), c.task)
		f := fault.From(err)
		if f == nil || f.Kind != fault.InvalidRequest {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := map[string]string{}
		for _, field := range f.Fields {
			got[fmt.Sprint(field.Loc)] = field.Type + ": " + field.Msg
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}

// A gate is checked before the task is known, by the metrics of any task.
func TestCheckGateKnowsTheTaskAtMost(t *testing.T) {
	for _, c := range []struct {
		text, task string
		ok         bool
	}{
		{`{}`, "", true},
		{`{"primary":"rmse"}`, "", true},
		{`{"primary":"rmse"}`, "auto", true},
		{`{"primary":"rmse","thresholds":{"accuracy":{"min":0}}}`, "clustering", true},
		{`{"primary":"rmse"}`, "regression", true},
		{`{"primary":"rmse"}`, "binary", false},
		{`{"primary":"accurracy"}`, "", false},
		{`{"policy":"non_inferior"}`, "", false},
		{`{"policy":"non_inferior","min_relative_change":0.01}`, "", true},
	} {
		if err := evaluate.CheckGate(decoded(t, c.text), c.task); (err == nil) != c.ok {
			t.Errorf("%s for %q: %v", c.text, c.task, err)
		}
	}
}
