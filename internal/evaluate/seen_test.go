package evaluate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/dataset"
	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
)

// seenBy evaluates a challenger whose holdout is a share of the rows, against
// a champion for which it was a fifth.
func seenBy(t *testing.T, r *ring, share float64, gate map[string]any) evaluate.Result {
	t.Helper()
	before := r.process(t, "before", yesNo(), nil)
	r.crown(t, r.add(t, before, believing(before.recipe, "right80")))
	now := r.processFrom(t, "now", yesNo(), share, nil)
	return r.evaluate(t, r.add(t, now, believing(now.recipe, "right90")), gate)
}

func TestNothingOfTheHoldoutWasSeen(t *testing.T) {
	for _, share := range []float64{0.1, 0.2} {
		v := seenBy(t, newRing(), share, bare())
		want := &evaluate.Seen{ComparedRows: v.HoldoutRows}
		if diff := cmp.Diff(want, v.Seen); diff != "" || rules(v) != "+superior accuracy" || len(v.Warnings) != 0 {
			t.Errorf("%s with %q\n%s", rules(v), v.Warnings, diff)
		}
	}
}

// The holdout became larger by rows that the champion was trained on. They are
// left out, and what is left is what a comparison on them alone would say.
func TestSeenRowsAreLeftOut(t *testing.T) {
	r := newRing()
	v := seenBy(t, r, 0.36, bare("slices", []any{map[string]any{"column": "region", "max_drop": 0.0}}))
	alone := seenBy(t, newRing(), 0.2, bare())
	s := v.Seen
	if v.HoldoutRows != 720 || s.Rows < 318 || s.Rows > 320 || s.ComparedRows < 395 || s.ComparedRows > 400 || s.Unknown != "" {
		t.Fatalf("of %d rows %+v", v.HoldoutRows, s)
	}
	if rules(v) != "+superior accuracy, +holdout_seen, +slice accuracy, +slice accuracy" || v.Decision != "promote" {
		t.Errorf("%s: %s", v.Decision, rules(v))
	}
	if len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], fmt.Sprintf("%d of the 720 rows", s.Rows)) {
		t.Errorf("the warnings are %q", v.Warnings)
	}
	for name, want := range alone.Champion.Metrics {
		if got := v.Champion.Metrics[name]; want != nil && !near(*got, *want, 0.01) {
			t.Errorf("the champion's %s is %v, on the unseen rows alone %v", name, *got, *want)
		}
		if got, want := s.Metrics[name], alone.Metrics[name]; want != nil && !near(*got, *want, 0.01) {
			t.Errorf("the challenger's %s is %v, on the unseen rows alone %v", name, *got, *want)
		}
	}
	counted := 0
	for _, reason := range v.Reasons {
		if reason.Rule == "slice" {
			var rows int
			if _, err := fmt.Sscanf(reason.Required[strings.LastIndex(reason.Required, "(")+1:], "%d rows", &rows); err != nil {
				t.Fatal(err)
			}
			counted += rows
		}
	}
	if counted != int(s.ComparedRows) {
		t.Errorf("the slices have %d rows, the comparison %d", counted, s.ComparedRows)
	}
}

func near(a, b, tolerance float64) bool { return a-b <= tolerance && b-a <= tolerance }

// What the champion learned by heart must not save it: on the seen rows it is
// always right, on the others it is worse than the challenger.
func TestSeenRowsDoNotSaveTheChampion(t *testing.T) {
	heart := yesNo()
	lines := strings.Split(heart, "\n")
	for i, line := range lines { // a column that is right in all old rows, and in 70 % of the new ones
		cells := strings.Split(line, ",")
		if i == 0 {
			lines[i] = "heart," + line
			continue
		}
		if len(cells) < 2 {
			continue
		}
		y := map[string]string{"yes": "1", "no": "0"}[cells[len(cells)-1]]
		if i-1 >= 4*held {
			y = cells[1]
		}
		lines[i] = y + "," + line
	}
	for _, attached := range []bool{true, false} {
		r := newRing()
		before := r.process(t, "before", strings.Join(lines, "\n"), nil)
		champion := r.add(t, before, believing(before.recipe, "heart"))
		r.crown(t, champion)
		if !attached {
			r.forget(t, champion)
		}
		now := r.processFrom(t, "now", strings.Join(lines, "\n"), 0.39, nil)
		v := r.evaluate(t, r.add(t, now, believing(now.recipe, "right80")), bare())
		if (v.Decision == "promote") != attached || (v.Seen.Unknown == "") != attached {
			t.Errorf("attached %v: %s, %+v", attached, v.Decision, v.Seen)
		}
	}
}

// forget removes what a version carries of its training rows.
func (r *ring) forget(t *testing.T, v modelstore.Version) {
	t.Helper()
	key := fmt.Sprintf("models/m/sha256/%s/files/%s/%s", v.Digest, v.Manifest.Files[modelstore.TrainedRows].SHA256, modelstore.TrainedRows)
	if err := r.bucket.Delete(ctx, key); err != nil {
		t.Fatal(err)
	}
}

func TestTooMuchOfTheHoldoutWasSeen(t *testing.T) {
	for _, c := range []struct {
		share    float64
		gate     map[string]any
		rules    string
		compared int64 // at least
	}{
		{0.5, bare(), "+superior accuracy, -holdout_seen", 395},
		{0.5, bare("max_seen_fraction", 0.7), "+superior accuracy, +holdout_seen", 395},
		{0.3, bare("max_seen_fraction", 0.1), "+superior accuracy, -holdout_seen", 395},
	} {
		v := seenBy(t, newRing(), c.share, c.gate)
		if rules(v) != c.rules || v.ShouldUpdate == strings.Contains(c.rules, "-") || v.Seen.ComparedRows < c.compared {
			t.Errorf("%v: %s, %+v", c.share, rules(v), v.Seen)
		}
	}
}

// Where hardly a row is left, all are compared, and the champion stays.
func TestHardlyAnUnseenRowIsLeft(t *testing.T) {
	r := newRing()
	before := r.processFrom(t, "before", yesNo(), 0.01, nil)
	r.crown(t, r.add(t, before, believing(before.recipe, "right80")))
	now := r.process(t, "now", yesNo(), nil)
	v := r.evaluate(t, r.add(t, now, believing(now.recipe, "right90")), bare("max_seen_fraction", 1.0))
	if rules(v) != "+superior accuracy, -holdout_seen" || v.ShouldUpdate || v.Seen.ComparedRows != held || v.Seen.Rows < 370 || v.Seen.Metrics != nil {
		t.Errorf("%s, %+v", rules(v), v.Seen)
	}
	if len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "too few") {
		t.Errorf("the warnings are %q", v.Warnings)
	}
}

// A column that is new does not hide which rows are known; one that is gone
// does, and that is said.
func TestSeenThroughOtherColumns(t *testing.T) {
	for _, c := range []struct {
		change func(header, line string) string
		told   bool
	}{
		{func(_, line string) string { return line + ",1" }, true},
		{func(_, line string) string { return line[strings.Index(line, ",")+1:] }, false},
	} {
		r := newRing()
		lines := strings.Split(strings.TrimSpace(yesNo()), "\n")
		for i := range lines {
			lines[i] = fmt.Sprint([]string{"gone", "0.5"}[min(i, 1)], ",", lines[i])
		}
		before := r.process(t, "before", strings.Join(lines, "\n"), nil)
		r.crown(t, r.add(t, before, believing(before.recipe, "right80")))
		for i := range lines {
			lines[i] = c.change(lines[0], lines[i])
		}
		lines[0] = strings.Replace(lines[0], ",1", ",new", 1)
		now := r.processFrom(t, "now", strings.Join(lines, "\n"), 0.36, nil)
		v := r.evaluate(t, r.add(t, now, believing(now.recipe, "right90")), bare())
		if (v.Seen.Unknown == "") != c.told || (v.Seen.Rows > 300) != c.told || len(v.Warnings) != 1 {
			t.Errorf("%+v with %q", v.Seen, v.Warnings)
		}
	}
}

// Rows that both models were trained on equals of favour neither, and stay.
func TestRowsThatBothModelsKnow(t *testing.T) {
	for _, both := range []bool{true, false} {
		r := newRing()
		run := r.process(t, "run-1", yesNo(), nil)
		sides := []dataset.Side{dataset.Train, dataset.Holdout}
		r.crown(t, r.addKnowing(t, run, believing(run.recipe, "right80"), sides...))
		if !both {
			sides = sides[:1]
		}
		v := r.evaluate(t, r.addKnowing(t, run, believing(run.recipe, "right90"), sides...), bare())
		if (v.Seen.Rows == 0) != both || v.Seen.ComparedRows != held || v.ShouldUpdate != both {
			t.Errorf("both %v: %+v", both, v.Seen)
		}
	}
}
