package evaluate_test

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"strings"
	"testing"

	"retrain/internal/evaluate"
	"retrain/internal/processed"
)

// page reads the report that an evaluation names, by its evaluation.
func (r *ring) page(t *testing.T, v evaluate.Result) string {
	t.Helper()
	id := strings.TrimSuffix(path.Base(v.EvaluationPath), ".json")
	page, err := r.Models.Report(ctx, "m", id)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(v.ReportPath, id+".html") {
		t.Errorf("the report of %s is at %s", id, v.ReportPath)
	}
	return string(page)
}

// Whatever the verdict, its report shows it, its rules and its warnings.
func TestEveryVerdictHasAReport(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	slice := []any{map[string]any{"column": "region", "max_drop": 0.05}}
	check := func(column, headline string, more ...string) {
		t.Helper()
		v := r.evaluate(t, r.add(t, run, believing(run.recipe, column)), map[string]any{"slices": slice})
		page := r.page(t, v)
		for _, text := range append(more, headline, v.Summary, "run-1", run.doc.Holdout.Digest, "right70") {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the report of %q lacks %q", column, v.Decision, text)
			}
		}
		for _, warning := range v.Warnings {
			if !strings.Contains(page, warning) {
				t.Errorf("%s: the report lacks %q", column, warning)
			}
		}
		if _, err := r.update(t, v); err != nil {
			t.Fatal(err)
		}
	}
	check("right70", "Make it the first champion", "There is no champion yet")
	check("right81", "Promote the challenger", "region is “north”", "version 1", "ROC curve", "Calibration", "in 2 slices")
	check("north", "Keep the champion", "region is “south”")
}

// What the challenger looks at is told in the answer and drawn in the report.
func TestWhatTheChallengerLooksAt(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	v := r.evaluate(t, r.add(t, run, believing(run.recipe, "right90")), nil)
	i := v.Importances
	if i == nil || i.Metric != v.Primary || i.Score != *v.Metrics[v.Primary] || i.Rows != held || len(i.Columns) != 1 {
		t.Fatalf("importances %+v", i)
	}
	// Of shuffled answers half are right, and nine tenths of the others.
	if c := i.Columns[0]; c.Column != "right90" || c.Mean < 0.3 || c.Mean > 0.5 {
		t.Errorf("importance %+v", c)
	}
	if len(v.Dependences) != 1 || len(v.Dependences[0].Points) != 2 {
		t.Fatalf("dependences %+v", v.Dependences)
	}
	for k, want := range []float64{0.12, 0.88} { // as the model believes the column
		if p := v.Dependences[0].Points[k]; math.Abs(p.Mean[0]-want) > 0.01 {
			t.Errorf("the mean answer to %g is %g", *p.Value, p.Mean[0])
		}
	}
	page := r.page(t, v)
	for _, text := range []string{"shuffled among 400 rows", "right90", "Mean probability of yes"} {
		if !strings.Contains(page, text) {
			t.Errorf("the report lacks %q", text)
		}
	}
}

// A regression has other charts.
func TestReportsOfOtherTasks(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", prices(), nil)
	r.crown(t, r.add(t, run, copying(run.recipe, "near")))
	page := r.page(t, r.evaluate(t, r.add(t, run, copying(run.recipe, "far")), nil))
	for _, text := range []string{"RMSE", "Predicted − true y", "Champion, version 1", "Keep the champion"} {
		if !strings.Contains(page, text) {
			t.Errorf("the report of a regression lacks %q", text)
		}
	}
}

// What the run's other steps answered is shown; a report can do without.
func TestAReportShowsTheRun(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	version := r.add(t, run, believing(run.recipe, "right80"))
	trained := map[string]any{"best_iteration": 17, "warnings": []string{"trees were few"}}
	if err := processed.SaveResult(ctx, r.Store, "run-1", "train", "f", trained); err != nil {
		t.Fatal(err)
	}
	page := r.page(t, r.evaluate(t, version, nil))
	for _, text := range []string{"best iteration", "17", "trees were few", "2,000", "1,600", "other80"} {
		if !strings.Contains(page, text) {
			t.Errorf("the report lacks %q", text)
		}
	}
	r.overwrite(t, "s3://store/runs/run-1/preprocess.json", []byte("nonsense"))
	if page := r.page(t, r.evaluate(t, version, bare())); !strings.Contains(page, "was not recorded") {
		t.Error("a report without the run's columns does not say so")
	}
}

// Names that come with the data are texts in the report, whatever they hold.
func TestHostileColumnsInAReport(t *testing.T) {
	r := newRing()
	const bad = `<script>alert(1)</script>`
	run := r.process(t, "run-1", strings.NewReplacer("right80", bad, "yes", "<b>yes</b>").Replace(yesNo()), nil)
	page := r.page(t, r.evaluate(t, r.add(t, run, believing(run.recipe, bad)), nil))
	if strings.Contains(page, "<script") || strings.Contains(page, "<b>yes") || !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("a column's name has become a part of the page")
	}
}

// The page of a verdict is the one that was stored with it, and no other.
func TestAReportThatWasChangedIsNotShown(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	v := r.evaluate(t, r.add(t, run, believing(run.recipe, "right80")), nil)
	page := r.page(t, v)
	r.overwrite(t, v.ReportPath, []byte(strings.Replace(page, "first champion", "last champion", 1)))
	id := strings.TrimSuffix(path.Base(v.EvaluationPath), ".json")
	if _, err := r.Models.Report(ctx, "m", id); err == nil {
		t.Error("a page that was changed is shown")
	}
	if err := r.bucket.Delete(ctx, strings.TrimPrefix(v.ReportPath, "s3://store/")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Models.Report(ctx, "m", id); err == nil {
		t.Error("a page that is gone is shown")
	}
	stored, err := r.Models.Evaluation(ctx, "m", id)
	if err != nil || stored.Report.Size != int64(len(page)) {
		t.Errorf("%+v: %v", stored.Report, err)
	}
	if text, err := json.Marshal(v); err != nil || !strings.Contains(string(text), fmt.Sprintf("%q:%q", "report_path", v.ReportPath)) {
		t.Errorf("%s: %v", text, err)
	}
}
