package evaluate_test

import (
	"slices"
	"strings"
	"testing"

	"retrain/internal/model"
)

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
		{"dropped by as much as is allowed", believing(run.recipe, "right70"), map[string]any{"accuracy": map[string]any{"max_drop": 0.1}}, "-better accuracy, +guardrail accuracy"},
		{"dropped by more", believing(run.recipe, "right70"), map[string]any{"accuracy": map[string]any{"max_drop": 0.099}}, "-better accuracy, -guardrail accuracy"},
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
