package evaluate_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/evaluate"
	"retrain/internal/model"
)

// The champion agrees with 320 of 400 rows. Who is promoted over it?
func TestPolicies(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	if run.doc.Holdout.Rows != held {
		t.Fatalf("the holdout has %d rows", run.doc.Holdout.Rows)
	}
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	for _, c := range []struct {
		challenger string
		gate       map[string]any
		promoted   bool
	}{
		{"right90", bare("policy", "superior"), true},
		{"right81", bare("policy", "superior"), false}, // better, but by luck
		{"other80", bare("policy", "superior"), false},
		{"right70", bare("policy", "superior"), false},
		{"right90", bare("policy", "superior", "min_absolute_change", 0.05), true},
		{"right90", bare("policy", "superior", "min_absolute_change", 0.09), false}, // the interval reaches below
		{"right90", bare("policy", "superior", "min_relative_change", 0.05), true},
		{"right90", bare("policy", "superior", "min_relative_change", 0.085), true}, // of 0.8, that is 0.068
		{"right90", bare("policy", "superior", "min_relative_change", 0.11), false},
		{"right90", bare("policy", "superior", "min_absolute_change", 0.01, "min_relative_change", 0.11), false},
		{"right90", bare("policy", "superior", "confidence", 0.999), true},
		{"right81", bare("policy", "superior", "confidence", 0.5), true}, // luck, if that is enough

		{"right90", bare("policy", "non_inferior", "min_absolute_change", 0.05), true},
		{"right81", bare("policy", "non_inferior", "min_absolute_change", 0.001), true},
		{"other80", bare("policy", "non_inferior", "min_absolute_change", 0.1), true},
		{"other80", bare("policy", "non_inferior", "min_absolute_change", 0.05), false}, // its 160 other answers make it uncertain
		{"right70", bare("policy", "non_inferior", "min_absolute_change", 0.1), false},
		{"right70", bare("policy", "non_inferior", "min_relative_change", 0.2), true},

		{"right90", bare("policy", "better"), true},
		{"right81", bare("policy", "better"), true},
		{"other80", bare("policy", "better"), false},
		{"right70", bare("policy", "better"), false},
		{"right81", bare("policy", "better", "min_absolute_change", 0.009), true},
		{"right81", bare("policy", "better", "min_absolute_change", 0.011), false},

		{"right90", bare("primary", "log_loss"), true}, // where less is better
		{"right70", bare("primary", "log_loss"), false},
		{"right70", bare("primary", "log_loss", "policy", "better"), false},
		{"right90", bare("primary", "roc_auc"), true},
	} {
		v := r.evaluate(t, r.add(t, run, believing(run.recipe, c.challenger)), c.gate)
		policy, _ := c.gate["policy"].(string)
		if policy == "" {
			policy = "superior"
		}
		metric, _ := c.gate["primary"].(string)
		if metric == "" {
			metric = "accuracy"
		}
		want := map[bool]string{true: "promote", false: "keep"}[c.promoted]
		if v.Decision != want || v.ShouldUpdate != c.promoted || v.ExpectedChampionVersion != 1 || v.Primary != metric {
			t.Errorf("%s by %v: %s, %v over %d", c.challenger, c.gate, v.Decision, v.ShouldUpdate, v.ExpectedChampionVersion)
		}
		if got := rules(v); got != map[bool]string{true: "+", false: "-"}[c.promoted]+policy+" "+metric {
			t.Errorf("%s by %v: %s", c.challenger, c.gate, got)
		}
	}
}

// The verdict shows what was compared, in numbers that can be checked by hand.
func TestAVerdictShowsItsNumbers(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	champion, challenger := r.add(t, run, believing(run.recipe, "right80")), r.add(t, run, believing(run.recipe, "right90"))
	r.crown(t, champion)
	v := r.evaluate(t, challenger, nil)
	if v.Status != "success" || v.ModelPath != challenger.URI || v.ModelSHA256 != challenger.Digest || v.ModelName != "m" || v.RunID != "run-1" ||
		v.Target != "y" || v.Task != "binary" || v.HoldoutRows != held || v.Cached || !v.Gate.MustBeatBaseline {
		t.Errorf("%+v", v)
	}
	if c := v.Champion; c == nil || c.Version != 1 || c.ModelPath != champion.URI || c.ModelSHA256 != champion.Digest || c.Incompatible != "" || *c.Metrics["accuracy"] != 0.8 {
		t.Errorf("champion %+v", v.Champion)
	}
	if rules(v) != "+superior accuracy, +guardrail f1_score, +baseline accuracy" {
		t.Error(rules(v))
	}
	policy := v.Reasons[0]
	if *policy.Challenger != 0.9 || *policy.Champion != 0.8 || math.Abs(*policy.Difference-0.1) > 1e-12 ||
		!(0.06 < policy.CI[0] && policy.CI[0] < *policy.Difference && *policy.Difference < policy.CI[1] && policy.CI[1] < 0.14) {
		t.Errorf("policy %v %v %v %v", *policy.Challenger, *policy.Champion, *policy.Difference, *policy.CI)
	}
	// An answer given with 0.88 = 1/(1+e^-2) costs ln(1+e^-2) if it is right and 2 more if not.
	if want := math.Log1p(math.Exp(-2)) + 0.1*2; math.Abs(*v.Metrics["log_loss"]-want) > 1e-12 {
		t.Errorf("log loss %v, want %v", *v.Metrics["log_loss"], want)
	}
	if *v.Metrics["accuracy"] != 0.9 || v.Baselines["majority"] != 0.5 {
		t.Errorf("metrics %v, baselines %v", v.Metrics, v.Baselines)
	}
	if want := "The challenger is better than version 1: accuracy 0.9 against 0.8."; v.Summary != want {
		t.Errorf("summary %q", v.Summary)
	}
}

func TestSummariesSayWhatHappened(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	add := func(column string) string {
		return r.evaluate(t, r.add(t, run, believing(run.recipe, column)), bare("thresholds", map[string]any{"accuracy": map[string]any{"min": 0.75}})).Summary
	}
	if got, want := add("right80"), "There is no champion yet; the challenger passes with accuracy 0.8."; got != want {
		t.Error(got)
	}
	if got, want := add("right70"), "The challenger, with accuracy 0.7, does not pass: threshold (accuracy)."; got != want {
		t.Error(got)
	}
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	if got, want := add("right70"), "The challenger, with accuracy 0.7, does not pass: superior (accuracy), threshold (accuracy)."; got != want {
		t.Error(got)
	}
	v := r.evaluate(t, r.add(t, run, believing(run.recipe, "other80")), bare("policy", "non_inferior", "min_absolute_change", 0.1))
	if want := "The challenger is no worse, within the margin, than version 1: accuracy 0.8 against 0.8."; v.Summary != want {
		t.Error(v.Summary)
	}
}

func TestThresholdsBoundTheChallenger(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	for _, c := range []struct {
		challenger, metric string
		limits             map[string]any
		passed             bool
		required           string
	}{
		{"right80", "accuracy", map[string]any{"min": 0.8}, true, "at least 0.8"},
		{"right80", "accuracy", map[string]any{"min": 0.8001}, false, "at least 0.8001"},
		{"right80", "log_loss", map[string]any{"max": 0.6}, true, "at most 0.6"},
		{"right80", "log_loss", map[string]any{"max": 0.5}, false, "at most 0.5"},
		{"right80", "accuracy", map[string]any{"min": 0.1, "max": 0.9}, true, "at least 0.1, at most 0.9"},
		{"right80", "accuracy", map[string]any{"min": 0.85, "max": 0.9}, false, "at least 0.85, at most 0.9"},
		{"right80", "accuracy", map[string]any{"min": 0.1, "max": 0.7}, false, "at least 0.1, at most 0.7"},
		{"never", "precision", map[string]any{"min": 0.0}, false, "a value; undefined: No row is predicted to be of the positive class."},
	} {
		m := believing(run.recipe, c.challenger)
		if c.challenger == "never" {
			m = denying(run.recipe)
		}
		// Nothing but the thresholds decides over the first model of a name.
		v := r.evaluate(t, r.add(t, run, m), bare("thresholds", map[string]any{c.metric: c.limits}))
		if v.Decision != "bootstrap" || v.ShouldUpdate != c.passed || v.Champion != nil || v.ExpectedChampionVersion != 0 {
			t.Errorf("%s %v: %s %v", c.metric, c.limits, v.Decision, v.ShouldUpdate)
		}
		if reason := v.Reasons[1]; reason.Rule != "threshold" || reason.Metric != c.metric || reason.Required != c.required || reason.Passed != c.passed {
			t.Errorf("%s %v: %+v", c.metric, c.limits, reason)
		}
	}
}

func TestTheBaselineMustBeBeaten(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	for _, c := range []struct {
		challenger, primary string
		passed              bool
	}{
		{"right70", "auto", true},
		{"right70", "log_loss", false}, // too sure of itself: 0.727 against ln 2
		{"right90", "log_loss", true},
		{"never", "auto", false}, // as good as the majority is not better
		{"never", "precision", false},
	} {
		m := believing(run.recipe, c.challenger)
		if c.challenger == "never" {
			m = denying(run.recipe)
		}
		version := r.add(t, run, m)
		v := r.evaluate(t, version, bare("must_beat_baseline", true, "primary", c.primary))
		if v.Decision != "bootstrap" || v.ShouldUpdate != c.passed || v.Reasons[1].Rule != "baseline" || v.Reasons[1].Passed != c.passed {
			t.Errorf("%s in %s: %s", c.challenger, c.primary, rules(v))
		}
		if v := r.evaluate(t, version, bare("primary", c.primary)); !v.ShouldUpdate {
			t.Errorf("%s in %s, without the rule: %s", c.challenger, c.primary, rules(v))
		}
	}
}

// A guardrail stops what the policy would let through.
func TestGuardrails(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	champion := believing(run.recipe, "right80")
	unsure := believing(run.recipe, "right90") // more right answers, all the same probability of one half
	unsure.Linear.Coef[0] = slices.Clone(unsure.Linear.Coef[0])
	for i := range unsure.Linear.Coef[0] {
		unsure.Linear.Coef[0][i] *= 1e-3
	}
	unsure.Linear.Intercept[0] *= 1e-3
	never := denying(run.recipe)
	r.crown(t, r.add(t, run, champion))
	for _, c := range []struct {
		name       string
		challenger *model.Model
		guardrails map[string]any
		want       string
	}{
		{"none", unsure, map[string]any{}, "+better accuracy"},
		{"not concerned", unsure, map[string]any{"recall": map[string]any{"max_drop": 0.0}}, "+better accuracy, +guardrail recall"},
		{"dropped", unsure, map[string]any{"log_loss": map[string]any{"max_drop": 0.1}}, "+better accuracy, -guardrail log_loss"},
		{"dropped less", unsure, map[string]any{"log_loss": map[string]any{"max_drop": 0.3}}, "+better accuracy, +guardrail log_loss"},
		{"in their order", unsure, map[string]any{"recall": map[string]any{"max_drop": 0.0}, "brier_score": map[string]any{"max_drop": 0.01}, "log_loss": map[string]any{"max_drop": 0.3}},
			"+better accuracy, -guardrail brier_score, +guardrail log_loss, +guardrail recall"},
		{"undefined for the challenger", never, map[string]any{"precision": map[string]any{"max_drop": 1.0}}, "-better accuracy, -guardrail precision"},
	} {
		v := r.evaluate(t, r.add(t, run, c.challenger), bare("policy", "better", "guardrails", c.guardrails))
		if got := rules(v); got != c.want || v.ShouldUpdate == strings.Contains(got, "-") {
			t.Errorf("%s: %v by %s, want %s", c.name, v.ShouldUpdate, got, c.want)
		}
	}
	// Where the champion has no value, there is nothing to drop from.
	r.crown(t, r.add(t, run, never))
	v := r.evaluate(t, r.add(t, run, champion), bare("policy", "better", "guardrails", map[string]any{"precision": map[string]any{"max_drop": 0.0}}))
	if got := rules(v); got != "+better accuracy, +guardrail precision" || v.Champion.Metrics["precision"] != nil || v.Champion.MetricsUndefined["precision"] == "" ||
		v.Reasons[1].Champion != nil || !strings.HasSuffix(v.Reasons[1].Required, "; the champion has no value") {
		t.Errorf("undefined for the champion: %s", got)
	}
	// A policy on a metric that one of the two does not have cannot be passed.
	for _, policy := range []string{"superior", "better"} {
		v := r.evaluate(t, r.add(t, run, champion), bare("policy", policy, "primary", "precision"))
		if v.ShouldUpdate || !strings.Contains(v.Reasons[0].Required, "undefined") || v.Reasons[0].CI != nil {
			t.Errorf("%s on an undefined metric: %+v", policy, v.Reasons[0])
		}
	}
}

// The challenger is right in all of the south, and in half of the north.
func TestSlicesAreComparedByThemselves(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right70")))
	challenger := r.add(t, run, believing(run.recipe, "north"))
	slice := func(column string, rows, drop float64) map[string]any {
		return map[string]any{"column": column, "min_rows": rows, "max_drop": drop}
	}
	for _, c := range []struct {
		name   string
		slices []any
		want   string
		says   string
	}{
		{"none", []any{}, "+better accuracy", ""},
		{"a part got worse", []any{slice("region", 100, 0.1)}, "+better accuracy, -slice accuracy, +slice accuracy", `where region is "north" (200 rows)`},
		{"as much as may be", []any{slice("region", 200, 0.25)}, "+better accuracy, +slice accuracy, +slice accuracy", ""},
		{"no part is large enough", []any{slice("region", 201, 0.1)}, "+better accuracy, -slice accuracy", "a value of region with at least 201 rows"},
		{"only the large part counts", []any{slice("rare", 10, 0)}, "+better accuracy, +slice accuracy", `"seldom"`},
		{"a number", []any{slice("right80", 50, 0.9)}, "+better accuracy, +slice accuracy, +slice accuracy", `"1"`},
		{"no such column", []any{slice("area", 100, 0.1)}, "+better accuracy, -slice accuracy", `column "area" is not in the data`},
		{"too many values", []any{slice("day", 1, 1)}, "+better accuracy, -slice accuracy", `column "day" has too many different values`},
		{"two columns", []any{slice("rare", 10, 0), slice("region", 100, 0.1)}, "+better accuracy, +slice accuracy, -slice accuracy, +slice accuracy", ""},
	} {
		v := r.evaluate(t, challenger, bare("policy", "better", "slices", c.slices))
		if got := rules(v); got != c.want || v.ShouldUpdate == strings.Contains(got, "-") {
			t.Errorf("%s: %v by %s, want %s", c.name, v.ShouldUpdate, got, c.want)
		}
		if !strings.Contains(fmt.Sprintf("%+v", v.Reasons), c.says) {
			t.Errorf("%s: %+v", c.name, v.Reasons)
		}
	}
	v := r.evaluate(t, challenger, bare("policy", "better", "slices", []any{slice("region", 100, 0.1)}))
	north := v.Reasons[1]
	if *north.Challenger != 0.5 || math.Abs(*north.Champion-0.7) > 0.01 || math.Abs(*north.Difference+0.2) > 0.01 {
		t.Errorf("the north: %v against %v", *north.Challenger, *north.Champion)
	}
}

// Where a part has no score, there is nothing that could have dropped; where
// only the challenger has none, it dropped.
func TestSlicesWithoutAScore(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	slices := []any{map[string]any{"column": "y", "min_rows": 1.0}} // each part has one class only
	v := r.evaluate(t, r.add(t, run, believing(run.recipe, "right90")), bare("primary", "roc_auc", "slices", slices))
	if rules(v) != "+superior roc_auc, +slice roc_auc, +slice roc_auc" || !strings.Contains(v.Reasons[1].Required, "undefined there") {
		t.Errorf("undefined for both: %s: %s", rules(v), v.Reasons[1].Required)
	}
	v = r.evaluate(t, r.add(t, run, denying(run.recipe)), bare("primary", "precision", "slices", slices))
	if rules(v) != "-superior precision, -slice precision, -slice precision" {
		t.Errorf("undefined for the challenger: %s", rules(v))
	}
}

func TestSlicesWhereLessIsBetter(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", prices(), nil)
	r.crown(t, r.add(t, run, copying(run.recipe, "near")))
	slice := func(drop float64) map[string]any {
		return bare("slices", []any{map[string]any{"column": "half", "min_rows": 50.0, "max_drop": drop}})
	}
	// On the right half it is as good as nearer, on the left one it misses by 30.
	challenger := r.add(t, run, copying(run.recipe, "halfway"))
	if v := r.evaluate(t, challenger, slice(5)); rules(v) != "-superior rmse, -slice rmse, +slice rmse" || !strings.Contains(v.Reasons[1].Required, `half is "left"`) {
		t.Errorf("%s: %+v", rules(v), v.Reasons)
	}
	if v := r.evaluate(t, challenger, slice(15)); rules(v) != "-superior rmse, +slice rmse, +slice rmse" {
		t.Errorf("%s: %+v", rules(v), v.Reasons)
	}
	if v := r.evaluate(t, r.add(t, run, copying(run.recipe, "nearer")), slice(0)); rules(v) != "+superior rmse, +slice rmse, +slice rmse" {
		t.Errorf("%s: %+v", rules(v), v.Reasons)
	}
}

// seldom makes a table in which one row in tenth is of the last class.
func seldom(n int, classes ...string) string {
	rng := noise()
	var b strings.Builder
	b.WriteString("day,x,y\n")
	for i := range n {
		y := 0
		if i%10 == 9 {
			y = 1 + i/10%(len(classes)-1)
		}
		fmt.Fprintf(&b, "%d,%.4f,%s\n", i, float64(y)+0.2*rng.NormFloat64(), classes[y])
	}
	return b.String()
}

// Where nearly all rows are of one class, accuracy says little.
func TestImbalanceMovesThePrimaryMetric(t *testing.T) {
	for _, c := range []struct {
		name, text, primary, want string
		told                      bool
	}{
		{"balanced", yesNo(), "auto", "accuracy", false},
		{"two classes", seldom(1000, "no", "yes"), "auto", "roc_auc", true},
		{"three classes", seldom(1000, "a", "b", "c"), "auto", "log_loss", true},
		{"asked for", seldom(1000, "no", "yes"), "accuracy", "accuracy", false},
	} {
		r := newRing()
		run := r.process(t, "run-1", c.text, nil)
		m := believing(run.recipe, "x")
		if run.recipe.Task == model.Multiclass {
			zero := make([]float64, run.recipe.Inputs())
			m.Linear = &model.Linear{Coef: [][]float64{zero, zero, zero}, Intercept: []float64{2, 0, 0}}
		}
		v := r.evaluate(t, r.add(t, run, m), bare("primary", c.primary))
		told := slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, "one class holds 90.0 % of the holdout") })
		if v.Primary != c.want || told != c.told {
			t.Errorf("%s: primary %s, warnings %q", c.name, v.Primary, v.Warnings)
		}
	}
}

// prices makes a table with a numeric target and columns that come near it: by
// 20, by 10, by 90; and by 30 on the left half of the rows, by 10 on the right.
func prices() string {
	rng := noise()
	var b strings.Builder
	b.WriteString("day,half,near,nearer,far,halfway,y\n")
	for i := range 1500 {
		y, half, miss := 100*rng.NormFloat64(), "left", 30.0
		if i%2 == 1 {
			half, miss = "right", 10
		}
		fmt.Fprintf(&b, "%d,%s,%.4f,%.4f,%.4f,%.4f,%.4f\n", i, half, y+20*rng.NormFloat64(), y+10*rng.NormFloat64(),
			y+90*rng.NormFloat64(), y+miss*rng.NormFloat64(), y)
	}
	return b.String()
}

// copying returns a regression that answers what a column says.
func copying(recipe model.Recipe, column string) *model.Model {
	m := believing(recipe, column)
	m.Linear.Intercept[0] = 0
	for i := range m.Linear.Coef[0] {
		m.Linear.Coef[0][i] /= 4 // x itself, of the standardized x
	}
	for i := range recipe.Features {
		if f := &recipe.Features[i]; f.Name == column {
			m.Linear.Intercept[0] = f.Mean
		}
	}
	return m
}

func TestRegressions(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", prices(), nil)
	near, nearer, far := r.add(t, run, copying(run.recipe, "near")), r.add(t, run, copying(run.recipe, "nearer")), r.add(t, run, copying(run.recipe, "far"))
	if v := r.evaluate(t, near, nil); v.Decision != "bootstrap" || !v.ShouldUpdate || v.Primary != "rmse" || v.Task != "regression" {
		t.Errorf("the first one: %s %v by %s: %s", v.Decision, v.ShouldUpdate, v.Primary, rules(v))
	}
	r.crown(t, near)
	v := r.evaluate(t, nearer, nil)
	if v.Decision != "promote" || rules(v) != "+superior rmse, +baseline rmse" {
		t.Errorf("a better one: %s by %s", v.Decision, rules(v))
	}
	// The difference is the metric's own; what counts is that less is better.
	if p := v.Reasons[0]; !(*p.Difference < -5 && p.CI[1] < 0 && p.CI[0] < *p.Difference) || *p.Challenger > 11 || *p.Champion < 18 {
		t.Errorf("%v against %v: %v in %v", *p.Challenger, *p.Champion, *p.Difference, *p.CI)
	}
	for _, c := range []struct {
		challenger evaluate.Request
		gate       map[string]any
		promoted   bool
	}{
		{evaluate.Request{ModelPath: far.URI}, nil, false},
		{evaluate.Request{ModelPath: far.URI}, bare("policy", "better"), false},
		{evaluate.Request{ModelPath: nearer.URI}, bare("min_absolute_change", 5.0), true},
		{evaluate.Request{ModelPath: nearer.URI}, bare("min_absolute_change", 15.0), false},
		{evaluate.Request{ModelPath: nearer.URI}, bare("min_relative_change", 0.3), true}, // of about 20
		{evaluate.Request{ModelPath: nearer.URI}, bare("min_relative_change", 0.6), false},
		{evaluate.Request{ModelPath: far.URI}, bare("policy", "non_inferior", "min_absolute_change", 30.0), false},
		{evaluate.Request{ModelPath: nearer.URI}, bare("guardrails", map[string]any{"r2": map[string]any{"max_drop": 0.0}}), true},
		{evaluate.Request{ModelPath: nearer.URI}, bare("slices", []any{map[string]any{"column": "near", "min_rows": 1.0}}), false}, // too many values
		{evaluate.Request{ModelPath: nearer.URI}, bare("primary", "r2"), true},
		{evaluate.Request{ModelPath: nearer.URI}, bare("primary", "mae"), true},
	} {
		c.challenger.Gate = c.gate
		v, err := r.Run(ctx, c.challenger)
		if err != nil || v.ShouldUpdate != c.promoted {
			t.Errorf("%v: %s: %v", c.gate, rules(v), err)
		}
	}
}

// A holdout of a handful of rows gives an answer, and lets nothing in by luck.
func TestTinyHoldouts(t *testing.T) {
	for _, rows := range []int{5, 10, 15, 25} {
		r := newRing()
		lines := strings.SplitAfter(yesNo(), "\n")
		run := r.process(t, "run-1", strings.Join(lines[:rows+1], ""), nil)
		better, worse := believing(run.recipe, "right90"), denying(run.recipe)
		r.crown(t, r.add(t, run, worse))
		v := r.evaluate(t, r.add(t, run, better), nil)
		if run.doc.Holdout.Rows != int64(rows/5) || v.ShouldUpdate && rows < 10 {
			t.Errorf("%d rows: %v by %s", run.doc.Holdout.Rows, v.ShouldUpdate, rules(v))
		}
		for name := range v.MetricsUndefined {
			if v.Metrics[name] != nil {
				t.Errorf("%s is undefined and has a value", name)
			}
		}
	}
}

func TestTheGateOfTheRunAppliesUnlessTheRequestHasOne(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), bare("thresholds", map[string]any{"accuracy": map[string]any{"min": 0.99}}))
	version := r.add(t, run, believing(run.recipe, "right80"))
	if v := r.evaluate(t, version, nil); v.ShouldUpdate || rules(v) != "+bootstrap, -threshold accuracy" {
		t.Errorf("without a gate: %s", rules(v))
	}
	if v := r.evaluate(t, version, map[string]any{}); !v.ShouldUpdate || rules(v) != "+bootstrap, +baseline accuracy" {
		t.Errorf("with an empty gate: %s", rules(v))
	}
	if diff := cmp.Diff(map[string]evaluate.Guardrail{}, r.evaluate(t, version, nil).Gate.Guardrails); diff != "" {
		t.Error(diff)
	}
}
