package evaluate_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
)

// trainedWith stores a model that was trained with some parameters.
func (r *ring) trainedWith(t *testing.T, run *run, m *model.Model, params string) modelstore.Version {
	t.Helper()
	file, err := onnx.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	version, err := r.Models.Add(ctx, "m", file, modelstore.Manifest{
		RunID: run.doc.RunID, Engine: "test", Task: string(m.Task), Target: m.Target, Params: json.RawMessage(params),
		Data:      modelstore.Data{ProcessedPath: run.uri, HoldoutSHA256: run.doc.Holdout.Digest, HoldoutRows: run.doc.Holdout.Rows},
		Baselines: r.baselines(t, run),
	})
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// shifted returns a regression that answers some more than a column says.
func shifted(recipe model.Recipe, column string, by float64) *model.Model {
	m := copying(recipe, column)
	m.Linear.Intercept[0] += by
	return m
}

// A quantile that lies where it should is better than the mean, though its
// squared errors are larger. The other way round it would never be promoted.
func TestAQuantileIsJudgedAsOne(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", prices(), nil)
	r.crown(t, r.trainedWith(t, run, copying(run.recipe, "near"), `{"loss":"squared_error","quantile":0.5}`))
	high := r.trainedWith(t, run, shifted(run.recipe, "near", 25), `{"loss":"quantile","quantile":0.9}`)
	v := r.evaluate(t, high, bare("guardrails", map[string]any{"mean_pinball_loss": map[string]any{"max_drop": 0.1}}))
	if v.Primary != "mean_pinball_loss" || v.Decision != "promote" || *v.Metrics["rmse"] < *v.Champion.Metrics["rmse"] {
		t.Errorf("%s by %s: %s", v.Decision, v.Primary, rules(v))
	}
	// 0.9·E(e⁺) + 0.1·E(e⁻) of a normal error e with mean -25 and deviation 20.
	if loss := *v.Metrics["mean_pinball_loss"]; math.Abs(loss-3.5) > 0.3 {
		t.Errorf("the loss is %g", loss)
	}
	if v.Importances == nil || v.Importances.Metric != v.Primary {
		t.Errorf("importances %+v", v.Importances)
	}
	if page := r.page(t, v); !strings.Contains(page, "Pinball loss") {
		t.Error("the report lacks the metric")
	}
	if v := r.evaluate(t, high, bare("primary", "rmse")); v.Primary != "rmse" || v.Decision != "keep" {
		t.Errorf("%s by %s", v.Decision, v.Primary)
	}
}

// A median is judged by absolute errors, which every model has.
func TestAMedianIsJudgedAsOne(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", prices(), nil)
	r.crown(t, r.trainedWith(t, run, shifted(run.recipe, "near", 30), `{"loss":"squared_error"}`))
	median := r.trainedWith(t, run, copying(run.recipe, "near"), `{"loss":"absolute_error"}`)
	if v := r.evaluate(t, median, bare()); v.Primary != "mae" || v.Decision != "promote" || len(v.Metrics) != 3 {
		t.Errorf("%s by %s: %s", v.Decision, v.Primary, rules(v))
	}
}

// Where a model predicts what counts cannot be, squared errors decide.
func TestCountsAreJudgedByTheirDeviance(t *testing.T) {
	r := newRing()
	var rows strings.Builder
	rows.WriteString("day,near,far,y\n")
	for i, line := range strings.Split(strings.TrimSpace(prices()), "\n")[1:] {
		y := float64(i%9 + 1)
		rows.WriteString(line[:strings.Index(line, ",")])
		rows.WriteString("," + []string{"0.5", "1.5"}[i%2] + "," + []string{"2", "9"}[i%2] + ",")
		rows.WriteString(string(rune('0'+int(y))) + ".25\n")
	}
	run := r.process(t, "run-1", rows.String(), nil)
	near, below := shifted(run.recipe, "near", 4), shifted(run.recipe, "near", -9)
	r.crown(t, r.trainedWith(t, run, shifted(run.recipe, "far", 1), `{"loss":"squared_error"}`))
	poisson := r.trainedWith(t, run, near, `{"loss":"poisson","quantile":0.5}`)
	if v := r.evaluate(t, poisson, bare()); v.Primary != "mean_poisson_deviance" || v.Metrics["mean_pinball_loss"] != nil || v.Champion.Metrics["mean_poisson_deviance"] == nil {
		t.Errorf("%s by %s: %s", v.Decision, v.Primary, rules(v))
	}
	r.crown(t, r.trainedWith(t, run, below, `{"loss":"squared_error"}`))
	if v := r.evaluate(t, poisson, bare()); v.Primary != "rmse" || v.Champion.MetricsUndefined["mean_poisson_deviance"] == "" || v.Decision != "promote" {
		t.Errorf("%s by %s: %s", v.Decision, v.Primary, rules(v))
	}
}

// A gate that names another objective's metric is refused, and says which
// parameter the metric belongs to.
func TestAMetricThatTheChallengerWasNotTrainedFor(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", prices(), nil)
	version := r.trainedWith(t, run, copying(run.recipe, "near"), `{"loss":"poisson"}`)
	for place, gate := range map[string]map[string]any{
		"primary":    {"primary": "mean_pinball_loss"},
		"thresholds": {"thresholds": map[string]any{"mean_pinball_loss": map[string]any{"max": 1.0}}},
		"guardrails": {"guardrails": map[string]any{"mean_pinball_loss": map[string]any{"max_drop": 1.0}}},
	} {
		_, err := r.Run(ctx, evaluate.Request{ModelPath: version.URI, Gate: gate})
		f := fault.From(err)
		if f.Kind != fault.InvalidRequest || len(f.Fields) != 1 || f.Fields[0].Loc[2] != place || !strings.Contains(f.Fields[0].Msg, `"loss":"quantile"`) {
			t.Errorf("%s: %v", place, err)
		}
	}
}
