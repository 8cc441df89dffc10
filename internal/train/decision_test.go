package train_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/calibrate"
	"retrain/internal/dataset"
	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/onnx"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

// trained preprocesses and trains, and returns the stored model with its answer.
func (b *bench) trained(t *testing.T, text string, params map[string]any) (*model.Model, train.Result, train.Request) {
	t.Helper()
	req := b.preprocess(t, text, preprocess.Request{ModelParams: params})
	r := b.run(t, req)
	return b.load(t, r), r, req
}

// load returns the stored model of an answer.
func (b *bench) load(t *testing.T, r train.Result) *model.Model {
	t.Helper()
	loaded, err := b.Models.Load(ctx, "default", r.ModelSHA256)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Decode(loaded.Model)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sides parts the rows of the training side as the validation part is to.
func sides(t *testing.T, d *processed.Data) (fitX, fitY, judgeX, judgeY []float64) {
	t.Helper()
	row, width := 0, len(d.Recipe.Features)
	err := d.Learn(ctx, func(b *processed.Block) {
		for i := range b.Rows {
			x := b.X[i*width : (i+1)*width]
			if gbdt.Validates(uint64(row), 0.25, 7) {
				judgeX, judgeY = append(judgeX, x...), append(judgeY, b.Y[i])
			} else {
				fitX, fitY = append(fitX, x...), append(fitY, b.Y[i])
			}
			row++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return fitX, fitY, judgeX, judgeY
}

// The learner sees the rows that are not of the validation part, and curves and
// threshold are those that the part asks for.
func TestCalibrationAndThresholdComeFromTheValidationPart(t *testing.T) {
	for _, task := range []model.Task{model.Binary, model.Multiclass} {
		for _, method := range []string{calibrate.Sigmoid, calibrate.Isotonic} {
			params := map[string]any{"algorithm": "logistic_regression", "calibration": method, "validation_fraction": 0.25, "random_state": 7.0}
			if task == model.Binary {
				params["tune_threshold"] = "f1_score"
			}
			b := newBench()
			got, r, req := b.trained(t, table(1500, task), params)
			d := b.open(t, req)
			x, y, judgeX, judgeY := sides(t, d)
			data := linear.NewData(&d.Recipe, len(y))
			data.Append(x, y, nil)
			fit, err := linear.Fit(ctx, data, linear.Defaults())
			if err != nil {
				t.Fatal(err)
			}
			want := &model.Model{Recipe: d.Recipe, Linear: fit.Linear, Meta: got.Meta}
			part := &calibrate.Part{Raw: make([]float64, len(judgeY)*want.Width())}
			want.Raw(part.Raw, judgeX)
			for _, k := range judgeY {
				part.Labels = append(part.Labels, int32(k))
			}
			calibrate.Apply(want, method, part)
			if task == model.Binary {
				p := make([]float64, 2*len(judgeY))
				want.Probabilities(p, part.Raw)
				if at := metric.BestThreshold("f1_score", part.Labels, p); at != 0.5 {
					want.Threshold = at
				}
				if (r.Threshold == nil) != (got.Threshold == 0) || r.Threshold != nil && *r.Threshold != got.Threshold {
					t.Errorf("the answer has the threshold %v, the model %v", r.Threshold, got.Threshold)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || got.Meta["calibration"] != method {
				t.Errorf("%s, %s (-want +got):\n%s", task, method, diff)
			}
		}
	}
}

// Boosting that was calibrated is the boosting that leaves the part out.
func TestBoostingIsCalibratedByTheSamePart(t *testing.T) {
	params := small("calibration", "isotonic", "validation_fraction", 0.25, "random_state", 7.0)
	b := newBench()
	got, _, req := b.trained(t, table(1500, model.Binary), params)
	d := b.open(t, req)
	_, _, judgeX, judgeY := sides(t, d)
	again := &model.Model{Recipe: got.Recipe, Trees: got.Trees}
	part := &calibrate.Part{Raw: make([]float64, len(judgeY))}
	again.Raw(part.Raw, judgeX)
	for _, k := range judgeY {
		part.Labels = append(part.Labels, int32(k))
	}
	calibrate.Apply(again, calibrate.Isotonic, part)
	if diff := cmp.Diff(again.Calibration, got.Calibration); diff != "" || got.Calibration == nil {
		t.Error(diff)
	}
	rows := int64(0)
	for i := range got.Trees.Trees {
		rows = max(rows, got.Trees.Trees[i].Nodes[0].Count)
	}
	if want := d.Train.Rows - int64(len(judgeY)); rows != want {
		t.Errorf("trees were grown on %d rows, not on %d", rows, want)
	}
}

// What is asked of a training that cannot spare a part is told, and nothing else
// happens; a threshold that is given needs no part.
func TestWithoutAValidationPart(t *testing.T) {
	for _, algorithm := range []string{"gradient_boosting", "logistic_regression"} {
		text := table(300, model.Binary)
		b := newBench()
		plain, _, _ := b.trained(t, text, map[string]any{"algorithm": algorithm})
		got, r, _ := b.trained(t, text, map[string]any{
			"algorithm": algorithm, "calibration": "sigmoid", "tune_threshold": "accuracy", "validation_fraction": 1e-12,
		})
		if warnings := strings.Join(r.Warnings, " "); !strings.Contains(warnings, "calibration had no effect") || !strings.Contains(warnings, "tune_threshold had no effect") {
			t.Errorf("%s: warnings %q", algorithm, r.Warnings)
		}
		got.Meta, plain.Meta = nil, nil
		if diff := cmp.Diff(plain, got); diff != "" {
			t.Errorf("%s: %s", algorithm, diff)
		}
		given, r, _ := b.trained(t, text, map[string]any{"algorithm": algorithm, "threshold": 0.3})
		if given.Threshold != 0.3 || r.Threshold == nil || *r.Threshold != 0.3 {
			t.Errorf("%s: threshold %v, answered %v", algorithm, given.Threshold, r.Threshold)
		}
		given.Meta, given.Threshold = nil, 0
		if diff := cmp.Diff(plain, given); diff != "" {
			t.Errorf("%s with a threshold: %s", algorithm, diff)
		}
	}
}

// Nearly all rows in the part leave some class without a row to learn from.
func TestALearnerThatNeedsAllRowsHasThem(t *testing.T) {
	text := table(120, model.Multiclass)
	b := newBench()
	plain, _, _ := b.trained(t, text, map[string]any{"algorithm": "logistic_regression"})
	for _, fraction := range []float64{0.97, 1 - 1e-12} {
		got, r, _ := b.trained(t, text, map[string]any{"algorithm": "logistic_regression", "calibration": "isotonic", "validation_fraction": fraction})
		if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "too few rows for a validation part") }) {
			t.Errorf("%v: warnings %q", fraction, r.Warnings)
		}
		if diff := cmp.Diff(plain.Linear, got.Linear); diff != "" || got.Calibration != nil {
			t.Errorf("%v: %s", fraction, diff)
		}
	}
	got, r, _ := b.trained(t, text, small("algorithm", "gradient_boosting", "calibration", "isotonic", "validation_fraction", 1-1e-12))
	if !strings.Contains(strings.Join(r.Warnings, " "), "too few rows for a validation part") || got.Calibration != nil {
		t.Errorf("boosting: warnings %q, calibration %v", r.Warnings, got.Calibration)
	}
}

// The holdout has no part in it: with other labels there, the model is the same.
func TestTheHoldoutDecidesNothing(t *testing.T) {
	params := small("calibration", "isotonic", "tune_threshold", "balanced_accuracy", "class_weight", "balanced")
	b := newBench()
	m, r, req := b.trained(t, table(2000, model.Binary), params)
	scored, err := b.open(t, req).Score(ctx, m, dataset.Holdout)
	if err != nil {
		t.Fatal(err)
	}
	if got := *r.Metrics["balanced_accuracy"]; math.Abs(got-scored.Scores().Values["balanced_accuracy"]) > 1e-12 {
		t.Errorf("balanced accuracy %v", got)
	}
	plain, without, _ := b.trained(t, table(2000, model.Binary), small("class_weight", "balanced"))
	if plain.Threshold != 0 || *r.Metrics["log_loss"] > *without.Metrics["log_loss"] {
		t.Errorf("log loss %v, without calibration %v", *r.Metrics["log_loss"], *without.Metrics["log_loss"])
	}
}
