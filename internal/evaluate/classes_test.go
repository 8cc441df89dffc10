package evaluate_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

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

// The report of many classes draws curves of the most frequent ones.
func TestCurvesOfManyClasses(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", animals(func(i int) bool { return i%5 == 4 }), nil)
	page := r.page(t, r.evaluate(t, r.add(t, run, repeating(run.recipe)), nil))
	for _, text := range []string{"ROC curves, each class", "Precision and recall, each class", `class="curve fourth"`, `class="second" aria-hidden="true"></i>cat`} {
		if !strings.Contains(page, text) {
			t.Errorf("the report lacks %q", text)
		}
	}
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
