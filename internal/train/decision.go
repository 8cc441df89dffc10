package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"retrain/internal/calibrate"
	"retrain/internal/fault"
	"retrain/internal/gbdt"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/processed"
	"retrain/internal/settings"
)

// Decision says how raw scores become probabilities, and these a label.
type Decision struct {
	Calibration   string  // calibration: calibrate.Sigmoid or Isotonic; "" is none
	Threshold     float64 // threshold: the probability above which a row is of class 1; 0 is one half
	TuneThreshold string  // tune_threshold: the metric to choose the threshold by; "" is none
}

// decisionFields lists the parameters of what comes after the learner.
func decisionFields(d *Decision, recipe *model.Recipe) []settings.Field {
	return []settings.Field{
		{Name: "calibration", Value: calibration{&d.Calibration, recipe}},
		{Name: "threshold", Value: threshold{&d.Threshold, recipe}},
		{Name: "tune_threshold", Value: tuneThreshold{&d.TuneThreshold, recipe}},
	}
}

// check refuses what cannot be asked for together.
func (d *Decision) check() error {
	if d.Threshold == 0 || d.TuneThreshold == "" {
		return nil
	}
	return fault.New(fault.InvalidRequest, "The parameter tune_threshold is not valid.").
		At("Give either a threshold or a metric to choose it by", "value_error", "body", "model_params", "tune_threshold")
}

// judges reports whether a validation part is kept out of the fit, to calibrate
// the model or to choose its threshold by.
func (d *Decision) judges() bool { return d.Calibration != "" || d.TuneThreshold != "" }

// validation tells the rows of the validation part from the others.
type validation struct {
	params *gbdt.Params
	cut    cut
	width  int       // features
	x, y   []float64 // scratch
	w      []float64 // the same, of weights
}

func (j *job) validation() *validation {
	return &validation{params: &j.params.Boosting, cut: j.validating, width: len(j.data.Recipe.Features)}
}

// has reports whether a row of the block is of the part.
func (v *validation) has(b *processed.Block, row int) bool {
	if v.cut.byTime {
		return b.Times[row] >= v.cut.at
	}
	return gbdt.Validates(b.Key(row), v.params.ValidationFraction, v.params.RandomState)
}

// rows returns the block's rows that are of the part, or those that are not. They
// are valid until the next call.
func (v *validation) rows(b *processed.Block, inside bool) (x, y, w []float64) {
	v.x, v.y, v.w = v.x[:0], v.y[:0], v.w[:0]
	for i, target := range b.Y {
		if v.has(b, i) == inside {
			v.x, v.y = append(v.x, b.X[i*v.width:(i+1)*v.width]...), append(v.y, target)
			if b.W != nil {
				v.w = append(v.w, b.W[i])
			}
		}
	}
	if b.W == nil {
		return v.x, v.y, nil
	}
	return v.x, v.y, v.w
}

// decide calibrates the fitted model and gives it its threshold, by the rows of
// the training side that the learner has not seen. The holdout has no part in it.
func (j *job) decide(ctx context.Context, f *fitted, m *model.Model) error {
	d := &j.params.Decision
	m.Threshold = d.Threshold
	if !d.judges() {
		return nil
	}
	part := &calibrate.Part{}
	if !f.whole {
		var err error
		if part, err = j.judged(ctx, m); err != nil {
			return err
		}
	}
	if d.Calibration != "" {
		done, warning := calibrate.Apply(m, d.Calibration, part)
		if j.warn(warning); done {
			f.calibration = d.Calibration
		}
	}
	if d.TuneThreshold != "" {
		j.warn(tune(m, d.TuneThreshold, part))
	}
	return nil
}

func (j *job) warn(text string) {
	if text != "" {
		j.warnings = append(j.warnings, text)
	}
}

// judged streams the training side and returns what the model says of the
// validation part. A learner for which that would have left no rows has seen
// all of them; there is no part then.
func (j *job) judged(ctx context.Context, m *model.Model) (*calibrate.Part, error) {
	part, v := &calibrate.Part{}, j.validation()
	err := j.learn(ctx, func(b *processed.Block) {
		x, y, w := v.rows(b, true)
		at := len(part.Raw)
		part.Raw = append(part.Raw, make([]float64, len(y)*m.Width())...)
		m.Raw(part.Raw[at:], x)
		for _, class := range y {
			part.Labels = append(part.Labels, int32(class))
		}
		part.Weights = append(part.Weights, w...)
	})
	if int64(len(part.Labels)) == j.data.Train.Rows {
		part = &calibrate.Part{}
	}
	return part, err
}

// fewJudges is the number of rows of either class below which a threshold
// follows chance.
const fewJudges = 50

// tune chooses the model's threshold, and returns a warning if there are few rows
// to choose it by.
func tune(m *model.Model, name string, part *calibrate.Part) string {
	var rows [2]int
	for _, label := range part.Labels {
		rows[label]++
	}
	if rows[0] == 0 || rows[1] == 0 {
		return "There are too few rows for a validation part; tune_threshold had no effect."
	}
	p := make([]float64, 2*len(part.Labels))
	m.Probabilities(p, part.Raw)
	if at := metric.BestThreshold(name, part.Labels, p); !math.IsNaN(at) && at != 0.5 {
		m.Threshold = at
	}
	if n := min(rows[0], rows[1]); n < fewJudges {
		return fmt.Sprintf("The threshold is chosen by a validation part with %d rows of the rarer class only, and may follow chance.", n)
	}
	return ""
}

// calibration is null, "sigmoid" or "isotonic", for classes.
type calibration struct {
	to     *string
	recipe *model.Recipe
}

func (c calibration) Set(v any) (string, string) {
	*c.to = ""
	switch {
	case v == nil:
		return "", ""
	case v != calibrate.Sigmoid && v != calibrate.Isotonic:
		return "Input should be 'sigmoid', 'isotonic' or null", "enum"
	case c.recipe.Task == model.Regression:
		return "Calibration is of probabilities, and a regression has none", "value_error"
	}
	*c.to = v.(string)
	return "", ""
}

func (c calibration) Get() any { return orNull(*c.to) }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// threshold is a number between 0 and 1, for two classes; null is one half.
type threshold struct {
	to     *float64
	recipe *model.Recipe
}

func (t threshold) Set(v any) (string, string) {
	*t.to = 0
	x, ok := v.(float64)
	switch {
	case v == nil, x == 0.5:
		return "", ""
	case !ok || !(x > 0 && x < 1):
		return "Input should be a number greater than 0 and less than 1", "value_error"
	case !binary(t.recipe):
		return "A threshold is possible with two classes only", "value_error"
	}
	*t.to = x
	return "", ""
}

func (t threshold) Get() any {
	if *t.to == 0 {
		return 0.5
	}
	return *t.to
}

// tuneThreshold is null or the name of a metric, for two classes.
type tuneThreshold struct {
	to     *string
	recipe *model.Recipe
}

func (t tuneThreshold) Set(v any) (string, string) {
	*t.to = ""
	name, ok := v.(string)
	switch {
	case v == nil:
		return "", ""
	case !ok || !slices.Contains(metric.Thresholds, name):
		return "Input should be 'accuracy', 'balanced_accuracy', 'f1_score' or null", "enum"
	case !binary(t.recipe):
		return "A threshold is possible with two classes only", "value_error"
	}
	*t.to = name
	return "", ""
}

func (t tuneThreshold) Get() any { return orNull(*t.to) }

// binary reports whether the task has two classes, as far as it is known.
func binary(r *model.Recipe) bool { return r.Task == "" || r.Task == model.Binary }
