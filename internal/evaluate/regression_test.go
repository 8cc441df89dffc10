package evaluate_test

import (
	"fmt"
	"strings"
	"testing"

	"retrain/internal/evaluate"
	"retrain/internal/model"
)

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
