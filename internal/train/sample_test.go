package train

import (
	"context"
	"math"
	"testing"

	"retrain/internal/linear"
	"retrain/internal/model"
)

// TestLinearSampleIsBoundedAndNearTheWhole fits y = 3x + 1 to a sample, taken in
// blocks of two sizes.
func TestLinearSampleIsBoundedAndNearTheWhole(t *testing.T) {
	recipe := &model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{{Name: "x", Kind: model.Number, Scale: 1}}}
	const rows, wanted = 20_000, 2_000
	x, y := make([]float64, rows), make([]float64, rows)
	for i := range x {
		x[i] = math.Sin(float64(i))
		y[i] = 3*x[i] + 1
	}
	var fits []*model.Linear
	for _, block := range []int{1, 777} {
		s := newLinearSample(recipe, rows, wanted)
		for from := 0; from < rows; from += block {
			to := min(from+block, rows)
			s.add(x[from:to], y[from:to], nil)
		}
		if n := s.data.Rows(); math.Abs(float64(n-wanted)) > 5*math.Sqrt(wanted) {
			t.Errorf("%d rows in the sample, want about %d", n, wanted)
		}
		r, err := linear.Fit(context.Background(), s.data, linear.Defaults())
		if err != nil {
			t.Fatal(err)
		}
		fits = append(fits, r.Linear)
	}
	if fits[0].Coef[0][0] != fits[1].Coef[0][0] || math.Abs(fits[0].Coef[0][0]-3) > 0.01 {
		t.Errorf("weights %v and %v, want 3", fits[0].Coef, fits[1].Coef)
	}
}

// TestASmallTableIsTheSample takes every row.
func TestASmallTableIsTheSample(t *testing.T) {
	recipe := &model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{{Name: "x", Kind: model.Number, Scale: 1}}}
	s := newLinearSample(recipe, 5, 5)
	s.add([]float64{1, 2, 3}, []float64{1, 2, 3}, nil)
	s.add([]float64{4, 5}, []float64{4, 5}, nil)
	if n := s.data.Rows(); n != 5 {
		t.Errorf("%d rows", n)
	}
}
