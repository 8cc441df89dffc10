package gbdt

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// scikit-learn minimizes the same loss until it hardly changes, so its line is
// near ours, and its loss is not below.
func TestPlattFitsWhatScikitLearnFits(t *testing.T) {
	text, err := os.ReadFile("testdata/platt.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name         string
		Raw          []float64
		Labels       []uint16
		Weights      []float64
		Slope, Shift float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		l := platt(c.Raw, c.Labels, c.Weights)
		if math.Abs(l.slope-c.Slope) > 1e-4*math.Abs(c.Slope) || math.Abs(l.shift-c.Shift) > 1e-4*(1+math.Abs(c.Shift)) {
			t.Errorf("%s: %+v, scikit-learn has %v and %v", c.Name, l, c.Slope, c.Shift)
		}
	}
}

func TestPlattWithoutAnythingToFit(t *testing.T) {
	for name, raw := range map[string][]float64{
		"one row of each class":   {-1, 1},
		"all scores are the same": {2, 2},
		"huge scores":             {-1e9, 1e9},
	} {
		l := platt(raw, []uint16{0, 1}, []float64{1, 1})
		if math.IsNaN(l.slope) || math.IsNaN(l.shift) || l.slope < 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// calibrating returns a table of overconfident trees' training rows, one of
// fresh rows of the same kind, and the parameters of those trees.
func calibrating() (rows, fresh *table, p Params) {
	rows = mixed(model.Binary, 5000, 5)
	fresh = &table{features: rows.features, task: rows.task, outputs: rows.outputs}
	const cut = 3000
	width := len(rows.features)
	fresh.x, fresh.y = rows.x[cut*width:], rows.y[cut:]
	rows.x, rows.y = rows.x[:cut*width], rows.y[:cut]
	p = Defaults()
	p.MaxIter, p.LearningRate, p.Calibration = 40, 0.5, Sigmoid
	return rows, fresh, p
}

// logOdds returns the raw scores of the table's rows.
func (t *table) logOdds(trees *model.Trees) []float64 {
	raw := make([]float64, t.rows())
	for i, p := range t.predict(trees) {
		if i%2 == 1 {
			raw[i/2] = math.Log(p / (1 - p))
		}
	}
	return raw
}

// logLoss is the mean log loss of the table's rows.
func (t *table) logLoss(trees *model.Trees) float64 {
	p, sum := t.predict(trees), 0.0
	for i, y := range t.y {
		sum -= math.Log(p[2*i+int(y)])
	}
	return sum / float64(t.rows())
}

// A calibrated training is the training that leaves the same rows out, with the
// line that those ask for laid over its raw scores; and fresh rows agree.
func TestCalibrationLaysALineOverTheRawScores(t *testing.T) {
	for _, early := range []bool{false, true} {
		rows, fresh, p := calibrating()
		p.EarlyStopping, p.NIterNoChange, p.Balanced = early, 15, early
		got := rows.train(t, p).Trees
		// The same rows stay out of the trees if they weigh nothing.
		plain := *rows
		plain.w = slices.Repeat([]float64{1}, rows.rows())
		var out []int
		for i := range plain.w {
			if chance(p.RandomState, forValidation, uint64(i)) < uint64(p.ValidationFraction*math.MaxUint64) {
				out = append(out, i)
				if !early {
					plain.w[i] = 0
				}
			}
		}
		p.Calibration = ""
		want := plain.train(t, p).Trees
		var raw, weights []float64
		var labels []uint16
		all := rows.logOdds(want)
		for _, i := range out {
			raw, labels, weights = append(raw, all[i]), append(labels, uint16(rows.y[i])), append(weights, 1)
		}
		l := platt(raw, labels, weights)
		for i, v := range rows.logOdds(got) {
			if math.Abs(l.at(all[i])-v) > 1e-6*(1+math.Abs(v)) {
				t.Fatalf("early stopping %v, row %d: %v became %v under %+v", early, i, all[i], v, l)
			}
		}
		if a, b := fresh.logLoss(want), fresh.logLoss(got); b >= a {
			t.Errorf("early stopping %v: calibration raised the loss of fresh rows from %v to %v", early, a, b)
		}
	}
}

// A calibrated training stops and goes on to the same bits, on any number of
// goroutines.
func TestCalibrationIsTheSameAfterAResume(t *testing.T) {
	rows, _, p := calibrating()
	p.MaxIter = 6
	want := rows.train(t, p)
	p.Threads = 3
	stopped, err := Train(context.Background(), rows.data(p, 700), p, Options{AfterRound: func(now *Round) error {
		if now.Iteration == 3 {
			return ErrStopped
		}
		return nil
	}})
	if !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	got, err := Train(context.Background(), rows.data(p, 300), p, Options{Resume: stopped.Checkpoint})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCalibrationThatHasNoEffect(t *testing.T) {
	rows, _, p := calibrating()
	p.MaxIter = 3
	shuffled := *rows
	shuffled.y = slices.Clone(rows.y)
	for i := range shuffled.y { // the rows left out say the opposite of the others
		if chance(p.RandomState, forValidation, uint64(i)) < uint64(p.ValidationFraction*math.MaxUint64) {
			shuffled.y[i] = 1 - shuffled.y[i]
		}
	}
	few := p
	few.ValidationFraction = 1e-9
	for name, c := range map[string]struct {
		rows    *table
		p       Params
		warning string
	}{
		"no part":           {rows, few, "too few rows"},
		"worse than chance": {&shuffled, p, "no better than chance"},
	} {
		r := c.rows.train(t, c.p)
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], c.warning) {
			t.Errorf("%s: warnings %q", name, r.Warnings)
		}
	}
	if _, err := Train(context.Background(), mixed(model.Multiclass, 100, 1).data(p, 100), p, Options{}); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("three classes: %v", err)
	}
}
