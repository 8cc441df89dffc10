package evaluate_test

import (
	"strings"
	"testing"

	"retrain/internal/drift"
	"retrain/internal/evaluate"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
)

// levels lists the columns of an answer that are told apart from the others.
func levels(v evaluate.Result) map[string]string {
	found := map[string]string{}
	for _, c := range v.Drift {
		if c.Alarm() {
			found[c.Column] = c.Level
		}
	}
	return found
}

// The same table again has not moved; one in which a column is inverted, one is
// gone, one is of another kind and one is new has, and just there. What the
// champion cannot read does not keep the rest from being compared.
func TestDrift(t *testing.T) {
	r := newRing()
	first := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, first, believing(first.recipe, "right80")))
	again := r.evaluate(t, r.add(t, first, believing(first.recipe, "right90")), nil)
	if len(levels(again)) != 0 || len(again.Drift) != len(first.recipe.Features)+1 || again.DriftUnknown != "" {
		t.Errorf("the same data: %+v %s", again.Drift, again.DriftUnknown)
	}
	lines := strings.Split(yesNo(), "\n")
	for i, line := range lines {
		cells := strings.Split(line, ",")
		switch {
		case i == 0:
			cells[1], cells[9] = "height", "rare,fresh"
			cells[8] = "rare"
			cells = append(cells[:9], "fresh", "y")
		case line != "":
			y := cells[9]
			cells[3] = map[string]string{"no": "0", "yes": "1"}[y] // other80
			cells[4] = "x" + cells[4]                              // right81
			cells = append(cells[:9], []string{"a", "b", "c"}[i%3], y)
		}
		lines[i] = strings.Join(cells, ",")
	}
	second := r.process(t, "run-2", strings.Join(lines, "\n"), nil)
	v := r.evaluate(t, r.add(t, second, believing(second.recipe, "right90")), nil)
	found := levels(v)
	for column, want := range map[string]string{"right70": drift.Missing, "right81": drift.Retyped, "height": drift.New, "fresh": drift.New} {
		if found[column] != want {
			t.Errorf("%s: %q, want %q", column, found[column], want)
		}
	}
	if found["right80"] != "" || found["region"] != "" || found["y"] != "" {
		t.Errorf("what has not moved raises an alarm: %v", found)
	}
	if !warned(v.Warnings, `columns gone since the champion was trained: "right70"`) {
		t.Errorf("%q", v.Warnings)
	}
	if page := r.page(t, v); !strings.Contains(page, "is of another kind") || !strings.Contains(page, "is gone") {
		t.Error("the report does not show the drift")
	}
}

// A column that is spread in another way is found by its index.
func TestAColumnThatHasMoved(t *testing.T) {
	r := newRing()
	first := r.process(t, "run-1", prices(), nil)
	r.crown(t, r.add(t, first, copying(first.recipe, "near")))
	second := r.process(t, "run-2", strings.ReplaceAll(prices(), "left", "middle"), nil)
	v := r.evaluate(t, r.add(t, second, copying(second.recipe, "nearer")), nil)
	if found := levels(v); len(found) != 1 || found["half"] != drift.Strong || v.Drift[0].Column != "half" || v.Drift[0].PSI <= v.Drift[0].Floor {
		t.Errorf("%+v", v.Drift)
	}
	if !warned(v.Warnings, `columns spread very differently from the champion's training data: "half"`) {
		t.Errorf("%q", v.Warnings)
	}
}

// An older version says nothing of its data; that is said, and stops nothing.
func TestAChampionWithoutAProfile(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	file, err := onnx.Encode(believing(run.recipe, "right70"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := r.Models.Add(ctx, "m", file, modelstore.Manifest{Task: string(model.Binary), Target: "y", Params: []byte("{}"), Data: modelstore.Data{ProcessedPath: run.uri}})
	if err != nil {
		t.Fatal(err)
	}
	r.crown(t, old)
	v := r.evaluate(t, r.add(t, run, believing(run.recipe, "right90")), nil)
	if v.Decision != "promote" || v.DriftUnknown == "" || v.Drift == nil || !strings.Contains(r.page(t, v), "That cannot be told") {
		t.Errorf("%s, %q", v.Decision, v.DriftUnknown)
	}
}
