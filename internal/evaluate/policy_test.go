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
		{"right81", bare("policy", "better", "min_absolute_change", 0.01), false}, // by as much, and not more

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
