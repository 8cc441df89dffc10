package evaluate_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"retrain/internal/model"
)

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

// A model that says yes with a few percent at most is as good as another one, if
// its threshold says so: in the scores, their comparison, and each slice.
func TestLabelsFollowTheThreshold(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right70")))
	shy := believing(run.recipe, "right80")
	shy.Linear.Intercept[0] -= 6
	gate := bare("policy", "better", "slices", []any{map[string]any{"column": "region", "min_rows": 100.0, "max_drop": 0.1}})
	if v := r.evaluate(t, r.add(t, run, shy), gate); v.ShouldUpdate {
		t.Errorf("without a threshold: %s", rules(v))
	}
	shy.Threshold = model.Sigmoid(-6)
	v := r.evaluate(t, r.add(t, run, shy), gate)
	if got := rules(v); got != "+better accuracy, +slice accuracy, +slice accuracy" || math.Abs(*v.Metrics["accuracy"]-0.8) > 0.02 {
		t.Errorf("with a threshold: %s, accuracy %v", got, *v.Metrics["accuracy"])
	}
	if page := r.page(t, v); !strings.Contains(page, "Challenger, with a threshold of 0.00247") {
		t.Error("the report does not tell the threshold")
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
