package metric

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/model"
)

func TestScoresAsJSON(t *testing.T) {
	got, err := json.Marshal(Regression([]float64{1, 1}, []float64{1, 3}, Objective{}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"metrics":{"mae":1,"r2":null,"rmse":1.4142135623730951},"metrics_undefined":{"r2":"All true values are equal."}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every metric of the task is there, with a value or a reason, and nothing
// that JSON cannot hold.
func TestNothingButFiniteNumbersEscapes(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, s := range map[string]Scores{
		"no rows":            Classification(nil, Answers{P: nil}, 2),
		"NaN":                Classification([]int32{0, 1}, Answers{P: []float64{0.5, 0.5, nan, 0.5}}, 2),
		"no values":          Regression(nil, nil, Objective{}),
		"infinite":           Regression([]float64{1, 2}, []float64{1, inf}, Objective{}),
		"infinite truth":     Regression([]float64{1, inf}, []float64{1, 2}, Objective{}),
		"squares overflow":   Regression([]float64{1e200, -1e200, 0}, []float64{-1e200, 1e200, 0}, Objective{}),
		"only unknown label": Classification([]int32{-1, -1}, Answers{P: []float64{0.5, 0.5, 0.1, 0.9}}, 2),
	} {
		metrics := s.Metrics()
		if len(metrics) != 3 && len(metrics) != 9 {
			t.Errorf("%s: %d metrics", name, len(metrics))
		}
		for metric, v := range metrics {
			if (v == nil) != (s.Undefined[metric] != "") || v != nil && !finite(*v) {
				t.Errorf("%s: %s is %v, reason %q", name, metric, v, s.Undefined[metric])
			}
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A label that the model does not know is always wrong, and a case of no class.
func TestUnknownLabels(t *testing.T) {
	y := []int32{0, 1, 1, -1}
	p := []float64{0.9, 0.1, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8}
	got := Classification(y, Answers{P: p}, 2)
	eps := math.Ldexp(1, -52)
	want := map[string]float64{
		Accuracy:         3.0 / 4,
		Precision:        2.0 / 3,
		Recall:           1,
		F1:               4.0 / 5,
		BalancedAccuracy: 2.0 / 3,
		ROCAUC:           2.0 / 4,
		AveragePrecision: (1.0/2 + 2.0/3) / 2,
		LogLoss:          -(math.Log(0.9) + math.Log(0.6) + math.Log(0.7) + math.Log(eps)) / 4,
		Brier:            (0.01 + 0.16 + 0.09 + 0.64) / 4,
	}
	for name, w := range want {
		if !closeTo(got.Values[name], w, 1e-14) {
			t.Errorf("%s = %v, want %v", name, got.Values[name], w)
		}
	}
}

// Sums keep their digits where plain ones lose them.
func TestSumsAreCompensated(t *testing.T) {
	const rows = 1_000_000
	y, predicted := make([]float64, rows), make([]float64, rows)
	for i := range y {
		predicted[i] = 0.1
	}
	y[0] = 1e9 + 0.1
	if got, want := Regression(y, predicted, Objective{}).Values[MAE], (1e9+999_999*0.1)/rows; got != want {
		t.Errorf("mae = %v, want %v", got, want)
	}
}

func TestIntervalsOfOneModel(t *testing.T) {
	y, p, _ := twoModels(rand.New(rand.NewPCG(3, 3)), 500, 2, 0.5, 0.5)
	scores, intervals := Classification(y, Answers{P: p}, 2), classIntervals(y, p, 2, Options{})
	for name, v := range scores.Values {
		i := intervals[name]
		if !(i.Low < v && v < i.High) || i.High-i.Low > 0.4 {
			t.Errorf("%s = %v, interval %+v", name, v, i)
		}
	}
	// Wilson's interval of the share of right labels, as an oracle.
	n, z, share := 500.0, 1.96, scores.Values[Accuracy]
	centre := (share + z*z/(2*n)) / (1 + z*z/n)
	reach := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	if i := intervals[Accuracy]; math.Abs(i.Low-(centre-reach)) > 0.006 || math.Abs(i.High-(centre+reach)) > 0.006 {
		t.Errorf("accuracy in %+v, Wilson says [%v, %v]", i, centre-reach, centre+reach)
	}
	v, a, _ := twoRegressors(rand.New(rand.NewPCG(3, 3)), 500, 0.5, 0.5)
	for name, i := range valueIntervals(v, a, Options{}) {
		if s := Regression(v, a, Objective{}).Values[name]; !(i.Low < s && s < i.High) {
			t.Errorf("%s = %v, interval %+v", name, s, i)
		}
	}
}

// A model without errors in few rows is not known to make none.
func TestIntervalsOfAPerfectModel(t *testing.T) {
	y, p := make([]int32, 30), make([]float64, 60)
	for i := range y {
		y[i] = int32(i % 2)
		p[2*i+i%2] = 1
	}
	intervals := classIntervals(y, p, 2, Options{})
	for _, name := range []string{Accuracy, F1, Precision, Recall, BalancedAccuracy, ROCAUC} {
		if i := intervals[name]; i.High != 1 || i.Low > 0.95 || i.Low < 0.7 {
			t.Errorf("%s: interval %+v", name, i)
		}
	}
}

func TestKnownMetrics(t *testing.T) {
	for _, task := range []model.Task{model.Binary, model.Multiclass, model.Regression} {
		names := Known(task)
		names[0] = "changed"
		if Known(task)[0] == "changed" {
			t.Error("Known hands out its own list")
		}
	}
	for name, want := range map[string]bool{Accuracy: true, R2: true, ROCAUC: true, LogLoss: false, RMSE: false, Brier: false, MAE: false} {
		if HigherIsBetter(name) != want {
			t.Errorf("HigherIsBetter(%s) = %v", name, !want)
		}
	}
}

func TestPreconditionsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"lengths":        func() { Classification([]int32{0}, Answers{P: []float64{1}}, 2) },
		"labels":         func() { Classification([]int32{0}, Answers{P: []float64{1, 0}, Labels: []int32{0, 1}}, 2) },
		"a label":        func() { Classification([]int32{0}, Answers{P: []float64{1, 0}, Labels: []int32{2}}, 2) },
		"one class":      func() { Classification([]int32{0}, Answers{P: []float64{1}}, 1) },
		"class":          func() { Classification([]int32{2}, Answers{P: []float64{1, 0}}, 2) },
		"values":         func() { Regression([]float64{0}, nil, Objective{}) },
		"metric":         func() { compareClasses(RMSE, []int32{0}, []float64{1, 0}, []float64{1, 0}, 2, Options{}) },
		"value metric":   func() { compareValues(Accuracy, []float64{0}, []float64{1}, []float64{1}, Options{}) },
		"confidence":     func() { compareValues(MAE, []float64{0}, []float64{1}, []float64{1}, Options{Confidence: 95}) },
		"few resamples":  func() { compareValues(MAE, []float64{0}, []float64{1}, []float64{1}, Options{Resamples: 5}) },
		"lengths differ": func() { compareValues(MAE, []float64{0}, []float64{1}, []float64{1, 2}, Options{}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
