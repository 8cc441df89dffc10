package model_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

func TestCurve(t *testing.T) {
	c := model.Curve{X: []float64{-2, -1, 0, 1}, Y: []float64{0.1, 0.1, 0.45, 0.85}} // 0.1 + (0.45 - 0.1) is not 0.45
	for z, want := range map[float64]float64{
		math.Inf(-1): 0.1, -2: 0.1, -1.3: 0.1, -1: 0.1, 0: 0.45, 1: 0.85, 1e300: 0.85, math.Inf(1): 0.85,
	} {
		if got := c.At(z); got != want {
			t.Errorf("at %v: %v, want exactly %v", z, got, want)
		}
	}
	for z, want := range map[float64]float64{-0.5: 0.275, 0.25: 0.55} {
		if got := c.At(z); math.Abs(got-want) > 1e-15 {
			t.Errorf("at %v: %v, want %v", z, got, want)
		}
	}
	if got := c.At(math.NaN()); !math.IsNaN(got) {
		t.Errorf("at NaN: %v", got)
	}
}

// Two classes' log odds are the difference of their scores, those of a class that
// is nearly certain keep their digits, and adding to all scores changes nothing.
func TestLogOdds(t *testing.T) {
	m := &model.Model{Recipe: model.Recipe{Task: model.Multiclass, Classes: []string{"a", "b", "c"}}}
	for _, c := range []struct{ raw, want []float64 }{
		{[]float64{0, 0, 0}, []float64{-math.Ln2, -math.Ln2, -math.Ln2}},
		{[]float64{50, 10, 10}, []float64{40 - math.Ln2, -40, -40}},
		{[]float64{-1000, 2000, 0}, []float64{-3000, -math.Log(1e-300), -2000}},
	} {
		for _, shift := range []float64{0, 8} {
			raw, got := slices.Clone(c.raw), make([]float64, 3)
			for k := range raw {
				raw[k] += shift
			}
			m.LogOdds(got, raw)
			for k := range got {
				if math.Abs(got[k]-c.want[k]) > 1e-12*max(1, math.Abs(c.want[k])) {
					t.Errorf("%v: %v, want %v", raw, got, c.want)
					break
				}
			}
		}
	}
}

// A curve never falls, so that it changes no order of rows.
func TestCalibrationKeepsTheOrder(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		m := modeltest.Calibrate(rng, modeltest.Trees(rng, model.Binary, 3, 12))
		x := modeltest.Rows(rng, &m.Recipe, 300).Encode(&m.Recipe)
		raw, p := make([]float64, 300), make([]float64, 600)
		m.Raw(raw, x)
		m.Predict(p, x)
		for i := range raw {
			for j := range raw {
				if raw[i] < raw[j] && p[2*i+1] > p[2*j+1]+1e-15 {
					t.Fatalf("seed %d: scores %v < %v, probabilities %v > %v", seed, raw[i], raw[j], p[2*i+1], p[2*j+1])
				}
			}
			if want := p[2*i+1] > m.Threshold; m.Threshold != 0 && (m.Label(p[2*i:2*i+2]) == 1) != want {
				t.Fatalf("seed %d: %v above %v is %v", seed, p[2*i+1], m.Threshold, want)
			}
		}
	}
}

// A calibration comes after the raw score, which is what explanations sum to.
func TestExplanationsOfCalibratedModelsSumToTheRawScore(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		m := modeltest.Calibrate(rng, modeltest.Trees(rng, tasks[seed%2], 6, 12))
		features := len(m.Features)
		x := modeltest.Rows(rng, &m.Recipe, 5).Encode(&m.Recipe)
		raw, parts := make([]float64, 5*m.Width()), make([]float64, features)
		m.Raw(raw, x)
		for i, want := range raw {
			sum := m.Explain(parts, x[i/m.Width()*features:][:features], i%m.Width())
			for _, part := range parts {
				sum += part
			}
			if math.Abs(sum-want) > 1e-9 {
				t.Fatalf("seed %d: base and contributions sum to %v, the raw score is %v", seed, sum, want)
			}
		}
	}
}

func TestCheckRefusesBrokenCalibrations(t *testing.T) {
	nan := math.NaN()
	curve := func(m *model.Model) *model.Curve { return &m.Calibration.Curves[0] }
	for name, harm := range map[string]func(m *model.Model){
		"neither lines nor curves": func(m *model.Model) { m.Calibration.Curves = nil },
		"both":                     func(m *model.Model) { m.Calibration.Lines = make([]model.Line, 1) },
		"a line for two classes":   func(m *model.Model) { m.Calibration = &model.Calibration{Lines: []model.Line{{Slope: 1}}} },
		"two curves":               func(m *model.Model) { m.Calibration.Curves = append(m.Calibration.Curves, *curve(m)) },
		"one knot":                 func(m *model.Model) { *curve(m) = model.Curve{X: []float64{1}, Y: []float64{0.5}} },
		"too many knots":           func(m *model.Model) { *curve(m) = longCurve(model.MaxKnots + 1) },
		"a knot without height":    func(m *model.Model) { curve(m).Y = curve(m).Y[1:] },
		"a knot at infinity":       func(m *model.Model) { curve(m).X[0] = math.Inf(-1) },
		"an infinite width":        func(m *model.Model) { curve(m).X = []float64{-1.7e308, 1.7e308, 1.75e308} },
		"knots out of order":       func(m *model.Model) { curve(m).X[1] = curve(m).X[2] },
		"a curve that falls":       func(m *model.Model) { curve(m).Y[0] = 0.9 },
		"a probability of 0":       func(m *model.Model) { curve(m).Y[0] = 0 },
		"a probability of 1":       func(m *model.Model) { curve(m).Y[2] = 1 },
		"a probability of NaN":     func(m *model.Model) { curve(m).Y[1] = nan },
		"a threshold of NaN":       func(m *model.Model) { m.Threshold = nan },
		"a threshold of 1":         func(m *model.Model) { m.Threshold = 1 },
		"a threshold below 0":      func(m *model.Model) { m.Threshold = -0.5 },
	} {
		if m := calibrated(); m.Check() != nil {
			t.Fatal(m.Check())
		} else if harm(m); m.Check() == nil {
			t.Errorf("%s: Check accepts it", name)
		}
	}
	for name, harm := range map[string]func(m *model.Model){
		"a threshold for three classes": func(m *model.Model) { m.Threshold = 0.5 },
		"two lines for three classes":   func(m *model.Model) { m.Calibration = &model.Calibration{Lines: []model.Line{{Slope: 1}, {Slope: 1}}} },
		"a line that falls": func(m *model.Model) {
			m.Calibration = &model.Calibration{Lines: []model.Line{{Slope: 1}, {Slope: 1}, {Slope: -1}}}
		},
		"a line that is not finite": func(m *model.Model) {
			m.Calibration = &model.Calibration{Lines: []model.Line{{Slope: 1}, {Slope: 1, Shift: nan}, {Slope: 1}}}
		},
	} {
		if m := sound(true); func() error { harm(m); return m.Check() }() == nil {
			t.Errorf("%s: Check accepts it", name)
		}
	}
}

// calibrated returns a small sound model of two classes.
func calibrated() *model.Model {
	m := sound(false)
	m.Task, m.Classes = model.Binary, []string{"0", "1"}
	m.Linear.Intercept, m.Linear.Coef = m.Linear.Intercept[:1], m.Linear.Coef[:1]
	m.Calibration = &model.Calibration{Curves: []model.Curve{longCurve(3)}}
	m.Threshold = 0.25
	return m
}

func longCurve(knots int) (c model.Curve) {
	for i := range knots {
		c.X, c.Y = append(c.X, float64(i)), append(c.Y, float64(i+1)/float64(knots+1))
	}
	return c
}
